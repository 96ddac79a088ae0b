"""What arrived for a file: an error page, or anything else that the job cannot have made, is not the file."""

import io
import zipfile
from pathlib import Path

import pytest

from expensify.freemarker.template import parse, render
from exports.columns.layout import Layout, column
from exports.columns.presets import PRESETS, Preset
from exports.columns.writing import template_of
from exports.runs.file_checks import NotTheFile, check
from exports.samples.choose import SAMPLES, sample
from exports.saved_exports.starter_templates import STARTERS, Starter
from tests.factories import TEMPLATE

PAGE = b"<html><head><title>Scheduled maintenance</title></head><body><h1>Back soon</h1></body></html>\n"
PLAIN = "<#list reports as report>${report.reportID}\n</#list>"
COLUMNS = Layout(columns=(column("final.merchant"), column("final.reportAmount")))
NO_HEADING = Layout(columns=COLUMNS.columns, heading=False)
AS_JSON = Layout(columns=COLUMNS.columns, kind="json")
FIXED = Layout(columns=COLUMNS.columns, kind="fixed")


def workbook() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return file.getvalue()


def judged(tmp_path: Path, name: str, content: bytes, template: str, layout: Layout | None = None, **more: int) -> str:
    """Why it is not the file; "" if it can be."""
    path = tmp_path / name
    path.write_bytes(content)
    try:
        check(path, name, template, layout, **more)
    except NotTheFile as error:
        return str(error)
    return ""


PAGES = {
    "a page": PAGE,
    "a doctype": b"<!DOCTYPE HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'><HTML></HTML>",
    "after a mark and a comment": b"\xef\xbb\xbf\r\n<!-- proxy 7 -->\n<Html>",
    "XHTML": b'<?xml version="1.0"?>\n<!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"></html>',
    "no html tag": b"<h1>503 Service Unavailable</h1>",
    "UTF-16": PAGE.decode().encode("utf-16"),
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
@pytest.mark.parametrize("extension", ["csv", "txt", "json", "xml", "xls", "xlsx", "pdf"])
@pytest.mark.parametrize("template", [PLAIN, TEMPLATE], ids=["no heading", "heading"])
def test_web_page_is_not_the_file(page: bytes, extension: str, template: str, tmp_path: Path) -> None:
    assert judged(tmp_path, f"a.{extension}", page, template)


def test_web_page_that_the_template_writes_is_the_file(tmp_path: Path) -> None:
    template = "<html><body><#list reports as report>${report.reportID}</#list></body></html>"

    assert judged(tmp_path, "a.txt", b"<html><body>R1</body></html>", template) == ""


IMPOSSIBLE = {
    "broken JSON": ("a.json", b'[{"a": 1}, {"a": O\'Brien}]', PLAIN, None),
    "half a JSON": ("a.json", b'[{"a": 1},', PLAIN, None),
    "a sentence as JSON": ("a.json", b"Service unavailable", PLAIN, None),
    "text as PDF": ("a.pdf", b"Merchant,Amount\n", PLAIN, None),
    "text as XLSX": ("a.xlsx", b"Merchant,Amount\n", PLAIN, None),
    "half an XLSX": ("a.xlsx", workbook()[:40], PLAIN, None),
    "text as XLS": ("a.xls", b"Merchant,Amount\n", PLAIN, None),
    "text as XML": ("a.xml", b"Service unavailable", PLAIN, None),
    "a message as CSV": ("a.csv", b'{"error": "try later"}', PLAIN, None),
    "no heading": ("a.csv", b"Cafe,12.50\n", TEMPLATE, None),
    "a sentence": ("a.txt", b"upstream connect error\n", TEMPLATE, None),
    "another heading": ("a.csv", b"Merchant,Total\nCafe,12.50\n", TEMPLATE, None),
    "columns without their heading": ("a.csv", b"Cafe,12.50\n", template_of(COLUMNS), COLUMNS),
    "a fixed width without its heading": ("a.txt", b"Cafe                12.50\n", template_of(FIXED), FIXED),
    "other columns": ("a.csv", b"upstream connect error\n", template_of(NO_HEADING), NO_HEADING),
}


@pytest.mark.parametrize(("name", "content", "template", "layout"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_what_the_job_cannot_have_made_is_not_the_file(
    name: str, content: bytes, template: str, layout: Layout | None, tmp_path: Path
) -> None:
    assert judged(tmp_path, name, content, template, layout)


POSSIBLE = {
    "JSON": ("a.json", b'\xef\xbb\xbf[{"a": 1}]\n', PLAIN, None),
    "JSON Lines": ("a.json", b'{"a": 1}\n{"a": 2}\n', PLAIN, None),
    "PDF": ("a.pdf", b"%PDF-1.7\n...", PLAIN, None),
    "XLSX": ("a.xlsx", workbook(), PLAIN, None),
    "XLS": ("a.xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500), PLAIN, None),
    "XML": ("a.xml", b"\xef\xbb\xbf<?xml version='1.0'?><a/>", PLAIN, None),
    "any text": ("a.txt", b"R1\n", PLAIN, None),
    "nothing listed, so no rows": ("a.csv", b"Merchant,Amount\n", TEMPLATE, None),
    "heading in another encoding": ("a.csv", "Café,1\n".encode("cp1252"), "<#if addHeader>Café,1\n</#if>", None),
    "heading in UTF-16": ("a.csv", "Merchant,Amount\r\nA,1\r\n".encode("utf-16"), TEMPLATE, None),
    "heading of the day": ("a.txt", b"26 March\n", "<#if addHeader>${.now?string('d MMMM')}\n</#if>", None),
    "heading of the first report": ("a.txt", b"Vienna\n", "<#if addHeader>${reports[0].reportName}\n</#if>", None),
    "a template that the portal cannot show": ("a.txt", b"X\n", "<#if addHeader>A\n</#if><#include 'x'>", None),
}  # fmt: skip


def test_heading_is_known_even_if_the_portal_cannot_show_every_sample(tmp_path: Path) -> None:
    assert judged(tmp_path, "a.csv", b"upstream connect error\n", STARTERS["expense"].template)


@pytest.mark.parametrize(("name", "content", "template", "layout"), POSSIBLE.values(), ids=POSSIBLE.keys())
def test_what_the_job_may_have_made_is_the_file(
    name: str, content: bytes, template: str, layout: Layout | None, tmp_path: Path
) -> None:
    assert judged(tmp_path, name, content, template, layout) == ""


EMPTY = {
    "no line": ("a.csv", b"\n", PLAIN, None),
    "the heading only": ("a.csv", b"Merchant,Amount\n\n", TEMPLATE, None),
    "JSON": ("a.json", b"[]", PLAIN, None),
    "columns": ("a.json", b"[]", template_of(AS_JSON), AS_JSON),
}


@pytest.mark.parametrize(("name", "content", "template", "layout"), EMPTY.values(), ids=EMPTY.keys())
def test_file_of_listed_expenses_is_not_empty(
    name: str, content: bytes, template: str, layout: Layout | None, tmp_path: Path
) -> None:
    assert "is empty" in judged(tmp_path, name, content, template, layout, expenses=3)
    assert judged(tmp_path, name, content, template, layout) == ""


@pytest.mark.parametrize("starter", STARTERS.values(), ids=STARTERS.keys())
def test_files_of_the_starters_are_files(starter: Starter, tmp_path: Path) -> None:
    content = render(parse(starter.template), sample("company")).encode()

    assert judged(tmp_path, f"a.{starter.extension}", content, starter.template, expenses=1) == ""


@pytest.mark.parametrize("data", SAMPLES)
@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())
def test_files_of_the_presets_are_files(preset: Preset, data: str, tmp_path: Path) -> None:
    template = template_of(preset.layout)

    assert (
        judged(tmp_path, "a.csv", render(parse(template), sample(data)).encode(), template, preset.layout, expenses=1)
        == ""
    )
