"""Templates to start from, as FreeMarker text. They may be edited freely afterwards.

They convert cents to units and booleans to words, leave missing values empty, prefer an edited value to the one first
entered, double the quotes inside quoted text, and keep as text what a spreadsheet would calculate or round.
"""

from typing import NamedTuple

from expensify.freemarker.catalogue import CATALOGUE, Level

# CSV text is quoted. An apostrophe before = + - @ keeps a spreadsheet from reading a merchant's name as a formula;
# before a 19-digit expense ID it keeps the spreadsheet from rounding the last digits away [H].
_TEXT = """\
<#function text value>
  <#assign quoted = value?replace("\\"", "\\"\\"")>
  <#if value?starts_with("=") || value?starts_with("+") || value?starts_with("-") || value?starts_with("@")>
    <#return "\\"'" + quoted + "\\"">
  </#if>
  <#return "\\"" + quoted + "\\"">
</#function>
"""

EXPENSES = f"""\
<#-- One row per expense, as CSV. -->
{_TEXT}\
<#if addHeader>
  Report ID,Report,Employee,Status,Date,Merchant,Category,Tag,Description,<#t>
  Amount,Currency,Reimbursable,Billable,Policy,Expense ID<#lt>
</#if>
<#list reports as report>
  <#list report.transactionList as expense>
    <#-- A converted amount is in the currency of the report, the other two are in the currency of the expense. -->
    <#if expense.convertedAmount?has_content>
      <#assign cents = expense.convertedAmount>
      <#assign currency = report.currency!"">
    <#elseif expense.modifiedAmount?has_content>
      <#assign cents = expense.modifiedAmount>
      <#assign currency = expense.currency!"">
    <#else>
      <#assign cents = expense.amount!0>
      <#assign currency = expense.currency!"">
    </#if>
    <#if expense.modifiedCreated?has_content>
      <#assign date = expense.modifiedCreated>
    <#else>
      <#assign date = expense.created!"">
    </#if>
    <#if expense.modifiedMerchant?has_content>
      <#assign merchant = expense.modifiedMerchant>
    <#else>
      <#assign merchant = expense.merchant!"">
    </#if>
    ${{text(report.reportID!"")}},<#t>
    ${{text(report.reportName!"")}},<#t>
    ${{text(report.accountEmail!"")}},<#t>
    ${{text(report.status!"")}},<#t>
    ${{date}},<#t>
    ${{text(merchant)}},<#t>
    ${{text(expense.category!"")}},<#t>
    ${{text(expense.tag!"")}},<#t>
    ${{text(expense.comment!"")}},<#t>
    ${{(cents / 100)?string("0.00")}},<#t>
    ${{currency}},<#t>
    ${{(expense.reimbursable!false)?string("Yes", "No")}},<#t>
    ${{(expense.billable!false)?string("Yes", "No")}},<#t>
    ${{text(report.policyName!"")}},<#t>
    "'${{expense.transactionID!""}}"<#lt>
  </#list>
</#list>
"""

REPORTS = f"""\
<#-- One row per report, as CSV. -->
{_TEXT}\
<#if addHeader>
  Report ID,Report,Employee,Status,Submitted,Approved,Reimbursed,Approver,<#t>
  Total,Currency,Expenses,Policy<#lt>
</#if>
<#list reports as report>
  ${{text(report.reportID!"")}},<#t>
  ${{text(report.reportName!"")}},<#t>
  ${{text(report.accountEmail!"")}},<#t>
  ${{text(report.status!"")}},<#t>
  ${{report.submitted!""}},<#t>
  ${{report.approved!""}},<#t>
  ${{report.reimbursed!""}},<#t>
  ${{text(report.managerEmail!"")}},<#t>
  ${{((report.total!0) / 100)?string("0.00")}},<#t>
  ${{report.currency!""}},<#t>
  ${{report.transactionList?size}},<#t>
  ${{text(report.policyName!"")}}<#lt>
</#list>
"""


def _json_value(name: str, kind: str) -> str:
    """A field as a JSON value: null or empty text for a missing value or an unexpected type."""
    level, *outer, _ = name.split(".")
    value = f"({name})"
    if outer:  # an object that does not apply may be missing, or empty text
        holder = ".".join([level, *outer])
        value = f'(({holder}!"")?is_hash?then(({name})!"", ""))'
    if kind in {"cents", "number", "integer"}:
        return f'<#if ({value}!"")?is_number>${{{value}?c}}<#else>null</#if>'
    if kind == "boolean":
        return f'<#if ({value}!"")?is_boolean>${{{value}?string("true", "false")}}<#else>null</#if>'
    return f'"${{({value}!"")?string?json_string}}"'


def _data() -> str:
    """Every documented field as JSON, which `preview_own_data` reads as a team's own sample data."""

    def values(level: Level, *more: str) -> str:
        fields = [
            (field.name, field.type)
            for field in CATALOGUE.fields(level)
            if field.is_value and not field.placeholder and field.evidence == "documented"
        ]
        return ",\n".join(
            f'"{name.partition(".")[2]}": {_json_value(name, kind)}'
            for name, kind in [*fields, *((name, "text") for name in more)]
        )

    return f"""\
<#-- Every field of every expense, as JSON: data of your own to try templates on. -->
{{"reports": [<#list reports as report>
{{{values("report")},
"approvers": [<#list report.approvers![] as approver>
{{{values("approver")}}}<#sep>,</#sep>
</#list>],
"transactionList": [<#list report.transactionList as expense>
{{{values("expense", "expense.ntag1", "expense.ntag2", "expense.ntag3")}}}<#sep>,</#sep>
</#list>]}}<#sep>,</#sep>
</#list>]}}
"""


# Expensify lays out a PDF by itself, but the job needs a template all the same [C].
PDF = "default"


class Starter(NamedTuple):
    name: str
    template: str
    purpose: str
    extension: str = "csv"


STARTERS = {
    "expense": Starter("One row per expense", EXPENSES, "A template as text, to change by hand."),
    "report": Starter("One row per report", REPORTS, "A template as text, to change by hand."),
    "data": Starter(
        "Data for previews",
        _data(),
        "Every field as JSON, file type JSON. Run once, it offers your own reports as sample data.",
        extension="json",
    ),
}
