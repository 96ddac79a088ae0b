"""Reports and expenses of samples with every field a template may ask for."""

from dataclasses import dataclass, field
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
MCCS = {
    "Meals": 5812,
    "Travel": 4111,
    "Lodging": 7011,
    "Software": 5734,
    "Office supplies": 5943,
    "Telephone": 4814,
}
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
    tax: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Rate names with their code and percentage; empty where no tax is tracked."""


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
    entered = more.get("modifiedAmount", "")
    counted = cents if entered == "" else entered
    made: Expense = {
        "transactionID": str(4_000_000_000_000_000_000 + number * 7919),
        "amount": cents,
        "modifiedAmount": "",
        "convertedAmount": _cents(counted * Decimal(rate)) if rate else "",
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
        made |= {"bank": "Example Bank", "cardID": 5_300_000 + int(card[-4:]), "cardNumber": card}
    if tax:
        name, code, percent = tax
        made |= {"hasTax": True, "taxName": "VAT", "taxRateName": name, "taxCode": code, "taxRate": percent}
        made |= {"taxAmount": _tax_in(cents, percent), "modifiedTaxAmount": ""}
        if entered != "":
            made["modifiedTaxAmount"] = _tax_in(entered, percent)
    for level, part in enumerate(tag.replace("\\:", "\0").split(":") if tag else [], start=1):
        part = part.replace("\0", ":")
        made |= {f"ntag{level}": part, f"ntag{level}GlCode": TAG_CODES.get(part, "")}
    if tag:
        made["tagGlCode"] = made["ntag1GlCode"]
    made["modified"] = any(
        more.get(name) for name in ("modifiedAmount", "modifiedMerchant", "modifiedCreated")
    )
    return made | more


def with_receipt(made: Expense, number: int) -> Expense:
    """The expense with a scanned receipt."""
    file = f"w_{number:x}.jpg"
    url = f"https://www.expensify.com/receipts/{file}"
    receipt = {
        "url": url,
        "thumbnail": f"{url}.1024.jpg",
        "smallThumbnail": f"{url}.320.jpg",
        "type": "jpg",
        "transactionID": made["transactionID"],
        "receiptID": number,
        "state": "SCANCOMPLETE",
        "formattedAmount": f"{made['currency']} {made['amount'] / 100:.2f}",
        "formattedMerchant": made["merchant"],
        "formattedCreated": made["created"],
    }
    return made | {"receiptID": number, "receiptFilename": file, "receiptObject": receipt}


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
    """One report. Days become moments; what has not happened is "". `fields` are its report fields."""
    manager = waits_for or (approvals[-1][0] if approvals else None)
    state = {"Open": "OPEN", "Processing": "SUBMITTED", "Approved": "APPROVED", "Closed": "ARCHIVED"}
    is_approved = status in ("Approved", "Reimbursed")
    return {
        "reportID": id,
        "oldReportID": f"R{3_513_250_000_000_000 + sum(map(ord, id)) * 9973}",
        "reportName": name,
        "status": status,
        "state": state.get(status, "REIMBURSED"),
        "total": sum(_counted(made) for made in expenses),
        "currency": workspace.currency,
        "created": _moment(created, "09:31:22"),
        "submitted": _moment(submitted, "08:00:01"),
        "approved": _moment(approvals[-1][1] if approvals and is_approved else "", "16:20:40"),
        "reimbursed": _moment(reimbursed, "00:00:00"),
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
            {"email": by.email, "date": _moment(on, "16:20:40"), "employeeUserID": by.number} | by.name
            for by, on in approvals
        ],
        "actionList": [
            {
                "action": what,
                "accountEmail": by.email,
                "created": _moment(on, "10:00:00"),
                "details": {"message": text},
            }
            for what, by, on, text in history
        ],
        "transactionList": [made | {"reportID": id} for made in expenses],
    }


def _counted(made: Expense) -> int:
    """Cents in the report's currency."""
    values = (made.get(name, "") for name in ("convertedAmount", "modifiedAmount", "amount"))
    return next((value for value in values if isinstance(value, int)), 0)


def _moment(day: str, time: str) -> str:
    return f"{day} {time}" if day else ""


def _tax_in(cents: int, percent: int) -> int:
    return _cents(Decimal(cents * percent) / (100 + percent))


def _cents(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
