"""Read policies, and update their employees."""

import json

import pytest

from expensify.answers import EmployeeAnswer, ListedPolicy, PolicyDetails, SkippedEmployee, TagLevel
from expensify.errors import Invalid, NotAllowed, OutcomeUnknown
from expensify.jobs.employees import EmployeeUpdateJob, FeedSftp, FeedUrl
from tests.expensify.caller import PAIR
from tests.expensify.scripted import http

ADA = {
    "employeeEmail": "ada@example.com",
    "managerEmail": "bob@example.com",
    "employeeID": "7",
    "policyID": "0123456789ABCDEF",
}


def answer(**keys: object) -> str:
    return json.dumps({"responseCode": 200, **keys})


def sent(server) -> dict:
    return json.loads(server.requests[0].form["requestJobDescription"][0])


# ------------------------------------------------------------ policies


def test_policies_keep_undocumented_keys_in_extra(server, caller):
    server.will_answer(
        http(
            answer(
                policyList=[
                    {
                        "outputCurrency": "EUR",
                        "owner": "owner@example.com",
                        "role": "admin",
                        "name": "Example Corp EU",
                        "id": "0123456789ABCDEF",
                        "type": "corporate",
                        "areTagsEnabled": True,
                    },
                    {"id": "FEDCBA9876543210"},
                ]
            )
        )
    )

    assert caller.client().policies() == [
        ListedPolicy(
            id="0123456789ABCDEF",
            name="Example Corp EU",
            role="admin",
            type="corporate",
            owner="owner@example.com",
            output_currency="EUR",
            extra={"areTagsEnabled": True},
        ),
        ListedPolicy("FEDCBA9876543210", "", "", "", "", ""),
    ]


def test_text_that_a_database_rejects_is_replaced(server, caller):
    server.will_answer(http(answer(policyList=[{"id": "A", "name": "one\0two\ud800three\nfour"}])))

    assert [policy.name for policy in caller.client().policies()] == ["one\ufffdtwo\ufffdthree\nfour"]


@pytest.mark.parametrize(
    ("asked", "settings"),
    [
        ({}, {"type": "policyList"}),
        ({"admin_only": True}, {"type": "policyList", "adminOnly": True}),
        ({"admin_only": False}, {"type": "policyList", "adminOnly": False}),
        ({"user_email": "a@example.com"}, {"type": "policyList", "userEmail": "a@example.com"}),
    ],
)
def test_policy_list_sends_only_given_settings(server, caller, asked, settings):
    server.will_answer(http(answer(policyList=[])))

    caller.client().policies(**asked)

    assert sent(server) == {"type": "get", "credentials": PAIR.credentials(), "inputSettings": settings}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "export1.csv",
        "[]",
        "{}",
        '{"policyList": []}',
        answer(),
        answer(policyList=None),
        answer(policyList={"id": "1"}),
        answer(policyList=["0123456789ABCDEF"]),
        answer(policyList=[{"name": "without an identifier"}]),
    ],
)
def test_policy_list_of_another_shape_is_unreadable(server, caller, body):
    server.will_answer(http(body))

    with pytest.raises(OutcomeUnknown) as caught:
        caller.client().policies()

    assert caught.value.code == "unreadable"


def test_both_shapes_of_tags_become_levels(server, caller):
    flat = {"name": "Engineering", "glCode": "", "enabled": True}
    berlin = {"name": "Berlin", "enabled": True}
    server.will_answer(
        http(
            answer(
                policyInfo={
                    "0123456789ABCDEF": {"tags": [flat]},
                    "FEDCBA9876543210": {"tags": [{"name": "Place", "tags": [berlin]}, {"name": "Team", "tags": []}]},
                }
            )
        )
    )

    details = caller.client().policy(["0123456789ABCDEF", "FEDCBA9876543210"], ["tags"])

    assert details == {
        "0123456789ABCDEF": PolicyDetails(tags=(TagLevel("", (flat,)),)),
        "FEDCBA9876543210": PolicyDetails(tags=(TagLevel("Place", (berlin,)), TagLevel("Team", ()))),
    }


def test_other_sections_are_unchanged(server, caller):
    meals = {"name": "Meals", "enabled": True, "glCode": "6000"}
    center = {"name": "Cost center", "type": "dropdown", "values": ["4711"]}
    person = {"email": "employee@example.com", "role": "user"}
    tax = {"default": "id_TAX_RATE_1", "name": "VAT", "rates": []}
    server.will_answer(
        http(
            answer(
                policyInfo={
                    "A": {"categories": [meals], "reportFields": [center], "tax": tax, "employees": [person]},
                    "B": {"categories": None, "tax": []},
                }
            )
        )
    )

    details = caller.client().policy(["A", "B"], ["categories", "reportFields", "tax", "employees"])

    assert details == {
        "A": PolicyDetails(categories=(meals,), report_fields=(center,), tax=tax, employees=(person,)),
        "B": PolicyDetails(),
    }


def test_policy_ids_are_sent_as_an_array(server, caller):
    server.will_answer(http(answer(policyInfo={})))

    assert caller.client().policy(["A", "B"], ["tags"], user_email="a@example.com") == {}
    assert sent(server)["inputSettings"] == {
        "type": "policy",
        "policyIDList": ["A", "B"],
        "fields": ["tags"],
        "userEmail": "a@example.com",
    }


@pytest.mark.parametrize("info", [None, [], {"A": None}, {"A": {"tags": "x"}}, {"A": {"categories": [1]}}])
def test_policy_details_of_another_shape_are_unreadable(server, caller, info):
    server.will_answer(http(answer(policyInfo=info)))

    with pytest.raises(OutcomeUnknown) as caught:
        caller.client().policy(["A"], ["tags"])

    assert caught.value.code == "unreadable"


# ------------------------------------------------------------ employees


def test_records_are_sent_as_an_array(server, caller):
    server.will_answer(http(answer()))

    caller.client().update_employees(EmployeeUpdateJob(dry_run=True), [ADA])

    assert json.loads(server.requests[0].form["data"][0]) == [ADA]
    assert sent(server) == {
        "type": "update",
        "credentials": PAIR.credentials(),
        "dry-run": True,
        "dataSource": "request",
        "inputSettings": {"type": "employees", "entity": "generic"},
    }


def test_records_can_be_sent_as_an_object(server, caller):
    server.will_answer(http(answer()))

    caller.client().update_employees(EmployeeUpdateJob(dry_run=False, in_object=True), [ADA])

    assert json.loads(server.requests[0].form["data"][0]) == {"Employees": [ADA]}
    assert sent(server)["dry-run"] is False


def test_feed_that_expensify_fetches_is_not_sent(server, caller):
    server.will_answer(http(answer()))
    job = EmployeeUpdateJob(dry_run=False, feed=FeedUrl("https://hr.example.com/feed.json", "hr", "pass-word"))

    caller.client().update_employees(job, None)

    assert list(server.requests[0].form) == ["requestJobDescription"]


@pytest.mark.parametrize(
    ("job", "feed"),
    [
        (EmployeeUpdateJob(dry_run=True), None),
        (EmployeeUpdateJob(dry_run=True, feed=FeedSftp("h", "l", "f.json", "p")), [ADA]),
    ],
)
def test_records_need_exactly_one_source(server, caller, job, feed):
    with pytest.raises(ValueError, match="records"):
        caller.client().update_employees(job, feed)

    assert server.requests == []


def test_receipt_is_read(server, caller):
    raw = {
        "responseCode": 200,
        "dry-run": False,
        "updatedEmployeesCount": 3,
        "diff": {"diffToAdd": {"A": ["a@example.com", "b@example.com"]}, "diffToRemove": {"B": ["gone@example.com"]}},
        "securityGroupEmployeesMap": {"407184": ["a@example.com"]},
        "skippedEmployees": [{"email": "d@example.com", "reason": "No policy found for 'Marketing'"}],
    }
    server.will_answer(http(json.dumps(raw)))

    receipt = caller.client().update_employees(EmployeeUpdateJob(dry_run=False), [ADA])

    assert receipt == EmployeeAnswer(
        dry_run=False,
        updated=3,
        added={"A": ("a@example.com", "b@example.com")},
        removed={"B": ("gone@example.com",)},
        groups={"407184": ("a@example.com",)},
        skipped=(SkippedEmployee("d@example.com", "No policy found for 'Marketing'"),),
        raw=raw,
    )


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"diff": None, "skippedEmployees": None, "securityGroupEmployeesMap": None},
        {"diff": {"diffToAdd": {}}, "skippedEmployees": [], "updatedEmployeesCount": None},
        {"diff": [], "skippedEmployees": {}, "securityGroupEmployeesMap": [], "updatedEmployeesCount": "many"},
        {"diff": {"diffToAdd": [1], "diffToRemove": {"A": None}}, "skippedEmployees": ["x"], "dry-run": "no"},
    ],
)
def test_missing_or_malformed_parts_of_a_receipt_are_empty(server, caller, keys):
    server.will_answer(http(answer(**keys)))

    receipt = caller.client().update_employees(EmployeeUpdateJob(dry_run=False), [ADA])

    assert receipt == EmployeeAnswer(None, None, {}, {}, {}, (), raw={"responseCode": 200, **keys})


def test_partial_success_is_a_receipt_not_an_error(server, caller):
    server.will_answer(http('{"responseCode": 207, "updatedEmployeesCount": "1"}'))

    assert caller.client().update_employees(EmployeeUpdateJob(dry_run=False), [ADA]).updated == 1


@pytest.mark.parametrize(("code", "expected"), [(410, Invalid), (403, NotAllowed)])
def test_refused_update_is_an_error(server, caller, code, expected):
    server.will_answer(http(json.dumps({"responseCode": code, "responseMessage": "No employee data"})))

    with pytest.raises(expected):
        caller.client().update_employees(EmployeeUpdateJob(dry_run=False), [ADA])


@pytest.mark.parametrize("body", ["", "OK", "{}", "[]", '{"updatedEmployeesCount": 3}'])
def test_update_without_a_code_has_an_unknown_outcome(server, caller, body):
    server.will_answer(http(body))

    with pytest.raises(OutcomeUnknown) as caught:
        caller.client().update_employees(EmployeeUpdateJob(dry_run=False), [ADA])

    assert caught.value.code == "unreadable"
    assert "before you repeat it" in caught.value.sentence


def test_names_of_policies_and_members_are_decoded_once(server, caller):
    listed = {"id": "A1", "name": "Marks &amp; Spencer &amp;lt;UK&gt;", "role": "user", "note": "&quot;x&apos; &euro;"}
    server.will_answer(http(json.dumps({"responseCode": 200, "policyList": [listed]})))
    server.will_answer(
        http(
            json.dumps(
                {
                    "responseCode": 200,
                    "policyInfo": {
                        "A1": {
                            "employees": [{"email": "a@acme.example", "customField1": "R&amp;D"}],
                            "categories": [{"name": "Food &amp; drink"}],
                            "tags": [{"name": "Site", "tags": [{"name": "A &lt; B"}]}],
                        }
                    },
                }
            )
        )
    )

    [policy] = caller.client().policies()
    details = caller.client().policy(["A1"], ["employees"])["A1"]

    assert (policy.name, policy.extra["note"]) == ("Marks & Spencer &lt;UK>", "\"x' &euro;")
    assert details.employees[0]["customField1"] == "R&D"
    assert details.categories[0]["name"] == "Food & drink"
    assert details.tags[0].tags[0]["name"] == "A < B"
