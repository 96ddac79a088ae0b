"""The list of a run's reports: what the template of the list gives, how it is read, and the file held against it."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from expensify.freemarker.template import parse, render
from expensify.jobs.export import EmailAction, MarkAsExported, ReportExport, SftpUpload
from exports.columns.layout import Column, Layout, column
from exports.columns.presets import PRESETS
from exports.columns.writing import template_of
from exports.runs import report_list
from exports.runs.file_checks import NotTheFile
from exports.runs.report_list import Check, ListedReport, ReportList
from exports.samples.choose import SAMPLES, sample

ASKED = ReportExport(
    start_on=date(2026, 1, 1),
    end_on=date(2026, 1, 31),
    policy_ids=("0123456789ABCDEF",),
    not_marked_as="ERP",
    states=("APPROVED",),
    limit=20,
    employee_email="a@acme.example",
    file_extension="pdf",
    file_basename="january",
    full_page_receipts=True,
    on_finish=(EmailAction(("a@acme.example",)), MarkAsExported("ERP"), SftpUpload("h", "l", "p")),
)
IDS = ("R00bCluvcO4T", "R006AseGxMka")
AMOUNTS = Layout(columns=(column("final.merchant"), column("final.reportAmount")))


def listable(name: str) -> dict[str, Any]:
    """A sample whose reports have IDs by which they can be asked for again."""
    data = sample(name)
    reports = [report | {"reportID": f"R00{number:09}"} for number, report in enumerate(data["reports"])]
    return data | {"reports": reports}


def report(created: str = "", submitted: str = "", **fields: Any) -> ListedReport:
    usual = {"id": "R1", "name": "", "approved": "", "total": "", "currency": "EUR", "expenses": 1}
    return ListedReport(created=created, submitted=submitted, **(usual | fields))


# ------------------------------------------------------------ the three jobs


def test_listing_keeps_every_filter_and_does_nothing_afterwards() -> None:
    assert report_list.listing(ASKED) == replace(
        ASKED, file_extension="csv", file_basename="list_", full_page_receipts=False, on_finish=()
    )


def test_file_of_exactly_the_listed_reports_has_no_other_filter_and_no_label() -> None:
    assert report_list.of_exactly(ASKED, IDS, marking=False) == ReportExport(
        report_ids=IDS,
        employee_email="a@acme.example",
        file_extension="pdf",
        file_basename="january",
        full_page_receipts=True,
        on_finish=(ASKED.on_finish[0], ASKED.on_finish[2]),
    )


def test_export_that_marks_with_its_file_keeps_the_label() -> None:
    assert report_list.of_exactly(ASKED, IDS, marking=True).on_finish == ASKED.on_finish


def test_marking_does_nothing_but_put_the_label_on() -> None:
    assert report_list.marking(ASKED, IDS, "ERP") == ReportExport(
        report_ids=IDS,
        employee_email="a@acme.example",
        file_extension="csv",
        file_basename="mark_",
        on_finish=(MarkAsExported("ERP"),),
    )


# ------------------------------------------------------------ the list


@pytest.mark.parametrize("name", SAMPLES)
def test_list_says_of_each_report_what_the_data_have(name: str) -> None:
    data = listable(name)

    found = report_list.read_list(render(parse(report_list.listing_template(None)), data))

    assert [(each.id, each.expenses) for each in found.reports] == [
        (each["reportID"], len(each.get("transactionList") or [])) for each in data["reports"]
    ]
    assert [each.created for each in found.reports] == [(each.get("created") or "")[:10] for each in data["reports"]]


def test_name_of_a_report_may_hold_anything() -> None:
    name = 'He said "cheap",\r\nthen left; end,0,0'
    data = {"reports": [{"reportID": "R1aa", "reportName": name, "transactionList": []}]}

    found = report_list.read_list(render(parse(report_list.listing_template(None)), data))

    assert [each.name for each in found.reports] == ['He said "cheap",  then left; end,0,0']


def test_no_report_is_a_list_all_the_same() -> None:
    text = render(parse(report_list.listing_template(AMOUNTS)), {"reports": []})

    assert report_list.read_list(text) == ReportList((), "0")


def test_selection_survives_storing() -> None:
    kept = ReportList((report("2026-01-01"),), "12.5")

    assert ReportList.from_json(kept.as_json()) == kept


@pytest.mark.parametrize(
    ("created", "submitted", "is_late"),
    [
        ("2026-10-30", "2026-10-31", True),
        ("2026-10-30", "2026-11-01", False),
        ("2026-11-01", "", False),
        ("2026-10-31", "", True),
        ("", "", False),
    ],
)
def test_late_is_what_was_created_and_submitted_before_the_period(created: str, submitted: str, is_late: bool) -> None:
    assert report(created, submitted).is_late(date(2026, 11, 1)) is is_late


def test_without_a_period_nothing_is_late() -> None:
    assert report("2020-01-01").is_late(None) is False


# ------------------------------------------------------------ the file against the list


def made(layout: Layout, data: dict[str, Any], folder: Path, extension: str = "csv") -> tuple[ReportList, Path]:
    """The list of the data, and the file of the columns."""
    listed = report_list.read_list(render(parse(report_list.listing_template(layout)), data))
    path = folder / f"export1.{extension}"
    path.write_text(render(parse(template_of(layout)), data), encoding="utf-8", newline="")
    return listed, path


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("preset", PRESETS)
def test_file_that_its_columns_make_is_as_listed(preset: str, name: str, tmp_path: Path) -> None:
    layout = PRESETS[preset].layout
    extension = {"csv": "csv", "json": "json", "fixed": "txt"}[layout.kind]

    listed, path = made(layout, listable(name), tmp_path, extension)
    checked = report_list.check_file(listed, layout, path)

    assert checked.problem == ""
    assert (checked.rows is not None) is (layout.rows != "totals")


@pytest.mark.parametrize("format", ["0.00", "0,00", "cents"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_amounts_add_up_in_every_exact_format(format: str, delimiter: str, tmp_path: Path) -> None:
    amount = replace(column("final.reportAmount"), format=format)
    layout = replace(AMOUNTS, columns=(column("final.merchant"), amount), delimiter=delimiter)
    data = {"reports": [{"reportID": "R1aa", "currency": "EUR", "transactionList": [
        {"amount": 123_456, "currency": "EUR", "merchant": "A"},
        {"amount": -5, "currency": "EUR", "merchant": "B"},
        {"amount": 700, "currency": "USD", "merchant": "not known in EUR"},
    ]}], "addHeader": True}  # fmt: skip

    listed, path = made(layout, data, tmp_path)
    checked = report_list.check_file(listed, layout, path)

    assert checked == Check(3, 3, "Amount in report currency", "1,234.51", "1,234.51")


def test_missing_row_and_changed_amount_are_found(tmp_path: Path) -> None:
    data = sample(next(iter(SAMPLES)))
    listed, path = made(AMOUNTS, data, tmp_path)
    lines = path.read_text().splitlines(keepends=True)

    path.write_text("".join(lines[:-1]))
    short = report_list.check_file(listed, AMOUNTS, path)
    path.write_text("".join([*lines[:-1], "Somebody,999999.99\n"]))
    changed = report_list.check_file(listed, AMOUNTS, path)

    assert short.problem == (f"The file has {len(lines) - 2} rows, but the listed reports have {len(lines) - 1}.")
    assert "adds up to" in changed.problem


def test_row_that_lacks_a_column_is_not_the_file(tmp_path: Path) -> None:
    listed, path = made(AMOUNTS, sample(next(iter(SAMPLES))), tmp_path)
    path.write_text("Merchant,Amount in report currency\nonly one\n")

    with pytest.raises(NotTheFile, match="does not have the columns"):
        report_list.check_file(listed, AMOUNTS, path)


@pytest.mark.parametrize(
    "unknown",
    [
        replace(column("final.amount"), format="0"),  # rounded
        replace(column("final.amount"), fallback="1"),  # counts where there is no amount
        column("final.merchant"),
        Column(heading="Number", source="number"),
    ],
)
def test_column_that_cannot_be_added_up_alike_is_no_control(unknown: Column) -> None:
    assert report_list.control_column(Layout(columns=(unknown,))) is None


def test_somebodys_own_template_tells_nothing(tmp_path: Path) -> None:
    assert report_list.check_file(ReportList(()), None, tmp_path / "export1.csv") == Check()
