"""Property test: the file of any layout with any data parses to exactly the chosen values."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings

from expensify.freemarker.template import parse, render
from exports.columns.checking import problems
from exports.columns.layout import Column, Layout, layout_from_json
from exports.columns.parsing import table_of
from exports.columns.writing import headings_of, recognise, template_of
from tests.exports.columns.expected_rows import values_of
from tests.exports.columns.strategies import DATA, STRICT, layouts


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(layouts(), DATA)
def test_file_parses_to_the_chosen_values(layout: Layout, data: dict[str, Any]) -> None:
    assert problems(layout) == []

    text = render(parse(template_of(layout)), data, settings=STRICT)

    heading = [headings_of(layout)] if layout.heading and layout.kind != "json" else []
    assert table_of(layout, text) == heading + values_of(layout, data)


@settings(max_examples=100, deadline=None)
@given(layouts())
def test_stored_layout_is_unchanged(layout: Layout) -> None:
    stored = json.dumps(layout.as_json())

    assert layout_from_json(json.loads(stored)) == layout
    assert recognise(template_of(layout), stored)


def test_amounts_of_a_billion_keep_their_cents() -> None:
    layout = Layout(columns=(Column(heading="Amount", name="final.amount", format="0.00"),))
    data = {"reports": [{"transactionList": [{"amount": 123_456_789_012_345}]}], "addHeader": False}

    assert render(parse(template_of(layout)), data) == f"{Decimal(123_456_789_012_345) / 100:.2f}\n"
