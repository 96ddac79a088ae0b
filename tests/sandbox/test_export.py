import io
import json
import re

import httpx
import pypdfium2
import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from sandbox.company.reports import OLD_REPORT
from sandbox.jobs.xls import old_workbook
from tests.documentation import TEMPLATE as HELP_PAGE
from tests.sandbox.caller import ACME, UMBRELLA

MARK = {"onFinish": [{"actionName": "markAsExported", "label": "ERP March"}]}


def test_help_page_walk_through_gives_the_known_expenses(caller):
    name = caller.export(template=HELP_PAGE, reportIDList=OLD_REPORT).text

    assert re.fullmatch(r"export[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.csv", name)
    assert caller.download(name, fileSystem="integrationServer").text == (
        "Merchant,Amount,Transaction Date\n"
        "Cafe Central,12.34,2026-02-12\n"
        "Cafe Central Wien,26.5,2026-02-13\n"
        "Joe's Diner, Pier 39,38.54,2026-02-14\n"
        'Bürobedarf "Müller",9.99,2026-02-15\n'
        "DB Bahn,-89,2026-02-16\n"
    )


def test_success_is_the_bare_name_as_plain_text(caller):
    answer = caller.export(reportIDList=OLD_REPORT, output={"fileBasename": "march"})

    assert answer.headers["Content-Type"] == "text/plain;charset=utf-8"
    assert re.fullmatch(r"march[0-9a-f-]{36}\.csv", answer.text)


def test_generation_is_on_record_with_its_files_and_marks(caller):
    name = caller.export(reportIDList=OLD_REPORT, job=MARK).text

    (made,) = caller.sandbox.generated
    assert (made.pair, made.label, made.report_ids, made.file_names) == (
        ACME, "ERP March", (OLD_REPORT,), (name,),
    )  # fmt: skip
    assert "ERP March" in caller.sandbox.marks[OLD_REPORT]


def test_marked_reports_are_left_out_next_time(caller):
    window = {"startDate": "2026-03-01", "markedAsExported": "ERP March"}
    before = caller.ids(**window)
    caller.export(job=MARK, reportIDList=before[0])

    assert caller.ids(**window) == before[1:]


@pytest.mark.parametrize(("test", "marked"), [("true", False), ("false", True), (True, True), (None, True)])
def test_only_the_string_true_counts_as_test(caller, test, marked):
    caller.export(reportIDList=OLD_REPORT, job=MARK | ({} if test is None else {"test": test}))

    assert ("ERP March" in caller.sandbox.marks[OLD_REPORT]) is marked


def test_boolean_test_can_be_accepted(calling):
    caller = calling(test_as_boolean=True)

    caller.export(reportIDList=OLD_REPORT, job=MARK | {"test": True})

    assert caller.sandbox.generated[0].label == ""


def test_mails_and_uploads_are_recorded_without_the_password(caller):
    sftp = {"host": "sftp.example", "login": "finance", "password": "hush", "port": 22}
    actions = [
        {"actionName": "email", "recipients": "a@example.com, b@example.com", "message": "Here: ${filenames?size}"},
        {"actionName": "sftpUpload", "sftpData": sftp},
    ]

    name = caller.export(reportIDList=OLD_REPORT, job={"onFinish": actions}).text

    assert caller.sandbox.mails == [
        {"pair": ACME, "recipients": ["a@example.com", "b@example.com"], "message": "Here: 1", "file_names": [name]}
    ]
    assert caller.sandbox.uploads == [
        {"pair": ACME, "sftp": {"host": "sftp.example", "login": "finance", "port": 22}, "file_names": [name]}
    ]


@pytest.mark.parametrize(
    "action",
    [
        {"actionName": "markAsExported"},
        {"actionName": "email", "recipients": ""},
        {"actionName": "sftpUpload", "sftpData": {"host": "sftp.example"}},
        {"actionName": "telegram"},
        "markAsExported",
    ],
)
def test_malformed_action_is_refused_before_anything_happens(caller, action):
    answer = caller.export(reportIDList=OLD_REPORT, job={"onFinish": [action]}).json()

    assert answer["responseCode"] == 410
    assert caller.sandbox.generated == []


def test_broken_template_gives_a_500_with_position(caller):
    answer = caller.export(reportIDList=OLD_REPORT, template="one\n<#if reports>", job=MARK).json()

    assert answer["responseCode"] == 500
    assert re.match(r'Error in template "template" in line \d+, column \d+: ', answer["responseMessage"])
    assert (caller.sandbox.generated, "ERP March" in caller.sandbox.marks[OLD_REPORT]) == ([], False)


def test_broken_template_can_give_a_file_with_the_message(calling):
    caller = calling(template_error="file")

    assert caller.exported(reportIDList=OLD_REPORT, template="<#if x>").startswith('Error in template "template"')


def test_broken_template_can_give_an_error_page(calling):
    answer = calling(template_error="html").export(reportIDList=OLD_REPORT, template="<#if x>")

    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/html;charset=utf-8")


@pytest.mark.parametrize("extension", ["csv", "txt", "json", "xml"])
def test_text_formats_are_the_rendered_template_in_utf_8(caller, extension):
    name = caller.export(reportIDList=OLD_REPORT, extension=extension, template="Größe 📏").text

    assert name.endswith(f".{extension}")
    assert caller.download(name).content == "Größe 📏".encode()


def test_xlsx_is_a_workbook_of_the_rendered_rows(caller, tmp_path):
    template = 'ID,Text,Amount\n4000000000000000001,"=1+1, ""x""",12.50\n'
    name = caller.export(reportIDList=OLD_REPORT, extension="xlsx", template=template).text
    path = tmp_path / "book.xlsx"
    path.write_bytes(caller.download(name).content)

    rows = [[(cell.value, cell.data_type) for cell in row] for row in load_workbook(path).active.iter_rows()]

    assert rows == [[("ID", "s"), ("Text", "s"), ("Amount", "s")], [(4e18, "n"), ('=1+1, "x"', "s"), (12.5, "n")]]


def test_xls_is_a_workbook_of_the_rendered_rows(caller):
    template = 'ID,Text,Amount\n4000000000000000001,"Größe 📏, ""x""",12.50\n'
    name = caller.export(reportIDList=OLD_REPORT, extension="xls", template=template).text

    book = CalamineWorkbook.from_filelike(io.BytesIO(caller.download(name).content))

    assert book.get_sheet_by_name("Export").to_python() == [
        ["ID", "Text", "Amount"], [4e18, 'Größe 📏, "x"', 12.5],
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 50, 9000])
def test_xls_of_every_size_is_complete(count):
    rows = [[float(number), f"line {number} " + "x" * (number % 300)] for number in range(count)]

    content = old_workbook("".join(f"{number:.0f},{words}\n" for number, words in rows))

    assert CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python() == rows


def test_pdf_is_one_readable_file_per_report(caller):
    ids = caller.ids(startDate="2026-03-01", settings={"limit": "2"})

    names = caller.export(extension="pdf", template="default", reportIDList=",".join(ids)).text.split(",")

    assert len(names) == 2
    for name, report_id in zip(names, ids, strict=True):
        document = pypdfium2.PdfDocument(caller.download(name).content)
        first_page = document[0]
        words = first_page.get_textpage()
        assert report_id in words.get_text_range()
        words.close()
        first_page.close()
        document.close()


def test_full_page_receipts_add_pages(caller):
    reach = caller.sandbox.pairs[ACME].policies
    report = max(
        (report for report in caller.sandbox.company.reports.values() if report.policy_id in reach),
        key=lambda report: sum(bool(expense["receiptObject"]) for expense in report.expenses),
    )
    name = caller.export(
        extension="pdf", template="x", reportIDList=report.id, output={"includeFullPageReceiptsPdf": True}
    ).text

    document = pypdfium2.PdfDocument(caller.download(name).content)

    assert len(document) == 1 + sum(bool(expense["receiptObject"]) for expense in report.expenses)
    document.close()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"job": {"onReceive": {}}}, 500),
        ({"job": {"onReceive": {"immediateResponse": ["callback"]}}}, 500),
        ({"job": {"outputSettings": {}}}, 410),
        ({"extension": "docx"}, 410),
        ({"extension": "csv,pdf"}, 410),
        ({"output": {"fileBasename": "../export"}}, 410),
        ({"template": ""}, 410),
        ({"job": {"inputSettings": {"type": "policyData"}}}, 410),
    ],
)
def test_job_with_a_missing_or_malformed_part_is_refused(caller, change, code):
    assert caller.export(**{"reportIDList": OLD_REPORT, **change}).json()["responseCode"] == code


def test_umbrella_cannot_export_what_belongs_to_acme(caller):
    assert caller.ids(pair=UMBRELLA, reportIDList=OLD_REPORT) == []


def test_pairs_see_different_reports_in_the_same_window(caller):
    acme, umbrella = (set(caller.ids(pair=pair, startDate="2026-02-01")) for pair in (ACME, UMBRELLA))

    assert min(len(acme), len(umbrella)) > 5
    assert acme & umbrella == set()


def test_smallest_job_of_the_manual_works_from_the_url(caller):
    job = {
        "type": "file",
        "credentials": caller.credentials(),
        "onReceive": {"immediateResponse": ["returnRandomFileName"]},
        "inputSettings": {"type": "combinedReportData", "filters": {"reportIDList": OLD_REPORT}},
        "outputSettings": {"fileExtension": "csv"},
    }

    answer = httpx.post(
        caller.url, params={"requestJobDescription": json.dumps(job)}, data={"template": "x"}, trust_env=False
    )

    assert answer.text.endswith(".csv")
    assert caller.sandbox.log[-1].in_url is True


@pytest.mark.parametrize(
    ("choices", "template", "text"),
    [
        ({}, "[${nothing}][${addHeader}][${addHeader?c}]", "[][][true]"),
        ({"booleans": "words"}, "[${addHeader}]", "[true]"),
        ({"add_header": False}, "${addHeader?c}", "false"),
        ({"missing_values": "error", "template_error": "file"}, "${nothing}", "Error in template"),
        ({"booleans": "error", "template_error": "file"}, "${addHeader}", "Error in template"),
    ],
)
def test_template_modes_are_choices(calling, choices, template, text):
    caller = calling(**choices)

    assert caller.exported(reportIDList=OLD_REPORT, template=template).startswith(text)
