import json

import httpx
import pytest

from sandbox.company.reports import OLD_REPORT
from sandbox.faults import Fault
from tests.sandbox.caller import ACME, UMBRELLA
from tests.waiting import PATIENCE, wait_until

MARK = {"onFinish": [{"actionName": "markAsExported", "label": "ERP"}]}
# Bodies that a careless client accepts as a file name.
EVIL_NAMES = {
    "path": "../../../etc/passwd.csv",
    "backslash": "..\\..\\windows\\system.csv",
    "absolute": "/tmp/export.csv",
    "url": "https://evil.example/export.csv",
    "control": "export\x00\x1b[31m.csv",
    "line break": "export.csv\r\nX-Evil: 1",
    "markup": "<script>alert(1)</script>.csv",
    "html": "<html><body>Bad Gateway</body></html>",
    "very long": "export" + "a" * 5000 + ".csv",
    "other extension": "export0fd99e06-a636-4974-b6bc-3ceb12163386.exe",
    "several": "export1.csv,export2.csv",
    "hidden": ".htaccess.csv",
    "empty": "",
    "blank": "   ",
}


def generations(caller):
    return len(caller.sandbox.generated)


def test_dropping_before_the_work_leaves_nothing_behind(caller):
    caller.sandbox.script(Fault(drop_before_work=True), on="generate")

    with pytest.raises(httpx.RemoteProtocolError):
        caller.export(reportIDList=OLD_REPORT, job=MARK)

    assert (generations(caller), caller.sandbox.log[0].done) == (0, False)


def test_dropping_after_the_work_hides_that_it_was_done(caller):
    caller.sandbox.script(Fault(drop_after_work=True), on="generate")

    with pytest.raises(httpx.RemoteProtocolError):
        caller.export(reportIDList=OLD_REPORT, job=MARK)

    assert (generations(caller), caller.sandbox.log[0].done) == (1, True)


@pytest.mark.parametrize("status", [302, 404, 500, 502, 503])
def test_error_page_replaces_an_answer(caller, status):
    caller.sandbox.script(Fault(http_status=status))

    answer = caller.export(reportIDList=OLD_REPORT)

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html;charset=utf-8")
    assert generations(caller) == 0


def test_page_can_hide_work_that_was_done(caller):
    caller.sandbox.script(Fault(http_status=500, refuse_after_work=True))

    assert caller.export(reportIDList=OLD_REPORT).status_code == 500
    assert generations(caller) == 1


def test_scripted_envelope(caller):
    caller.sandbox.script(Fault(envelope=(500, "Internal error")))

    answer = caller.export(reportIDList=OLD_REPORT)

    assert (answer.status_code, answer.json()) == (
        200, {"responseMessage": "Internal error", "responseCode": 500},
    )  # fmt: skip


@pytest.mark.parametrize(("form", "status"), [("http", 429), ("envelope", 200), ("both", 429)])
def test_scripted_rate_limit(caller, form, status):
    caller.sandbox.script(Fault(rate_limited=form, retry_after="7"))

    answer = caller.export(reportIDList=OLD_REPORT)

    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    assert (caller.sandbox.log[0].code, caller.sandbox.refused) == (429, 0)


def test_first_downloads_can_be_not_ready(caller):
    name = caller.export(reportIDList=OLD_REPORT, template="x").text
    caller.sandbox.script(Fault(not_ready="404"), on="download")
    caller.sandbox.script(Fault(not_ready="empty"), on="download", times=2)

    bodies = [caller.download(name).text for _ in range(4)]

    assert [json.loads(bodies[0])["responseCode"], *bodies[1:]] == [404, "", "", "x"]


@pytest.mark.parametrize("form", ["length", "chunked"])
def test_truncated_download_is_seen_by_a_strict_client(caller, form):
    name = caller.export(reportIDList=OLD_REPORT, template="0123456789").text
    caller.sandbox.script(Fault(truncate=form), on="download")
    request = {"type": "download", "fileName": name, "credentials": caller.credentials()}

    received = []
    with caller.http.stream("POST", caller.url, data={"requestJobDescription": json.dumps(request)}) as answer:
        with pytest.raises(httpx.RemoteProtocolError):
            received.extend(answer.iter_raw())

    assert b"".join(received) == b"01234"
    assert ("Content-Length" in answer.headers) is (form == "length")


def test_slow_download_is_throttled(calling):
    waits = []
    caller = calling(wait=waits.append)
    name = caller.export(reportIDList=OLD_REPORT, template="x" * 500).text
    caller.sandbox.script(Fault(bytes_per_second=1000), on="download")

    body = caller.download(name).text
    wait_until(lambda: len(waits) == 10)  # the server waits once more after the last byte

    assert (len(body), waits) == (500, [0.05] * 10)


@pytest.mark.parametrize(("fault", "done"), [(Fault(delay=0.3), 0), (Fault(delay_after=0.3), 1)])
def test_delay_comes_before_or_after_the_work(calling, fault, done):
    waits = []
    caller = calling(wait=lambda seconds: waits.append((seconds, generations(caller))))
    caller.sandbox.script(fault, on="generate")

    caller.export(reportIDList=OLD_REPORT)

    assert waits == [(0.3, done)]


def test_delay_lets_the_caller_time_out(caller):
    caller.sandbox.script(Fault(delay=2 * PATIENCE), on="generate")

    with pytest.raises(httpx.ReadTimeout):
        caller.http.post(caller.url, data=_export_form(caller), timeout=0.1)

    assert generations(caller) == 0


@pytest.mark.parametrize("case", EVIL_NAMES)
def test_evil_name_replaces_the_true_one(caller, case):
    caller.sandbox.script(Fault(file_name=EVIL_NAMES[case]), on="generate")

    answer = caller.export(reportIDList=OLD_REPORT)

    assert answer.text == EVIL_NAMES[case]
    assert caller.sandbox.generated[0].file_names == (caller.sandbox.log[0].file_name,)


def test_secret_revoked_in_the_middle(caller):
    caller.sandbox.script(Fault(revoke_after=True), on="generate")

    name = caller.export(reportIDList=OLD_REPORT).text

    assert caller.download(name).json() == {"responseMessage": "Authentication error", "responseCode": 404}


@pytest.mark.parametrize(
    ("spelling", "shown"), [("string", '"404"'), ("float", "404.0"), ("float string", '"404.0"'), ("missing", None)]
)
def test_response_code_in_other_spellings(caller, spelling, shown):
    caller.sandbox.script(Fault(response_code=spelling), on="download")

    answer = caller.download("nothing.csv").text

    tail = f', "responseCode": {shown}' if shown else ""
    assert answer == f'{{"responseMessage": "File not found"{tail}}}'


def test_wrong_content_type_and_body(caller):
    caller.sandbox.script(Fault(content_type="image/png", body=b"\x89PNG"))

    answer = caller.export(reportIDList=OLD_REPORT)

    assert (answer.headers["Content-Type"], answer.content) == ("image/png", b"\x89PNG")


def test_generation_seconds_delay_the_file(caller, clock):
    caller.sandbox.script(Fault(generation_seconds=0.3), on="generate")
    name = caller.export(reportIDList=OLD_REPORT, template="x").text

    clock.now += 0.29
    early = caller.download(name).text
    clock.now += 0.01

    assert (json.loads(early)["responseCode"], caller.download(name).text) == (404, "x")


def test_fault_applies_to_its_kind_pair_and_turn(caller):
    caller.sandbox.script(Fault(http_status=503), on="policy_list", pair=UMBRELLA, after=1, times=2)

    statuses = [
        caller.post({"type": "get", "inputSettings": {"type": "policyList"}}, pair=pair).status_code
        for pair in (ACME, UMBRELLA, ACME, UMBRELLA, UMBRELLA, UMBRELLA)
    ]

    assert statuses == [200, 200, 200, 503, 503, 200]


def test_fault_is_not_spent_on_a_request_over_the_limit(calling, clock):
    caller = calling(limits=((1, 10.0),), count_refused=False)
    caller.export(reportIDList=OLD_REPORT)
    caller.sandbox.script(Fault(http_status=503))

    over = caller.export(reportIDList=OLD_REPORT).status_code
    clock.now += 10

    assert (over, caller.export(reportIDList=OLD_REPORT).status_code) == (429, 503)


def test_unknown_kind_cannot_be_scripted(caller):
    with pytest.raises(ValueError, match="'genrate' is not one of: any, generate, download"):
        caller.sandbox.script(Fault(), on="genrate")


def _export_form(caller):
    job = {
        "type": "file",
        "credentials": caller.credentials(),
        "onReceive": {"immediateResponse": ["returnRandomFileName"]},
        "inputSettings": {"type": "combinedReportData", "filters": {"reportIDList": OLD_REPORT}},
        "outputSettings": {"fileExtension": "csv"},
    }
    return {"requestJobDescription": json.dumps(job), "template": "x"}
