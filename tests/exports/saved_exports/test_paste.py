from typing import Any

import pytest

from exports.forms.saved_exports.paste import CannotReadJob, read
from tests.documentation import JOB

NOTHING_ASKED = {
    "report_ids": "",
    "policy_ids": [],
    "period": "",
    "period_start": "",
    "period_end": "",
    "approved_since": "",
    "approved_since_date": "",
    "not_marked_as": "",
    "states": [],
    "limit": "",
    "employee_email": "",
    "file_extension": "csv",
    "file_basename": "",
    "full_page_receipts": False,
    "mark_as": "",
    "email_recipients": "",
    "email_message": "",
    "sftp_host": "",
    "sftp_port": 22,
    "sftp_login": "",
    "test": False,
}


def job(
    inside: str = "",
    *,
    filters: str = '"reportIDList": "R1"',
    asked: str = "",
    output: str = '"fileExtension": "csv"',
) -> str:
    asked = f", {asked}" if asked else ""
    inside = f", {inside}" if inside else ""
    return (
        f'{{"type": "file", "inputSettings": {{"type": "combinedReportData", "filters": {{{filters}}}{asked}}}, '
        f'"outputSettings": {{{output}}}{inside}}}'
    )


def differing(text: str) -> dict[str, Any]:
    """What the text says beyond the smallest job."""
    values = read(text).values
    assert values.keys() == NOTHING_ASKED.keys()
    return {name: value for name, value in values.items() if value != NOTHING_ASKED[name]}


def test_job_of_the_help_page_asks_for_its_report_as_csv() -> None:
    assert differing(JOB) == {"report_ids": "50352738"}
    assert read(JOB).notes == [
        "The credential in it was left out. Choose one of the team's credentials instead."
    ]


def test_every_setting_of_a_job_finds_its_field() -> None:
    text = job(
        filters='"startDate": "2026-01-01", "endDate": "2026-01-31", "approvedAfter": "2026-01-02", '
        '"policyIDList": "0123456789ABCDEF,FEDCBA9876543210", "markedAsExported": "ERP", "reportIDList": ["R1", "R2"]',
        asked='"reportState": "APPROVED,REIMBURSED", "limit": "25", "employeeEmail": "erin@acme.example"',
        output='"fileExtension": "pdf", "fileBasename": "january", "includeFullPageReceiptsPdf": true',
        inside='"test": "true", "onFinish": ['
        '{"actionName": "markAsExported", "label": "ERP"},'
        '{"actionName": "email", "recipients": "a@acme.example, b@acme.example", "message": "Ready: ${filenames[0]}"},'
        '{"actionName": "sftpUpload", "sftpData": '
        '{"host": "sftp.acme.example", "login": "e", "password": "canary", "port": 2222}}]',
    )

    assert read(text).values == {
        "report_ids": "R1\nR2",
        "policy_ids": ["0123456789ABCDEF", "FEDCBA9876543210"],
        "period": "fixed",
        "period_start": "2026-01-01",
        "period_end": "2026-01-31",
        "approved_since": "fixed",
        "approved_since_date": "2026-01-02",
        "not_marked_as": "ERP",
        "states": ["APPROVED", "REIMBURSED"],
        "limit": "25",
        "employee_email": "erin@acme.example",
        "file_extension": "pdf",
        "file_basename": "january",
        "full_page_receipts": True,
        "mark_as": "ERP",
        "email_recipients": "a@acme.example, b@acme.example",
        "email_message": "Ready: ${filenames[0]}",
        "sftp_host": "sftp.acme.example",
        "sftp_port": "2222",
        "sftp_login": "e",
        "test": True,
    }
    assert read(text).notes == ["The password of the SFTP server was left out. Enter it below."]


@pytest.mark.parametrize(
    "text",
    [
        JOB.replace('"csv"\n', '"csv",\n').replace('"50352738"\n', '"50352738",\n'),
        JOB + '\'\nFor "data" copy-paste the following text',
        "requestJobDescription=" + JOB,
        JOB.replace('"', "'"),
        JOB.replace('"type"', "“type”").replace('"csv"', "„csv“"),
        JOB.replace("    ", "\u00a0"),
        JOB.replace("\n", "\r\n"),
    ],
    ids=[
        "trailing commas",
        "prose behind",
        "name in front",
        "single quotes",
        "typographic quotes",
        "hard spaces",
        "CR LF",
    ],
)
def test_job_is_read_however_the_page_and_the_browser_have_spoilt_it(text: str) -> None:
    assert differing(text) == {"report_ids": "50352738"}


def test_commas_and_quotes_inside_texts_stay() -> None:
    text = job('"onFinish": [{"actionName": "markAsExported", "label": "it\'s \\"done\\", }"},]')

    assert read(text).values["mark_as"] == 'it\'s "done", }'


def test_double_quotes_inside_single_quotes_stay() -> None:
    text = job("'onFinish': [{'actionName': 'markAsExported', 'label': 'say \"done\", it\\'s'}]")

    assert read(text).values["mark_as"] == 'say "done", it\'s'


def test_what_the_form_has_no_place_for_is_named() -> None:
    text = job(
        '"surprise": 1',
        asked='"spreadsheetFilename": "x", "reportState": "APPROVED,PAID"',
        output='"fileExtension": "docx"',
    )

    found = read(text)

    assert (found.values["states"], found.values["file_extension"]) == (["APPROVED"], "csv")
    assert found.notes == [
        "Its file type is none that this form knows. Choose one.",
        "“PAID” is not a state of reports, so it was left out.",
        "“surprise” has no place in this form, so it was left out.",
        "“inputSettings.spreadsheetFilename” has no place in this form, so it was left out.",
    ]


def test_second_action_of_a_kind_is_mentioned() -> None:
    text = job(
        '"onFinish": [{"actionName": "markAsExported", "label": "A"}, {"actionName": "markAsExported", "label": "B"}]'
    )

    assert read(text).values["mark_as"] == "B"
    assert read(text).notes == [
        "It has the action “markAsExported” more than once; the last of them was taken."
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense", "begins with {"),
        ('{"type": "file", "inputSettings": {', "line 1"),
        ('{\n"type": "file",\n"inputSettings" {}}', "line 3"),
        ('{"type": "download", "fileName": "export1.csv"}', "“download”"),
        ('{"type": "file", "inputSettings": {"type": "policyList"}}', "“policyList”"),
        ("{" * 100_000, "cannot be read"),
    ],
)
def test_what_is_no_report_export_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(CannotReadJob, match=reason):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        JOB.replace("my_user_secret", "canary"),
        JOB.replace("my_user_secret", "canary")[:-20],
        '{"canary": "canary"',
    ],
)
def test_secrets_come_back_neither_in_values_nor_in_words(text: str) -> None:
    try:
        said = str(read(text))
    except CannotReadJob as problem:
        said = str(problem)

    assert "canary" not in said


@pytest.mark.parametrize("odd", ["[]", "7", '"file"', "null"])
def test_sections_of_the_wrong_shape_count_as_empty(odd: str) -> None:
    text = (
        f'{{"type": "file", "inputSettings": {{"type": "combinedReportData", "filters": {odd}}}, '
        f'"onFinish": {odd}, "outputSettings": {odd}}}'
    )

    assert read(text).values["report_ids"] == ""
