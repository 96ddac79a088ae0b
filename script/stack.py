"""Run the portal and everything it needs on this machine: `serve` for script/server, `once` for script/demo --once.

Servers named in REDIS_URL, DATABASE_URL, EXPENSIFY_URL or EMAIL_URL are used instead of embedded ones. All state is in
var/ (or VAR_DIR).
"""

import base64
import ctypes
import fcntl
import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sandbox.company.company import DEMO_PAIRS  # noqa: E402
from sandbox.server import PATH as EXPENSIFY_PATH  # noqa: E402
from script.redis_program import NoRedis, redis_program  # noqa: E402

VAR = Path(os.environ.get("VAR_DIR", ROOT / "var")).resolve()
KEYS = VAR / "demo.env"
RUNNING = VAR / "running.env"
LOGS = VAR / "log"
# Seconds: a worker finishes its call first, and the sandbox answers at once.
STOP_SECONDS = 20
START_SECONDS = 60


class Stopped(BaseException):
    """Stopped by Ctrl-C or SIGTERM."""


class Failed(Exception):
    """The message says what went wrong and what to do."""


class Processes:
    """Child processes; none outlives this process, however it ends."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.running: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str, *command: str, feed: str = "") -> None:
        """Start a process that writes to var/log/NAME.log; `feed` goes to its standard input."""
        with log_of(name).open("w") as log:
            process = self._popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        self.running[name] = process
        assert process.stdin
        with suppress(BrokenPipeError):  # it has ended already, which `check` reports
            process.stdin.write(feed)
            process.stdin.close()

    def prepare(self, *arguments: str) -> "Preparation":
        """Start `manage.py demo`: it prepares database and demo company and, with `--run`, runs one export."""
        with log_of("demo").open("w") as log:
            process = self._popen(
                (sys.executable, "manage.py", "demo", *arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        return Preparation(process)

    def check(self) -> None:
        """Raise Failed when a process has ended."""
        for name, process in self.running.items():
            if process.poll() is not None:
                lines = log_of(name).read_text(errors="replace").splitlines()[-15:]
                last = "\n".join(f"  {line}" for line in lines)
                raise Failed(f"The {name} process ended with code {process.returncode}. Its last lines:\n{last}")

    def wait_for(self, ready: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise Failed(f"{what} did not start within {START_SECONDS} seconds; see {LOGS}.")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop all processes, servers last."""
        for names in (["web", "beat", "worker", "mailer"], ["sandbox", "mailbox", "Redis"]):
            processes = [self.running.pop(name) for name in names if name in self.running]
            for process in processes:
                process.terminate()
            deadline = time.monotonic() + STOP_SECONDS
            for process in processes:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.1, deadline - time.monotonic()))
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _popen(self, command: tuple[str, ...], **streams: object) -> "subprocess.Popen[str]":
        # A session of its own: Ctrl-C reaches this process only, which then stops the others in order.
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # for `streams`
            command,
            cwd=ROOT,
            env=self.environment,
            text=True,
            start_new_session=True,
            preexec_fn=_die_with_parent,
            **streams,
        )


class Preparation:
    """A running `manage.py demo` and its output."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines = self._lines()

    def until(self, marker: str) -> str:
        """The output before the line `marker`. Raises Failed when the process ends without that line."""
        lines: list[str] = []
        for line in self.lines:
            if line.strip() == marker:
                return "".join(lines)
            lines.append(line)
        raise Failed(f"The demo was not prepared; see {log_of('demo')}.")

    def show(self) -> None:
        """Print the rest of the output as it arrives."""
        for line in self.lines:
            say(line.rstrip("\n"))

    def _lines(self) -> Iterator[str]:
        assert self.process.stdout
        try:
            yield from self.process.stdout
            code = self.process.wait()
        except BaseException:
            self.process.kill()
            raise
        if code:
            complaint = log_of("demo").read_text(errors="replace").strip()
            raise Failed(complaint.removeprefix("CommandError: ") or f"manage.py demo ended with code {code}.")


def serve() -> None:
    """Run everything with the web server until stopped."""
    port = int(os.environ.get("PORT", "8000"))
    host = os.environ.get("BIND", "127.0.0.1")
    address = f"http://localhost:{port}/"
    VAR.mkdir(parents=True, exist_ok=True)
    if (lock := take_lock()) is None:
        raise Failed("The demo is running already, from this folder.")
    _check_port(host, port)
    processes = Processes({"SITE_URL": address} | environment() | {"PORT": str(port), "BIND": host})
    has_pairs = "DEMO_PAIRS" in processes.environment
    with lock:
        try:
            preparation, keeps_waiting = set_up(processes, "--static", *["--run"] * has_pairs)
            processes.start("web", "script/process", "web")
            sign_ins = preparation.until("The company is ready.")
            processes.wait_for(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), "The web server")
            if keeps_waiting:
                say(f"The pages are ready at {address} already. After a start of Redis no call goes out for a minute.")
            if has_pairs:
                say("Running one export through both of its calls:")
            else:
                say("No call was made: add a pair of your own under Credentials.")
            try:
                preparation.show()
            except Failed as failure:
                say(f"{failure}\nThe portal is up all the same.")
            processes.wait_for(lambda: _answers(f"http://127.0.0.1:{port}/readyz"), "The worker")
            if mailbox := processes.environment.get("DEMO_MAILBOX_URL"):
                say(f"The mails that it sends are shown at {mailbox}.")
            say(f"\n{sign_ins}\nOpen {address} (Ctrl-C stops everything; logs are in {LOGS}).")
            while True:
                processes.check()
                time.sleep(0.5)
        finally:
            _end(processes)


def once() -> None:
    """Run one export, with the processes of a running script/server or with temporary ones."""
    VAR.mkdir(parents=True, exist_ok=True)
    if (lock := take_lock()) is None:
        say("script/server is running; its worker does the job.")
        Processes(os.environ | _read(RUNNING)).prepare("--run").show()
        return
    processes = Processes(environment())
    with lock:
        try:
            preparation, _ = set_up(processes, "--run")
            preparation.until("The company is ready.")
            preparation.show()
        finally:
            _end(processes)


def set_up(processes: Processes, *arguments: str) -> tuple[Preparation, bool]:
    """Start everything but the web server, and `manage.py demo` with these arguments, which prepares the database.

    The flag is true when the call budget will wait for its first minute. Independent processes start in parallel, since
    people wait for the address.
    """
    LOGS.mkdir(exist_ok=True)
    keeps_waiting = True
    variables = processes.environment
    embedded_sandbox = "EXPENSIFY_URL" not in variables
    embedded_mailbox = "EMAIL_URL" not in variables
    if embedded_sandbox:
        start_sandbox(processes)
    if embedded_mailbox:
        processes.start("mailbox", sys.executable, "-m", "sandbox.mailbox")
    arguments = ("--migrate", *arguments)
    if "REDIS_URL" not in variables:
        # A new sandbox has counted no calls, so an empty Redis fits it. Calls to another server must be remembered
        # between starts, so there Redis keeps its data.
        data = None if embedded_sandbox else VAR / "redis"
        keeps_waiting = data is not None and data.exists()
        start_redis(processes, data)
        if not keeps_waiting:
            arguments = ("--new-redis", *arguments)
    say("Preparing the database.")
    preparation = processes.prepare(*arguments)
    preparation.until("The database is ready.")
    if embedded_sandbox:
        processes.wait_for(lambda: log_of("sandbox").read_text().endswith("\n"), "The sandbox")
    if embedded_mailbox:
        wait_for_mailbox(processes)
    write_private(RUNNING, _running(variables))
    processes.start("worker", "script/process", "worker")
    processes.start("mailer", "script/process", "mailer")
    processes.start("beat", "script/process", "beat")
    return preparation, keeps_waiting


def environment() -> dict[str, str]:
    """Variables for the processes: our own, the demo's keys and, unless the real Expensify is called, its key pairs."""
    if not KEYS.exists():
        key = base64.urlsafe_b64encode(base64.urlsafe_b64decode("demo") + secrets.token_bytes(29)).decode()
        write_private(KEYS, {"SECRET_KEY": "demo-" + secrets.token_urlsafe(48), "CREDENTIAL_KEYS": key})
    variables = _read(KEYS) | {name: value for name, value in os.environ.items() if value}
    variables |= {"DEMO": "yes", "VAR_DIR": str(VAR), "PYTHONUNBUFFERED": "1"}
    host = urlsplit(variables.get("EXPENSIFY_URL", "")).hostname or ""
    if not host.endswith("expensify.com"):
        teams = (id.split("_")[2] for id in DEMO_PAIRS)
        variables.setdefault(
            "DEMO_PAIRS", ",".join(f"{team}={id}:{DEMO_PAIRS[id]}" for team, id in zip(teams, DEMO_PAIRS, strict=True))
        )
    return variables


def _running(variables: dict[str, str]) -> dict[str, str]:
    """Every setting, given, made here or missing: `script/manage` may run in a shell with others (or NAME_FILE)."""
    names = set(re.findall(r'env\.\w+\(\s*"([A-Z][A-Z0-9_]+)"', (ROOT / "portal" / "settings.py").read_text()))
    ours = {name for name in variables if variables[name] != os.environ.get(name)}
    names |= {f"{name}_FILE" for name in names} | ours
    return {name: variables.get(name, "") for name in sorted(names)}


def start_redis(processes: Processes, data: Path | None) -> None:
    """Start a Redis with a password on a free port; it persists to the folder `data`, or not at all."""
    port, password = _free_port(), secrets.token_hex(16)
    if data is not None:
        data.mkdir(exist_ok=True)
    lines = [
        f"port {port}",
        "bind 127.0.0.1",
        f"requirepass {password}",
        f"dir {data or VAR}",
        f"appendonly {'yes' if data else 'no'}",
        'save ""',
        "maxmemory-policy noeviction",
    ]
    try:
        program = redis_program()
    except NoRedis as error:
        raise Failed(str(error)) from None
    processes.start("Redis", program, "-", feed="\n".join(lines) + "\n")
    processes.wait_for(lambda: _listens("127.0.0.1", port), "Redis")
    processes.environment["REDIS_URL"] = f"redis://:{password}@127.0.0.1:{port}/0"


def start_sandbox(processes: Processes) -> None:
    port = _free_port()
    processes.start("sandbox", sys.executable, "-m", "sandbox", "--port", str(port))
    processes.environment["EXPENSIFY_URL"] = f"http://127.0.0.1:{port}{EXPENSIFY_PATH}"


def wait_for_mailbox(processes: Processes) -> None:
    """Wait until the mail server listens; the first two lines of its log are its addresses."""
    processes.wait_for(lambda: log_of("mailbox").read_text().count("\n") >= 2, "The mail server")
    page, server = log_of("mailbox").read_text().splitlines()[:2]
    processes.environment |= {"DEMO_MAILBOX_URL": page, "EMAIL_URL": server}


def take_lock() -> IO[str] | None:
    """Lock the folder for one demo; None when another demo has the lock. The lock ends with this process."""
    lock = (VAR / "stack.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def write_private(path: Path, values: dict[str, str]) -> None:
    """Write shell variables to a file that only its owner can read."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def log_of(name: str) -> Path:
    return LOGS / f"{name.lower()}.log"


def say(text: str) -> None:
    print(text, flush=True)


def _end(processes: Processes) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    processes.stop()
    RUNNING.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, str]:
    words = (word.partition("=") for word in shlex.split(path.read_text()))
    return {name: value for name, _, value in words}


def _check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise Failed(f"Port {port} is taken. Choose another one: PORT={port + 1} script/server") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def _answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=2):
        return True
    return False


def _die_with_parent() -> None:
    """Run in the child: have Linux send it SIGTERM when this process dies, even by SIGKILL."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    os.umask(0o077)  # other users of this machine cannot read the database, files and logs
    try:
        {"serve": serve, "once": once}[sys.argv[1]]()
    except Stopped:
        say("Stopped.")
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
