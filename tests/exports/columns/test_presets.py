"""Presets with the sample data, in every kind of file."""

from typing import Any

import pytest

from expensify.freemarker.catalogue import CATALOGUE
from expensify.freemarker.template import parse, render
from exports.columns.layout import Layout, column
from exports.columns.parsing import table_of
from exports.columns.presets import PRESETS
from exports.columns.writing import headings_of, template_of
from exports.samples.choose import SAMPLES, sample
from tests.exports.columns.expected_rows import values_of
from tests.exports.columns.strategies import STRICT, variants


def heading(layout: Layout) -> list[list[str]]:
    return [] if layout.kind == "json" else [headings_of(layout)]


@pytest.mark.parametrize("data", SAMPLES)
@pytest.mark.parametrize("key", PRESETS)
def test_preset_file_parses_to_its_values(key: str, data: str) -> None:
    for layout in variants(PRESETS[key].layout):
        text = render(parse(template_of(layout)), sample(data), settings=STRICT)

        assert table_of(layout, text) == heading(layout) + values_of(layout, sample(data))


def test_journal_of_the_company_balances_with_its_reports() -> None:
    # Each expense and Expensify's total are in the currency of the report.
    data = sample("company")
    layout = Layout(heading=False, columns=(column("final.reportAmount", format="cents"),))

    amounts = [int(row[0]) for row in values_of(layout, data)]

    assert sum(amounts) == sum(report["total"] for report in data["reports"])


def test_first_lines_of_the_journal() -> None:
    rows = values_of(PRESETS["journal"].layout, sample("company"))

    assert rows[:2] == [
        ["1", "2026-01-04", "R00bCluvcO4T", "6650", "2100", "89.90", "EUR", "7010", "DB Bahn", "E-1003",
         "'4000000000000007919"],
        ["2", "2026-01-04", "R00bCluvcO4T", "6640", "2100", "14.34", "EUR", "7010", "Café Central", "E-1003",
         "'4000000000000015838"],
    ]  # fmt: skip


def test_company_sample_covers_what_previews_show() -> None:
    reports = sample("company")["reports"]
    expenses = [expense for report in reports for expense in report["transactionList"]]

    assert (len(reports), len(expenses)) == (8, 40)
    assert {report["currency"] for report in reports} == {"EUR", "GBP", "USD"}
    assert {report["status"] for report in reports} == {"Open", "Processing", "Approved", "Reimbursed", "Closed"}
    assert {expense["type"] for expense in expenses} == {"expense", "distance", "time"}
    assert max(len(report["approvers"]) for report in reports) == 2


def test_samples_name_only_fields_of_the_catalogue() -> None:
    unknown: set[str] = set()
    for key in SAMPLES:
        for report in sample(key)["reports"]:
            unknown |= names("report", report) | {
                n for e in report.get("transactionList", []) for n in names("expense", e)
            }
            unknown |= {n for approver in report.get("approvers", []) for n in names("approver", approver)}
            unknown |= {n for action in report["actionList"] for n in names("action", action)}

    assert {name for name in unknown if CATALOGUE.field(name) is None} == set()


def names(level: str, sample: dict[str, Any]) -> set[str]:
    nested = {f"{level}.{name}": value for name, value in sample.items() if isinstance(value, dict)}
    return {f"{level}.{name}" for name in sample} | {n for name, value in nested.items() for n in names(name, value)}


def test_sample_is_a_copy() -> None:
    sample("company")["reports"][0]["transactionList"].clear()

    assert len(sample("company")["reports"][0]["transactionList"]) == 6
