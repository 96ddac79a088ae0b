import json
import threading
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest

from sandbox.app import Sandbox
from sandbox.company.company import DEMO_PAIRS
from sandbox.company.reports import OLD_REPORT
from sandbox.faults import Fault
from tests.sandbox.caller import ACME, UMBRELLA
from tests.waiting import PATIENCE, wait_until

POLICY_LIST = {"type": "get", "inputSettings": {"type": "policyList"}}


def test_wrong_secret_is_an_envelope_at_http_200(caller):
    credentials = {"partnerUserID": ACME, "partnerUserSecret": "wrong"}

    answer = caller.post({**POLICY_LIST, "credentials": credentials})

    assert (answer.status_code, answer.json()) == (
        200, {"responseMessage": "Authentication error", "responseCode": 404},
    )  # fmt: skip


@pytest.mark.parametrize("credentials", [None, {}, "secret", {"partnerUserSecret": "x"}])
def test_missing_credentials_are_named(caller, credentials):
    answer = caller.envelope({**POLICY_LIST, "credentials": credentials})

    assert answer == {"responseMessage": "No authentication method specified", "responseCode": 403}


@pytest.mark.parametrize("form", [{}, {"requestJobDescription": ""}, {"requestJobDescription": "nothing"},
                                  {"requestJobDescription": "[1]"}])  # fmt: skip
def test_missing_or_unreadable_job_is_a_500_at_http_200(caller, form):
    answer = caller.http.post(caller.url, data=form)

    assert (answer.status_code, answer.json()["responseCode"]) == (200, 500)


def test_unknown_job_type_is_a_403(caller):
    assert caller.envelope({"type": "dance"})["responseCode"] == 403


def test_unknown_sub_type_is_malformed(caller):
    assert caller.get("weather") == {"responseMessage": "Argument 'type' is missing or malformed", "responseCode": 410}


def test_manual_samples_with_their_quirks_are_read(caller):
    text = f"""{{
      'type': 'get',
      "credentials": {{"partnerUserID": "{ACME}", "partnerUserSecret": "{DEMO_PAIRS[ACME]}",}},
      "inputSettings": {{"type": "policyList", }},
    }}'
    """

    assert caller.http.post(caller.url, data={"requestJobDescription": text}).json()["responseCode"] == 200


def test_quirks_can_be_refused(calling):
    caller = calling(lenient_json=False)

    answer = caller.http.post(caller.url, data={"requestJobDescription": '{"type": "get",}'})

    assert answer.json()["responseCode"] == 500


@pytest.mark.parametrize("where", ["urlencoded", "multipart", "query", "get", "query and JSON content type"])
def test_parameters_are_found_in_every_place(caller, where):
    form = {"requestJobDescription": json.dumps({**POLICY_LIST, "credentials": caller.credentials()})}

    answer = {
        "urlencoded": lambda: caller.http.post(caller.url, data=form),
        "multipart": lambda: caller.http.post(caller.url, files={k: (None, v) for k, v in form.items()}),
        "query": lambda: caller.http.post(caller.url, params=form),
        "get": lambda: caller.http.get(caller.url, params=form),
        "query and JSON content type": lambda: caller.http.post(
            caller.url, params=form, headers={"Content-Type": "application/json"}
        ),
    }[where]()

    assert answer.json()["responseCode"] == 200


def test_query_parameters_can_be_ignored(calling):
    caller = calling(query_parameters=False)
    job = json.dumps({**POLICY_LIST, "credentials": caller.credentials()})

    assert caller.http.post(caller.url, params={"requestJobDescription": job}).json()["responseCode"] == 500


def test_other_paths_are_not_found(caller):
    assert [caller.http.get(caller.base_url + path).status_code for path in ("/", "/_sandbox/log")] == [404, 404]


def test_policy_list_has_only_accessible_policies(caller):
    names = {
        pair: [policy["name"] for policy in caller.get("policyList", pair=pair)["policyList"]] for pair in DEMO_PAIRS
    }

    assert names == {
        ACME: ["Acme Deutschland GmbH", 'Acme Österreich, "Wien"', "Acme Inc.", "Acme UK Ltd", "Acme Garage"],
        UMBRELLA: ["Umbrella Europe", "Umbrella Labs, Inc."],
    }


def test_policy_list_entry_has_the_documented_keys(caller):
    first = caller.get("policyList")["policyList"][0]

    assert {key: first[key] for key in ("name", "outputCurrency", "role", "type")} == {
        "name": "Acme Deutschland GmbH", "outputCurrency": "EUR", "role": "admin", "type": "corporate",
    }  # fmt: skip
    assert (len(first["id"]), first["owner"].endswith("@acme.example")) == (16, True)


def test_policy_list_of_somebody_else(caller):
    members = caller.sandbox.company.policies[caller.get("policyList")["policyList"][2]["id"]].members.values()
    lists = {
        member.role: (
            [entry["role"] for entry in caller.get("policyList", userEmail=member.email)["policyList"]],
            len(caller.get("policyList", userEmail=member.email, adminOnly=True)["policyList"]),
        )
        for member in members
    }

    assert lists == {"admin": (["admin"] * 5, 5), "auditor": (["auditor"] * 5, 0), "user": (["user"], 0)}
    assert caller.get("policyList", userEmail="nobody@acme.example")["responseCode"] == 500


def test_log_keeps_every_request_without_its_secret(caller):
    caller.export(reportIDList=OLD_REPORT, template="x")
    caller.post({"type": "dance"})

    shown = [(entry.kind, entry.pair, entry.code, entry.http_status, entry.done) for entry in caller.sandbox.log]
    assert shown == [("generate", ACME, 200, 200, True), ("unknown", ACME, 403, 200, False)]
    assert caller.sandbox.log[0].form == {"template": "x"}
    assert DEMO_PAIRS[ACME] not in repr([vars(entry) for entry in caller.sandbox.log])


def test_revoked_pair_is_refused_and_a_new_secret_is_taken(caller):
    caller.sandbox.replace_secret(ACME, "new" * 13)
    assert caller.get("policyList")["responseCode"] == 200

    caller.sandbox.revoke(ACME)
    assert caller.get("policyList")["responseCode"] == 404


def test_added_pair_reaches_the_policies_it_was_given(caller):
    policy = list(caller.sandbox.company.policies)[-1]
    caller.sandbox.add_pair("aa_guest", "g" * 40, policies=[policy])

    listed = caller.get("policyList", pair="aa_guest")["policyList"]

    assert [(entry["id"], entry["role"]) for entry in listed] == [(policy, "admin")]


def test_sixth_request_is_refused_with_status_and_envelope(calling):
    caller = calling(limits=((5, 60.0),))

    answers = [caller.post(POLICY_LIST) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].json()["responseCode"] == 429
    assert "Retry-After" not in answers[-1].headers
    assert (caller.sandbox.refused, len(caller.sandbox.log)) == (1, 6)


@pytest.mark.parametrize(
    ("limit_answer", "status", "code"), [("http", 429, None), ("envelope", 200, 429), ("both", 429, 429)]
)
def test_rate_limit_has_each_of_its_forms(calling, limit_answer, status, code):
    caller = calling(limits=((1, 60.0),), limit_answer=limit_answer)
    caller.post(POLICY_LIST)

    answer = caller.post(POLICY_LIST)

    assert answer.status_code == status
    assert (answer.json()["responseCode"] if code else None) == code


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_rate_limit_may_have_retry_after(calling, clock, form):
    caller = calling(limits=((1, 60.0),), retry_after=form, count_refused=False)
    caller.post(POLICY_LIST)
    clock.now += 15

    before = int(time.time())
    header = caller.post(POLICY_LIST).headers["Retry-After"]
    after = time.time()

    if form == "seconds":
        assert header == "45"
    else:
        assert before + 45 <= parsedate_to_datetime(header).timestamp() <= after + 45


def test_wrong_secrets_count_towards_the_limit_of_the_pair(calling):
    caller = calling(limits=((2, 60.0),))
    wrong = {**POLICY_LIST, "credentials": {"partnerUserID": ACME, "partnerUserSecret": "wrong"}}

    calls = ((wrong, ACME), (wrong, ACME), (POLICY_LIST, ACME), (POLICY_LIST, UMBRELLA))
    statuses = [caller.post(job, pair=pair).status_code for job, pair in calls]

    assert statuses == [200, 200, 429, 200]


@pytest.mark.parametrize(("per", "refused"), [("pair", 0), ("account", 1), ("address", 2)])
def test_limit_can_be_shared_more_widely(calling, per, refused):
    caller = calling(limits=((1, 60.0),), limit_per=per)
    caller.sandbox.add_pair("aa_second", "5" * 40, account="demo@acme.example")

    for pair in (ACME, "aa_second", UMBRELLA):
        caller.post(POLICY_LIST, pair=pair)

    assert caller.sandbox.refused == refused


def test_downloads_can_be_excluded_from_the_limit(calling):
    caller = calling(limits=((1, 60.0),), count_downloads=False)
    name = caller.export(reportIDList=OLD_REPORT, template="x").text

    assert [caller.download(name).text for _ in range(3)] == ["x", "x", "x"]


def test_fifty_connections_are_served_at_once(calling):
    """Each request waits until all fifty are there."""
    together = threading.Barrier(50)
    caller = calling(wait=lambda _: together.wait(PATIENCE) < 0)
    caller.sandbox.script(Fault(delay=0.5), on="policy_list", times=50)
    answers = []

    def call():
        job = json.dumps({**POLICY_LIST, "credentials": caller.credentials()})
        with httpx.Client(trust_env=False, verify=False, timeout=2 * PATIENCE) as http:
            answers.append(http.post(caller.url, data={"requestJobDescription": job}).json()["responseCode"])

    threads = [threading.Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [200] * 50


def test_stopping_closes_waiting_connections():
    before = set(threading.enumerate())
    sandbox = Sandbox()
    sandbox.script(Fault(delay=10 * PATIENCE))
    outcome = []

    def call(url):
        try:
            httpx.post(url, data={}, trust_env=False, verify=False, timeout=10 * PATIENCE)
        except httpx.TransportError as error:
            outcome.append(type(error))

    with sandbox.serve() as server:
        thread = threading.Thread(target=call, args=(server.url,))
        thread.start()
        wait_until(lambda: sandbox.log)
    wait_until(lambda: not set(threading.enumerate()) - before)

    assert len(outcome) == 1


def test_reset_restores_the_initial_state(caller):
    caller.export(reportIDList=OLD_REPORT, job={"onFinish": [{"actionName": "markAsExported", "label": "New"}]})
    caller.sandbox.revoke(UMBRELLA)

    caller.sandbox.reset()

    assert (caller.sandbox.log, caller.sandbox.generated, sorted(caller.sandbox.pairs)) == ([], [], sorted(DEMO_PAIRS))
    assert "New" not in caller.sandbox.marks[OLD_REPORT]
