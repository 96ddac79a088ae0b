"""The people of three teams: they start runs of every kind, cancel some, run some again, and have schedules."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts import clock
from accounts.models import MAIL_FINAL, Credential, Notice, Team, User
from accounts.permissions import Role
from expensify.pair import KeyPair
from exports.models import Delivery, Occurrence, Run, SavedExport, Schedule
from exports.runs import actions as runs
from exports.saved_exports import actions as saved_exports
from exports.saved_exports.job import ExportSettings
from exports.schedules.rules.rule import Rule
from exports.schedules.rules.rule import RuleKind as Often
from sandbox.app import Sandbox
from sandbox.state import sees
from tests.chaos.kinds import KINDS, Kind
from tests.factories import make_member, make_recipient, make_schedule

# Zenith uses one of Acme's pairs too: two teams in one line.
TEAMS = {"acme": ("acme-1", "acme-2"), "umbrella": ("umbrella-1", "umbrella-2"), "zenith": ("acme-1",)}


@dataclass
class Desk:
    """One person at work with one credential, and the reports it can see."""

    user: User
    credential: Credential
    reports: list[str]


class People:
    """What they do is drawn from one generator; what fails because the database is away, they leave at that."""

    def __init__(self, sandbox: Sandbox, chance: random.Random) -> None:
        self._sandbox = sandbox
        self._chance = chance
        self._number = 0
        self.did: Counter[str] = Counter()
        self._desks = [self._desk(slug, pair) for slug, pairs in TEAMS.items() for pair in pairs]

    def start(self) -> None:
        """Start a run of a random kind with a random credential."""
        desk = self._chance.choice(self._desks)
        kind = self._chance.choices(KINDS, [kind.weight for kind in KINDS])[0]
        source = self._chance.choice([Run.Source.PAGE, Run.Source.COMMAND])
        with scope(team=desk.credential.team):
            export = self._saved(desk, kind)
            runs.start(export, by=desk.user, source=source)
            self.did["started"] += 1

    def schedule(self) -> None:
        """A schedule of one's own comes due now, and will not again today: two managers get its file."""
        desk = self._chance.choice(self._desks)
        now = clock.now()
        rule = Rule(Often.DAILY, times=((now + timedelta(hours=12)).time().replace(second=0, microsecond=0),))
        with scope(team=desk.credential.team), transaction.atomic():
            export = self._saved(desk, KINDS[0], f"{KINDS[0].name} s{self._number + 1}")
            schedule = make_schedule(export, desk.user, export.name, rule=rule.to_json(), next_at=None)
            for name in ("head", "deputy"):
                make_recipient(schedule, f"{name}-{schedule.pk}@{desk.credential.team.slug}.example")
            Schedule.objects.filter(pk=schedule.pk).update(next_at=now)
        self.did["came due"] += 1

    def cancel(self) -> None:
        """Cancel a random run that rests."""
        with scopes_disabled():
            resting = list(Run.objects.resting().values_list("pk", flat=True))
        if resting:
            desk, run = self._looked_up(self._chance.choice(resting))
            with scope(team=desk.credential.team):
                if runs.cancel(run, by=desk.user):
                    self.did["cancelled"] += 1

    def again(self) -> None:
        """Run a random finished run again, some with two clicks."""
        with scopes_disabled():
            finished = list(
                Run.objects.exclude(finished_at=None)
                .exclude(source=Run.Source.SCHEDULE)
                .filter(again=None)
                .values_list("pk", flat=True)
            )
        if not finished:
            return
        desk, run = self._looked_up(self._chance.choice(finished))
        clicks = self._chance.choice([1, 1, 2])
        with scope(team=desk.credential.team):
            if runs.can_be_marked(run):
                runs.mark_now(run, by=desk.user)
                self.did["marked now"] += 1
                return
            kind = next(kind for kind in KINDS if kind.name == run.export.name.rpartition(" ")[0])
            self._saved(desk, kind)
            run = Run.objects.get(pk=run.pk)  # with the export as it stands now
            clicked_at = time.monotonic()
            runs.again(run, by=desk.user)
            if clicks == 2 and time.monotonic() - clicked_at < 1:  # a double click is quick
                runs.again(run, by=desk.user)
            self.did["run again"] += 1

    def unfinished(self) -> int:
        with scopes_disabled():
            return Run.objects.unfinished().count()

    def unsent(self) -> int:
        """What is due and has not begun, what is not settled, and what has not left."""
        with scopes_disabled():
            return (
                Schedule.objects.filter(next_at__lte=clock.now()).count()
                + Occurrence.objects.filter(settled_at=None).count()
                + sum(rows.objects.exclude(status__in=MAIL_FINAL).count() for rows in (Delivery, Notice))
            )

    def untidied(self) -> int:
        with scopes_disabled():
            return Run.objects.filter(tidied_at=None).count()

    def _saved(self, desk: Desk, kind: Kind, name: str = "") -> SavedExport:
        """The desk's export of this kind, changed to ask for a file that no other run has."""
        self._number += 1
        name = name or f"{kind.name} {desk.credential.pk}"
        asked = kind.asked(self._chance.sample(desk.reports, 3), f"Label {self._number}")
        settings = ExportSettings(
            **{"policy_ids": [], "states": [], "email_recipients": []} | asked,
            file_basename=f"{kind.name}_{self._number}.",
        )
        export = SavedExport.objects.filter(credential=desk.credential, name=name).first()
        return saved_exports.save(
            export or SavedExport(team=desk.credential.team, credential=desk.credential, name=name),
            settings=settings,
            template=kind.template,
            sftp_password="chaos" if settings.sftp_host else None,
            by=desk.user,
        )

    def _looked_up(self, pk: int) -> tuple[Desk, Run]:
        with scopes_disabled():
            run = Run.objects.select_related("team", "export__credential").get(pk=pk)
        return next(desk for desk in self._desks if desk.credential.pk == run.credential_id), run

    @contextmanager
    def clicking(self) -> Iterator[None]:
        """One of these is one click. Where a page would say that something failed, it is counted."""
        try:
            yield
        except DatabaseError as error:
            self.did[f"met {type(error).__name__}"] += 1
            connection.close()

    def _desk(self, slug: str, pair: str) -> Desk:
        account = f"demo@{pair.partition('-')[0]}.example"
        known = self._sandbox.pairs.get(pair) or self._sandbox.add_pair(pair, f"secret of {pair}", account=account)
        reports = [
            report.id
            for report in self._sandbox.company.reports.values()
            if sees(self._sandbox.state, known, report) and report.expenses
        ]
        team, created = Team.objects.get_or_create(
            slug=slug, defaults={"name": slug.title(), "recipient_domains": f"{slug}.example"}
        )
        user = make_member(team, "Alice", Role.ADMIN) if created else User.objects.get(email=f"alice@{slug}.example")
        with scope(team=team):
            credential = Credential(team=team, name=pair, status=Credential.Status.WORKING)
            credential.take_pair(KeyPair(known.id, known.secret), timezone.now())
            credential.status = Credential.Status.WORKING
            credential.save()
        return Desk(user, credential, reports[:40])
