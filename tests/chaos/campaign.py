"""One campaign: people start runs while havoc goes on; then all is calm, and the rules are checked."""

import random
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from exports.runs import heartbeat
from sandbox.app import Sandbox
from tests.chaos import faults, pace
from tests.chaos.disk import Disk
from tests.chaos.evidence import Evidence
from tests.chaos.havoc import Havoc
from tests.chaos.invariants import INVARIANTS, Broken
from tests.chaos.journal import Journal
from tests.chaos.network import Network
from tests.chaos.people import People
from tests.chaos.postgres import PostgresServer
from tests.chaos.telling import counted, history, table
from tests.chaos.workers import Crew
from tests.servers import RedisServer
from tests.smtp import mail_server
from tests.waiting import PATIENCE, wait_until


@dataclass(frozen=True)
class Plan:
    """How much of it. `backlog` is how many runs may be unfinished while people go on starting more."""

    runs: int
    seed: int
    every: float
    """Seconds between two acts of havoc, on average."""
    backlog: int = 40
    fault_share: float = 0.12
    workers: int = 3
    processes: int = 2


class Campaign:
    """Everything it needs is running when `carry_out` is called, but for the workers."""

    def __init__(
        self, plan: Plan, folder: Path, *, redis: RedisServer, postgres: PostgresServer | None, disk: Disk
    ) -> None:
        self.plan = plan
        self.journal = Journal()
        self.sandbox = Sandbox(choices=pace.CHOICES, clock=time.time)
        self.server = self.sandbox.serve().start()
        self.network = Network(int(self.server.base_url.rpartition(":")[2]))
        url = self.server.url.replace(self.server.base_url, f"http://127.0.0.1:{self.network.port}")
        self._servers = ExitStack()
        self.mailbox = self._servers.enter_context(mail_server())
        self.crew = Crew(folder, size=plan.workers, processes=plan.processes)
        self.crew.processes.environment |= {
            "EXPENSIFY_URL": url,
            "EMAIL_URL": f"smtp://127.0.0.1:{settings.EMAIL_PORT}",
        }
        self.people = People(self.sandbox, self._chance("people"))
        self.havoc = Havoc(
            self._chance("havoc"),
            self.journal,
            crew=self.crew,
            redis=redis,
            postgres=postgres,
            network=self.network,
            disk=disk,
            mailbox=self.mailbox,
            requests=lambda: len(self.sandbox.log),
            every=plan.every,
            acts=plan.runs // 2,
        )
        self.fault_names = faults.script(
            self.sandbox, self._chance("faults"), calls=2 * plan.runs, share=plan.fault_share
        )
        self.disk = disk

    def carry_out(self) -> bool:
        """True when every rule held. Prints as it goes."""
        began = time.monotonic()
        self.crew.look_after()
        wait_until(heartbeat.is_fresh)
        self.havoc.start()
        try:
            self._work()
        finally:
            self.havoc.calm()
        self.sandbox.unscript()
        self._say("calm")
        self._finish()
        evidence = Evidence(self.sandbox, self.journal, self.mailbox)
        self.crew.send_home()
        evidence.complaints = list(self.crew.complaints)
        broken = [(rule.__name__, found) for rule in INVARIANTS for found in rule(evidence)]
        self._tell(evidence, broken, time.monotonic() - began)
        return not broken and self.havoc.failure is None

    def stop(self) -> None:
        self.crew.processes.stop()
        self.network.stop()
        self._servers.close()
        self.server.stop()

    def _chance(self, whose: str) -> random.Random:
        return random.Random(f"{self.plan.seed} {whose}")

    def _work(self) -> None:
        """People start, cancel and repeat until the plan's number of runs is there and most have ended."""
        chance, said_at = self._chance("clicks"), 0.0
        while self.people.did["started"] < self.plan.runs and self.havoc.failure is None:
            unfinished = self.plan.backlog
            with self.people.clicking():
                unfinished = self.people.unfinished()
                if unfinished < self.plan.backlog:
                    self.people.start()
                if chance.random() < 0.1:
                    self.people.schedule()
                if chance.random() < 0.06:
                    self.people.cancel()
                if chance.random() < 0.04:
                    self.people.again()
            time.sleep(chance.uniform(0, 0.1) if unfinished < self.plan.backlog else 0.1)
            if time.monotonic() - said_at > 5:
                said_at = time.monotonic()
                self._say(f"{self.people.did['started']} started, {unfinished} unfinished")
        give_up = time.monotonic() + 10
        while time.monotonic() < give_up:
            with self.people.clicking():
                if self.people.unfinished() < self.plan.backlog / 4:
                    break
            time.sleep(0.1)

    def _finish(self) -> None:
        """Wait until every run has ended, and what dead workers left has been looked after."""
        give_up = time.monotonic() + PATIENCE + self.plan.backlog
        said_at = 0.0
        while (unfinished := self.people.unfinished()) and time.monotonic() < give_up:
            self.crew.look_after()
            time.sleep(0.2)
            if time.monotonic() - said_at > 5:
                said_at = time.monotonic()
                self._say(f"{unfinished} unfinished")
        give_up = time.monotonic() + PATIENCE
        while self.people.untidied() and time.monotonic() < give_up:
            self.crew.look_after()
            time.sleep(0.2)
        give_up = time.monotonic() + PATIENCE
        while self.people.unsent() and time.monotonic() < give_up:
            self.crew.look_after()
            time.sleep(0.2)

    def _say(self, words: str) -> None:
        arrivals = len(self.sandbox.log)
        acts = sum(self.journal.counts().values())
        print(f"{time.strftime('%H:%M:%S')}  {words}, {arrivals} calls, {acts} acts of havoc", flush=True)

    def _tell(self, evidence: Evidence, broken: list[tuple[str, Broken]], seconds: float) -> None:
        answered = Counter(
            self.fault_names[id(arrival.fault)] for arrival in self.sandbox.log if arrival.fault is not None
        )
        for rule, (pk, sentence) in broken[:20]:
            print(f"\nBROKEN {rule}: {f'run {pk}: ' if pk else ''}{sentence}")
        for pk in sorted({pk for _, (pk, _) in broken if pk})[:10]:
            print(f"\n{history(evidence, evidence.traces[pk])}")
        print(
            "\n"
            + table(
                [
                    ("seed", self.plan.seed),
                    ("engine", settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]),
                    ("runs", f"{len(evidence.traces)}: {counted(evidence.by_state())}"),
                    ("unconfirmed", counted(evidence.codes("unconfirmed"))),
                    ("failed", counted(evidence.codes("failed"))),
                    ("people", counted(self.people.did)),
                    ("havoc", counted(self.journal.counts())),
                    ("workers started", self.crew.started),
                    ("faults answered", counted(answered)),
                    ("calls", f"{len(self.sandbox.log)}, of which {self.sandbox.refused} over the limit"),
                    ("generations", len(self.sandbox.generated)),
                    ("mails", f"{len(self.mailbox.mails)} caught; {counted(evidence.by_mail_state())}"),
                    *([] if self.disk.limited else [("left out", "a full disk: mounting a small one takes root")]),
                    ("seconds", f"{seconds:.0f}"),
                    ("verdict", f"{len(broken)} broken" if broken else f"all {len(INVARIANTS)} rules held"),
                ]
            )
        )
