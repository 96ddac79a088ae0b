"""Find fields by name and level, and the nearest fields to a misspelt name."""

import pytest

from expensify.freemarker.catalogue import CATALOGUE, RECONCILIATION, Catalogue, Field

BOTH = pytest.mark.parametrize("catalogue", [CATALOGUE, RECONCILIATION], ids=["export", "reconciliation"])


def test_field_has_label_type_and_evidence() -> None:
    assert CATALOGUE.field("expense.amount") == Field(
        name="expense.amount",
        level="expense",
        type="cents",
        label="Amount as entered",
        meaning="What was first entered or imported, in the currency of the expense.",
        group="Money",
        example="1234",
        edited="expense.modifiedAmount",
        currency="expense",
    )


def test_tag_level_is_filled_in() -> None:
    field = CATALOGUE.field("expense.ntag3GlCode")

    assert field is not None
    assert (field.label, field.placeholder, field.type) == ("Tag GL code, level 3", "", "text")


def test_report_field_is_filled_in() -> None:
    field = CATALOGUE.field("report.customField.Cost_Center")

    assert field is not None
    assert (field.label, field.placeholder, field.level) == ("Cost Center", "", "report")


@pytest.mark.parametrize(
    "name",
    ["expense.ntag0", "expense.ntag", "expense.ntag1Code", "report.customField.", "report.customField.a-b",
     "merchant", "expense.Merchant", "report.ID", ""],
)  # fmt: skip
def test_unknown_field_is_none(name: str) -> None:
    assert CATALOGUE.field(name) is None


def test_exporters_have_separate_fields() -> None:
    assert RECONCILIATION.field("expense.posted") is not None
    assert CATALOGUE.field("expense.posted") is None
    assert RECONCILIATION.field("expense.transactionID") is None


@pytest.mark.parametrize(
    ("name", "level", "near"),
    [
        ("expense.merchnt", "expense", "expense.merchant"),
        ("expense.Merchant", "expense", "expense.merchant"),
        ("expense.reportName", "expense", "report.reportName"),
        ("report.merchant", "report", "expense.merchant"),
        ("expense.amout", "expense", "expense.amount"),
        ("report.manager_email", "report", "report.managerEmail"),
        ("expense.expenseId", "expense", "expense.transactionID"),
        ("expense.date", "expense", "expense.created"),
        ("expense.description", "expense", "expense.comment"),
        ("approver.mail", "approver", "approver.email"),
    ],
)
def test_nearest_name_is_the_intended_one(name: str, level: str, near: str) -> None:
    assert CATALOGUE.nearest(name, level)[0] == near  # type: ignore[arg-type]


def test_nonsense_has_no_nearest_name() -> None:
    assert CATALOGUE.nearest("expense.qqqqqq", "expense") == []
    assert CATALOGUE.nearest("") == []


@BOTH
def test_each_field_is_on_one_level(catalogue: Catalogue) -> None:
    names = [field.name for field in catalogue]

    assert len(names) == len(set(names))
    for field in catalogue:
        assert catalogue.field(field.name) == field
        assert field in catalogue.fields(field.level)


@BOTH
def test_field_references_exist(catalogue: Catalogue) -> None:
    for field in catalogue:
        assert field.edited == "" or catalogue.field(field.edited) is not None
        assert field.items == "" or catalogue.fields(field.items) != []
        owner = field.name.rpartition(".")[0]
        assert owner in ("", field.level, "request") or catalogue.field(owner) is not None


@BOTH
def test_fields_have_readable_labels_and_meanings(catalogue: Catalogue) -> None:
    for field in catalogue:
        assert field.label[0].isupper()
        assert field.meaning.endswith(".")
        assert field.meaning.count(". ") == 0
        assert field.group != ""
        assert (field.currency != "") == (field.type == "cents")


def test_fields_seen_only_in_public_templates_are_marked() -> None:
    assert sorted(field.name for field in CATALOGUE if field.evidence == "seen") == [
        "action.details.expectedDate",
        "expense.cardName",
        "expense.nameValuePairs",
        "expense.nameValuePairs.source",
        "report.displayStatus",
        "report.stateNum",
        "report.submitterEmail",
        "request.requesterEmail",
    ]
