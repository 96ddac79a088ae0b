"""Build sample reports and expenses with every field that a template may read."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Expense = dict[str, Any]
Report = dict[str, Any]

GL_CODES = {
    "Meals": "6640",
    "Travel": "6650",
    "Lodging": "6660",
    "Mileage": "6530",
    "Software": "6835",
    "Office supplies": "6815",
    "Client gifts": "6610",
    "Labour": "6100",
    "Telephone": "6805",
}
MCCS = {"Meals": 5812, "Travel": 4111, "Lodging": 7011, "Software": 5734, "Office supplies": 5943, "Telephone": 4814}
TAG_CODES = {"Sales": "7010", "Engineering": "7020", "Finance": "7030", "Atlas": "7101", "Borealis": "7102"}


@dataclass(frozen=True)
class SamplePerson:
    email: str
    first: str
    last: str
    account: int
    number: str
    centre: str = ""

    @property
    def name(self) -> dict[str, str]:
        return {"firstName": self.first, "lastName": self.last, "fullName": f"{self.first} {self.last}"}


@dataclass(frozen=True)
class Workspace:
    id: str
    name: str
    currency: str


def expense(
    number: int,
    on: str,
    merchant: str,
    cents: int,
    currency: str,
    category: str = "",
    *,
    tag: str = "",
    card: str = "",
    tax: tuple[str, str, int] | None = None,
    rate: str = "",
    **more: Any,
) -> Expense:
    """One expense. `cents` in `currency`; `tax` is name, code and percentage; `rate` converts to the report's currency.

    `more` overrides any field.
    """
    modified_amount = more.get("modifiedAmount", "")
    effective = cents if modified_amount == "" else modified_amount
    values: Expense = {
        "transactionID": str(4_000_000_000_000_000_000 + number * 7919),
        "amount": cents,
        "modifiedAmount": "",
        "convertedAmount": _cents(effective * Decimal(rate)) if rate else "",
        "currency": currency,
        "currencyConversionRate": Decimal(rate) if rate else "",
        "created": on,
        "modifiedCreated": "",
        "inserted": f"{on} 18:{number % 60:02}:07",
        "merchant": merchant,
        "modifiedMerchant": "",
        "mcc": MCCS.get(category, 0),
        "modifiedMCC": "",
        "category": category,
        "categoryGlCode": GL_CODES.get(category, ""),
        "categoryPayrollCode": "",
        "tag": tag,
        "tagGlCode": "",
        "comment": "",
        "attendees": "",
        "billable": False,
        "reimbursable": not card,
        "hasTax": False,
        "bank": "",
        "externalID": "",
        "type": "expense",
        "receiptID": "",
        "receiptFilename": "",
        "receiptObject": {},
        "modified": False,
        "unverified": False,
        "details": "",
        "transactionHash": "",
    }
    if card:
        values |= {"bank": "Example Bank", "cardID": 5_300_000 + int(card[-4:]), "cardNumber": card}
    if tax:
        name, code, percent = tax
        values |= {"hasTax": True, "taxName": "VAT", "taxRateName": name, "taxCode": code, "taxRate": percent}
        values |= {"taxAmount": _tax_in(cents, percent), "modifiedTaxAmount": ""}
        if modified_amount != "":
            values["modifiedTaxAmount"] = _tax_in(modified_amount, percent)
    for level, part in enumerate(tag.replace("\\:", "\0").split(":") if tag else [], start=1):
        part = part.replace("\0", ":")
        values |= {f"ntag{level}": part, f"ntag{level}GlCode": TAG_CODES.get(part, "")}
    if tag:
        values["tagGlCode"] = values["ntag1GlCode"]
    values["modified"] = any(more.get(name) for name in ("modifiedAmount", "modifiedMerchant", "modifiedCreated"))
    return values | more


def with_receipt(expense: Expense, number: int) -> Expense:
    """The expense with a scanned receipt."""
    file = f"w_{number:x}.jpg"
    url = f"https://www.expensify.com/receipts/{file}"
    receipt = {
        "url": url,
        "thumbnail": f"{url}.1024.jpg",
        "smallThumbnail": f"{url}.320.jpg",
        "type": "jpg",
        "transactionID": expense["transactionID"],
        "receiptID": number,
        "state": "SCANCOMPLETE",
        "formattedAmount": f"{expense['currency']} {expense['amount'] / 100:.2f}",
        "formattedMerchant": expense["merchant"],
        "formattedCreated": expense["created"],
    }
    return expense | {"receiptID": number, "receiptFilename": file, "receiptObject": receipt}


def measured(
    number: int, on: str, count: str, unit: str, rate: int, currency: str, *, tag: str = "", **more: Any
) -> Expense:
    """Distance, or time when the unit is "hours"; `rate` in cents per unit."""
    kind = "time" if unit == "hours" else "distance"
    return expense(
        number,
        on,
        f"{count} {unit} @ {currency} {rate / 100:.2f}",
        _cents(Decimal(count) * rate),
        currency,
        "Labour" if kind == "time" else "Mileage",
        tag=tag,
        type=kind,
        units={"count": Decimal(count), "rate": rate, "unit": unit},
        **more,
    )


def report(
    id: str,
    name: str,
    workspace: Workspace,
    employee: SamplePerson,
    status: str,
    created: str,
    expenses: list[Expense],
    *,
    approvals: tuple[tuple[SamplePerson, str], ...] = (),
    waits_for: SamplePerson | None = None,
    submitted: str = "",
    reimbursed: str = "",
    fields: dict[str, str] | None = None,
    history: tuple[tuple[str, SamplePerson, str, str], ...] = (),
) -> Report:
    """One report. Days become times; "" for events that have not happened. `fields` are its report fields."""
    manager = waits_for or (approvals[-1][0] if approvals else None)
    state = {"Open": "OPEN", "Processing": "SUBMITTED", "Approved": "APPROVED", "Closed": "ARCHIVED"}
    is_approved = status in ("Approved", "Reimbursed")
    return {
        "reportID": id,
        "oldReportID": f"R{3_513_250_000_000_000 + sum(map(ord, id)) * 9973}",
        "reportName": name,
        "status": status,
        "state": state.get(status, "REIMBURSED"),
        "total": sum(_effective_amount(expense) for expense in expenses),
        "currency": workspace.currency,
        "created": _time(created, "09:31:22"),
        "submitted": _time(submitted, "08:00:01"),
        "approved": _time(approvals[-1][1] if approvals and is_approved else "", "16:20:40"),
        "reimbursed": _time(reimbursed, "00:00:00"),
        "isACHReimbursed": bool(reimbursed) and workspace.currency == "USD",
        "entryID": "123456789109876" if reimbursed else "",
        "accountEmail": employee.email,
        "accountID": employee.account,
        "submitterEmail": employee.email,
        "submitterUserID": employee.number,
        "submitter": employee.name,
        "employeeCustomField1": employee.number,
        "employeeCustomField2": employee.centre,
        "managerEmail": manager.email if manager else "",
        "managerUserID": manager.number if manager else "",
        "manager": manager.name if manager else {},
        "policyID": workspace.id,
        "policyName": workspace.name,
        "customField": fields or {},
        "approvers": [
            {"email": by.email, "date": _time(on, "16:20:40"), "employeeUserID": by.number} | by.name
            for by, on in approvals
        ],
        "actionList": [
            {"action": what, "accountEmail": by.email, "created": _time(on, "10:00:00"), "details": {"message": text}}
            for what, by, on, text in history
        ],
        "transactionList": [expense | {"reportID": id} for expense in expenses],
    }


def _effective_amount(expense: Expense) -> int:
    """Cents in the report's currency."""
    values = (expense.get(name, "") for name in ("convertedAmount", "modifiedAmount", "amount"))
    return next((value for value in values if isinstance(value, int)), 0)


def _time(day: str, time: str) -> str:
    return f"{day} {time}" if day else ""


def _tax_in(cents: int, percent: int) -> int:
    return _cents(Decimal(cents * percent) / (100 + percent))


def _cents(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
