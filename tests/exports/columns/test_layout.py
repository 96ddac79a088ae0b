"""Layouts: storage, checks and recognition."""

import json
from dataclasses import replace
from typing import Any

import pytest

from exports.columns.checking import problems
from exports.columns.choices import COMPUTED, fields
from exports.columns.layout import Column, Layout, column, layout_from_json
from exports.columns.presets import PRESETS
from exports.columns.writing import recognise, template_of

LAYOUT = Layout(columns=(column("final.merchant"), column("final.amount")))


def test_column_has_defaults() -> None:
    assert column("expense.transactionID") == Column(
        heading="Expense ID", name="expense.transactionID", excel_text=True
    )
    assert column("final.amount").format == "0.00"
    assert column("report.submitted").format == ""
    assert column("expense.ntag2", heading="Project") == Column(heading="Project", name="expense.ntag2")
    assert column("report.customField.Cost_Center").heading == "Cost Center"


def test_column_of_a_list_or_unknown_field_is_refused() -> None:
    for name in ("report.approvers", "expense.receiptObject", "expense.ntagX", "expense.nope", "approver.email"):
        with pytest.raises(ValueError, match=r"there is no field"):
            column(name)


def test_layout_without_later_settings_has_their_defaults() -> None:
    stored = {"columns": [{"heading": "Shop", "name": "final.merchant"}], "of_tomorrow": 1}

    assert layout_from_json(stored) == Layout(columns=(Column(heading="Shop", name="final.merchant"),))


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {},
        {"columns": {}},
        {"columns": ["Shop"]},
        {"columns": [{"name": "final.merchant"}]},
        {"columns": [{"heading": 1}]},
        {"columns": [{"heading": "a", "width": "20"}]},
        {"columns": [{"heading": "a", "width": True}]},
        {"columns": [{"heading": "a", "words": "yn"}]},
        {"columns": [{"heading": "a", "words": ["y"]}]},
        {"columns": [{"heading": "a", "source": "shell"}]},
        {"columns": [], "kind": "xml"},
        {"columns": [], "rows": ["expense"]},
        {"columns": [], "delimiter": ""},
        {"columns": [], "heading": "yes"},
    ],
)
def test_malformed_layout_is_rejected(stored: Any) -> None:
    with pytest.raises(ValueError):
        layout_from_json(stored)


def test_template_of_the_builder_is_recognised() -> None:
    template, stored = template_of(LAYOUT), LAYOUT.as_json()

    assert recognise(template, stored)
    assert recognise(template, json.dumps(stored))
    # A browser sends a text area's lines with CRLF, and may lose the last one.
    assert recognise(template.strip().replace("\n", "\r\n"), stored)


def test_edited_template_is_not_recognised() -> None:
    template, stored = template_of(LAYOUT), LAYOUT.as_json()

    assert not recognise(template.replace("merchant", "category", 1), stored)
    assert not recognise(template + "<#-- mine -->", stored)
    assert not recognise(template, replace(LAYOUT, delimiter=";").as_json())
    assert not recognise(template, "{")
    assert not recognise(template, {"columns": [{"heading": "a", "name": "expense.nope"}]})


@pytest.mark.parametrize(
    ("layout", "sentences"),
    [
        (Layout(columns=()), ["Choose at least one column."]),
        (
            Layout(columns=(Column(heading="Shop", name="expense.merchnt"),)),
            ["Column 1 (Shop): There is no field 'expense.merchnt'. Did you mean expense.merchant?"],
        ),
        (
            Layout(columns=(column("expense.merchant", heading="Shop"),), rows="report"),
            ["Column 1 (Shop): expense.merchant has no single value per row; choose other rows, or leave it out."],
        ),
        (
            Layout(columns=(column("final.amount", format="dd.MM.yyyy"),)),
            ["Column 1 (Amount): The format 'dd.MM.yyyy' does not fit final.amount."],
        ),
        (
            Layout(columns=(column("final.amount", excel_text=True),)),
            ["Column 1 (Amount): An amount kept as text cannot be added up; take “text for Excel” off."],
        ),
        (
            Layout(columns=(column("final.merchant", heading="two\nlines"),)),
            ["Column 1 (two\nlines): Heading, constant, fallback and words are one line each, without tabs."],
        ),
        (
            Layout(kind="fixed", columns=(column("final.merchant", width=0),)),
            ["Column 1 (Merchant): The width is from 1 to 1000 characters."],
        ),
        (
            Layout(kind="json", columns=(column("final.amount"), column("final.amount"))),
            ["Two columns are called 'Amount'; in JSON each needs a name of its own."],
        ),
    ],
)
def test_problem_has_a_sentence(layout: Layout, sentences: list[str]) -> None:
    assert problems(layout) == sentences


def test_too_many_columns_are_refused() -> None:
    layout = Layout(columns=(column("final.amount"),) * 201)

    assert problems(layout) == ["Choose at most 200 columns; these are 201."]


def test_rows_offer_only_fields_with_one_value() -> None:
    assert {field.level for field in fields("expense")} == {"report", "expense"}
    assert {field.level for field in fields("report")} == {"report"}
    assert fields("expense")[0].name == "final.merchant"
    groups = {
        rows: [f.name for f in fields(rows) if f.name.startswith("group.")] for rows in ("expense", "report", "totals")
    }
    assert groups == {
        "expense": [],
        "report": ["group.count", "group.sum"],
        "totals": ["group.category", "group.categoryGlCode", "group.count", "group.sum"],
    }


def test_every_offered_field_can_be_chosen() -> None:
    for rows in ("expense", "report", "totals"):
        for field in fields(rows):
            name = field.name.replace("X", "1") if field.placeholder == "X" else field.name.replace("<Name>", "Trip")
            assert problems(Layout(rows=rows, columns=(column(name),))) == []


def test_computed_fields_hide_no_catalogue_field() -> None:
    assert {field.name.partition(".")[0] for field in COMPUTED} == {"final", "group"}


@pytest.mark.parametrize("key", PRESETS)
def test_preset_has_no_problems(key: str) -> None:
    assert problems(PRESETS[key].layout) == []
    assert layout_from_json(json.loads(json.dumps(PRESETS[key].layout.as_json()))) == PRESETS[key].layout
