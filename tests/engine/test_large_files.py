"""A file passes through a worker without lying in memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from exports.models import Run, SavedExport
from exports.runs import actions as runs
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.waiting import wait_until
from tests.workers import Processes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

LARGE = b"Merchant,Amount\r\n" + b'"Shop, Berlin",1.50\r\n"two\r\nlines",2\r\n' * 2_000_000  # 74 MB


@pytest.fixture
def processes(at_work: None, settings: Any, tmp_path: Path) -> Iterator[Processes]:
    started = Processes(tmp_path, EXPENSIFY_URL=settings.EXPENSIFY_URL)
    yield started
    started.stop()


def most_memory(pid: int) -> int:
    """The most that the one child of this process ever had in memory, in bytes."""
    [child] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(Path(f"/proc/{child}/status").read_text().split("VmHWM:")[1].split()[0]) * 1024


def test_worker_needs_no_more_memory_for_a_large_file(
    processes: Processes, sandbox: Sandbox, export: SavedExport, alice: User
) -> None:
    worker = processes.worker()

    def result_of_a_run() -> Any:
        run = runs.start(export, by=alice)
        wait_until(lambda: Run.objects.get(pk=run.pk).is_final)
        return Run.objects.get(pk=run.pk).result

    result_of_a_run()
    before = most_memory(worker.pid)
    sandbox.script(Fault(body=LARGE), on="download")

    result = result_of_a_run()

    assert (result.size, result.rows) == (len(LARGE), 4_000_000)
    assert most_memory(worker.pid) - before < 20 * 1024**2
