"""Changing CREDENTIAL_KEYS while the portal runs: old and new processes together, and wrong keys."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.utils import timezone
from django_scopes import scope

from accounts.models import Credential, Team
from expensify.pair import KeyPair
from tests.factories import make_credential
from tests.waiting import PATIENCE
from tests.workers import ROOT, Processes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

OLD, NEW, OTHER = ("demo" + letter * 39 + "=" for letter in "ABC")
OPEN = "answer = Credential.objects.get().partner_pair().partner_user_secret"
ENTER = (
    "credential = Credential.objects.get();"
    "credential.take_pair(KeyPair('aa_entered', 'entered by a new process'), timezone.now());"
    "answer = credential.save()"
)
# A process of the portal that executes each line of its input and prints `answer`.
PROCESS = """
import sys, django
django.setup()
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_scopes import scopes_disabled
from accounts.models import Credential
from expensify.pair import KeyPair
with scopes_disabled():
    for line in sys.stdin:
        try:
            exec(line)
        except CommandError as error:
            answer = error.returncode
        print(answer, flush=True)
"""


@pytest.fixture
def stored(acme: Team, tmp_path: Any) -> Processes:
    """A pair encrypted with the old key, and the environment of the portal's processes."""
    make_credential(acme, pair=KeyPair("aa_first", "entered by an old process"))
    return Processes(tmp_path)


def run(stored: Processes, keys: list[str], *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        env=stored.environment | {"CREDENTIAL_KEYS": ",".join(keys)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


class Running:
    """Processes of the portal that keep running while keys are changed."""

    def __init__(self, stored: Processes, *keys: list[str]) -> None:
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-c", PROCESS],
                env=stored.environment | {"CREDENTIAL_KEYS": ",".join(ring)},
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for ring in keys
        ]

    def do(self, number: int, line: str) -> str:
        process = self.processes[number]
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()


@pytest.fixture
def running(stored: Processes) -> Iterator[Running]:
    """A process from before the change, one from the middle of it, and one from after it."""
    running = Running(stored, [OLD, NEW], [NEW, OLD], [NEW])
    yield running
    running.stop()


def test_old_and_new_processes_read_each_others_secrets_during_a_key_change(running: Running) -> None:
    first, second, last = range(3)
    rotate = "call_command('rotate_credential_keys', stdout=sys.stderr{}); answer = 0"
    check = rotate.format(", check=True")
    assert running.do(first, OPEN) == running.do(second, OPEN) == "entered by an old process"

    running.do(second, ENTER)
    assert running.do(first, OPEN) == "entered by a new process"

    running.do(first, ENTER)  # a process of the old deployment writes with the old key again
    assert running.do(second, check) == "1"
    assert running.do(second, rotate.format("")) == "0"
    assert running.do(second, check) == "0"
    assert running.do(first, OPEN) == running.do(last, OPEN) == "entered by a new process"


def test_no_process_starts_without_the_key_of_a_stored_secret(stored: Processes) -> None:
    with ThreadPoolExecutor() as pool:
        refused = list(
            pool.map(
                lambda process: run(stored, [OTHER], "script/process", process), ["web", "worker", "mailer", "beat"]
            )
        )

    assert [process.returncode for process in refused] == [1] * 4
    sentence = "CREDENTIAL_KEYS opens not all of the stored secrets: 1 were stored under a key"
    assert [sentence in process.stderr for process in refused] == [True] * 4
    assert ["Traceback" in process.stderr for process in refused] == [False] * 4


def test_invalid_key_stops_the_start_with_a_sentence(stored: Processes) -> None:
    refused = run(stored, ["not-a-key"], "script/process", "worker")

    assert refused.returncode == 1
    assert "CREDENTIAL_KEYS" in refused.stderr.splitlines()[-1]


def test_processes_start_when_the_keys_open_every_secret(stored: Processes, acme: Team) -> None:
    with scope(team=acme):
        Credential.objects.update(paired_at=timezone.now())

    assert run(stored, [NEW, OLD], sys.executable, "manage.py", "check_keys").returncode == 0
