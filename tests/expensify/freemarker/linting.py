"""Build templates around one line, and read lint's findings on them."""

from expensify.freemarker.lint.check_template import lint
from expensify.freemarker.lint.findings import Finding, apply
from expensify.freemarker.template import parse, render

EXPENSE = {
    "transactionID": "4000000000000000001",
    "merchant": 'Bar "Zum Löwen", Wien',
    "modifiedMerchant": "Löwen",
    "comment": "Dinner,\nwith client",
    "amount": 1250,
    "modifiedAmount": None,
    "currency": "EUR",
    "billable": True,
    "created": "2026-01-04",
}
DATA = {
    "addHeader": True,
    "reports": [{"reportName": "Trip", "total": 1250, "currency": "EUR", "transactionList": [EXPENSE]}],
}


def per_expense(line: str) -> str:
    """A template that prints the line for every expense."""
    return f"""\
<#list reports as report>
  <#list report.transactionList as expense>
    {line}<#lt>
  </#list>
</#list>
"""


def per_report(line: str) -> str:
    """A template that prints the line for every report."""
    return f"<#list reports as report>\n  {line}<#lt>\n</#list>\n"


def codes(text: str, file_extension: str = "csv") -> list[str]:
    return [finding.code for finding in lint(text, file_extension=file_extension)]


def only(text: str, code: str, file_extension: str = "csv") -> Finding:
    """The one finding of that code."""
    (finding,) = [finding for finding in lint(text, file_extension=file_extension) if finding.code == code]
    return finding


def marked(text: str, finding: Finding) -> str:
    """The text of a finding on one line."""
    assert finding.line == finding.end_line
    return text.splitlines()[finding.line - 1][finding.column - 1 : finding.end_column]


def fixed(text: str, code: str, file_extension: str = "csv") -> str:
    """The template after the fix, which must remove the finding."""
    fix = only(text, code, file_extension).fix
    assert fix is not None
    fixed_text = apply(text, fix)
    assert code not in codes(fixed_text, file_extension)
    return fixed_text


def printed(text: str) -> str:
    """The template's output with one report with one expense."""
    return render(parse(text), DATA)
