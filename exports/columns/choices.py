"""Fields for columns: those of the catalogue, and values computed from several of them."""

from expensify.freemarker.catalogue import CATALOGUE, Catalogue, Field

_DAYS = {
    "yyyy-MM-dd": "2026-01-31",
    "dd.MM.yyyy": "31.01.2026",
    "MM/dd/yyyy": "01/31/2026",
    "dd/MM/yyyy": "31/01/2026",
    "yyyyMMdd": "20260131",
}
FORMATS: dict[str, dict[str, str]] = {
    "cents": {"0.00": "1234.50", "0,00": "1234,50", "0": "1235", "cents": "123450"},
    "number": {"": "1.0846", "0.00": "1.08", "0,00": "1,08", "0": "1"},
    "date": _DAYS,
    "datetime": {"": "2026-01-31 09:30:00"} | _DAYS,
}
"""Formats by type of field, each with an example, the default first. Other types have none."""

COMPUTED = Catalogue(
    [
        Field(
            name="final.merchant",
            level="expense",
            type="text",
            label="Merchant",
            group="Final values",
            meaning="The shop or supplier as it counts: as edited, else as entered.",
            example="Cafe Central Wien",
        ),
        Field(
            name="final.created",
            level="expense",
            type="date",
            label="Date",
            group="Final values",
            meaning="Day of the expense as it counts: as edited, else as entered.",
            example="2026-01-03",
        ),
        Field(
            name="final.amount",
            level="expense",
            type="cents",
            label="Amount",
            group="Final values",
            meaning="The amount as it counts, as edited, else as entered, in the currency of the expense.",
            example="1300",
            currency="expense",
        ),
        Field(
            name="final.reportAmount",
            level="expense",
            type="cents",
            label="Amount in report currency",
            group="Final values",
            meaning="The amount as it counts in the currency of the report; empty where Expensify does not tell it.",
            example="1410",
            currency="report",
        ),
        Field(
            name="final.taxAmount",
            level="expense",
            type="cents",
            label="Tax amount",
            group="Final values",
            meaning="The tax in the amount as it counts: as edited, else as entered, in the currency of the expense.",
            example="240",
            currency="expense",
        ),
        Field(
            name="final.netAmount",
            level="expense",
            type="cents",
            label="Net amount",
            group="Final values",
            meaning="The amount less its tax, both as they count, in the currency of the expense.",
            example="1060",
            currency="expense",
        ),
        Field(
            name="final.mcc",
            level="expense",
            type="integer",
            label="Merchant category code",
            group="Final values",
            meaning="The card networks' code for the kind of shop: as edited, else as imported.",
            example="5812",
        ),
        Field(
            name="final.tagX",
            level="expense",
            type="text",
            label="Tag, level X",
            group="Final values",
            meaning="One level of the tag, from Expensify's own levels, else cut out of the whole tag at its colons.",
            example="Berlin",
            placeholder="X",
        ),
        Field(
            name="final.approvers",
            level="report",
            type="text",
            label="All approvers",
            group="Final values",
            meaning="The addresses of all who approved the report, in order, with semicolons between.",
            example="manager@example.com; cfo@example.com",
        ),
        Field(
            name="group.category",
            level="report",
            type="text",
            label="Category",
            group="Totals",
            meaning="The category whose expenses the row adds up.",
            example="Meals",
        ),
        Field(
            name="group.categoryGlCode",
            level="report",
            type="text",
            label="Category GL code",
            group="Totals",
            meaning="The ledger account of that category.",
            example="6000",
        ),
        Field(
            name="group.count",
            level="report",
            type="integer",
            label="Number of expenses",
            group="Totals",
            meaning="How many expenses the row stands for.",
            example="3",
        ),
        Field(
            name="group.sum",
            level="report",
            type="cents",
            label="Sum in report currency",
            group="Totals",
            meaning="The row's expenses added up in the currency of the report; empty if one is not known in it.",
            example="12900",
            currency="report",
        ),
    ]
)

_OF_A_CATEGORY = ("group.category", "group.categoryGlCode")


def field(name: str) -> Field | None:
    """A catalogue or computed field, with its placeholder filled in; None if a column cannot show it."""
    field = COMPUTED.field(name) or CATALOGUE.field(name)
    if field and field.is_value and not field.placeholder and field.level in ("report", "expense"):
        return field
    return None


def fields(rows: str) -> list[Field]:
    """Fields to offer for such rows, computed ones first: most people want those. Some names have placeholders."""
    return [field for field in [*COMPUTED, *CATALOGUE] if field.is_value and fits(field, rows)]


def fits(field: Field, rows: str) -> bool:
    """Whether such a row has exactly one value for the field."""
    if field.name in _OF_A_CATEGORY:
        return rows == "totals"
    if field.name.startswith("group."):
        return rows != "expense"
    return field.level == "report" or (field.level == "expense" and rows == "expense")


def usual_format(field: Field) -> str:
    return next(iter(FORMATS.get(field.type, {"": ""})))


def nearest(name: str) -> list[str]:
    """Names that somebody may have meant by `name`: those of the same object first, then by similarity."""
    near = [*CATALOGUE.nearest(name), *COMPUTED.nearest(name)]
    return sorted(filter(field, near), key=lambda candidate: candidate.partition(".")[0] != name.partition(".")[0])
