import pytest

from sandbox.company.reports import OLD_REPORT
from tests.sandbox.caller import ACME


def acme_reports(caller):
    reach = caller.sandbox.pairs[ACME].policies
    return [report for report in caller.sandbox.company.reports.values() if report.policy_id in reach]


def where(caller, test):
    return [report.id for report in acme_reports(caller) if test(report)]


def test_start_and_end_use_the_later_of_creation_and_submission(caller):
    found = caller.ids(startDate="2026-02-05", endDate="2026-02-20")

    assert found == where(caller, lambda report: "2026-02-05" <= f"{report.dated:%Y-%m-%d}" <= "2026-02-20")
    by_id = caller.sandbox.company.reports
    assert any(by_id[id].created.day < 5 for id in found if by_id[id].created.month == 2)


@pytest.mark.parametrize("inclusive", [False, True])
def test_approved_after_excludes_or_includes_the_day_itself(calling, inclusive):
    caller = calling(approved_after_inclusive=inclusive)
    day = max(report.approved.date() for report in acme_reports(caller) if report.approved)

    found = caller.ids(approvedAfter=day.isoformat())

    on_the_day = where(caller, lambda report: report.approved and report.approved.date() == day)
    assert found == (on_the_day if inclusive else [])


def test_reports_never_approved_are_not_approved_after_any_day(caller):
    found = caller.ids(approvedAfter="2025-12-01")

    assert {caller.sandbox.company.reports[id].state for id in found} == {"APPROVED", "REIMBURSED", "ARCHIVED"}


def test_states_select_and_appear_as_words(caller):
    template = "<#list reports as report>${report.status} </#list>"

    shown = caller.exported(template=template, startDate="2025-06-01", settings={"reportState": "SUBMITTED, ARCHIVED"})

    assert set(shown.split()) == {"Processing", "Archived"}


def test_closed_reports_can_be_called_closed(calling):
    caller = calling(closed_status="Closed")
    template = "<#list reports as report>${report.status} </#list>"

    shown = caller.exported(template=template, startDate="2025-06-01", settings={"reportState": "ARCHIVED"})

    assert set(shown.split()) == {"Closed"}


def test_policies_narrow_the_selection(caller):
    policy = next(iter(caller.sandbox.company.policies))

    found = caller.ids(startDate="2026-01-01", policyIDList=f"{policy}, FFFFFFFFFFFFFFFF")

    assert found == where(caller, lambda report: report.policy_id == policy and report.dated.year == 2026)


def test_limit_is_the_number_of_reports(caller):
    whole = caller.ids(startDate="2026-01-01")

    assert caller.ids(startDate="2026-01-01", settings={"limit": "3"}) == whole[:3]


def test_one_person_never_includes_open_reports(caller):
    open_report = next(report for report in reversed(acme_reports(caller)) if report.state == "OPEN")
    email = open_report.account_email

    found = caller.ids(startDate="2025-04-01", settings={"employeeEmail": email})

    assert found == where(
        caller,
        lambda report: (
            report.account_email == email and report.state != "OPEN" and f"{report.dated:%Y-%m-%d}" >= "2025-04-01"
        ),
    )


@pytest.mark.parametrize("role", ["user", "auditor"])
def test_members_see_their_own_reports_and_auditors_all(caller, role):
    report = acme_reports(caller)[-1]
    policy = caller.sandbox.company.policies[report.policy_id]
    policy.members[report.account_email].role = role
    caller.sandbox.add_pair("aa_member", "m" * 40, account=report.account_email)

    found = caller.ids(pair="aa_member", startDate="2025-04-01")

    assert found == where(
        caller,
        lambda other: (
            other.policy_id == policy.id
            and f"{other.dated:%Y-%m-%d}" >= "2025-04-01"
            and (role == "auditor" or other.account_email == report.account_email)
        ),
    )


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"employeeEmail": "someone@umbrella.example"}, 403),
        ({"employeeEmail": "demo@acme.example", "reportState": "OPEN"}, 410),
        ({"reportState": "APPROVED,Closed"}, 410),
        ({"limit": "0"}, 410),
        ({"limit": "ten"}, 410),
        ({"limit": 10}, 410),
    ],
)
def test_invalid_settings_are_rejected(caller, settings, code):
    answer = caller.export(startDate="2026-01-01", settings=settings).json()

    assert answer["responseCode"] == code


def test_export_for_one_person_can_be_forbidden(calling):
    caller = calling(employee_email=False)

    answer = caller.export(startDate="2026-01-01", settings={"employeeEmail": "demo@acme.example"}).json()

    assert answer["responseCode"] == 403


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"policyIDList": "0123456789ABCDEF"},
        {"endDate": "2026-01-31"},
        {"markedAsExported": "ERP"},
        {"startDate": "2026-1-1"},
        {"startDate": "01/02/2026"},
        {"startDate": "2026-02-30"},
        {"startDate": "2026-02-01T00:00:00"},
        {"startDate": ""},
        {"startDate": "2026-02-01", "endDate": "2026-01-31"},
        {"startDate": "2025-03-17"},
        {"approvedAfter": "2025-03-17"},
        {"startDate": "2024-01-01", "endDate": "2025-01-02"},
        {"reportIDList": OLD_REPORT, "approvedAfter": "soon"},
    ],
)
def test_selector_dates_and_span_are_checked(caller, filters):
    assert caller.export(**filters).json()["responseCode"] == 410


@pytest.mark.parametrize(
    "filters",
    [
        {"startDate": "2025-03-18"},
        {"startDate": "2024-01-01", "endDate": "2025-01-01"},
        {"startDate": "2024-02-29", "endDate": "2025-02-28"},
        {"approvedAfter": "2024-06-01", "endDate": "2025-03-31"},
    ],
)
def test_exactly_one_year_is_allowed(caller, filters):
    assert caller.export(**filters).text.endswith(".csv")


def test_malformed_date_is_quoted_in_the_message(caller):
    answer = caller.export(startDate="16-01-01").json()

    assert answer == {
        "responseMessage": "Malformed date '16-01-01'. Expected format is yyyy-MM-dd",
        "responseCode": 410,
    }


def test_empty_selection_still_renders(caller):
    assert caller.exported(reportIDList="R00nobodynobo", template="Header\n<#list reports as r>x</#list>") == "Header\n"


def test_empty_selection_can_be_refused(calling):
    assert calling(empty_selection="410").export(reportIDList="R00nobodynobo").json()["responseCode"] == 410


def test_unknown_report_can_be_refused(calling):
    answer = calling(unknown_report="404").export(reportIDList=f"{OLD_REPORT},R00nobodynobo").json()

    assert answer == {"responseMessage": "Report 'R00nobodynobo' not found", "responseCode": 404}
