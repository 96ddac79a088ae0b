import pytest

from sandbox.company.reports import OLD_REPORT
from tests.sandbox.caller import UMBRELLA

EXPENSE = {"merchant": "Taxi Nord", "created": "2026-03-17", "amount": 4250, "currency": "EUR"}


def create(caller, kind, *, pair=None, **settings):
    job = {"type": "create", "inputSettings": {"type": kind, **settings}}
    return caller.envelope(job, **({"pair": pair} if pair else {}))


@pytest.fixture
def policy(caller):
    return next(iter(caller.sandbox.company.policies.values()))


@pytest.fixture
def employee(policy):
    return next(email for email, member in policy.members.items() if member.employee_id)


def test_created_report_is_exported_with_its_expenses(caller, policy, employee):
    lines = [
        {"date": "2026-03-16", "currency": "EUR", "merchant": "Cafe Central", "amount": 1234},
        {"date": "2026-03-17", "currency": "USD", "merchant": "Amtrak", "amount": 1000},
    ]

    answer = create(caller, "report", policyID=policy.id, employeeEmail=employee, expenses=lines,
                    report={"title": "Trip to Berlin", "fields": {"Reason_of_trip": "Sales"}})  # fmt: skip

    assert (answer["responseCode"], answer["reportName"]) == (200, "Trip to Berlin")
    template = "<#list reports as r>${r.reportName} ${r.status} ${r.total} ${r.customField.Reason_of_trip}</#list>"
    assert caller.exported(template=template, reportIDList=answer["reportID"]) == "Trip to Berlin Open 2156 Sales"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"employeeEmail": None}, 410),
        ({"policyID": None}, 410),
        ({"policyID": "0" * 16}, 404),
        ({"report": {}}, 410),
        ({"expenses": None}, 410),
        ({"expenses": [{"date": "16-01-01", "currency": "EUR", "merchant": "x", "amount": 1}]}, 410),
        ({"expenses": [{"created": "2026-01-01", "currency": "EUR", "merchant": "x", "amount": 1}]}, 410),
        ({"expenses": [{"date": "2026-01-01", "currency": "EUR", "merchant": "x", "amount": 12.5}]}, 410),
        ({"expenses": [{"date": "2026-01-01", "currency": "euro", "merchant": "x", "amount": 1}]}, 410),
    ],
)
def test_report_that_is_incomplete_is_not_created(caller, policy, employee, change, code):
    before = len(caller.sandbox.company.reports)
    settings = {"policyID": policy.id, "employeeEmail": employee, "report": {"title": "x"}, "expenses": []}

    assert create(caller, "report", **settings | change)["responseCode"] == code
    assert len(caller.sandbox.company.reports) == before


def test_report_needs_a_member_of_the_policy(caller, policy):
    outsider = next(email for email in caller.sandbox.company.people
                    if email.endswith("@acme.example") and email not in policy.members)  # fmt: skip

    answer = create(caller, "report", policyID=policy.id, employeeEmail=outsider, report={"title": "x"}, expenses=[])

    assert answer["responseCode"] == 404


@pytest.mark.parametrize("kind", ["report", "expenses"])
def test_acting_for_another_company_is_rejected(caller, policy, employee, kind):
    answer = create(caller, kind, pair=UMBRELLA, policyID=policy.id, employeeEmail=employee, report={"title": "x"},
                    expenses=[], transactionList=[EXPENSE])  # fmt: skip

    assert answer == {"responseMessage": f"Not authorized to authenticate as user {employee}", "responseCode": 500}


def test_acting_for_others_can_be_disabled(calling, employee):
    caller = calling(create_for_others=False)

    codes = [create(caller, "expenses", employeeEmail=email, transactionList=[EXPENSE])["responseCode"]
             for email in (employee, "demo@acme.example")]  # fmt: skip

    assert codes == [500, 200]


def test_created_expenses_open_a_report_when_none_is_named(caller, employee):
    answer = create(caller, "expenses", employeeEmail=employee, transactionList=[EXPENSE, EXPENSE])

    first, second = answer["transactionList"]
    assert first["reportID"] == second["reportID"]
    assert first | {"reportID": "", "transactionID": ""} == {
        "amount": 4250, "reportID": "", "created": "2026-03-17", "merchant": "Taxi Nord", "currency": "EUR",
        "comment": "", "tag": "", "mcc": 0, "category": "Uncategorized", "transactionID": "",
    }  # fmt: skip
    assert caller.exported(reportIDList=first["reportID"]).split() == [first["transactionID"], second["transactionID"]]


def test_created_expense_goes_to_the_named_report_with_its_codes(caller, policy):
    report = caller.sandbox.company.reports[OLD_REPORT]
    line = EXPENSE | {"reportID": OLD_REPORT, "policyID": policy.id, "category": "Taxi", "tag": "R&D: Basic",
                      "externalID": "x-1", "tax": {"rateID": "id_TAX_RATE_1"}}  # fmt: skip

    answer = create(caller, "expenses", employeeEmail=report.account_email, transactionList=[line])

    made = report.expenses[-1]
    assert answer["transactionList"][0]["transactionID"] == made["transactionID"]
    assert [made[key] for key in ("categoryGlCode", "tag", "tagGlCode", "externalID", "taxRate", "taxAmount")] == [
        "6652", "R&D\\: Basic", "7200", "x-1", 19, 679,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"created": "16-01-01"}, "Malformed date '16-01-01'. Expected format is yyyy-MM-dd"),
        ({"category": "Yachts"}, "Invalid category name 'Yachts'"),
        ({"tag": "Yachts"}, "Invalid tag name 'Yachts'"),
        ({"amount": "12"}, "'amount' parameter is missing or malformed"),
        ({"tax": {"rateID": "id_NOWHERE"}}, "'tax' object malformed"),
        ({"merchant": ""}, "Required parameter 'merchant' is missing"),
    ],
)
def test_one_invalid_line_creates_nothing(caller, employee, line, message):
    before = sum(len(report.expenses) for report in caller.sandbox.company.reports.values())

    answer = create(caller, "expenses", employeeEmail=employee, transactionList=[EXPENSE, EXPENSE | line])

    assert answer == {"responseMessage": message, "responseCode": 410}
    assert sum(len(report.expenses) for report in caller.sandbox.company.reports.values()) == before


def test_expenses_need_an_employee(caller):
    assert create(caller, "expenses", transactionList=[EXPENSE]) == {
        "responseMessage": "'employeeEmail' parameter is missing or malformed",
        "responseCode": 410,
    }


def test_created_policy_is_listed_for_its_account(caller):
    answer = caller.post({"type": "create", "inputSettings": {"type": "policy", "policyName": "Acme Nord"}})

    assert answer.headers["Content-Type"] == "application/json"
    listed = caller.get("policyList")["policyList"][-1]
    assert (listed["id"], listed["name"], listed["type"], listed["role"]) == (
        answer.json()["policyID"], "Acme Nord", "team", "admin",
    )  # fmt: skip


@pytest.mark.parametrize("code", [500, 410])
def test_policy_without_a_name_has_either_code(calling, code):
    answer = create(calling(missing_policy_name=code), "policy")

    assert answer == {"responseMessage": "Required parameter 'policyName' is missing", "responseCode": code}


def test_identical_rule_gets_666_with_the_id_of_the_first(caller, policy, employee):
    rule = {"policyID": policy.id, "employeeEmail": employee, "actions": {"tag": "Sales"}}

    answers = [create(caller, "expenseRules", **rule) for _ in range(2)]

    assert answers == [
        {"responseMessage": "OK", "responseCode": 200},
        {"responseMessage": "Rule already exists with those actions, please update rule 4242", "responseCode": 666},
    ]


def test_rule_is_updated_by_its_number(caller, policy, employee):
    rule = {"policyID": policy.id, "employeeEmail": employee, "actions": {"tag": "Sales"}}
    create(caller, "expenseRules", **rule)
    change = {"type": "expenseRules", **rule, "actions": {"defaultBillable": True}}

    codes = [
        caller.envelope({"type": "update", "inputSettings": change | more})["responseCode"]
        for more in ({}, {"ruleID": 1}, {"ruleID": 4242})
    ]

    assert codes == [410, 404, 200]
    assert [rule.actions for rule in policy.rules] == [{"defaultBillable": True}]


def test_rule_without_an_action_is_refused(caller, policy, employee):
    assert create(caller, "expenseRules", policyID=policy.id, employeeEmail=employee)["responseCode"] == 410
