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
    inside: str = "", *, filters: str = '"reportIDList": "R1"', inputs: str = "", output: str = '"fileExtension": "csv"'
) -> str:
    inputs = f", {inputs}" if inputs else ""
    inside = f", {inside}" if inside else ""
    return (
        f'{{"type": "file", "inputSettings": {{"type": "combinedReportData", "filters": {{{filters}}}{inputs}}}, '
        f'"outputSettings": {{{output}}}{inside}}}'
    )


def differing(text: str) -> dict[str, Any]:
    """Values in the text that differ from the smallest job."""
    values = read(text).values
    assert values.keys() == NOTHING_ASKED.keys()
    return {name: value for name, value in values.items() if value != NOTHING_ASKED[name]}


def test_job_of_the_help_page_selects_its_report_as_csv() -> None:
    assert differing(JOB) == {"report_ids": "50352738"}
    assert read(JOB).notes == ["The credential in it was left out. Choose one of the team's credentials instead."]


def test_every_setting_of_a_job_fills_its_field() -> None:
    text = job(
        filters='"startDate": "2026-01-01", "endDate": "2026-01-31", "approvedAfter": "2026-01-02", '
        '"policyIDList": "0123456789ABCDEF,FEDCBA9876543210", "markedAsExported": "ERP", "reportIDList": ["R1", "R2"]',
        inputs='"reportState": "APPROVED,REIMBURSED", "limit": "25", "employeeEmail": "erin@acme.example"',
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
def test_job_with_syntax_errors_of_page_or_browser_is_read(text: str) -> None:
    assert differing(text) == {"report_ids": "50352738"}


def test_commas_and_quotes_inside_texts_stay() -> None:
    text = job('"onFinish": [{"actionName": "markAsExported", "label": "it\'s \\"done\\", }"},]')

    assert read(text).values["mark_as"] == 'it\'s "done", }'


def test_double_quotes_inside_single_quotes_stay() -> None:
    text = job("'onFinish': [{'actionName': 'markAsExported', 'label': 'say \"done\", it\\'s'}]")

    assert read(text).values["mark_as"] == 'say "done", it\'s'


def test_omitted_settings_are_named() -> None:
    text = job(
        '"surprise": 1',
        inputs='"spreadsheetFilename": "x", "reportState": "APPROVED,PAID"',
        output='"fileExtension": "docx"',
    )

    pasted = read(text)

    assert (pasted.values["states"], pasted.values["file_extension"]) == (["APPROVED"], "csv")
    assert pasted.notes == [
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
    assert read(text).notes == ["It has the action “markAsExported” more than once; the last of them was taken."]


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
def test_other_text_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(CannotReadJob, match=reason):
        read(text)


@pytest.mark.parametrize(
    "text",
    [JOB.replace("my_user_secret", "canary"), JOB.replace("my_user_secret", "canary")[:-20], '{"canary": "canary"'],
)
def test_secrets_are_in_no_value_and_no_message(text: str) -> None:
    try:
        output = str(read(text))
    except CannotReadJob as problem:
        output = str(problem)

    assert "canary" not in output


@pytest.mark.parametrize("odd", ["[]", "7", '"file"', "null"])
def test_sections_of_the_wrong_shape_count_as_empty(odd: str) -> None:
    text = (
        f'{{"type": "file", "inputSettings": {{"type": "combinedReportData", "filters": {odd}}}, '
        f'"onFinish": {odd}, "outputSettings": {odd}}}'
    )

    assert read(text).values["report_ids"] == ""
