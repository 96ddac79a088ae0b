"""Lint of rows and columns: quotes, line breaks, identifiers, headings, file type."""

import csv
import io

import pytest

from tests.expensify.freemarker.linting import codes, fixed, marked, only, per_expense, per_report, printed


def cells(text: str, delimiter: str = ",") -> list[list[str]]:
    """What a spreadsheet reads in what the template prints."""
    return list(csv.reader(io.StringIO(printed(text), newline=""), delimiter=delimiter))


def test_text_is_quoted():
    text = per_expense("${expense.currency},${expense.merchant},1")

    assert marked(text, only(text, "unquoted-text")) == "${expense.merchant}"
    assert cells(fixed(text, "unquoted-text")) == [["EUR", 'Bar "Zum Löwen", Wien', "1"]]


def test_text_with_a_default_is_quoted():
    text = fixed(per_expense('1,${expense.merchant!""}'), "unquoted-text")

    assert cells(text) == [["1", 'Bar "Zum Löwen", Wien']]


def test_text_after_other_content_of_its_cell_has_no_fix():
    assert only(per_expense("1,Shop: ${expense.merchant}"), "unquoted-text").fix is None


@pytest.mark.parametrize(
    "expression",
    [
        "expense.currency",
        "expense.created",
        "report.accountEmail",
        'expense.merchant?replace(",", " ")?replace("\\"", " ")',
        'expense.merchant?replace("[,\\"]", " ", "r")',
        "expense.merchant?url",
        "expense.merchant?length",
        'expense.billable?string("Yes", "No")',
        '(expense.amount / 100)?string("0.00")',
    ],
)
def test_text_that_cannot_hold_a_delimiter_needs_no_quotes(expression):
    assert codes(per_expense(f"1,${{{expression}}}")).count("unquoted-text") == 0


def test_pattern_that_prints_a_comma_needs_quotes():
    assert "unquoted-text" in codes(per_expense('1,${(expense.amount / 100)?string("#,##0.00")}'))


def test_another_delimiter_is_recognised():
    text = "<#if addHeader>\nMerchant;Sum\n</#if>\n" + per_expense("${expense.merchant};1")

    assert "semicolon" in only(text, "unquoted-text").sentence
    assert cells(fixed(text, "unquoted-text"), ";")[1] == ['Bar "Zum Löwen", Wien', "1"]


def test_tab_in_an_interpolation_is_a_delimiter():
    assert "tab" in only(per_expense('${expense.merchant}${"\\t"}1'), "unquoted-text").sentence


def test_function_that_quotes_is_understood():
    function = '<#function q x><#return "\\"" + x?replace("\\"", "\\"\\"") + "\\""></#function>'

    assert "unquoted-text" not in codes(function + per_expense("1,${q(expense.merchant)}"))


def test_function_that_quotes_only_where_it_must_is_understood():
    function = (
        '<#function q x><#if x?contains(",") || x?contains("\\"")>'
        '<#return "\\"" + x?replace("\\"", "\\"\\"") + "\\""></#if><#return x></#function>'
    )

    assert "unquoted-text" not in codes(function + per_expense("1,${q(expense.merchant)}"))


def test_function_that_misses_a_character_is_found():
    function = '<#function q x><#if x?contains("\\"")><#return "quoted"></#if><#return x></#function>'

    assert "unquoted-text" in codes(function + per_expense("1,${q(expense.merchant)}"))


def test_block_that_quotes_is_understood():
    text = per_expense('<#assign shop>"${expense.merchant?replace("\\"", "\\"\\"")}"</#assign>1,${shop}')

    assert "unquoted-text" not in codes(text)


def test_quotes_are_doubled():
    text = per_expense('1,"${expense.merchant}"')

    assert cells(fixed(text, "undoubled-quotes")) == [["1", 'Bar "Zum Löwen", Wien']]


def test_doubled_quotes_are_fine():
    assert "undoubled-quotes" not in codes(per_expense('1,"${expense.merchant?replace("\\"", "\\"\\"")}"'))


def test_text_without_quotes_in_it_needs_no_doubling():
    assert "undoubled-quotes" not in codes(per_expense('1,"${expense.currency}"'))


def test_line_break_in_a_comment_makes_a_row():
    text = per_expense("1,${expense.comment}")

    assert only(text, "line-break").severity == "warning"
    assert printed(fixed(text, "line-break")) == "1,Dinner, with client\n"


def test_line_break_in_quotes_is_only_noted():
    text = per_expense('1,"${expense.comment?replace("\\"", "\\"\\"")}"')

    assert only(text, "line-break").severity == "note"
    assert cells(fixed(text, "line-break")) == [["1", "Dinner, with client"]]


@pytest.mark.parametrize("text", ["${expense.merchant}", '${expense.comment?replace("\\n", " ")}'])
def test_text_of_one_line_has_no_line_breaks(text):
    assert "line-break" not in codes(per_expense(f"1,{text}"))


def test_identifier_gets_an_apostrophe():
    text = per_expense("${expense.transactionID},1")

    assert printed(fixed(text, "excel-identifier")) == "'4000000000000000001,1\n"


def test_quoted_identifier_gets_an_apostrophe():
    text = per_expense('1,"${expense.transactionID!""}"')

    assert printed(fixed(text, "excel-identifier")) == '1,"\'4000000000000000001"\n'


@pytest.mark.parametrize(
    "line",
    [
        "'${expense.transactionID}",
        '"\'${expense.transactionID}"',
        '="${expense.transactionID}"',
        '${"\'" + expense.transactionID}',
        "ID ${expense.transactionID}",
        '<#function tick x><#if x?has_content><#return "\'" + x></#if><#return x></#function>'
        "${tick(expense.transactionID)}",
        "${report.reportID}",
    ],
)
def test_identifier_that_is_text_is_fine(line):
    assert "excel-identifier" not in codes(per_expense(f"1,{line}"))


def test_heading_gets_a_test_of_addheader():
    text = "Merchant,Sum\n" + per_expense("${expense.currency},1")

    assert marked(text, only(text, "heading-unguarded")) == "Merchant,Sum"
    assert printed(fixed(text, "heading-unguarded")) == "Merchant,Sum\nEUR,1\n"


def test_heading_over_several_lines_is_guarded_as_a_whole():
    text = "  Merchant,<#t>\n  Sum<#lt>\n" + per_expense("${expense.currency},1")

    assert printed(fixed(text, "heading-unguarded")) == "Merchant,Sum\nEUR,1\n"


def test_heading_on_a_line_with_a_tag_has_no_fix():
    text = "Merchant,Sum<#list reports as report>\n${report.currency},1</#list>"

    assert only(text, "heading-unguarded").fix is None


@pytest.mark.parametrize(
    "guard", ["addHeader", "addHeader == true", "addHeader?? && addHeader", "wanted", "!(addHeader == false)"]
)
def test_guarded_heading_is_fine(guard):
    text = f"<#assign wanted = addHeader><#if {guard}>\nMerchant,Sum\n</#if>\n" + per_expense("${expense.currency},1")

    assert "heading-unguarded" not in codes(text)


def test_rows_without_a_heading_are_fine():
    assert "heading-unguarded" not in codes(per_expense("${expense.currency},1"))


def test_text_below_the_rows_is_no_heading():
    assert "heading-unguarded" not in codes(per_expense("${expense.currency},1") + "The end,\n")


def heading(titles: str) -> str:
    return f"<#if addHeader>\n{titles}\n</#if>\n"


def test_heading_with_wrong_number_of_columns_is_found():
    text = heading("Merchant,Sum,Currency") + per_expense("${expense.currency},1")

    found = only(text, "heading-columns")

    assert (found.line, found.severity) == (6, "warning")
    assert "2 columns, but the heading in line 2 has 3" in found.sentence


@pytest.mark.parametrize(
    ("titles", "row"),
    [
        ("Merchant,Sum", "${expense.currency},1"),
        ('"Merchant, or shop",Sum', "${expense.currency},1"),
        ("Merchant,Sum", '"${expense.currency}, or not",1'),
        ("Merchant,<#t>\nSum<#lt>", "${expense.currency},<#t>\n1<#lt>"),
        ("Merchant,Sum", "<#if expense.billable>${expense.currency},1<#else>,2</#if>"),
        ("Merchant,Sum", "<#if expense.billable>${expense.currency},1</#if>"),
        ("Merchant,Sum", "<#list 1..2 as i>${expense.currency},</#list>"),
        ("Merchant,Sum", "<#macro row>${expense.currency},1</#macro><@row/>"),
        ("Merchant${'\\t'}Sum", "${expense.currency}${'\\t'}1"),
    ],
)
def test_heading_with_as_many_columns_is_fine(titles, row):
    assert "heading-columns" not in codes(heading(titles) + per_expense(row))


def test_row_that_begins_with_its_line_break_is_counted():
    text = "<#if addHeader>A,B</#if><#list reports as r>\n${r.currency},${r.status},${r.accountID}</#list>"

    assert "heading-columns" in codes(text)


def test_row_with_too_many_columns_is_found():
    row = "${expense.currency},1<#lt>\n    ${expense.currency},1,2"

    assert only(heading("A,B") + per_expense(row), "heading-columns").line == 7


def test_json_template_for_csv_is_found():
    text = '[<#list reports as report>{"id": "${report.reportID}"}<#sep>,</#list>]'

    found = only(text, "file-type", "csv")

    assert "writes JSON, but the file type is csv" in found.sentence
    assert "file-type" not in codes(text, "json")
    assert "file-type" not in codes(text, "txt")


def test_table_for_json_is_found():
    text = heading("A,B") + per_expense("${expense.currency},1")

    assert "Choose csv" in only(text, "file-type", "json").sentence
    assert [codes(text, kind).count("file-type") for kind in ("csv", "xls", "xlsx", "txt", "pdf")] == [0] * 5


def test_xml_template_for_csv_is_found():
    text = "<?xml version='1.0'?><reports><#list reports as r><id>${r.reportID}</id></#list></reports>"

    assert "Choose xml" in only(text, "file-type", "csv").sentence
    assert "file-type" not in codes(text, "xml")


def test_rows_of_a_pdf_are_not_checked():
    text = "Report,Workspace\n" + per_report("${report.reportName},${report.policyName}")

    assert codes(text, "csv") == ["heading-unguarded", "unquoted-text", "unquoted-text"]
    assert codes(text, "pdf") == []


def test_fixed_width_text_needs_no_quotes():
    assert codes(per_report("${report.reportName?right_pad(20)}${report.policyName?right_pad(20)}"), "txt") == []
