import pytest

from tests.sandbox.caller import ACME, UMBRELLA


@pytest.fixture
def ids(caller):
    return {entry["name"]: entry["id"] for entry in caller.get("policyList")["policyList"]}


def test_getter_returns_only_the_requested_sections(caller, ids):
    first, third = ids["Acme Deutschland GmbH"], ids["Acme Inc."]

    info = caller.get("policy", policyIDList=[first, third], fields=["categories", "tax"])["policyInfo"]

    assert {policy_id: sorted(sections) for policy_id, sections in info.items()} == {
        first: ["categories", "tax"], third: ["categories", "tax"],
    }  # fmt: skip
    assert (info[first]["tax"]["default"], info[third]["tax"]) == ("id_TAX_RATE_1", {})
    assert info[first]["categories"][0]["glCode"] == "6640"
    assert info[first]["categories"][-1] == {"name": "Other", "enabled": False}


def test_tags_are_flat_levels_or_empty(caller, ids):
    wanted = {ids[name]: name for name in ("Acme Deutschland GmbH", "Acme Inc.", "Acme Garage")}

    info = caller.get("policy", policyIDList=list(wanted), fields=["tags"])["policyInfo"]

    tags = {wanted[policy_id]: sections["tags"] for policy_id, sections in info.items()}
    assert tags["Acme Deutschland GmbH"][0] == {"name": "Engineering", "glCode": "7000", "enabled": True}
    assert [(level["name"], len(level["tags"])) for level in tags["Acme Inc."]] == [("Department", 4), ("Place", 4)]
    assert tags["Acme Garage"] == [{"name": "Tags", "tags": []}]


def test_employees_have_only_set_values(caller, ids):
    policy = ids["Acme UK Ltd"]

    people = caller.get("policy", policyIDList=[policy], fields=["employees"])["policyInfo"][policy]["employees"]

    by_email = {entry["email"]: entry for entry in people}
    assert set(by_email["demo@acme.example"]) == {"email", "role", "submitsTo"}
    managers = [entry for entry in people if "approvalLimit" in entry]
    assert {(entry["approvalLimit"], entry["forwardsTo"]) for entry in managers} == {
        (100_000, by_email["demo@acme.example"]["submitsTo"])
    }


def test_report_fields_have_their_kinds(caller, ids):
    policy = ids["Acme UK Ltd"]

    fields = caller.get("policy", policyIDList=[policy], fields=["reportFields"])["policyInfo"][policy]["reportFields"]

    assert [(field["name"], field["type"]) for field in fields] == [
        ("title", "formula"), ("Cost center", "dropdown"), ("Reason of trip", "text"), ("Trip start", "date"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fields": ["tags"]}, "Required parameter 'policyIDList' is missing"),
        ({"policyIDList": "0123456789ABCDEF", "fields": ["tags"]}, "Required parameter 'policyIDList' is missing"),
        ({"policyIDList": ["0123456789ABCDEF"], "fields": []}, "'fields' parameter is missing or malformed"),
        ({"policyIDList": ["0123456789ABCDEF"], "fields": ["rooms"]}, "'fields' parameter is missing or malformed"),
    ],
)
def test_getter_names_what_is_missing(caller, settings, message):
    assert caller.get("policy", **settings) == {"responseMessage": message, "responseCode": 410}


def test_policy_of_another_company_is_not_found(caller, ids):
    answer = caller.get("policy", pair=UMBRELLA, policyIDList=[ids["Acme Inc."]], fields=["tax"])

    assert answer["responseCode"] == 404


def test_unknown_policy_can_be_left_out(calling):
    answer = calling(unknown_policy="left_out").get("policy", policyIDList=["0" * 16], fields=["tax"])

    assert answer == {"policyInfo": {}, "responseCode": 200}


def test_employees_need_an_admin(caller, ids):
    policy = ids["Acme Inc."]
    auditor = next(
        member for member in caller.sandbox.company.policies[policy].members.values() if member.role == "auditor"
    )
    caller.sandbox.add_pair("aa_audit", "a" * 40, account=auditor.email)

    codes = [
        caller.get("policy", pair="aa_audit", policyIDList=[policy], fields=[field])["responseCode"]
        for field in ("tags", "employees")
    ]

    assert codes == [200, 403]


def test_cards_of_the_own_domain(caller):
    cards = caller.get("domainCardList", domain="acme.example")["domainCardList"]

    assert len(cards) > 5
    assert {card["email"].partition("@")[2] for card in cards} == {"acme.example"}
    assert (cards[0]["cardNumber"][:12], cards[0]["lastImportResult"]) == ("5555XXXXXXXX", 200)


@pytest.mark.parametrize(("domain", "code"), [("", 410), ("acme", 410), ("umbrella.example", 403)])
def test_cards_of_no_or_another_domain(caller, domain, code):
    assert caller.get("domainCardList", domain=domain)["responseCode"] == code


def test_cards_need_a_domain_admin(caller):
    caller.sandbox.add_pair("aa_plain", "p" * 40, account="demo@acme.example", domain_admin=False)

    assert caller.get("domainCardList", pair="aa_plain", domain="acme.example")["responseCode"] == 403


def test_roles_follow_the_account(caller):
    boss_list = caller.get("policyList", pair=ACME)["policyList"]

    assert {entry["role"] for entry in boss_list} == {"admin"}
