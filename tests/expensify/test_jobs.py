"""The exact JSON of each job, and the part of it that may be stored."""

from datetime import date

import pytest

from expensify.jobs.employees import EmployeeUpdateJob, FeedSftp, FeedUrl
from expensify.jobs.export import EmailAction, MarkAsExported, ReportExport, SftpUpload
from expensify.jobs.reads import FileDownload
from expensify.pair import KeyPair

PAIR = KeyPair("my_user_id", "my_user_secret")
UPLOAD = SftpUpload("sftp.example.com", "expensify", "upl0ad-pass")


def test_smallest_export_has_no_optional_keys():
    job = ReportExport(report_ids=("50352738",))

    assert job.description(PAIR) == {
        "type": "file",
        "credentials": {"partnerUserID": "my_user_id", "partnerUserSecret": "my_user_secret"},
        "onReceive": {"immediateResponse": ["returnRandomFileName"]},
        "inputSettings": {"type": "combinedReportData", "filters": {"reportIDList": "50352738"}},
        "outputSettings": {"fileExtension": "csv"},
    }


def test_export_with_all_settings_has_all_keys():
    job = ReportExport(
        report_ids=("R00bCluvcO4T", "50352738"),
        start_on=date(2026, 1, 1),
        end_on=date(2026, 1, 31),
        approved_after=date(2025, 12, 31),
        policy_ids=("0123456789ABCDEF", "FEDCBA9876543210"),
        not_marked_as="ERP January",
        states=("APPROVED", "REIMBURSED"),
        limit=25,
        employee_email="employee@example.com",
        file_extension="pdf",
        file_basename="january",
        full_page_receipts=True,
        on_finish=(
            MarkAsExported("ERP January"),
            EmailAction(("a@example.com", "b@example.com"), "January is ready."),
            EmailAction(("c@example.com",)),
            UPLOAD,
        ),
        test=True,
    )

    assert job.description(PAIR) == {
        "type": "file",
        "credentials": {"partnerUserID": "my_user_id", "partnerUserSecret": "my_user_secret"},
        "onReceive": {"immediateResponse": ["returnRandomFileName"]},
        "inputSettings": {
            "type": "combinedReportData",
            "reportState": "APPROVED,REIMBURSED",
            "limit": "25",
            "employeeEmail": "employee@example.com",
            "filters": {
                "reportIDList": "R00bCluvcO4T,50352738",
                "startDate": "2026-01-01",
                "endDate": "2026-01-31",
                "approvedAfter": "2025-12-31",
                "policyIDList": "0123456789ABCDEF,FEDCBA9876543210",
                "markedAsExported": "ERP January",
            },
        },
        "outputSettings": {"fileExtension": "pdf", "fileBasename": "january", "includeFullPageReceiptsPdf": True},
        "onFinish": [
            {"actionName": "markAsExported", "label": "ERP January"},
            {"actionName": "email", "recipients": "a@example.com,b@example.com", "message": "January is ready."},
            {"actionName": "email", "recipients": "c@example.com"},
            {
                "actionName": "sftpUpload",
                "sftpData": {"host": "sftp.example.com", "login": "expensify", "password": "upl0ad-pass", "port": 22},
            },
        ],
        "test": "true",
    }


def test_full_page_receipts_are_sent_for_pdf_only():
    job = ReportExport(report_ids=("50352738",), full_page_receipts=True)

    assert job.description(PAIR)["outputSettings"] == {"fileExtension": "csv"}


def test_test_can_be_sent_as_a_boolean():
    job = ReportExport(report_ids=("50352738",), test=True, test_as_boolean=True)

    assert job.description(PAIR)["test"] is True


def test_stored_export_has_no_credentials_or_sftp_password():
    job = ReportExport(report_ids=("50352738",), on_finish=(UPLOAD, MarkAsExported("ERP")))

    assert job.without_secrets() == {
        "type": "file",
        "onReceive": {"immediateResponse": ["returnRandomFileName"]},
        "inputSettings": {"type": "combinedReportData", "filters": {"reportIDList": "50352738"}},
        "outputSettings": {"fileExtension": "csv"},
        "onFinish": [
            {"actionName": "sftpUpload", "sftpData": {"host": "sftp.example.com", "login": "expensify", "port": 22}},
            {"actionName": "markAsExported", "label": "ERP"},
        ],
    }


def test_storing_an_export_does_not_change_the_job():
    job = ReportExport(report_ids=("50352738",), on_finish=(UPLOAD,))

    job.without_secrets()

    assert job.description(PAIR)["onFinish"][0]["sftpData"]["password"] == "upl0ad-pass"


@pytest.mark.parametrize(
    ("actions", "test", "marks", "repeatable"),
    [
        ((), False, False, True),
        ((EmailAction(("a@example.com",)),), False, False, True),
        ((MarkAsExported("ERP"),), False, True, False),
        ((UPLOAD,), False, False, False),
        ((MarkAsExported("ERP"), UPLOAD), False, True, False),
        ((MarkAsExported("ERP"), UPLOAD), True, False, True),
    ],
)
def test_export_that_marks_or_uploads_is_not_repeatable(actions, test, marks, repeatable):
    job = ReportExport(report_ids=("50352738",), on_finish=actions, test=test)

    assert (job.marks, job.repeatable) == (marks, repeatable)


def test_download_has_no_input_settings():
    assert FileDownload("export1.csv").description(PAIR) == {
        "type": "download",
        "credentials": {"partnerUserID": "my_user_id", "partnerUserSecret": "my_user_secret"},
        "fileName": "export1.csv",
        "fileSystem": "integrationServer",
    }


def test_employee_update_with_all_settings_has_all_keys():
    job = EmployeeUpdateJob(
        dry_run=True,
        set_primary_policy="new_employees",
        fix_approval_chains=True,
        fix_first_level_managers_only=False,
        skip_notification_email=False,
        recipients=("hr@example.com", "it@example.com"),
    )

    assert job.description(PAIR) == {
        "type": "update",
        "dry-run": True,
        "credentials": {"partnerUserID": "my_user_id", "partnerUserSecret": "my_user_secret"},
        "dataSource": "request",
        "inputSettings": {"type": "employees", "entity": "generic"},
        "setEmployeePrimaryPolicy": "new_employees",
        "shouldFixApprovalChains": True,
        "fixFirstLevelManagersOnly": False,
        "shouldSkipNotificationEmail": False,
        "onFinish": [{"actionName": "email", "recipients": "hr@example.com,it@example.com"}],
    }


def test_false_dry_run_is_sent():
    assert EmployeeUpdateJob(dry_run=False).description(PAIR)["dry-run"] is False


@pytest.mark.parametrize(
    ("feed", "source", "credentials"),
    [
        (
            FeedUrl("https://hr.example.com/feed.json", "expensify", "feed-pass"),
            "download",
            {"feedUrl": "https://hr.example.com/feed.json", "feedUser": "expensify", "feedPassword": "feed-pass"},
        ),
        (
            FeedSftp("sftp.example.com", "expensify", "employees.json", "feed-pass"),
            "sftp",
            {
                "sftp": {
                    "host": "sftp.example.com",
                    "login": "expensify",
                    "password": "feed-pass",
                    "port": 22,
                    "filename": "employees.json",
                }
            },
        ),
    ],
)
def test_feed_login_is_sent_as_credentials_and_not_stored(feed, source, credentials):
    job = EmployeeUpdateJob(dry_run=False, feed=feed)

    described = job.description(PAIR)

    assert described["dataSource"] == source
    assert described["credentials"] == PAIR.credentials() | credentials
    assert job.without_secrets() == {
        "type": "update",
        "dry-run": False,
        "dataSource": source,
        "inputSettings": {"type": "employees", "entity": "generic"},
    }


@pytest.mark.parametrize(("dry_run", "repeatable"), [(True, True), (False, False)])
def test_only_a_dry_run_of_an_update_is_repeatable(dry_run, repeatable):
    assert EmployeeUpdateJob(dry_run=dry_run).repeatable == repeatable
