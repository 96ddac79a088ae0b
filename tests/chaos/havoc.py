"""What happens to the machines: workers killed, frozen, stopped; servers restarted; disk full; network and mail cut."""

import heapq
import itertools
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from tests.chaos import pace
from tests.chaos.disk import Disk
from tests.chaos.journal import Event, Journal
from tests.chaos.network import Network
from tests.chaos.postgres import PostgresServer
from tests.chaos.workers import Crew, Worker
from tests.servers import RedisServer
from tests.smtp import Mailbox

# Between two acts: so many calls, or else so many seconds.
CALLS_BETWEEN = 4
SECONDS_BETWEEN = 8.0


class Havoc:
    """One thing after another at random moments, all drawn from one generator, until `calm` or so many `acts`."""

    def __init__(
        self,
        chance: random.Random,
        journal: Journal,
        *,
        crew: Crew,
        redis: RedisServer,
        postgres: PostgresServer | None,
        network: Network,
        disk: Disk,
        mailbox: Mailbox,
        requests: Callable[[], int],
        every: float,
        acts: int,
    ) -> None:
        self._chance, self._journal, self._every, self._left = chance, journal, every, acts
        self._crew, self._redis, self._postgres = crew, redis, postgres
        self._network, self._disk, self._mailbox, self._requests = network, disk, mailbox, requests
        self._seen = 0
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._calm, self._is_calm = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="havoc", daemon=True)
        self.failure: BaseException | None = None
        self._acts: dict[Callable[[], None], int] = {
            self._kill_a_process: 5,
            self._kill_a_worker: 4,
            self._kill_them_all: 4,
            self._stop_a_worker: 4,
            self._freeze: 7,
            self._cut_the_network: 6,
            self._upset_the_mail_server: 7,
            self._restart_redis: 2,
            self._kill_beat: 1,
        }
        if postgres is not None:
            self._acts[self._restart_postgres] = 2
        if disk.limited:
            self._acts[self._fill_the_disk] = 2

    def start(self) -> None:
        self._thread.start()

    def calm(self) -> None:
        """No more of it; what is frozen thaws, what is full is emptied, and the workers are whole in number."""
        self._calm.set()
        self._is_calm.wait()

    def _go_on(self) -> None:
        try:
            next_at = time.monotonic() + self._chance.expovariate(1 / self._every)
            while not self._calm.wait(0.05):
                self._do_what_is_due()
                self._crew.look_after()
                if self._left and time.monotonic() >= next_at and self._enough_was_done(next_at):
                    self._left -= 1
                    self._seen = self._requests()
                    acts = list(self._acts)
                    self._chance.choices(acts, [self._acts[act] for act in acts])[0]()
                    next_at = time.monotonic() + self._chance.expovariate(1 / self._every)
        except BaseException as error:
            self.failure = error
            raise
        finally:
            self._do_what_is_due(all_of_it=True)
            self._is_calm.set()
        threading.Event().wait()  # for ever: the servers it started would die with this thread

    def _enough_was_done(self, since: float) -> bool:
        """On a busy machine workers start slowly; trouble comes by what they got done, not by the clock alone."""
        return self._requests() >= self._seen + CALLS_BETWEEN or time.monotonic() > since + SECONDS_BETWEEN

    def _do_what_is_due(self, *, all_of_it: bool = False) -> None:
        while self._later and (all_of_it or self._later[0][0] <= time.monotonic()):
            heapq.heappop(self._later)[2]()

    def _after(self, seconds: float, event: Event, undo: Callable[[], None]) -> None:
        def end() -> None:
            undo()
            self._journal.end(event)

        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._count), end))

    # ------------------------------------------------------------ workers

    def _wait_for_work(self) -> None:
        """Until some worker makes a call, or has a file on its way into storage: idle ones have nothing to lose."""
        arriving, before = Path(settings.FILE_UPLOAD_TEMP_DIR), self._requests()
        wait_for, then = self._chance.choice(
            [(lambda: self._requests() != before, 0.05), (lambda: _has_bytes(arriving), 0.01)]
        )
        give_up = time.monotonic() + 1
        while not wait_for() and time.monotonic() < give_up:
            time.sleep(0.0002)
        time.sleep(self._chance.uniform(0, then))

    def _some_worker(self) -> Worker:
        return self._chance.choice(self._crew.workers)

    def _kill_a_process(self) -> None:
        """One process of a worker's pool, as the kernel does when memory is short."""
        worker = self._some_worker()
        pid = self._chance.choice(worker.pids[1:] or worker.pids)
        self._wait_for_work()
        worker.excused |= pid == worker.main.pid or not worker.is_up
        self._journal.note("SIGKILL to a process", f"{pid} of worker {worker.main.pid}")
        worker.send(signal.SIGKILL, [pid])

    def _kill_a_worker(self) -> None:
        worker = self._some_worker()
        pids = self._chance.choice([worker.pids, worker.pids, [worker.main.pid]])
        self._wait_for_work()
        worker.excused = True
        self._journal.note("SIGKILL to a worker", ", ".join(map(str, pids)))
        worker.send(signal.SIGKILL, pids)

    def _kill_them_all(self) -> None:
        """The power fails on the machine with all the workers."""
        self._wait_for_work()
        self._journal.note("SIGKILL to all workers")
        for worker in self._crew.workers:
            worker.excused = True
            worker.send(signal.SIGKILL, worker.pids)

    def _stop_a_worker(self) -> None:
        worker = self._some_worker()
        self._journal.note("SIGTERM to a worker", str(worker.main.pid))
        self._crew.tell_to_stop(worker)

    def _freeze(self) -> None:
        """SIGSTOP to a worker, its main process or one of its pool; sometimes for so long that it counts as gone."""
        worker = self._some_worker()
        pids = self._chance.choice([worker.pids, worker.pids[:1], worker.pids[-1:]])
        seconds = self._chance.choice([0.3, 1.0, pace.ANSWER, pace.STUCK + 2])
        self._wait_for_work()
        worker.excused = True
        event = self._journal.note("SIGSTOP", f"{pids} for {seconds:g} s", lasting=True)
        worker.send(signal.SIGSTOP, pids)
        self._after(seconds, event, lambda: worker.send(signal.SIGCONT, pids))

    def _kill_beat(self) -> None:
        self._journal.note("SIGKILL to beat")
        self._crew.kill_beat()

    # ------------------------------------------------------------ what they work with

    def _restart_redis(self) -> None:
        emptied = self._chance.random() < 0.5
        away = self._chance.choice([0.0, 1.0, 3.0])
        event = self._journal.note(
            "Redis restarted, emptied" if emptied else "Redis restarted", f"{away:g} s away", lasting=True
        )
        self._redis.restart(emptied=emptied, away=away)
        self._journal.end(event)

    def _restart_postgres(self) -> None:
        assert self._postgres is not None
        immediate = self._chance.random() < 0.5
        away = self._chance.choice([0.0, 1.0, 3.0])
        event = self._journal.note(
            "Postgres crashed" if immediate else "Postgres restarted", f"{away:g} s away", lasting=True
        )
        self._postgres.restart(immediate=immediate, away=away)
        self._journal.end(event)

    def _fill_the_disk(self) -> None:
        left = self._chance.choice([0, 200_000])
        event = self._journal.note("disk full", f"{left} bytes left", lasting=True)
        self._disk.fill(leave=left)
        self._after(self._chance.uniform(0.5, 3), event, self._disk.free)

    def _upset_the_mail_server(self) -> None:
        mood, value = self._chance.choice(
            [
                ("data_answer", "451 Too busy, try again later"),
                ("mail_answer", "421 Closing"),
                ("hang_up_after_data", True),
                ("seconds_after_data", 1.5 * pace.MAIL_ANSWER),
            ]
        )
        calm = getattr(self._mailbox, mood)
        event = self._journal.note(f"mail server {mood}", lasting=True)
        setattr(self._mailbox, mood, value)
        self._after(self._chance.uniform(0.3, 3), event, lambda: setattr(self._mailbox, mood, type(calm)()))

    def _cut_the_network(self) -> None:
        weather = self._chance.choice(["refusing", "silent", "deaf", "reset"])
        if weather == "reset":
            self._journal.note("network reset")
            self._network.reset()
            return
        event = self._journal.note(f"network {weather}", lasting=True)
        self._network.become(weather)
        self._after(self._chance.uniform(0.2, 1.5 * pace.ANSWER), event, lambda: self._network.become("fine"))


def _has_bytes(folder: Path) -> bool:
    """Whether a file in it has begun to fill; its worker is about to store it."""
    try:
        return any(path.stat().st_size for path in folder.iterdir())
    except FileNotFoundError:  # it was stored just now
        return True
