"""Edge cases that break files: one or two per expense."""

from typing import Any

from exports.samples.making import Expense, Report, SamplePerson, Workspace, expense, measured, report, with_receipt

ODD = SamplePerson("zoë.o'brien+tax@example.com", "Zoë", 'O\'Brien; "Zed"', 9_007_199_254_740_993, "007")
ALSO = SamplePerson("次郎@例え.jp", "次郎", "田中", 2, "0")
SHOP = Workspace("12345678901234E5", 'Comma, Quote " & Söhne 🧾', "EUR")
DAY = "2026-02-01"


def reports() -> list[Report]:
    return [_text(), _formulas(), _amounts(), _missing(), _empty(), _no_list()]


def _odd(number: int, merchant: str, comment: str = "", category: str = "Meals", **more: Any) -> Expense:
    return expense(number, DAY, merchant, 100 * (number % 100), "EUR", category, comment=comment, **more)


def _text() -> Report:
    return report(
        "R00,\";'é🧾",
        'Comma, "quotes"; tab\there\nand a second line',
        SHOP,
        ODD,
        "Approved",
        DAY,
        [
            _odd(101, 'Joe\'s "Diner", Pier 39', "Comma, apostrophe and quotes"),
            _odd(102, "Line\nbreak", "first\nsecond\r\nthird\rfourth\n"),
            _odd(103, "Emoji 🍕👩‍👩‍👧 and 寿司", "e\u0301 is not é", "Food 🍕"),
            _odd(104, "Marks &amp; Spencer", "3 &lt; 4 &quot;so&quot; on", "Gifts &amp; more"),
            _odd(105, "  spaces around  ", "\ttab first and last\t", " Meals "),
            _odd(106, "Back\\slash", "ends with a backslash \\"),
            _odd(107, '"', '"quoted as a whole"', '""'),
            _odd(108, "${merchant} <#if true>", "</script> ]]> <!-- -->", "<b>"),
            _odd(109, "A;B|C\tD", "every delimiter , ; | \t"),
            _odd(110, "Long", "A very long description that goes on and on. " * 60),
            _odd(111, "Tags", tag="Dept\\: North:Back\\slash::Ünter"),
            _odd(112, "Tag", tag="Only \\: one"),
            _odd(113, "Separators\u2028and\u0085more", "no\u00a0break"),
        ],
        submitted="2026-02-02",
        approvals=((ODD, "2026-02-03"), (ALSO, "2026-02-04")),
        fields={"Reason_of_trip": 'Said "yes",\nthen "no"', "2nd_field": "begins with a digit"},
    )


def _formulas() -> Report:
    starts = ("=SUM(A1:A9)", "+49 30 1234", "-1+1", "@mention", "\tTab", "\rReturn", "='x'!A1", "-", "'=quoted")
    return report(
        "50352738",
        '=HYPERLINK("https://example.com")',
        SHOP,
        ALSO,
        "Processing",
        DAY,
        [_odd(120 + at, text, text, text, tag=text) for at, text in enumerate(starts)],
        submitted=DAY,
        waits_for=ODD,
    )


def _amounts() -> Report:
    def amount(number: int, merchant: str, cents: int, currency: str = "EUR", **more: Any) -> Expense:
        return expense(number, DAY, merchant, cents, currency, "Meals", **more)

    return report(
        "R00amounts",
        "Amounts and numbers",
        SHOP,
        ODD,
        "Reimbursed",
        DAY,
        [
            amount(140, "Refund", -12_345),
            amount(141, "Less than a unit", -40),
            amount(142, "Half a unit", 50),
            amount(143, "Zero", 0),
            amount(144, "Set to zero", 5000, modifiedAmount=0),
            amount(145, "Large", 123_456_789_012),
            amount(146, "Small rate", 10_000, "JPY", rate="0.006134567"),
            amount(147, "No rate known", 10_000, "SEK"),
            amount(148, "Tax set to zero", 11_900, tax=("Standard", "T19", 19), modifiedTaxAmount=0),
            amount(149, "Rate in words", 100, taxRate="19%", hasTax=True),
            amount(150, "Longest identifier", 100, transactionID="9223372036854775807"),
            amount(151, "Identifier as a number", 100, transactionID=4_000_000_000_000_000_001),
            measured(152, DAY, "0.125", "km", 30, "EUR"),
            measured(153, DAY, "1000000", "hours", 1, "EUR"),
            with_receipt(amount(154, "Receipt", 100), 1),
        ],
        submitted=DAY,
        approvals=((ALSO, "2026-02-04"),),
        reimbursed="2026-02-05",
    )


def _missing() -> Report:
    nothing: dict[str, Any] = dict.fromkeys(expense(160, "", "", 0, ""))
    sample = report(
        "R00missing",
        "Missing values",
        SHOP,
        ODD,
        "Open",
        DAY,
        [
            {"transactionID": "4000000000000000161", "amount": 100, "currency": "EUR"},
            nothing | {"transactionID": "4000000000000000162"},
            expense(163, "", "", 100, "EUR", receiptObject="", units=""),
            expense(164, "2026-02-30", "No such day", 100, "EUR", modifiedCreated="yesterday"),
            expense(165, "2026-2-1", "Short date", 100, "EUR", modifiedCreated=None, billable=None, reimbursable=""),
        ],
    )
    for name in ("managerEmail", "policyName", "customField", "approvers", "entryID", "submitter"):
        del sample[name]
    return sample | {"manager": None}


def _empty() -> Report:
    return report("R00empty", "", SHOP, ODD, "Open", DAY, [])


def _no_list() -> Report:
    sample = report("R00nothing", "No list of expenses", SHOP, ODD, "Open", DAY, [])
    del sample["transactionList"]
    return sample
