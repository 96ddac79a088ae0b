"""What of a stored file is shown, whatever is in it."""

import ast
import io
import signal
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from accounts.models import Team, User
from exports.models import Result, SavedExport
from exports.models.run import Status
from exports.results import preview as result_preview
from exports.results.preview import (
    DAMAGED,
    EMPTY,
    GONE,
    PURGED,
    TOO_LARGE,
    UNKNOWN,
    UNSAFE,
    ArchivePreview,
    NoPreview,
    PicturePreview,
    TablePreview,
    TextPreview,
    preview,
)
from tests.factories import make_result, make_run
from tests.product_code import TREES

Stored = Callable[[bytes, str], Result]


@pytest.fixture
def stored(export: SavedExport, alice: User, acme_open: Team) -> Stored:
    return lambda content, name: make_result(make_run(export, alice, Status.SUCCEEDED), content, name)


def workbook(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def pdf(pages: int = 1, size: tuple[int, int] = (595, 842)) -> bytes:
    file = io.BytesIO()
    blank = [Image.new("RGB", size, "white") for _ in range(pages)]
    blank[0].save(file, "PDF", save_all=True, append_images=blank[1:])
    return file.getvalue()


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "four")
    return file.getvalue()


# ------------------------------------------------------------ tables


def test_csv_shows_as_a_table(stored: Stored) -> None:
    result = stored('Händler;Betrag\n"A; B";1,50\n'.encode("cp1252"), "export1.csv")

    assert preview(result) == TablePreview(["Händler", "Betrag"], [["A; B", "1,50"]], more=False)


@pytest.mark.parametrize(("rows", "more"), [(100, False), (101, True)])
def test_first_hundred_rows_of_a_csv_are_shown(rows: int, more: bool, stored: Stored) -> None:
    shown = preview(stored(b"a,b\n" + b"1,2\n" * rows, "export1.csv"))

    assert shown == TablePreview(["a", "b"], [["1", "2"]] * 100, more=more)


def test_wide_rows_and_long_cells_are_cut(stored: Stored) -> None:
    shown = preview(stored(b",".join([b"x" * 300] * 70) + b"\n", "export1.csv"))

    assert isinstance(shown, TablePreview)
    assert (len(shown.headings), shown.more_columns) == (60, 10)
    assert shown.headings[0] == "x" * 199 + "…"


def test_csv_of_blank_lines_says_that_no_report_matched(stored: Stored) -> None:
    assert preview(stored(b"\n\n", "export1.csv")) == NoPreview(
        "The file has no rows: no report matched what the export asks for."
    )


def test_csv_with_an_endless_field_is_damaged(stored: Stored) -> None:
    assert preview(stored(b'a,"' + b"x" * (17 * 1024**2), "export1.csv")) == DAMAGED


def test_only_the_beginning_of_a_large_csv_is_read(stored: Stored) -> None:
    result = stored(b"a,b\n" * 2_000_000, "export1.csv")

    with default_storage.open(result.file.name) as file:
        result_preview.READERS["csv"](file, result.size)

        assert file.tell() < 1024 * 1024


def test_workbook_shows_as_a_table(stored: Stored) -> None:
    result = stored(workbook([["Merchant", "Amount"], ["Zoë", 1.5], ["B", 2.0], [None, True]]), "export1.xlsx")

    assert preview(result) == TablePreview(
        ["Merchant", "Amount"], [["Zoë", "1.5"], ["B", "2"], ["", "True"]], more=False
    )


@pytest.mark.parametrize(("rows", "more"), [(100, False), (101, True)])
def test_first_hundred_rows_of_a_workbook_are_shown(rows: int, more: bool, stored: Stored) -> None:
    shown = preview(stored(workbook([["a", "b"], *[[1, 2]] * rows]), "export1.xlsx"))

    assert shown == TablePreview(["a", "b"], [["1", "2"]] * 100, more=more)


def test_workbook_that_is_a_zip_bomb_is_not_opened(stored: Stored) -> None:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _ in range(101):
            sheet.write(b" " * 1024**2)

    assert len(file.getvalue()) < 1024**2
    assert preview(stored(file.getvalue(), "export1.xlsx")) == TOO_LARGE


def test_workbook_with_a_cell_far_off_does_not_end_the_process(stored: Stored) -> None:
    """A table of all the cells between would be half a terabyte."""
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "near", "far"
    file = io.BytesIO()
    book.save(file)

    assert len(file.getvalue()) < 10_000
    assert preview(stored(file.getvalue(), "export1.xlsx")) == TOO_LARGE


def test_bomb_that_lies_about_its_size_is_damaged(stored: Stored) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([["a"]]))) as plain, zipfile.ZipFile(file, "w") as archive:
        for name in set(plain.namelist()) - {"xl/sharedStrings.xml"}:
            archive.writestr(name, plain.read(name))
        entry = zipfile.ZipInfo("xl/sharedStrings.xml")
        entry.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(entry, "w") as part:
            part.write(b"<sst><si><t>" + b" " * 150 * 1024**2 + b"</t></si></sst>")
        entry.file_size = 1

    assert preview(stored(file.getvalue(), "export1.xlsx")) == DAMAGED


def test_large_workbook_is_not_opened(stored: Stored) -> None:
    assert preview(stored(b"x" * (result_preview.WORKBOOK_BYTES + 1), "export1.xlsx")) == TOO_LARGE


@pytest.mark.parametrize("extension", ["xlsx", "xls"])
@pytest.mark.parametrize("content", [b"x", b"PK\x03\x04 cut off", workbook([["a"]])[:-40], zipped("a.txt")])
def test_what_is_no_workbook_is_damaged(extension: str, content: bytes, stored: Stored) -> None:
    assert preview(stored(content, f"export1.{extension}")) == DAMAGED


# ------------------------------------------------------------ text


def test_small_json_is_laid_out(stored: Stored) -> None:
    assert preview(stored('{"a":["é"]}'.encode(), "export1.json")) == TextPreview(
        '{\n  "a": [\n    "é"\n  ]\n}', more=False
    )


@pytest.mark.parametrize("content", [b'{"a": ', b"[" * 50_000])
def test_json_that_does_not_parse_shows_as_it_is(content: bytes, stored: Stored) -> None:
    assert preview(stored(content, "export1.json")) == TextPreview(content.decode(), more=False)


@pytest.mark.parametrize("extension", ["json", "xml", "txt"])
def test_beginning_of_a_long_text_is_shown(extension: str, stored: Stored) -> None:
    content = ("é" * 40_000).encode()

    assert preview(stored(content, f"export1.{extension}")) == TextPreview("é" * 32_768, more=True)


def test_character_cut_in_the_middle_is_left_out(stored: Stored) -> None:
    assert preview(stored(("a" + "é" * 40_000).encode(), "export1.txt")) == TextPreview("a" + "é" * 32_767, more=True)


# ------------------------------------------------------------ PDF and ZIP


def test_pdf_tells_its_pages(stored: Stored) -> None:
    assert preview(stored(pdf(pages=3), "export1.pdf")) == PicturePreview(3)


@pytest.mark.parametrize("size", [(595, 842), (50, 50), (14_000, 20)])
def test_first_page_of_a_pdf_is_drawn_no_larger_than_it_may_be(size: tuple[int, int], stored: Stored) -> None:
    drawn = result_preview.picture(stored(pdf(size=size), "export1.pdf"))

    assert drawn is not None
    with Image.open(io.BytesIO(drawn)) as image:
        assert (image.format, max(image.size)) == ("PNG", result_preview.PICTURE_PIXELS)


@pytest.mark.parametrize("content", [b"%PDF-1.7 cut off", b"no PDF at all"])
def test_what_is_no_pdf_is_damaged_and_not_drawn(content: bytes, stored: Stored) -> None:
    result = stored(content, "export1.pdf")

    assert (preview(result), result_preview.picture(result)) == (DAMAGED, None)


def nested(levels: int, times: int) -> bytes:
    """A PDF of a few kilobytes whose forms draw each other, so that its page takes `times ** levels` steps."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"]
    objects.append(
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>"
    )
    objects.append(b"<</Length 4>>stream\n/F Do\nendstream")
    for level in range(levels):
        last = level == levels - 1
        draw = b"0 0 500 500 re f " * times if last else b"/F Do " * times
        within = b"" if last else b"/Resources<</XObject<</F %d 0 R>>>>" % (6 + level)
        objects.append(
            b"<</Type/XObject/Subtype/Form/BBox[0 0 600 800]%s/Length %d>>stream\n%s\nendstream"
            % (within, len(draw), draw)
        )
    body = b"%PDF-1.4\n" + b"".join(b"%d 0 obj%s endobj\n" % (at, each) for at, each in enumerate(objects, start=1))
    return body + b"trailer<</Root 1 0 R/Size %d>>\n%%%%EOF" % (len(objects) + 1)


def test_page_that_takes_long_but_not_too_long_is_drawn(stored: Stored) -> None:
    result = stored(nested(levels=2, times=10), "export1.pdf")

    assert (preview(result), result_preview.picture(result) is None) == (PicturePreview(1), False)


def test_page_that_would_take_for_ever_is_given_up(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_preview, "PDF_SECONDS", 1)
    content = nested(levels=12, times=30)

    assert len(content) < 10_000
    assert result_preview.picture(stored(content, "export1.pdf")) is None


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_reader_that_crashes_takes_no_page_with_it(
    stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """PDFium itself, in C++, ends like this; here a program in its place does."""
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\nkill -{int(number)} $$\n")
    program.chmod(0o755)
    result = stored(pdf(), "export1.pdf")
    monkeypatch.setattr(sys, "executable", str(program))

    assert (preview(result), result_preview.picture(result)) == (UNSAFE, None)


def test_pdfium_is_loaded_by_its_own_program_alone() -> None:
    using = {name for name, tree in TREES.items() if "pypdfium2" in ast.unparse(tree)}

    assert using == {"exports.results.preview_pdf_process"}


def test_only_a_pdf_is_drawn(stored: Stored) -> None:
    assert result_preview.picture(stored(pdf(), "export1.csv")) is None


def test_zip_lists_its_files(stored: Stored) -> None:
    assert preview(stored(zipped("a.pdf", "../b.pdf"), "export1.zip")) == ArchivePreview(
        [("a.pdf", 4), ("../b.pdf", 4)], more=0
    )


def test_long_list_of_a_zip_is_cut(stored: Stored) -> None:
    shown = preview(stored(zipped(*(f"{number}.pdf" for number in range(203))), "export1.zip"))

    assert isinstance(shown, ArchivePreview)
    assert (len(shown.names), shown.more) == (200, 3)


def test_what_is_no_zip_is_damaged(stored: Stored) -> None:
    assert preview(stored(b"PK\x03\x04 cut off", "export1.zip")) == DAMAGED


# ------------------------------------------------------------ nothing to show


@pytest.mark.parametrize("name", ["export1.csv", "export1.xlsx", "export1.pdf", "export1.exe"])
def test_file_without_a_byte_is_empty(name: str, stored: Stored) -> None:
    assert preview(stored(b"", name)) == EMPTY


def test_unknown_type_has_no_preview(stored: Stored) -> None:
    assert preview(stored(b"MZ", "export1.exe")) == UNKNOWN


@pytest.mark.parametrize("name", ["export1.csv", "export1.pdf"])
def test_file_that_left_the_storage_is_gone(name: str, stored: Stored) -> None:
    result = stored(b"a", name)
    default_storage.delete(result.file.name)

    assert (preview(result), result_preview.picture(result)) == (GONE, None)


def test_purged_file_is_gone(stored: Stored) -> None:
    result = stored(pdf(), "export1.pdf")
    result.purged_at = timezone.now()

    assert (preview(result), result_preview.picture(result)) == (PURGED, None)
