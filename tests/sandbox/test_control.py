import re
import signal
import subprocess
import sys

import httpx
import pytest

from sandbox.__main__ import main
from sandbox.company.company import DEMO_PAIRS
from sandbox.company.reports import OLD_REPORT
from sandbox.faults import Fault
from tests.sandbox.caller import ACME
from tests.waiting import PATIENCE

POLICY_LIST = {"type": "get", "inputSettings": {"type": "policyList"}}


@pytest.fixture
def controlled(calling):
    return calling(control=True)


def test_fault_is_scripted_over_http(controlled):
    script = {"http_status": 503, "retry_after": "3", "on": "policy_list", "times": 1}

    scripted = controlled.http.post(f"{controlled.base_url}/_sandbox/script", json=script)

    assert (scripted.status_code, scripted.json()) == (200, {"scripted": True})
    assert [controlled.post(POLICY_LIST).status_code for _ in range(2)] == [503, 200]


@pytest.mark.parametrize(
    "script", [{"explode": True}, {"on": "genrate"}, {"times": 1, "fault": {}}, [], "x", {"envelope": [500]}]
)
def test_invalid_script_is_rejected(controlled, script):
    answer = controlled.http.post(f"{controlled.base_url}/_sandbox/script", json=script)

    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_every_field_of_a_fault_can_be_written_as_json():
    values = {"envelope": [410, "no"], "body": "x", "delay": 1, "truncate": "length"}

    assert Fault.from_json(values) == Fault(envelope=(410, "no"), body=b"x", delay=1, truncate="length")


def test_log_is_read_over_http_without_secrets(controlled):
    mark = {"onFinish": [{"actionName": "markAsExported", "label": "ERP March"}]}
    name = controlled.export(reportIDList=OLD_REPORT, template="x", job=mark).text

    answer = controlled.http.get(f"{controlled.base_url}/_sandbox/log")

    log = answer.json()
    assert [(entry["kind"], entry["pair"], entry["file_name"]) for entry in log["arrivals"]] == [
        ("generate", ACME, name)
    ]
    assert log["generated"][0]["report_ids"] == [OLD_REPORT]
    assert "ERP March" in log["marks"][OLD_REPORT]
    assert DEMO_PAIRS[ACME] not in answer.text


def test_reset_over_http(controlled):
    controlled.post(POLICY_LIST)

    controlled.http.post(f"{controlled.base_url}/_sandbox/reset")

    assert controlled.sandbox.log == []


@pytest.mark.parametrize(("method", "path"), [("GET", "script"), ("POST", "nothing")])
def test_other_paths_of_the_control_api_are_not_found(controlled, method, path):
    assert controlled.http.request(method, f"{controlled.base_url}/_sandbox/{path}").status_code == 404


@pytest.fixture
def started():
    """Start `python -m sandbox` with some options; gives the process and the line it prints."""
    processes = []

    def start(*options):
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.thorough)])
def test_command_serves_until_sigterm(started, number):
    process, url = started("--limits", "1/36000s", "--speed", "10", "--control")

    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/Integration-Server/ExpensifyIntegrations", url)
    with httpx.Client(timeout=PATIENCE, trust_env=False, verify=False) as http:
        statuses = [http.post(url, data={}).status_code for _ in range(2)]
        log = http.get(url.replace("/Integration-Server/ExpensifyIntegrations", "/_sandbox/log")).json()
    process.send_signal(number)

    assert (statuses, log["refused"]) == ([200, 429], 1)
    assert process.wait(PATIENCE) == 0
    assert process.stderr.read() == ""


def test_command_without_limits_or_control(started):
    _, url = started("--no-limits")

    with httpx.Client(timeout=PATIENCE, trust_env=False, verify=False) as http:
        statuses = {http.post(url, data={}).status_code for _ in range(30)}
        side_door = http.get(url.replace("/Integration-Server/ExpensifyIntegrations", "/_sandbox/log")).status_code

    assert (statuses, side_door) == ({200}, 404)


def test_command_explains_a_wrong_limit(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--limits", "five"])

    assert ended.value.code == 2
    assert "--limits" in capsys.readouterr().err
