"""The reconciliation exporter: company-card lines of a domain, on a report or not."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from sandbox.answers import Answer, Refused, ok
from sandbox.company.fields import in_base_10, status
from sandbox.company.model import Card, Expense, Report, in_report_currency
from sandbox.jobs import mail
from sandbox.jobs.dates import read_date
from sandbox.jobs.render import TemplateFailed, render_template
from sandbox.jobs.rights import require_domain_admin
from sandbox.jobs.values import optional_text, required_text
from sandbox.state import Request, State, StoredFile, section

EXTENSIONS = ("csv", "txt", "json", "xml")
ALL_FEEDS = "export_all_feeds"


class CardKey(str, Mapping[str, Any]):
    """A card as a key of `cards`: a string and a map at once, like Java objects in FreeMarker.

    A loop over `cards` converts each key to a string, which is this object again, so `card.owner` finds its field.
    """

    def __new__(cls, card: Card) -> "CardKey":
        key = super().__new__(cls, card.name)
        key._fields = {"bank": card.bank, "ID": card.id, "name": card.name, "owner": card.email}
        return key

    _fields: dict[str, Any]
    __hash__ = str.__hash__

    def __str__(self) -> str:
        return self

    def __getitem__(self, key: Any) -> Any:
        return self._fields[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __contains__(self, key: object) -> bool:
        return key in self._fields


def reconcile(state: State, request: Request) -> Answer:
    """Generate a file in the `reconciliation` file system, and name it in an envelope [M*].

    Refused 403 for another domain, 410 for invalid settings, 500 with the server's misspelt message when the
    template fails [C].
    """
    settings = request.settings
    kind = settings["type"]
    start, end = read_date(settings, "startDate"), read_date(settings, "endDate")
    if start is None or end is None or end < start:
        raise Refused(410, "'startDate' or 'endDate' is missing or malformed")
    domain = required_text(settings, "domain")
    require_domain_admin(request, domain)
    if settings.get("async") not in (None, False):
        raise Refused(410, "'async' is not supported")
    extension = section(request.job, "outputSettings").get("fileExtension", "csv")
    if extension not in EXTENSIONS:
        raise Refused(410, "'fileExtension' parameter is missing or malformed")
    feed = optional_text(settings, "feed") or ALL_FEEDS
    cards = {
        CardKey(card): _reports_of(state, card, start, end, with_reported=kind == "All")
        for card in state.company.cards
        if card.email.endswith(f"@{domain}") and feed in (ALL_FEEDS, card.bank)
    }
    data = {"cards": cards, "addHeader": state.choices.add_header, "isCsv": extension == "csv"}
    try:
        content = render_template(required_text(request.form, "template"), data, state.choices)
    except TemplateFailed:
        raise Refused(500, "Error encountered while trying to write reconcilation report to file.") from None
    serial = 5_429_137_734_434_770_049 + len(state.files)
    name = f"is_reconciliation_{serial}.{extension}"
    state.files[name] = StoredFile(
        content.encode(), "reconciliation", request.pair.id, request.pair.account, state.clock()
    )
    state.mails += [mail.record(request, to, "", [name]) for to in mail.requested_recipients(request.job)]
    answer = ok({"filename": name, "responseMessage": "OK"})
    answer.file_name = name
    return answer


def _reports_of(state: State, card: Card, start: date, end: date, *, with_reported: bool) -> list[dict[str, Any]]:
    """Return the card's lines within the period, by report; unreported lines have a report with ID 0."""
    reports = []
    unreported = [_line(card, line, 0) for line in card.lines if start <= _posted(line) <= end]
    if unreported:
        reports.append({"ID": 0, "name": "", "url": _url(0), "transactionList": unreported})
    for report in state.company.reports.values() if with_reported else ():
        lines = [
            _line(card, expense, _number(report))
            for expense in report.expenses
            if expense.get("cardID") == card.id and start <= _posted(expense) <= end
        ]
        if lines:
            reports.append(_report(state, report, lines))
    return reports


def _report(state: State, report: Report, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "ID": _number(report),
        "name": report.name,
        "status": status(report, state.choices),
        "state": report.state,
        "total": report.total,
        "currency": state.company.policies[report.policy_id].currency,
        "policyID": report.policy_id,
        "managerEmail": report.next_approver or (report.approvals[-1][0] if report.approvals else ""),
        "submitterEmail": report.account_email,
        "submitterID": state.company.person(report.account_email).account_id,
        "url": _url(_number(report)),
        "transactionList": lines,
    }


def _line(card: Card, expense: Expense, report_number: int) -> dict[str, Any]:
    """Return one line; spending is negative here, unlike in export templates [M]."""
    modified = expense["modifiedAmount"]
    return {
        "ID": int(expense["transactionID"]),
        "reportID": report_number,
        "amount": -(expense["amount"] if modified == "" else modified),
        "originalAmount": -expense["amount"],
        "modifiedAmount": 0 if modified == "" else -modified,
        "amountModified": modified != "",
        "convertedAmount": -in_report_currency(expense),
        "originalCurrencyAmount": -expense["amount"],
        "currency": expense["currency"],
        "currencyConversionRate": expense["currencyConversionRate"] or 1,
        "created": expense["modifiedCreated"] or expense["created"],
        "originalCreated": expense["created"],
        "modifiedCreated": expense["modifiedCreated"] or expense["created"],
        "posted": _posted(expense).isoformat(),
        "merchant": expense["modifiedMerchant"] or expense["merchant"],
        "originalMerchant": expense["merchant"],
        "modifiedMerchant": expense["modifiedMerchant"] or expense["merchant"],
        "category": expense["category"],
        "tag": expense["tag"],
        "comment": expense["comment"],
        "billable": expense["billable"],
        "reimbursable": expense["reimbursable"],
        "split": "nameValuePairs" in expense,
        "bank": card.bank,
        "cardID": card.id,
        "maskedPAN": card.number,
        "externalID": expense["externalID"],
        "receiptID": expense["receiptID"] or 0,
        "receiptURL": expense["receiptObject"].get("url", ""),
        "taxAmount": -expense.get("taxAmount", 0),
        "taxExternalID": expense.get("taxCode", ""),
        "taxRate": expense.get("taxRate", 0),
    }


def _posted(expense: Expense) -> date:
    """The bank posts an expense a day later."""
    return date.fromisoformat(expense["created"]) + timedelta(days=1)


def _number(report: Report) -> int:
    return int(in_base_10(report.id).removeprefix("R"))


def _url(number: int) -> str:
    return f"https://www.expensify.com/report?reportID={number}"
