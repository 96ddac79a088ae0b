"""The API's rules on an export, as a form shows them."""

from datetime import date

import pytest

from expensify.jobs.export import EmailAction, MarkAsExported, ReportExport, SftpUpload

TODAY = date(2026, 3, 15)


def complaints(**settings) -> list[str]:
    """The fields with problems, in an export that is valid without `settings`."""
    job = ReportExport(**({"report_ids": ("R00bCluvcO4T",)} | settings))
    return [problem.field for problem in job.problems(TODAY)]


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        ({"report_ids": ("50352738",)}, []),
        ({"report_ids": (), "start_on": date(2026, 2, 1)}, []),
        ({"report_ids": (), "approved_after": date(2026, 2, 1)}, []),
        ({"report_ids": ()}, ["start_on"]),
        ({"report_ids": (), "end_on": TODAY, "policy_ids": ("A",), "not_marked_as": "ERP"}, ["start_on"]),
    ],
)
def test_export_needs_a_selector(settings, fields):
    assert complaints(**settings) == fields


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        ({"start_on": date(2025, 3, 15)}, []),
        ({"start_on": date(2025, 3, 14)}, ["end_on"]),
        ({"approved_after": date(2025, 3, 14)}, ["end_on"]),
        ({"start_on": date(2020, 1, 1), "end_on": date(2020, 12, 31)}, []),
        ({"start_on": date(2020, 1, 1), "end_on": date(2021, 1, 1)}, []),
        ({"start_on": date(2020, 1, 1), "end_on": date(2021, 1, 2)}, ["start_on"]),
        ({"approved_after": date(2020, 1, 1), "end_on": date(2021, 1, 2)}, ["approved_after"]),
        ({"start_on": date(2023, 2, 28), "end_on": date(2024, 2, 29)}, ["start_on"]),
        ({"start_on": date(2023, 3, 1), "end_on": date(2024, 2, 29)}, []),
        ({"start_on": date(2026, 2, 2), "end_on": date(2026, 2, 2)}, []),
        ({"start_on": date(2026, 2, 2), "end_on": date(2026, 2, 1)}, ["end_on"]),
        ({"approved_after": date(2026, 2, 2), "end_on": date(2026, 2, 1)}, []),
    ],
)
def test_period_is_at_most_a_year_and_has_an_end_when_it_is_old(settings, fields):
    assert complaints(**settings) == fields


def test_period_of_a_year_may_end_on_a_leap_day():
    job = ReportExport(start_on=date(2023, 3, 1))

    assert job.problems(date(2024, 2, 29)) == []


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        ({"states": ("OPEN", "SUBMITTED", "APPROVED", "REIMBURSED", "ARCHIVED")}, []),
        ({"states": ("Approved",)}, ["states"]),
        ({"states": ("APPROVED",), "employee_email": "a@example.com"}, []),
        ({"states": ("APPROVED", "OPEN"), "employee_email": "a@example.com"}, ["states"]),
        ({"employee_email": "Ada Byron"}, ["employee_email"]),
        ({"employee_email": "a@example.com,b@example.com"}, ["employee_email"]),
        ({"limit": 1}, []),
        ({"limit": 0}, ["limit"]),
        ({"limit": -5}, ["limit"]),
    ],
)
def test_selection_uses_only_values_of_the_api(settings, fields):
    assert complaints(**settings) == fields


@pytest.mark.parametrize("report_id", ["", "R00bCluvcO4T,50352738", "Rx", "R00bClu vcO4T", "report", "-1", "R00b\n"])
def test_malformed_report_id_is_rejected(report_id):
    assert complaints(report_ids=("50352738", report_id)) == ["report_ids"]


@pytest.mark.parametrize("policy_id", ["", "A,B", "0123 456", "x" * 41])
def test_malformed_policy_id_is_rejected(policy_id):
    assert complaints(policy_ids=("0123456789ABCDEF", policy_id)) == ["policy_ids"]


@pytest.mark.parametrize("extension", ["csv", "xls", "xlsx", "txt", "pdf", "json", "xml"])
def test_file_types_of_the_api_are_accepted(extension):
    assert complaints(file_extension=extension) == []


@pytest.mark.parametrize("extension", ["", "CSV", "docx", "csv,pdf", "../csv"])
def test_other_file_types_are_rejected(extension):
    assert complaints(file_extension=extension) == ["file_extension"]


@pytest.mark.parametrize("basename", ["january", "Month end_2026-01.v2", "x" * 80])
def test_plain_basename_is_accepted(basename):
    assert complaints(file_basename=basename) == []


@pytest.mark.parametrize("basename", ["../x", "a/b", ".hidden", " x", "März", "a,b", "a\nb", "x\n", "<b>", "x" * 81])
def test_unsafe_basename_is_rejected(basename):
    assert complaints(file_basename=basename) == ["file_basename"]


@pytest.mark.parametrize(
    ("action", "times"),
    [
        (EmailAction(("a@example.com", "b.c+d@mail.example.co.uk")), 0),
        (EmailAction(()), 1),
        (EmailAction(("a@example.com", "b@example", "c example.com")), 2),
        (EmailAction(("a@example.com,b@example.com",)), 1),
        (MarkAsExported("ERP January"), 0),
        (MarkAsExported("  "), 1),
        (SftpUpload("sftp.example.com", "expensify", "pass"), 0),
        (SftpUpload("", "expensify", "pass"), 1),
        (SftpUpload("sftp.example.com", " ", "pass"), 1),
        (SftpUpload("sftp.example.com", "expensify", ""), 1),
        (SftpUpload("sftp.example.com", "expensify", "pass", 0), 1),
        (SftpUpload("sftp.example.com", "expensify", "pass", 65536), 1),
    ],
)
def test_actions_must_be_complete(action, times):
    assert complaints(on_finish=(action,)) == ["on_finish"] * times


def test_all_mistakes_are_reported_together_in_sentences():
    job = ReportExport(states=("Paid",), limit=0, file_extension="doc", on_finish=(MarkAsExported(""),))

    problems = job.problems(TODAY)

    assert [problem.field for problem in problems] == ["start_on", "states", "limit", "file_extension", "on_finish"]
    assert problems[1].sentence == (
        "“Paid” is not a report state. Choose among OPEN, SUBMITTED, APPROVED, REIMBURSED, ARCHIVED."
    )
