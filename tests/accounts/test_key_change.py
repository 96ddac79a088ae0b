"""Changing CREDENTIAL_KEYS while the portal runs: old and new processes side by side, and what a wrong key does."""

import subprocess
import sys
from typing import Any

import pytest
from django.utils import timezone
from django_scopes import scope

from accounts.models import Credential, Team
from expensify.client import Pair
from tests.conftest import make_credential
from tests.workers import ROOT, Processes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

OLD, NEW, OTHER = ("demo" + letter * 39 + "=" for letter in "ABC")
OPEN = "print(credential.partner_pair().partner_user_secret)"
ENTER = """
credential.take_pair(Pair("aa_entered", "entered by a new process"), timezone.now())
credential.save()
"""
SAY = """
import sys, django
django.setup()
from django.utils import timezone
from django_scopes import scopes_disabled
from accounts.models import Credential
from expensify.client import Pair
with scopes_disabled():
    credential = Credential.objects.get()
    exec(sys.argv[1])
"""


@pytest.fixture
def stored(acme: Team, tmp_path: Any) -> Processes:
    """A pair that was stored under the old key, and the environment of the portal's processes."""
    make_credential(acme, pair=Pair("aa_first", "entered by an old process"))
    return Processes(tmp_path)


def run(stored: Processes, keys: list[str], *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        env=stored.environment | {"CREDENTIAL_KEYS": ",".join(keys)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def do(stored: Processes, keys: list[str], what: str) -> str:
    done = run(stored, keys, sys.executable, "-c", SAY, what)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def manage(stored: Processes, keys: list[str], *command: str) -> "subprocess.CompletedProcess[str]":
    return run(stored, keys, sys.executable, "manage.py", *command)


def test_old_and_new_processes_read_each_others_secrets_all_the_way(stored: Processes) -> None:
    first, second = [OLD, NEW], [NEW, OLD]
    assert do(stored, first, OPEN) == do(stored, second, OPEN) == "entered by an old process"

    do(stored, second, ENTER)
    assert do(stored, first, OPEN) == "entered by a new process"

    do(stored, first, ENTER)  # a process that was not deployed yet writes under the old key once more
    assert manage(stored, second, "rotate_credential_keys", "--check").returncode == 1
    assert manage(stored, second, "rotate_credential_keys").returncode == 0
    assert manage(stored, second, "rotate_credential_keys", "--check").returncode == 0
    assert do(stored, first, OPEN) == do(stored, [NEW], OPEN) == "entered by a new process"


@pytest.mark.parametrize("process", ["web", "worker", "mailer", "beat"])
def test_no_process_starts_without_the_key_of_what_is_stored(stored: Processes, process: str) -> None:
    refused = run(stored, [OTHER], "script/process", process)

    assert refused.returncode == 1
    assert "CREDENTIAL_KEYS opens not all of the stored secrets: 1 were stored under a key" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_key_that_is_no_key_stops_the_start_with_a_sentence(stored: Processes) -> None:
    refused = run(stored, ["not-a-key"], "script/process", "worker")

    assert refused.returncode == 1
    assert "CREDENTIAL_KEYS" in refused.stderr.splitlines()[-1]


def test_keys_that_open_everything_are_no_obstacle(stored: Processes, acme: Team) -> None:
    with scope(team=acme):
        Credential.objects.update(paired_at=timezone.now())

    assert manage(stored, [NEW, OLD], "check_keys").returncode == 0
