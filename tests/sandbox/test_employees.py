import json

import pytest

from tests.sandbox.caller import ACME, UMBRELLA


@pytest.fixture
def policy(caller):
    return next(iter(caller.sandbox.company.policies.values()))


@pytest.fixture
def manager(policy):
    return next(member.email for member in policy.members.values() if member.approval_limit)


def record(policy, manager, **values):
    return {
        "employeeEmail": "new.person@acme.example",
        "managerEmail": manager,
        "employeeID": "E-9001",
        "policyID": policy.id,
        **values,
    }


def update(caller, *feed, pair=ACME, data=None, form=None, **keys):
    job = {
        "type": "update",
        "dataSource": "request",
        "inputSettings": {"type": "employees", "entity": "generic"},
        **keys,
    }
    form = {"data": json.dumps(list(feed)) if data is None else data} if form is None else form
    return caller.envelope(job, pair=pair, **form)


def shown(caller, policy, email):
    """The person as the policy getter shows them."""
    info = caller.get("policy", policyIDList=[policy.id], fields=["employees"])["policyInfo"]
    return next((entry for entry in info[policy.id]["employees"] if entry["email"] == email), None)


def test_new_person_is_invited_and_shown_by_the_policy_getter(caller, policy, manager):
    answer = update(
        caller,
        record(policy, manager, customField2="CC-12", role="auditor", approvalLimit=12300, overLimitApprover=manager),
    )

    assert answer == {
        "dry-run": False,
        "updatedEmployeesCount": 1,
        "diff": {"diffToAdd": {policy.id: ["new.person@acme.example"]}, "diffToRemove": {}},
        "securityGroupEmployeesMap": {},
        "skippedEmployees": [],
        "responseCode": 200,
    }
    assert shown(caller, policy, "new.person@acme.example") == {
        "email": "new.person@acme.example",
        "role": "auditor",
        "submitsTo": manager,
        "approvalLimit": 12300,
        "overLimitForwardsTo": manager,
        "employeeID": "E-9001",
        "customField1": "E-9001",
        "customField2": "CC-12",
    }


@pytest.mark.parametrize("dry_run", [True, False])
def test_dry_run_reports_changes_and_applies_none(caller, policy, manager, dry_run):
    answer = update(caller, record(policy, manager), **{"dry-run": dry_run})

    assert (answer["dry-run"], answer["diff"]["diffToAdd"]) == (dry_run, {policy.id: ["new.person@acme.example"]})
    assert (shown(caller, policy, "new.person@acme.example") is None) is dry_run


def test_leaver_is_removed(caller, policy, manager):
    leaver = next(member for member in policy.members.values() if member.submits_to == manager)

    answer = update(
        caller, record(policy, manager, employeeEmail=leaver.email, employeeID=leaver.employee_id, isTerminated=True)
    )

    assert answer["diff"] == {"diffToAdd": {}, "diffToRemove": {policy.id: [leaver.email]}}
    assert shown(caller, policy, leaver.email) is None


@pytest.mark.parametrize(("as_true", "removed"), [(False, False), (True, True)])
def test_false_as_a_string_is_read_as_chosen(calling, as_true, removed):
    caller = calling(false_in_words_is_true=as_true)
    policy = next(iter(caller.sandbox.company.policies.values()))
    member = next(member for member in policy.members.values() if member.employee_id)

    update(caller, record(policy, member.submits_to, employeeEmail=member.email, employeeID=member.employee_id,
                          isTerminated="false"))  # fmt: skip

    assert (shown(caller, policy, member.email) is None) is removed


@pytest.mark.parametrize(("all_keys", "skipped"), [(True, 1), (False, 0)])
def test_removal_without_a_manager_is_a_choice(calling, all_keys, skipped):
    caller = calling(removal_needs_all_keys=all_keys)
    policy = next(iter(caller.sandbox.company.policies.values()))
    leaver = {"employeeEmail": "demo@acme.example", "employeeID": "E-1", "policyID": policy.id, "isTerminated": True}

    assert len(update(caller, leaver)["skippedEmployees"]) == skipped


def test_employees_object_is_read_like_an_array(caller, policy, manager):
    data = json.dumps({"Employees": [record(policy, manager)]})

    assert update(caller, data=data)["updatedEmployeesCount"] == 1


def test_feed_with_the_quirks_of_the_help_page_is_read(caller, policy, manager):
    data = f"""{{"Employees":[ {{
        "employeeEmail": "new.person@acme.example", "managerEmail": "{manager}", "employeeID": "1",
        "policyID": "{policy.id}",
        "isTerminated": "false",
    }} ]}}"""

    assert update(caller, data=data)["updatedEmployeesCount"] == 1


@pytest.mark.parametrize("data", ["", "[]", "nothing", '{"People": []}', "{}", '"x"'])
def test_missing_data_is_refused(caller, data):
    assert update(caller, data=data) == {
        "responseMessage": "Employee data is missing or malformed",
        "responseCode": 410,
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"policyID": "Marketing"}, "No policy found for 'Marketing'"),
        ({"additionalPolicyIDs": ["Sales"]}, "No policy found for 'Sales'"),
        ({"managerEmail": "manager@domain "}, "Invalid manager email address 'manager@domain '"),
        ({"employeeEmail": "nobody"}, "Invalid employee email address 'nobody'"),
        ({"employeeID": ""}, "Required field 'employeeID' is missing"),
        ({"managerEmail": None}, "Required field 'managerEmail' is missing"),
        ({"role": "king"}, "Invalid role 'king'"),
        ({"approvalLimit": 100}, "Required field 'overLimitApprover' is missing"),
        ({"approvalLimit": "100"}, "Invalid approval limit '100'"),
    ],
)
def test_invalid_record_is_skipped_with_a_reason(caller, policy, manager, change, reason):
    bad = record(policy, manager, employeeEmail="bad@acme.example", employeeID="E-9002") | change

    answer = update(caller, record(policy, manager), bad)

    assert (answer["responseCode"], answer["updatedEmployeesCount"]) == (200, 1)
    assert answer["skippedEmployees"] == [{"email": bad["employeeEmail"], "reason": reason}]


def test_policy_of_another_company_is_not_found(caller, policy, manager):
    answer = update(caller, record(policy, manager), pair=UMBRELLA)

    assert answer["skippedEmployees"][0]["reason"] == f"No policy found for '{policy.id}'"


def test_known_employee_id_with_a_new_address_renames_the_account(caller, policy, manager):
    member = next(member for member in policy.members.values() if member.submits_to == manager)
    report = next(report for report in caller.sandbox.company.reports.values() if report.account_email == member.email)

    answer = update(
        caller, record(policy, manager, employeeEmail="married.name@acme.example", employeeID=member.employee_id)
    )

    assert answer["diff"]["diffToAdd"] == {}
    assert (shown(caller, policy, member.email), report.account_email) == (None, "married.name@acme.example")
    assert caller.sandbox.company.people["married.name@acme.example"].secondary_logins == [member.email]


def test_additional_policies_are_joined_and_unassigned_ones_left(caller, manager):
    first, second, third = list(caller.sandbox.company.policies.values())[:3]
    update(caller, record(first, manager, additionalPolicyIDs=[third.id]))

    answer = update(
        caller,
        record(first, manager, additionalPolicyIDs=[second.id], shouldRemoveFromUnassignedPolicies=True),
        shouldFixApprovalChains=False,
    )

    email = "new.person@acme.example"
    assert answer["diff"] == {"diffToAdd": {second.id: [email]}, "diffToRemove": {third.id: [email]}}


@pytest.mark.parametrize(("fix", "first_only", "invited"), [(True, False, 2), (True, True, 1), (False, False, 0)])
def test_managers_are_invited_where_they_approve(caller, policy, fix, first_only, invited):
    other = list(caller.sandbox.company.policies.values())[2]
    boss = policy.owner
    manager = next(member.email for member in other.members.values() if member.approval_limit)
    del policy.members[boss]

    answer = update(caller, record(policy, manager), shouldFixApprovalChains=fix, fixFirstLevelManagersOnly=first_only)

    assert answer["diff"]["diffToAdd"][policy.id] == ["new.person@acme.example", manager, boss][: invited + 1]


def test_owner_and_own_account_stay_admins(caller, policy, manager):
    update(caller, record(policy, manager, employeeEmail=policy.owner, role="user"))
    update(caller, record(policy, manager, employeeEmail="demo@acme.example", employeeID="E-9", role="user"))

    assert [policy.members[email].role for email in (policy.owner, "demo@acme.example")] == ["admin", "admin"]


def test_values_cannot_be_cleared(caller, policy, manager):
    update(caller, record(policy, manager, approvesTo=manager))
    update(caller, record(policy, manager, approvesTo=""))

    assert shown(caller, policy, "new.person@acme.example")["forwardsTo"] == manager


def test_existing_names_are_not_overwritten(caller, policy, manager):
    known = caller.sandbox.company.people[manager].first_name

    update(caller, record(policy, manager, employeeEmail=manager, employeeID="E-5", firstName="Other"))

    assert caller.sandbox.company.people[manager].first_name == known


@pytest.mark.parametrize(("second", "groups"), [("830936", {"407184": 1, "830936": 1}), (None, {})])
def test_domain_groups_must_be_on_every_record(caller, policy, manager, second, groups):
    answer = update(
        caller,
        record(policy, manager, domainGroupID="407184"),
        record(policy, manager, employeeEmail="b@acme.example", employeeID="E-2", domainGroupID=second),
    )

    assert {group: len(people) for group, people in answer["securityGroupEmployeesMap"].items()} == groups


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"dataSource": "pigeon"}, 410),
        ({"inputSettings": {"type": "employees", "entity": "workday"}}, 410),
        ({"setEmployeePrimaryPolicy": "some"}, 410),
        ({"dataSource": "download"}, 410),
    ],
)
def test_job_keys_are_checked(caller, policy, manager, keys, code):
    assert update(caller, record(policy, manager), **keys)["responseCode"] == code


@pytest.mark.parametrize("source", ["download", "sftp"])
def test_feed_is_fetched_from_where_the_job_says(caller, policy, manager, source):
    caller.sandbox.feeds["https://hr.example/feed.json"] = json.dumps([record(policy, manager)])
    caller.sandbox.feeds["feed.json"] = json.dumps([record(policy, manager)])
    where = {"feedUrl": "https://hr.example/feed.json"} if source == "download" else {"sftp": {"filename": "feed.json"}}

    answer = update(caller, form={}, dataSource=source, credentials=caller.credentials() | where)

    assert answer["updatedEmployeesCount"] == 1


def test_summary_is_mailed(caller, policy, manager):
    update(
        caller,
        record(policy, manager),
        onFinish=[{"actionName": "email", "recipients": "hr@acme.example,it@acme.example"}],
        **{"dry-run": True},
    )

    (mail,) = caller.sandbox.mails
    assert (mail["recipients"], mail["message"]) == (
        ["hr@acme.example", "it@acme.example"], "Dry run: 1 updated, 0 skipped",
    )  # fmt: skip


def test_plan_or_rights_may_be_missing(calling):
    caller = calling(advanced_employees=False)

    assert update(caller, {})["responseCode"] == 403


def test_updater_needs_a_domain_admin(caller):
    caller.sandbox.add_pair("aa_plain", "p" * 40, account="demo@acme.example", domain_admin=False)

    assert update(caller, {}, pair="aa_plain")["responseCode"] == 403


CSV_HEAD = "EmployeeEmail,ManagerEmail,Admin,ForwardManagerEmail,EmployeeUserId,EmployeePayrollId\n"


def update_csv(caller, policy, text):
    settings = {"type": "employees", "policyID": policy.id, "fileType": "csv"}
    return caller.envelope({"type": "update", "inputSettings": settings}, data=text)


def test_old_updater_counts_the_members_and_clears_empty_values(caller, policy, manager):
    before = len(policy.members)
    known = next(member for member in policy.members.values() if member.payroll_id)

    answer = update_csv(
        caller, policy, f"{CSV_HEAD}{known.email},{manager},false,,U-1,\nfresh@acme.example,{manager},true,,,\n"
    )

    assert answer == {"nbEmployees": before + 1, "responseCode": 200}
    assert (policy.members[known.email].user_id, policy.members[known.email].payroll_id) == ("U-1", "")
    assert policy.members["fresh@acme.example"].role == "admin"
    assert caller.sandbox.log[-1].kind == "update_employees_csv"


def test_old_updater_names_the_missing_column(caller, policy):
    assert update_csv(caller, policy, "ManagerEmail,Admin\n") == {
        "responseMessage": "Column EmployeeEmail not found in CSV header",
        "responseCode": 500,
    }
