"""Everything that breaks files, on purpose: one oddity per expense, named in its comment where there is room."""

from typing import Any

from exports.samples.making import Person, Report, Workspace, expense, measured, report, with_receipt

ODD = Person("zoë.o'brien+tax@example.com", "Zoë", 'O\'Brien; "Zed"', 9_007_199_254_740_993, "007")
ALSO = Person("次郎@例え.jp", "次郎", "田中", 2, "0")
SHOP = Workspace("12345678901234E5", 'Comma, Quote " & Söhne 🧾', "EUR")
LONG = "A very long description that goes on and on. " * 60


def reports() -> list[Report]:
    return [_text(), _formulas(), _amounts(), _missing(), _empty(), _no_list()]


def _text() -> Report:
    return report(
        "R00,\";'é🧾",
        'Comma, "quotes"; tab\there\nand a second line',
        SHOP,
        ODD,
        "Approved",
        "2026-02-01",
        [
            expense(
                101, "2026-02-01", 'Joe\'s "Diner", Pier 39', 100, "EUR", "Meals", comment="Comma and quotes"
            ),
            expense(
                102,
                "2026-02-01",
                "Line\nbreak",
                200,
                "EUR",
                "Meals",
                comment="first\nsecond\r\nthird\rfourth\n",
            ),
            expense(
                103,
                "2026-02-01",
                "Emoji 🍕👩‍👩‍👧 and 寿司",
                300,
                "EUR",
                "Food 🍕",
                comment="e\u0301 is not é",
            ),
            expense(
                104,
                "2026-02-01",
                "Marks &amp; Spencer",
                400,
                "EUR",
                "Gifts",
                comment="3 &lt; 4 &quot;so&quot; on",
            ),
            expense(
                105,
                "2026-02-01",
                "  spaces around  ",
                500,
                "EUR",
                " Meals ",
                comment="\ttab first and last\t",
            ),
            expense(
                106, "2026-02-01", "Back\\slash", 600, "EUR", "Meals", comment="ends with a backslash \\"
            ),
            expense(107, "2026-02-01", '"', 700, "EUR", '""', comment='"quoted as a whole"'),
            expense(
                108,
                "2026-02-01",
                "${merchant} <#if true>",
                800,
                "EUR",
                "<b>",
                comment="</script> ]]> <!-- -->",
            ),
            expense(109, "2026-02-01", "A;B|C\tD", 900, "EUR", "Meals", comment="every delimiter , ; | \t"),
            expense(110, "2026-02-01", "Long", 1000, "EUR", "Meals", comment=LONG),
            expense(111, "2026-02-01", "Tags", 1100, "EUR", "Meals", tag="Dept\\: North:Back\\slash::Ünter"),
            expense(112, "2026-02-01", "Tag", 1200, "EUR", "Meals", tag=r"Only \: one"),
            expense(
                113,
                "2026-02-01",
                "Separators\u2028and\u0085more",
                1300,
                "EUR",
                "Meals",
                comment="no\u00a0break",
            ),
        ],
        submitted="2026-02-02",
        approvals=((ODD, "2026-02-03"), (ALSO, "2026-02-04")),
        fields={"Reason_of_trip": 'Said "yes",\nthen "no"', "2nd_field": "begins with a digit"},
    )


def _formulas() -> Report:
    starts = (
        "=SUM(A1:A9)",
        "+49 30 1234",
        "-1+1",
        "@mention",
        "\tTab",
        "\rReturn",
        "='x'!A1",
        "-",
        "'=quoted",
    )
    return report(
        "50352738",
        "=HYPERLINK(\"https://example.com\")",
        SHOP,
        ALSO,
        "Processing",
        "2026-02-01",
        [
            expense(120 + at, "2026-02-01", text, 100, "EUR", text, comment=text, tag=text)
            for at, text in enumerate(starts)
        ],
        submitted="2026-02-01",
        waits_for=ODD,
    )  # fmt: skip


def _amounts() -> Report:
    return report(
        "R00amounts",
        "Amounts and numbers",
        SHOP,
        ODD,
        "Approved",
        "2026-02-01",
        [
            expense(140, "2026-02-01", "Refund", -12_345, "EUR", "Meals"),
            expense(141, "2026-02-01", "Less than a unit", -40, "EUR", "Meals"),
            expense(142, "2026-02-01", "Half a unit", 50, "EUR", "Meals"),
            expense(143, "2026-02-01", "Zero", 0, "EUR", "Meals", modifiedAmount=0),
            expense(144, "2026-02-01", "Set to zero", 5000, "EUR", "Meals", modifiedAmount=0),
            expense(145, "2026-02-01", "Large", 123_456_789_012, "EUR", "Meals"),
            expense(146, "2026-02-01", "Rate", 10_000, "JPY", "Meals", rate="0.006134567"),
            expense(147, "2026-02-01", "No rate known", 10_000, "SEK", "Meals"),
            expense(148, "2026-02-01", "Tax", 11_900, "EUR", "Meals", tax=("Std", "T19", 19), modifiedTaxAmount=0),
            expense(149, "2026-02-01", "Rate in words", 100, "EUR", "Meals", taxRate="19%", hasTax=True),
            expense(150, "2026-02-01", "Longest identifier", 100, "EUR", "Meals", transactionID="9223372036854775807"),
            expense(151, "2026-02-01", "Identifier as a number", 100, "EUR", "Meals",
                    transactionID=4_000_000_000_000_000_001),
            measured(152, "2026-02-01", "0.125", "km", 30, "EUR"),
            measured(153, "2026-02-01", "1000000", "hours", 1, "EUR"),
            with_receipt(expense(154, "2026-02-01", "Receipt", 100, "EUR", "Meals"), 1),
        ],
        submitted="2026-02-01",
        approvals=((ALSO, "2026-02-04"),),
        reimbursed="2026-02-05",
    )  # fmt: skip


def _missing() -> Report:
    nothing: dict[str, Any] = dict.fromkeys(expense(160, "", "", 0, ""))
    found = report(
        "R00missing",
        "Missing values",
        SHOP,
        ODD,
        "Open",
        "2026-02-01",
        [
            {"transactionID": "4000000000000000161", "amount": 100, "currency": "EUR"},
            nothing | {"transactionID": "4000000000000000162"},
            expense(163, "", "", 100, "EUR", receiptObject="", units=""),
            expense(164, "2026-02-30", "No such day", 100, "EUR", modifiedCreated="yesterday"),
            expense(
                165,
                "2026-2-1",
                "Short date",
                100,
                "EUR",
                modifiedCreated=None,
                billable=None,
                reimbursable="",
            ),
        ],
    )
    for name in ("managerEmail", "policyName", "customField", "approvers", "entryID", "submitter"):
        del found[name]
    return found | {"manager": None, "currency": "EUR"}


def _empty() -> Report:
    return report("R00empty", "", SHOP, ODD, "Open", "2026-02-01", [])


def _no_list() -> Report:
    found = report("R00nothing", "No list of expenses", SHOP, ODD, "Open", "2026-02-01", [])
    del found["transactionList"]
    return found
