"""Ready layouts for a finance department."""

from typing import NamedTuple

from expensify.freemarker.catalogue import CATALOGUE
from exports.columns.layout import Column, Layout, column


class Preset(NamedTuple):
    """A layout to start from. `states` are the report states that the export should select; none means any."""

    name: str
    purpose: str
    layout: Layout
    states: tuple[str, ...] = ()


_EXPENSE_ID = column("expense.transactionID")
_REPORT_ID = column("report.reportID")
_EMPLOYEE = column("report.accountEmail", heading="Employee")
_APPROVER = column("report.managerEmail", heading="Approver")
_MERCHANT = column("final.merchant")
_DATE = column("final.created")

_JOURNAL = Layout(
    columns=(
        Column(source="number", heading="Line"),
        column("final.created", heading="Posting date"),
        column("report.reportID", heading="Voucher"),
        column("expense.categoryGlCode", heading="Debit account", fallback="unassigned"),
        Column(source="constant", heading="Credit account", text="2100"),
        column("final.reportAmount", heading="Amount"),
        column("report.currency", heading="Currency"),
        column("expense.ntag1GlCode", heading="Cost centre"),
        column("final.merchant", heading="Text"),
        column("report.employeeCustomField1", heading="Employee number"),
        _EXPENSE_ID,
    )
)

_DETAIL = Layout(
    columns=(
        _REPORT_ID,
        column("report.reportName"),
        _EMPLOYEE,
        column("report.status"),
        _DATE,
        _MERCHANT,
        column("expense.category"),
        column("expense.tag"),
        column("expense.comment"),
        column("final.amount"),
        column("expense.currency", heading="Currency"),
        column("final.reportAmount"),
        column("report.currency"),
        column("expense.reimbursable"),
        column("expense.billable"),
        _APPROVER,
        column("report.policyName"),
        _EXPENSE_ID,
    )
)

_SUMMARY = Layout(
    rows="report",
    columns=(
        _REPORT_ID,
        column("report.reportName"),
        _EMPLOYEE,
        column("report.status"),
        column("report.submitted", format="yyyy-MM-dd"),
        column("report.approved", format="yyyy-MM-dd"),
        column("report.reimbursed", format="yyyy-MM-dd"),
        column("final.approvers"),
        column("group.count"),
        column("report.total"),
        column("report.currency", heading="Currency"),
        column("report.policyName"),
    ),
)

_TOTALS = Layout(
    rows="totals",
    columns=(
        _REPORT_ID,
        column("report.reportName"),
        _EMPLOYEE,
        column("group.category", fallback="Uncategorized"),
        column("group.categoryGlCode"),
        column("group.count"),
        column("group.sum"),
        column("report.currency", heading="Currency"),
    ),
)

_TAX = Layout(
    columns=(
        _DATE,
        _MERCHANT,
        column("expense.category"),
        column("expense.hasTax"),
        column("expense.taxName"),
        column("expense.taxRateName"),
        column("expense.taxRate"),
        column("expense.taxCode"),
        column("final.netAmount"),
        column("final.taxAmount"),
        column("final.amount", heading="Gross amount"),
        column("expense.currency", heading="Currency"),
        column("expense.receiptObject.url"),
        _REPORT_ID,
        _EXPENSE_ID,
    )
)

_CURRENCIES = Layout(
    columns=(
        _DATE,
        _MERCHANT,
        column("final.amount", heading="Amount spent"),
        column("expense.currency", heading="Currency spent"),
        column("expense.currencyConversionRate"),
        column("final.reportAmount"),
        column("report.currency"),
        _EMPLOYEE,
        _REPORT_ID,
        _EXPENSE_ID,
    )
)

_MILEAGE = Layout(
    columns=(
        _DATE,
        _EMPLOYEE,
        column("report.employeeCustomField1", heading="Employee number"),
        column("expense.type"),
        column("expense.units.count"),
        column("expense.units.unit"),
        column("expense.units.rate"),
        column("final.amount"),
        column("expense.currency", heading="Currency"),
        column("final.merchant", heading="Route or work"),
        column("expense.comment"),
        _EXPENSE_ID,
    )
)

_CARDS = Layout(
    columns=(
        column("expense.bank"),
        column("expense.cardNumber"),
        _DATE,
        _MERCHANT,
        column("final.mcc"),
        column("final.amount"),
        column("expense.currency", heading="Currency"),
        column("final.reportAmount"),
        column("report.currency"),
        column("expense.reimbursable"),
        _EMPLOYEE,
        column("report.status"),
        column("expense.receiptFilename"),
        _REPORT_ID,
        _EXPENSE_ID,
    )
)

_ACCRUALS = Layout(
    columns=(
        _DATE,
        column("expense.categoryGlCode", heading="Account", fallback="unassigned"),
        column("expense.category"),
        column("expense.ntag1GlCode", heading="Cost centre"),
        column("final.reportAmount", heading="Amount to accrue"),
        column("report.currency", heading="Currency"),
        _MERCHANT,
        _EMPLOYEE,
        column("report.status"),
        column("report.submitted", format="yyyy-MM-dd", fallback="not yet"),
        column("report.managerEmail", heading="Waits for"),
        _REPORT_ID,
        _EXPENSE_ID,
    )
)


def _everything() -> Layout:
    """All documented fields in the catalogue's order, with the first three levels of tags."""
    names = [
        field.name.replace("ntagX", f"ntag{level}")
        for of in ("report", "expense")
        for field in CATALOGUE
        if field.level == of and field.is_value and field.evidence == "documented"
        for level in (("1", "2", "3") if field.placeholder == "X" else ("",))
        if field.placeholder in ("", "X")
    ]
    return Layout(columns=tuple(column(name) for name in [*names, "final.approvers", "final.reportAmount"]))


PRESETS = {
    "journal": Preset(
        "General-ledger journal",
        "One posting per expense, from the account of its category to one payables account, for the bookkeeping.",
        _JOURNAL,
        ("APPROVED", "REIMBURSED"),
    ),
    "detail": Preset("Expense detail", "Every expense with who, what, how much and who approved it.", _DETAIL),
    "summary": Preset("Report summary", "One line per report with its dates, approvers and total.", _SUMMARY),
    "totals": Preset("Totals by category", "What each report comes to in each category.", _TOTALS),
    "tax": Preset("Tax and VAT", "Net, tax and gross of every expense, with rate, code and receipt.", _TAX),
    "currencies": Preset(
        "Several currencies",
        "Each amount as it was spent and as it is reported, each beside its own currency.",
        _CURRENCIES,
    ),
    "mileage": Preset("Mileage and time", "Kilometres, miles and hours with their rates.", _MILEAGE),
    "cards": Preset("Card reconciliation", "Expenses beside the bank's lines, by card, with receipts.", _CARDS),
    "accruals": Preset(
        "Accruals",
        "What was spent but is not approved yet, by account, for the month's end.",
        _ACCRUALS,
        ("OPEN", "SUBMITTED"),
    ),
    "everything": Preset("Everything", "All documented fields of every expense and its report.", _everything()),
}
