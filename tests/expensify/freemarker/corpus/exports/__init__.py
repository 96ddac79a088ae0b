"""Realistic export templates, one per file, with the data of a small made-up company."""

from decimal import Decimal
from pathlib import Path

TEMPLATES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.ftl"))}
TEMPLATES["csv_rows_from_windows"] = TEMPLATES["csv_rows"].replace("\n", "\r\n")


def _expense(number: int, merchant: str, amount: int, **more: object) -> dict[str, object]:
    return {
        "transactionID": f"{6720309558248016000 + number}",
        "merchant": merchant,
        "amount": amount,
        "currency": "USD",
        "created": f"2024-02-{number + 10:02}",
        "inserted": f"2024-02-{number + 10:02} 08:15:3{number % 10}",
        "category": "Travel",
        "tag": "",
        "comment": "",
        "billable": number % 2 == 0,
        "reimbursable": True,
        "hasTax": False,
        "mcc": 5812 + number,
        "type": "expense",
        "receiptObject": {},
        **more,
    }


_EXPENSES = [
    _expense(1, "Café “Zoë”", 1234, comment='Lunch with "Bob", & co', tag="Sales:EMEA", categoryGlCode="6100"),
    _expense(
        2,
        "Hotel, Inc.",
        -50099,
        modifiedAmount=-50000,
        modifiedMerchant="Hotel; Inc.",
        category="Lodging",
        comment="two\r\nlines",
        receiptID=77,
        receiptObject={"url": "https://www.example.com/r/77?a=1&b=2", "type": "pdf"},
        hasTax=True,
        taxName="VAT",
        taxRate="20%",
        taxAmount=-8333,
        modifiedTaxAmount=-8300,
        taxCode="V20",
    ),
    _expense(3, "Taxi", 700, currency="EUR", convertedAmount=756, currencyConversionRate=Decimal("1.08"), ntag1="Ops"),
    _expense(4, "", 0, category="", modifiedCreated="2024-03-01", attendees="Al, Cy"),
    _expense(
        5, "Drive &lt;home&gt;", 9999999, type="distance", units={"count": 12.5, "rate": Decimal("0.67"), "unit": "mi"}
    ),
    _expense(6, "😀 Bar", 333, billable=False, bank="Acme Card", cardName="1234", mcc=None, tag="A\\:B:C"),
]

DATA: dict[str, object] = {
    "addHeader": True,
    "reports": [
        {
            "reportID": "R00bCluvcO4T",
            "oldReportID": "50352738",
            "reportName": 'February, "sales"',
            "status": "Approved",
            "total": 9953125,
            "currency": "USD",
            "created": "2024-02-11 09:00:00",
            "submitted": "2024-02-28 17:45:10",
            "approved": "2024-02-29",
            "reimbursed": "",
            "isACHReimbursed": False,
            "accountEmail": "alice@example.com",
            "managerEmail": "carol@example.com",
            "submitter": {"firstName": "Alice", "lastName": "O'Hara", "fullName": "Alice O'Hara"},
            "manager": {"firstName": "Carol", "lastName": "", "fullName": "Carol"},
            "employeeCustomField1": "E-17",
            "policyID": "0810E551A5F2A9C2",
            "policyName": "Acme & Sons",
            "customField": {"Cost_Center": "4711", "Region": "EMEA"},
            "approvers": [
                {"email": "bob@example.com", "date": "2024-02-28", "fullName": "Bob"},
                {"email": "carol@example.com", "date": "2024-02-29", "fullName": "Carol", "employeeUserID": "C3"},
            ],
            "actionList": [
                {
                    "action": "SUBMIT",
                    "accountEmail": "alice@example.com",
                    "created": "2024-02-28 17:45:10",
                    "details": {},
                },
                {
                    "action": "APPROVE",
                    "accountEmail": "carol@example.com",
                    "created": "2024-02-29 08:00:00",
                    "details": {"message": "ok <fine>"},
                },
            ],
            "transactionList": _EXPENSES,
        },
        {
            "reportID": "R00empty",
            "reportName": "Empty",
            "status": "Open",
            "total": 0,
            "currency": "USD",
            "created": "2024-03-01",
            "isACHReimbursed": True,
            "accountEmail": "bob@example.com",
            "submitter": {"fullName": "Bob"},
            "customField": {},
            "approvers": [],
            "actionList": [],
            "transactionList": [],
        },
        {
            "reportID": "R00two",
            "reportName": "März",
            "status": "Reimbursed",
            "total": 1090,
            "currency": "EUR",
            "created": "2024-03-05",
            "submitted": "2024-03-06 00:00:01",
            "accountEmail": "alice@example.com",
            "submitter": {"firstName": "Alice", "lastName": "O'Hara", "fullName": "Alice O'Hara"},
            "approvers": [{"email": "bob@example.com", "date": "2024-03-07"}],
            "transactionList": _EXPENSES[2:4],
        },
    ],
    "cards": {
        "1234": {"name": "Acme Card", "reports": {"R1": {"total": 333}}},
        "9876": {"name": "Other, Card", "reports": {}},
    },
}
