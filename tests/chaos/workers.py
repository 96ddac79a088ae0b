"""The portal's processes as a supervisor keeps them: workers and beat, each started again when it ends."""

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.chaos import pace
from tests.waiting import PATIENCE
from tests.workers import Processes


@dataclass(eq=False)
class Worker:
    """A Celery worker: its main process, and whether it may end in whatever way."""

    main: "subprocess.Popen[bytes]"
    ready: Path
    """The file that it makes when it works; see `tests.chaos.ready`."""
    excused: bool = False
    told_to_stop_at: float | None = None

    @property
    def is_up(self) -> bool:
        """Before that, Celery ends with the first of its processes that is killed."""
        return self.ready.exists() and len(self.pids) > 1

    @property
    def pids(self) -> list[int]:
        """The main process and its pool."""
        pid = self.main.pid
        try:
            return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        except OSError:
            return [pid]

    def send(self, number: signal.Signals, pids: list[int]) -> None:
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue


class Crew:
    """Keeps `size` workers and one beat. `complaints` says which ended, or did not, against the rules."""

    def __init__(self, folder: Path, *, size: int, processes: int) -> None:
        self.processes = Processes(folder, **pace.ENVIRONMENT, READY_FOLDER=str(folder))
        self._size, self._each = size, processes
        self._guard = threading.Lock()
        self._beat: subprocess.Popen[bytes] | None = None
        self.workers: list[Worker] = []
        self.leaving: list[Worker] = []
        self.complaints: list[str] = []
        self.started = 0

    def look_after(self) -> None:
        """Bury who has ended, and start who is missing."""
        with self._guard:
            for worker in [*self.workers, *self.leaving]:
                self._look_at(worker)
            while len(self.workers) < self._size:
                main = self.processes.worker(processes=self._each, module="tests.chaos.ready")
                self.workers.append(Worker(main, self.processes.folder / f"ready-{main.pid}"))
                self.started += 1
            if self._beat is None or self._beat.poll() is not None:
                self._beat = self.processes.beat()

    def tell_to_stop(self, worker: Worker) -> None:
        """SIGTERM, as a deploy does: the next one starts at once, this one may end its calls."""
        with self._guard:
            self.workers.remove(worker)
            self.leaving.append(worker)
            worker.told_to_stop_at = time.time()
            worker.excused |= not worker.is_up
            worker.main.send_signal(signal.SIGTERM)

    def kill_beat(self) -> None:
        if self._beat is not None:
            self._beat.kill()

    def send_home(self) -> None:
        """Stop everybody as a deploy does, and complain of those who do not go."""
        for worker in list(self.workers):
            self.tell_to_stop(worker)
        while self.leaving:
            with self._guard:
                for worker in list(self.leaving):
                    self._look_at(worker)
            time.sleep(0.1)
        self.processes.stop()

    def _look_at(self, worker: Worker) -> None:
        code = worker.main.poll()
        if code is None:
            grace = pace.GRACE if worker.excused else PATIENCE
            if worker.told_to_stop_at and time.time() - worker.told_to_stop_at > grace:
                if not worker.excused:
                    self.complaints.append(f"Worker {worker.main.pid} was told to stop and never did.")
                worker.excused = True
                worker.send(signal.SIGKILL, worker.pids)
            return
        if not worker.excused and (code != 0 or not worker.told_to_stop_at):
            told = "told to stop" if worker.told_to_stop_at else "not told to stop"
            self.complaints.append(f"Worker {worker.main.pid} was {told} and ended with {code}.")
        (self.leaving if worker in self.leaving else self.workers).remove(worker)
