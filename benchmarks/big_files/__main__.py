"""Time to receive and to serve a file of a gigabyte, compared with curl over the same loopback.

    python -m benchmarks.big_files                       about a minute, and 3 GB of disk
    python -m benchmarks.big_files --megabytes 200

A real worker downloads the file from a server that does nothing else, counts its rows, hashes and stores it; a browser
downloads it from a real web server. Memory is the peak of the process, libraries included.
"""

import argparse
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import stage

# ruff: noqa: I001 — the stage comes first.
import httpx
from django_scopes import scope

from accounts.models import Team, User
from benchmarks.big_files.source import rows_of, serve
from expensify.pair import KeyPair
from exports.runs import actions as runs
from exports.results import tables
from exports.models import Run
from tests.factories import make_export
from tests.servers import free_port, wait_for_port
from tests.waiting import wait_until

MILLION = 1_000_000


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="benchmarks.big_files"
    )
    options.add_argument("--megabytes", type=int, default=1000)
    size = options.parse_args().megabytes * MILLION
    folder = Path(tempfile.mkdtemp(prefix="big-files-"))
    try:
        with stage.database() as engine, source_server(size) as url, stage.portal(url) as portal:
            print(f"{size // MILLION} MB of CSV, {engine}; seconds, MB/s, most memory in MB")
            fetch(url, portal, size, folder)
        count_rows(folder)
    finally:
        shutil.rmtree(folder)


def fetch(url: str, portal: stage.Portal, size: int, folder: Path) -> None:
    """Receive with curl and the worker; serve to curl from a plain file server and from the portal."""
    show("curl from the source, to nowhere", curl(url, "/dev/null"), size)
    show("curl from the source, to a file", curl(url, str(folder / "plain.csv")), size)
    team, user = stage.team_with_editor()
    stage.working_credential(team, "Main", KeyPair("aa_big", "secret"))
    run, progress, memory = run_export(team, user, portal)
    with scope(team=team):
        downloading = run.calls.get(kind="download")
        result = run.result
    assert result.size == size
    assert downloading.seconds
    assert run.finished_at
    show("worker, received and hashed", downloading.seconds, size)
    seconds = (run.finished_at - downloading.sent_at).total_seconds()
    show("worker, until stored, with its rows counted", seconds, size, memory)
    print(f"    the run's page said {', '.join(f'{shown / MILLION:.0f} MB' for shown in progress)}")
    headers = stage.signed_in(user)
    page = f"{portal.web}/t/acme/results/{result.pk}/"
    with httpx.Client(headers=headers) as browser:
        times = [stage.seconds(lambda: browser.get(page).raise_for_status()) for _ in range(20)]
    show("the result's page with its preview, median", sorted(times)[10])
    with files_server(folder) as plain:
        show("curl from a plain file server", curl(f"{plain}/plain.csv", "/dev/null"), size)
    cookie = ("-H", f"Cookie: {headers['Cookie']}")
    memory_peak = watch_memory(portal.serving)
    show("curl from the portal", curl(f"{page}download/", "/dev/null", *cookie), size, memory_peak())
    second_half = ("-H", f"Range: bytes={size // 2}-")
    memory_peak = watch_memory(portal.serving)
    seconds = curl(f"{page}download/", "/dev/null", *cookie, *second_half)
    show("curl from the portal, the second half", seconds, size // 2, memory_peak())


def run_export(team: Team, user: User, portal: stage.Portal) -> tuple[Run, list[int], float]:
    """A succeeded run, the byte counts that its page showed meanwhile, and the worker's peak memory."""
    with scope(team=team):
        export = make_export(team.credentials.get(), user)
        memory_peak = watch_memory(portal.work)
        run, progress = runs.start(export, by=user), [0]

        def has_finished() -> bool:
            run.refresh_from_db()
            if run.bytes_received != progress[-1]:
                progress.append(run.bytes_received)
            return run.is_final

        wait_until(has_finished, seconds=300, every=0.1)
        assert run.status == Run.Status.SUCCEEDED, run.error
    return run, progress[1:], memory_peak()


def count_rows(folder: Path) -> None:
    path = folder / "million.csv"
    with path.open("wb") as file:
        for block in rows_of(MILLION * 140):
            file.write(block)
    rows = tables.count_rows(path, "csv")
    seconds = stage.seconds(lambda: tables.count_rows(path, "csv"))
    show(f"counting {rows:,} rows, {path.stat().st_size // MILLION} MB", seconds, path.stat().st_size)


@contextmanager
def source_server(size: int) -> Iterator[str]:
    receiver, sender = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(size, sender), daemon=True)
    process.start()
    try:
        yield receiver.recv()
    finally:
        process.kill()
        process.join()


@contextmanager
def files_server(folder: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def curl(url: str, to: str, *options: str) -> float:
    command = ["curl", "--silent", "--fail", "--output", to, "--write-out", "%{time_total}", *options, url]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def watch_memory(process: "subprocess.Popen[bytes]") -> Callable[[], float]:
    """Reset the memory peaks of the children; the returned function reads the largest one since, in MB."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in children:
        Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peak() -> float:
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in children]
        return max(int(status.split("VmHWM:")[1].split()[0]) for status in statuses) / 1024

    return peak


def show(label: str, seconds: float, size: int = 0, memory: float = 0) -> None:
    speed = f"{size / MILLION / seconds:>8.0f}" if size else " " * 8
    print(f"{label:<48}{seconds:>8.2f}{speed}{f'{memory:>8.0f}' if memory else ''}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
