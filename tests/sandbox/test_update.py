import pytest

from sandbox.company.reports import OLD_REPORT
from tests.sandbox.caller import ACME, UMBRELLA

TABLE = """Country,Country GL,City,City GL
Germany,100,,
Germany,100,Berlin,1
Germany,100,Hamburg,2
Austria,200,Wien,3
"""


def update(caller, kind, *, settings=None, pair=ACME, form=None, **sections):
    job = {"type": "update", "inputSettings": {"type": kind, **(settings or {})}, **sections}
    return caller.envelope(job, pair=pair, **(form or {}))


@pytest.fixture
def policy(caller):
    return next(iter(caller.sandbox.company.policies.values()))


@pytest.fixture
def change(caller, policy):
    """Update the first policy; gives the answer's code."""

    def change(form=None, **sections):
        return update(caller, "policy", settings={"policyID": policy.id}, form=form, **sections)["responseCode"]

    return change


def names(entries):
    return [entry["name"] for entry in entries]


def test_merged_categories_keep_the_others(policy, change):
    before = names(policy.categories)
    data = [{"name": "Meals", "enabled": False}, {"name": "Gym", "enabled": True, "glCode": "1"}]

    assert change(categories={"action": "merge", "data": data}) == 200

    assert names(policy.categories) == [*before, "Gym"]
    meals = policy.categories[0]
    assert (meals["enabled"], meals["glCode"]) == (False, "6640")


def test_replacing_categories_removes_the_others(policy, change):
    assert change(categories={"action": "replace", "data": [{"name": "Gym", "enabled": True}]}) == 200

    assert policy.categories == [{"name": "Gym", "enabled": True}]


@pytest.mark.parametrize(
    "section",
    [{}, [], {"action": "add", "data": []}, {"action": "merge"}, {"action": "merge", "data": [{"name": "x"}]}],
)
def test_malformed_section_changes_nothing(caller, policy, section):
    before = list(policy.categories)
    tags = {"data": [{"tags": [{"name": "New"}]}]}

    answer = update(caller, "policy", settings={"policyID": policy.id}, tags=tags, categories=section)

    assert answer == {"responseMessage": "'categories' object malformed", "responseCode": 410}
    assert (policy.categories, names(policy.tag_levels[0].tags)[0]) == (before, "Engineering")


def test_section_inside_input_settings_is_silently_ignored(caller, policy):
    before = list(policy.categories)
    settings = {"policyID": policy.id, "categories": {"action": "replace", "data": []}}

    assert update(caller, "policy", settings=settings) == {"responseCode": 200}
    assert policy.categories == before


@pytest.mark.parametrize(("merge", "kept"), [("replace", ["New"]), ("merge", ["Engineering", "New"])])
def test_merging_tags_drops_the_others_unless_chosen_otherwise(calling, merge, kept):
    caller = calling(tag_merge=merge)
    policy = next(iter(caller.sandbox.company.policies.values()))

    update(caller, "policy", settings={"policyID": policy.id},
           tags={"action": "merge", "data": [{"tags": [{"name": "New"}]}]})  # fmt: skip

    found = names(policy.tag_levels[0].tags)
    assert [found[0], found[-1]] == [kept[0], kept[-1]]


def test_merging_one_level_leaves_the_others(caller):
    policy = next(policy for policy in caller.sandbox.company.policies.values() if len(policy.tag_levels) == 2)

    update(caller, "policy", settings={"policyID": policy.id},
           tags={"action": "merge", "data": [{"name": "Place", "tags": [{"name": "Paris"}]}]})  # fmt: skip

    assert [(level.name, len(level.tags)) for level in policy.tag_levels] == [("Department", 4), ("Place", 1)]


@pytest.mark.parametrize(("file_type", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_tags_from_a_table(policy, change, file_type, delimiter):
    config = {"dependency": True, "glCodes": True, "header": True, "setRequired": [True, False], "fileType": file_type}

    assert change(form={"file": TABLE.replace(",", delimiter)}, tags={"source": "file", "config": config}) == 200

    assert [(level.name, level.required, names(level.tags)) for level in policy.tag_levels] == [
        ("Country", True, ["Germany", "Austria"]), ("City", False, ["Berlin", "Hamburg", "Wien"]),
    ]  # fmt: skip
    assert policy.tag_levels[1].tags[2]["glCode"] == "3"


def test_tags_can_be_disabled_only_on_a_single_level(caller, policy):
    level = {"tags": [{"name": "Old", "enabled": False}, {"name": "New"}]}
    shown = []

    for data in ([level], [level, level]):
        update(caller, "policy", settings={"policyID": policy.id}, tags={"data": data})
        shown.append([tag["enabled"] for tag in policy.tag_levels[0].tags])

    assert shown == [[False, True], [True, True]]


@pytest.mark.parametrize("config", [{"fileType": "cvs"}, {}])
def test_table_of_an_unknown_kind_is_refused(change, config):
    assert change(form={"file": TABLE}, tags={"source": "file", "config": config}) == 410


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ({"name": "Project", "type": "dropdown", "values": ["a", "b"]}, 200),
        ({"name": "Project", "type": "dropdown", "values": [{"name": "a", "enabled": True}]}, 200),
        ({"name": "Project", "type": "text", "defaultValue": "x"}, 200),
        ({"name": "Project", "type": "dropdown"}, 410),
        ({"name": "Project", "type": "dropdown", "values": ["a", {"name": "b"}]}, 410),
        ({"name": "Project", "type": "formula"}, 410),
    ],
)
def test_report_fields_are_checked_and_merged(policy, change, field, code):
    assert change(reportFields={"action": "merge", "data": [field]}) == code
    assert ("Project" in names(policy.report_fields)) is (code == 200)


def test_several_policies_are_changed_independently(caller):
    first, second = list(caller.sandbox.company.policies.values())[:2]
    tags = {"data": [{"tags": [{"name": "New"}]}]}

    update(caller, "policy", settings={"policyIDList": [first.id, second.id]}, tags=tags)
    first.tag_levels[0].tags.clear()

    assert names(second.tag_levels[0].tags) == ["New"]


@pytest.mark.parametrize(("pair", "code"), [(UMBRELLA, 404), ("aa_audit", 403)])
def test_only_admins_change_a_policy(caller, policy, pair, code):
    auditor = next(member.email for member in policy.members.values() if member.role == "auditor")
    caller.sandbox.add_pair("aa_audit", "a" * 40, account=auditor)

    assert update(caller, "policy", pair=pair, settings={"policyID": policy.id})["responseCode"] == code


def test_tag_approvers_are_set_and_removed(caller, policy):
    settings = {"policyID": policy.id}

    both = [{"name": "Sales", "approver": "a@x.y"}, {"name": "Engineering", "approver": "b@x.y"}]
    update(caller, "tagApprovers", settings=settings, tagApprovers=both)
    update(caller, "tagApprovers", settings=settings, tagApprovers=[{"name": "Sales", "approver": ""}])

    assert policy.tag_approvers == {"Engineering": "b@x.y"}


def test_unknown_tag_has_no_approver(caller, policy):
    answer = update(caller, "tagApprovers", settings={"policyID": policy.id}, tagApprovers=[{"name": "X"}])

    assert answer == {"responseMessage": "Invalid tag name 'X'", "responseCode": 410}


def reimburse(caller, **settings):
    return update(caller, "reportStatus", settings={"status": "REIMBURSED", **settings})


@pytest.mark.parametrize(
    ("state", "word"),
    [("OPEN", "Open"), ("SUBMITTED", "Processing"), ("REIMBURSED", "Reimbursed"), ("ARCHIVED", "Archived")],
)
def test_approved_reports_become_reimbursed_and_others_are_skipped(caller, policy, state, word):
    reports = [report for report in caller.sandbox.company.reports.values() if report.policy_id == policy.id]
    approved = next(report for report in reports if report.state == "APPROVED")
    other = next(report for report in reports if report.state == state)

    answer = reimburse(caller, filters={"reportIDList": f"{approved.id},{other.id}"}, paymentSource="Payroll")

    assert answer == {
        "skippedReports": [{"reason": f"Report is in status '{word}'", "reportID": other.id}],
        "reportIDs": [approved.id],
        "responseCode": 200,
    }
    assert (approved.state, approved.actions[-1]["details"]["message"]) == (
        "REIMBURSED", "reimbursed this report via Payroll",
    )  # fmt: skip


def test_partial_reimbursement_can_be_a_207(calling):
    caller = calling(partial_reimbursement=207)

    answer = reimburse(caller, filters={"reportIDList": f"{OLD_REPORT},R00nobodynobo"})

    assert (answer["responseCode"], answer["reportIDs"], answer["failedReports"]) == (
        207, [OLD_REPORT], [{"reason": "Report not found", "reportID": "R00nobodynobo"}],
    )  # fmt: skip


def test_reports_of_a_period_are_reimbursed(caller):
    answer = reimburse(caller, filters={"startDate": "2026-01-01", "endDate": "2026-01-31"})

    states = {caller.sandbox.company.reports[report_id].state for report_id in answer["reportIDs"]}
    assert (len(answer["reportIDs"]) > 0, states) == (True, {"REIMBURSED"})


@pytest.mark.parametrize(
    "settings",
    [
        {"status": "APPROVED", "filters": {"reportIDList": OLD_REPORT}},
        {"filters": {}},
        {"filters": {"startDate": "2026"}},
        {"filters": {"reportIDList": OLD_REPORT}, "paymentSource": "x" * 101},
    ],
)
def test_other_transitions_and_bad_filters_are_refused(caller, settings):
    assert reimburse(caller, **settings)["responseCode"] == 410
    assert caller.sandbox.company.reports[OLD_REPORT].state == "APPROVED"


def test_unsupported_status_is_named(caller):
    assert reimburse(caller, status="CLOSED")["responseMessage"] == "Status 'CLOSED' is not supported"
