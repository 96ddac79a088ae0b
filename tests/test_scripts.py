"""The scripts as people start them: what they print, how they end, and that nothing outlives them."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import free_port
from tests.workers import wait_until

ROOT = Path(__file__).resolve().parent.parent
STACK = [sys.executable, str(ROOT / "script/stack.py")]


def without_the_tests_settings(**environment: str) -> dict[str, str]:
    ours = (
        "DATABASE_URL",
        "REDIS_URL",
        "EXPENSIFY_URL",
        "SECRET_KEY",
        "CREDENTIAL_KEYS",
        "DEMO",
        "LOG_LEVEL",
    )
    return {name: value for name, value in os.environ.items() if name not in ours} | environment


def still_running(folder: Path) -> set[str]:
    """The processes whose environment names this VAR_DIR."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"VAR_DIR={folder}\0".encode() in (process / "environ").read_bytes() + b"\0":
                found.add((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def stack(job: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*STACK, job],
        env=without_the_tests_settings(VAR_DIR=str(folder), **environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def manage(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [ROOT / "script/manage", *arguments],
        env=without_the_tests_settings(VAR_DIR=str(folder)),
        capture_output=True,
        text=True,
        check=False,
    )


class Server:
    """script/server on a port of its own, which `said` listens to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.output = folder.parent / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*STACK, "serve"],
                env=without_the_tests_settings(VAR_DIR=str(folder), PORT=str(self.port)),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self) -> str:
        """What it has said once it is up."""

        def said() -> str:
            text = self.output.read_text()
            assert self.process.poll() is None, text
            return text if "Ctrl-C stops everything" in text else ""

        return str(wait_until(said, seconds=240))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "var")
    yield server
    if server.process.poll() is None:
        server.process.terminate()
        server.process.wait(60)


# ------------------------------------------------------------ script/new-key


def new_key(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([ROOT / "script/new-key", *arguments], capture_output=True, text=True, check=False)


def test_a_new_key_is_32_random_bytes() -> None:
    first, second = new_key().stdout, new_key().stdout

    assert len(base64.urlsafe_b64decode(first)) == 32
    assert first != second


def test_a_new_secret_key_is_long_enough() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}\n", new_key("--secret-key").stdout)


def test_any_other_argument_gets_the_usage() -> None:
    answer = new_key("--secret")

    assert (answer.returncode, answer.stderr) == (2, "Usage: script/new-key [--secret-key]\n")


# ------------------------------------------------------------ script/demo --once


@pytest.mark.slow
def test_the_main_job_alone_tells_its_steps_and_leaves_nothing_running(tmp_path: Path) -> None:
    done = stack("once", tmp_path / "var")

    assert done.returncode == 0, done.stderr
    steps = [re.sub(r"^ +[\d.]+ s  ", "", line) for line in done.stdout.splitlines()]
    assert steps[0] == "Preparing the database."
    assert steps[1] == "Run 1 of “Help page example” is queued with the credential “Acme, demo account”."
    assert re.fullmatch(r"Call at http://127\.0\.0\.1:\S+ to generate: HTTP 200, after \S+ s\.", steps[2])
    assert re.fullmatch(r"The file is called \S+\.csv\.", steps[3])
    assert re.fullmatch(r"Call at http://127\.0\.0\.1:\S+ to download: HTTP 200, after \S+ s\.", steps[4])
    assert re.fullmatch(r"Stored: 6 rows, \d+ bytes, SHA-256 [0-9a-f]{64}\.", steps[5])
    assert steps[6].strip() == "| Merchant,Amount,Transaction Date"
    assert still_running(tmp_path / "var") == set()


@pytest.mark.slow
def test_a_main_job_that_fails_says_why(tmp_path: Path) -> None:
    done = stack("once", tmp_path / "var", EXPENSIFY_URL="http://127.0.0.1:9/", CALL_ATTEMPTS="1")

    assert done.returncode == 1
    assert done.stderr.startswith("Run 1 has failed. Expensify could not be reached")
    assert still_running(tmp_path / "var") == set()


# ------------------------------------------------------------ script/server


@pytest.mark.slow
def test_the_server_runs_an_export_while_it_starts_and_stops_without_a_trace(server: Server) -> None:
    said = server.wait()

    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/readyz") as answer:
        assert json.load(answer) == {"database": "ok", "redis": "ok", "worker": "ok"}
    order = [
        "| Merchant,Amount,Transaction Date",
        "alice@acme.example",
        f"Open http://localhost:{server.port}/",
    ]
    assert sorted(order, key=said.index) == order
    # Keys that another demo has too would be no keys.
    assert (server.folder / "demo.env").stat().st_mode & 0o777 == 0o600
    second = stack("serve", server.folder, PORT=str(free_port()))
    assert (second.returncode, second.stderr) == (1, "The demo is running already, from this folder.\n")
    joined = stack("once", server.folder)
    assert (joined.returncode, joined.stdout.splitlines()[0]) == (
        0,
        "script/server is running; its worker does the job.",
    )

    managed = manage(server.folder, "verify_audit", "acme")
    assert managed.stdout.startswith("The log of Acme is whole")

    server.process.send_signal(signal.SIGINT)

    assert server.process.wait(60) == 0
    assert server.output.read_text().splitlines()[-1] == "Stopped."
    assert still_running(server.folder) == set()


@pytest.mark.slow
def test_a_server_that_is_killed_takes_its_processes_with_it(server: Server) -> None:
    server.wait()

    server.process.kill()

    server.process.wait(10)
    wait_until(lambda: not still_running(server.folder), seconds=60)


def test_without_a_running_demo_there_is_nothing_to_manage(tmp_path: Path) -> None:
    answer = manage(tmp_path, "verify_audit")

    assert answer.returncode == 1
    assert answer.stderr == "The demo is not running. Start it in another terminal: script/server\n"


def test_a_port_that_is_taken_is_named(tmp_path: Path, redis_url: str) -> None:
    taken = redis_url.split(":")[-1].split("/")[0]

    done = stack("serve", tmp_path / "var", PORT=taken)

    assert done.returncode == 1
    assert done.stderr == f"Port {taken} is taken. Choose another one: PORT={int(taken) + 1} script/server\n"
