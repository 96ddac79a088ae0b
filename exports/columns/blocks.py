"""Expressions for fields in a template, and the template lines that must run before them."""

import re

from expensify.freemarker.catalogue import Field
from exports.columns.layout import Layout

CATEGORIES = """\
<#assign categories = []>
<#list report.transactionList![] as expense>
  <#if !categories?seq_contains(expense.category!"")>
    <#assign categories = categories + [expense.category!""]>
  </#if>
</#list>""".splitlines()

_EDITED = """\
<#if expense.{edited}?has_content>
  <#assign {variable} = expense.{edited}>
<#else>
  <#assign {variable} = expense.{entered}!"">
</#if>"""

# The amount of a foreign-currency expense without conversion is unknown in the report's currency: no amount is better
# than a wrong one.
_REPORT_AMOUNT = """\
<#if expense.convertedAmount?has_content>
  <#assign reportAmount = expense.convertedAmount>
<#elseif (expense.currency!"") != (report.currency!"")>
  <#assign reportAmount = "">
<#elseif expense.modifiedAmount?has_content>
  <#assign reportAmount = expense.modifiedAmount>
<#else>
  <#assign reportAmount = expense.amount!"">
</#if>"""

_NET_AMOUNT = """\
<#assign netAmount = amount>
<#if amount?is_number && taxAmount?is_number>
  <#assign netAmount = amount - taxAmount>
</#if>"""

_TAG = """\
<#if expense.ntag{level}?has_content>
  <#assign tag{level} = expense.ntag{level}>
<#else>
  <#assign tag{level} = tagLevel(expense.tag!"", {level})>
</#if>"""

_APPROVERS = """\
<#assign approvers = "">
<#list report.approvers![] as approver>
  <#if approver.email?has_content>
    <#assign approvers = approvers + approvers?has_content?then("; ", "") + approver.email>
  </#if>
</#list>"""

_OBJECT = """\
<#if {path}?has_content>
  <#assign {variable} = {path}>
<#else>
  <#assign {variable} = {{}}>
</#if>"""

_FINAL = {
    "final.merchant": (
        "merchant",
        [_EDITED.format(edited="modifiedMerchant", entered="merchant", variable="merchant")],
    ),
    "final.created": ("date", [_EDITED.format(edited="modifiedCreated", entered="created", variable="date")]),
    "final.amount": ("amount", [_EDITED.format(edited="modifiedAmount", entered="amount", variable="amount")]),
    "final.reportAmount": ("reportAmount", [_REPORT_AMOUNT]),
    "final.taxAmount": (
        "taxAmount",
        [_EDITED.format(edited="modifiedTaxAmount", entered="taxAmount", variable="taxAmount")],
    ),
    "final.mcc": ("mcc", [_EDITED.format(edited="modifiedMCC", entered="mcc", variable="mcc")]),
}
_FINAL["final.netAmount"] = ("netAmount", [*_FINAL["final.amount"][1], *_FINAL["final.taxAmount"][1], _NET_AMOUNT])
_GROUP = {"group.category": "category", "group.categoryGlCode": "glCode", "group.count": "count", "group.sum": "sum"}
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class Sources:
    """Collect, column by column, the template lines that a row needs before it."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._blocks: dict[str, str] = {}
        self._grouped: set[str] = set()
        self.counts_rows = False

    def of(self, field: Field) -> str:
        """An expression for the field's value: never missing, "" for no value."""
        if field.name in _FINAL:
            variable, lines = _FINAL[field.name]
            self._blocks |= dict.fromkeys(lines, "expense")
            return variable
        if field.name.startswith("final.tag"):
            level = field.name.removeprefix("final.tag")
            self._blocks[_TAG.format(level=level)] = "expense"
            return f"tag{level}"
        if field.name == "final.approvers":
            self._blocks[_APPROVERS] = "report"
            return "approvers"
        if field.name in _GROUP:
            self._grouped.add(field.name)
            return _GROUP[field.name]
        owner, *members = field.name.split(".")
        if len(members) == 1:
            return f'{field.name}!""'
        # The object may be missing, empty, or an empty text, which has no members.
        self._blocks[_OBJECT.format(path=f"{owner}.{members[0]}", variable=members[0])] = field.level
        if _IDENTIFIER.fullmatch(members[1]):
            return f'{members[0]}.{members[1]}!""'
        return f'{members[0]}["{members[1]}"]!""'

    @property
    def per_expense(self) -> list[str]:
        return self._lines("expense")

    @property
    def per_report(self) -> list[str]:
        return self._lines("report")

    @property
    def per_group(self) -> list[str]:
        """Lines that add up a row's expenses: those of a category, or all of the report."""
        totals = self._grouped - {"group.category"}
        if not totals:
            return []
        start, body = [], []
        if "group.count" in totals:
            start.append("<#assign count = 0>")
            body.append("<#assign count = count + 1>")
        if "group.sum" in totals:
            start.append("<#assign sum = 0>")
            body += _REPORT_AMOUNT.splitlines()
            # One unknown amount makes the sum unknown.
            body += """\
<#if sum?is_number && reportAmount?is_number>
  <#assign sum = sum + reportAmount>
<#else>
  <#assign sum = "">
</#if>""".splitlines()
        if "group.categoryGlCode" in totals:
            start.append('<#assign glCode = "">')
            body += """\
<#if !glCode?has_content>
  <#assign glCode = expense.categoryGlCode!"">
</#if>""".splitlines()
        if self._layout.rows == "totals":
            body = ['<#if (expense.category!"") == category>', *(f"  {line}" for line in body), "</#if>"]
        return [*start, "<#list report.transactionList![] as expense>", *(f"  {line}" for line in body), "</#list>"]

    def _lines(self, level: str) -> list[str]:
        return [line for block, of in self._blocks.items() if of == level for line in block.splitlines()]
