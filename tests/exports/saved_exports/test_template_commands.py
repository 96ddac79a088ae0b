"""`manage.py check_template` and `preview_template`, as scripts would call them."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from exports.saved_exports.starter_templates import STARTERS

PER_EXPENSE = """\
<#list reports as report>
<#list report.transactionList as expense>
${expense.merchant!""},${expense.amount}
</#list>
</#list>
"""


def call(command: str, *arguments: str) -> tuple[int, str, str]:
    """The exit code, standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(command, *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue() + str(error)
    return 0, out.getvalue(), err.getvalue()


@pytest.fixture
def template(tmp_path: Path) -> Path:
    return tmp_path / "template.ftl"


def test_check_prints_each_finding_with_its_place(template: Path) -> None:
    template.write_text("<#if true>\n${'a'?uppercase}</#if>", "utf-8")

    code, printed, said = call("check_template", str(template))

    assert code == 1
    assert printed == (
        f"{template}:2:7: error: There is no built-in ?uppercase. "
        "Did you mean ?upper_case or ?upper_abc or ?lower_case? [unknown-built-in]\n"
    )
    assert said == f"{template} has 1 error, so it cannot run."


def test_check_prints_json(template: Path) -> None:
    template.write_text("${'a'?uppercase}", "utf-8")

    code, printed, _ = call("check_template", str(template), "--json")

    assert code == 1
    assert json.loads(printed) == [
        {
            "line": 1,
            "column": 7,
            "severity": "error",
            "code": "unknown-built-in",
            "sentence": "There is no built-in ?uppercase. Did you mean ?upper_case or ?upper_abc or ?lower_case?",
        }
    ]


def test_warnings_and_notes_end_with_0(template: Path) -> None:
    template.write_text(PER_EXPENSE, "utf-8")

    code, printed, said = call("check_template", str(template), "--type", "csv")

    assert (code, said) == (0, "")
    assert " warning: Amounts come in cents" in printed


@pytest.mark.parametrize("starter", STARTERS.values(), ids=list(STARTERS))
def test_starter_has_no_findings(template: Path, starter: object) -> None:
    template.write_text(starter.template, "utf-8")  # type: ignore[attr-defined]

    assert call("check_template", str(template), "--type", starter.extension, "--json") == (0, "[]\n", "")  # type: ignore[attr-defined]


def test_file_type_decides_what_is_checked(template: Path) -> None:
    template.write_text('{"a": "${reports[0].reportName}"}', "utf-8")

    as_json = json.loads(call("check_template", str(template), "--type", "json", "--json")[1])
    as_csv = json.loads(call("check_template", str(template), "--type", "csv", "--json")[1])

    assert "file-type" not in [finding["code"] for finding in as_json]
    assert "file-type" in [finding["code"] for finding in as_csv]


@pytest.mark.parametrize("command", ["check_template", "preview_template"])
def test_file_that_cannot_be_read_is_a_sentence(command: str, tmp_path: Path) -> None:
    (tmp_path / "latin.ftl").write_bytes(b"a\nb\xe9")

    assert call(command, str(tmp_path / "gone.ftl"))[::2] == (
        2,
        f"{tmp_path / 'gone.ftl'} cannot be read: No such file or directory.",
    )
    assert call(command, str(tmp_path / "latin.ftl"))[::2] == (
        2,
        f"{tmp_path / 'latin.ftl'} is not UTF-8 text (line 2). Save it as UTF-8.",
    )


def test_preview_prints_the_file_as_it_stands(template: Path, tmp_path: Path) -> None:
    template.write_text("<#list reports as report>${report.reportName},${report.total / 100}\n</#list>end", "utf-8")
    data = tmp_path / "data.json"
    data.write_text(
        '{"reports": [{"reportName": "Zürich", "total": 1250}, {"reportName": "B", "total": 0.5}]}', "utf-8"
    )

    assert call("preview_template", str(template), "--data", str(data)) == (0, "Zürich,12.5\nB,0.005\nend", "")


def test_preview_takes_sample_data(template: Path) -> None:
    template.write_text("<#if addHeader>Merchant,Amount\n</#if>" + PER_EXPENSE, "utf-8")

    code, printed, _ = call("preview_template", str(template), "--type", "csv")

    assert code == 0
    assert printed.startswith("Merchant,Amount\n")
    assert len(printed.splitlines()) > 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n${reports", "2:9: The template stops here: the template ends inside a tag or ${…}."),
        ("${1 / 0}", "1:7: The template stops here: division by zero."),
        (
            "<#include 'x'>",
            "1:1: The preview cannot show this template: <#include> is not run here: templates stand alone."
            " Expensify may run it all the same.",
        ),
    ],
)
def test_template_that_makes_no_file_ends_with_1(template: Path, text: str, said: str) -> None:
    template.write_text(text, "utf-8")

    assert call("preview_template", str(template)) == (1, "", f"{template}:{said}")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("{", " is not JSON (line 1, column 2)."),
        ("{}", " has no reports. Write them as "),
        ('{"reports": [1]}', " has no reports. Write them as "),
        ("[" * 100_000, " is nested too deeply."),
    ],
)
def test_data_that_cannot_be_used_are_a_sentence(template: Path, tmp_path: Path, data: str, said: str) -> None:
    template.write_text("a", "utf-8")
    file = tmp_path / "data.json"
    file.write_text(data, "utf-8")

    code, printed, told = call("preview_template", str(template), "--data", str(file))

    assert (code, printed) == (2, "")
    assert told.startswith(f"{file}{said}")
