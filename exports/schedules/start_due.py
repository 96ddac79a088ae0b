"""Start due schedules: exactly one occurrence for each due time, with any number of beats and workers.

A worker locks the schedules that it starts, and skips those that another worker has locked; later workers see the new
`next_at`. The database guarantees one occurrence per due time, and one run of a schedule at a time.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django_scopes import scopes_disabled

from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action, Actor, AuditEvent
from accounts.credentials.keyring import CannotOpen
from accounts.door import team_of
from accounts.mail import notifications
from accounts.models import Membership, Team
from accounts.permissions import Permission
from exports.models import Occurrence, Run, Schedule
from exports.runs import actions as runs
from exports.runs.actions import CannotStart, PreparedRun
from exports.schedules import failures, missed
from exports.schedules.calendar import calendar_of, freezes_of
from exports.schedules.missed import Planned
from exports.schedules.rules.occurrences import FreezeDays, between, freeze_on, next_occurrence
from exports.schedules.rules.rule import Rule
from exports.schedules.rules.working_days import Calendar

log = structlog.get_logger(__name__)

Outcome = Occurrence.Outcome
# How many due schedules one sweep selects, and how many of a team start in one transaction.
MAX_SCHEDULES = 5000
BATCH = 200
# How many sweeps may overlap. Each occupies one worker process.
OVERLAPPING_SWEEPS = 2
# How many schedules a mail to the Admins names.
MAX_NAMED = 10
# Raised by a rule that this version of the portal cannot read.
RULE_ERRORS = (ArithmeticError, LookupError, TypeError, ValueError)


@dataclass
class _Start:
    """An occurrence to create, and its run if it has one."""

    schedule: Schedule
    occurrence: Occurrence
    prepared: PreparedRun | None = None


def start_due(now: datetime) -> int:
    """Start due schedules, within the time for one sweep. Returns how many occurrences were created. Idempotent.

    Teams take turns, so that one with thousands of schedules does not delay the others. If there is more work than
    for one sweep, the next one begins meanwhile, and each skips what the other has locked.
    """
    with scopes_disabled():
        due = list(Schedule.objects.to_start(now).values_list("team_id", "pk")[:MAX_SCHEDULES])
    give_up = time.monotonic() + OVERLAPPING_SWEEPS * settings.SWEEP_SECONDS
    started = 0
    for ids in _batch_by_turns(due):
        started += start_schedules(ids, now)
        if time.monotonic() > give_up:
            break
    return started


def start_schedules(schedule_ids: Sequence[int], now: datetime) -> int:
    """Start the due schedules of one team that no other worker has locked. Returns how many occurrences."""
    with team_of(Schedule, schedule_ids[0]) as schedule:
        _remove_former_owners(schedule.team, schedule_ids)
        with transaction.atomic():
            return _start(schedule.team, schedule_ids, now)


def _start(team: Team, schedule_ids: Sequence[int], now: datetime) -> int:
    due = _lock_due(team, schedule_ids, now)
    calendar, freezes = calendar_of(team), freezes_of(team)
    planned, advanced = [], []
    free_since = _find_free_since(due, now)
    for schedule in due:
        try:
            occurrences, schedule.next_at = _plan(schedule, now, calendar, freezes, free_since.get(schedule.pk))
        except RULE_ERRORS as error:
            log.exception("schedule cannot be planned", schedule=schedule.pk)
            _pause_broken(schedule, error, now)
            continue
        advanced.append(schedule)
        planned += [(schedule, occurrence) for occurrence in occurrences]
    starts = [_prepare(schedule, occurrence) for schedule, occurrence in _drop_existing(planned)]
    _save(team, starts)
    _save_next_times(advanced)
    for start in starts:
        if start.occurrence.outcome == Outcome.REFUSED:
            failures.failed(start.schedule, start.occurrence, start.occurrence.sentence, now=now)
    return len(starts)


def _batch_by_turns(due: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Batches of schedules from (team, schedule) pairs: the first of each team, then the second, and so on."""
    teams: dict[int, list[int]] = {}
    for team_id, pk in due:
        teams.setdefault(team_id, []).append(pk)
    longest = max(map(len, teams.values()), default=0)
    return [
        of_team[first : first + BATCH]
        for first in range(0, longest, BATCH)
        for of_team in teams.values()
        if first < len(of_team)
    ]


def _lock_due(team: Team, schedule_ids: Sequence[int], now: datetime) -> list[Schedule]:
    """Lock the due schedules that no other worker has locked, except those whose last run has not ended."""
    schedules = list(
        Schedule.objects.due(now)
        .filter(pk__in=schedule_ids)
        .order_by("pk")
        .select_related("owner", "export__version", "export__credential")
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
    )
    # Queried after the lock, to see what its previous holder wrote.
    waiting = set(Occurrence.objects.to_settle().filter(schedule__in=schedules).values_list("schedule_id", flat=True))
    for schedule in schedules:
        schedule.team = schedule.export.team = schedule.export.credential.team = team
    return [schedule for schedule in schedules if schedule.pk not in waiting]


def _find_free_since(due: Sequence[Schedule], now: datetime) -> dict[int, datetime]:
    """When the last run of each late schedule ended."""
    late_since = now - _late_after()
    late = [schedule.pk for schedule in due if schedule.next_at and schedule.next_at < late_since]
    settled = Occurrence.objects.filter(schedule__in=late, settled_at__gte=late_since).order_by()
    return dict(settled.values_list("schedule_id").annotate(Max("settled_at")))


def _plan(
    schedule: Schedule, now: datetime, calendar: Calendar, freezes: Sequence[FreezeDays], free_since: datetime | None
) -> tuple[list[Planned], datetime | None]:
    """The occurrences to create for a schedule, and when it is due next."""
    assert schedule.next_at is not None
    rule = Rule.from_json(schedule.rule)
    planned = missed.plan(
        [schedule.next_at, *between(rule, schedule.next_at, now, calendar)],
        now=now,
        late_after=_late_after(),
        free_since=free_since,
        skip_missed=schedule.after_outage == Schedule.AfterOutage.SKIP,
        freeze_on=lambda at: freeze_on(rule, at, freezes),
        zone=missed.zone_of(schedule.rule),
    )
    return planned, next_occurrence(rule, now, calendar)


def _drop_existing(planned: Sequence[tuple[Schedule, Planned]]) -> list[tuple[Schedule, Planned]]:
    """Without existing occurrences: a clock that went back, or a rule that was changed back, starts nothing twice."""
    existing = set(
        Occurrence.objects.filter(
            schedule__in=[schedule.pk for schedule, _ in planned],
            due_at__in={occurrence.due_at for _, occurrence in planned},
        ).values_list("schedule_id", "due_at")
    )
    return [
        (schedule, occurrence) for schedule, occurrence in planned if (schedule.pk, occurrence.due_at) not in existing
    ]


def _prepare(schedule: Schedule, planned: Planned) -> _Start:
    occurrence = Occurrence(
        team=schedule.team,
        schedule=schedule,
        due_at=planned.due_at,
        outcome=Outcome.STARTED if planned.runs else Outcome.SKIPPED,
        sentence=planned.sentence,
        covers=planned.covers,
    )
    start = _Start(schedule, occurrence)
    if planned.runs:
        try:
            start.prepared = runs.prepare(
                schedule.export,
                by=Actor(f"Schedule “{schedule}”"),
                source=Run.Source.SCHEDULE,
                at=planned.due_at,
                schedule=schedule.pk,
                due_at=planned.due_at,
                covers=planned.covers,
            )
        except (CannotStart, CannotOpen) as error:
            occurrence.outcome, occurrence.sentence = Outcome.REFUSED, str(error)[:1000]
    return start


def _save(team: Team, starts: Sequence[_Start]) -> None:
    """Insert all rows of a batch, runs first: a handful of statements for hundreds of schedules."""
    runs.start_all([start.prepared for start in starts if start.prepared])
    for start in starts:
        start.occurrence.run = start.prepared.run if start.prepared else None
    Occurrence.objects.bulk_create([start.occurrence for start in starts])
    actions = {Outcome.SKIPPED: Action.OCCURRENCE_SKIPPED, Outcome.REFUSED: Action.OCCURRENCE_REFUSED}
    audit.record_many(
        team,
        [
            AuditEvent(
                actions[Outcome(start.occurrence.outcome)],
                start.schedule,
                PORTAL,
                {"due_at": start.occurrence.due_at, "why": start.occurrence.sentence},
            )
            for start in starts
            if start.occurrence.outcome in actions
        ],
    )


def _save_next_times(schedules: Iterable[Schedule]) -> None:
    """Save when each is due next, grouped by time: row by row, or with a CASE, it takes a sixth of the sweep."""
    due: dict[datetime | None, list[int]] = {}
    for schedule in schedules:
        due.setdefault(schedule.next_at, []).append(schedule.pk)
    for next_at, ids in due.items():
        Schedule.objects.filter(pk__in=ids).update(next_at=next_at)


def _pause_broken(schedule: Schedule, error: Exception, now: datetime) -> None:
    """Pause a schedule that cannot be planned: each sweep would try it again."""
    schedule.refresh_from_db(fields=["next_at"])
    failures.pause_itself(
        schedule,
        f"The portal cannot work out when it is due ({type(error).__name__}). Save it anew with a rule that it shows.",
        key=f"schedule {schedule.pk} cannot be planned since {now.isoformat()}",
        now=now,
    )


@transaction.atomic
def _remove_former_owners(team: Team, schedule_ids: Sequence[int]) -> None:
    """Remove owners who may no longer run exports: their schedules continue for the team, and Admins are notified."""
    owners = {
        schedule.owner_id: schedule.owner_name
        for schedule in Schedule.objects.filter(pk__in=schedule_ids).exclude(owner=None).only("owner", "owner_name")
        if schedule.owner_id is not None
    }
    members = Membership.objects.filter(team=team, user__in=owners, user__is_active=True)
    allowed = {member.user_id for member in members if member.may(Permission.RUN_EXPORTS)}
    for owner_id in sorted(owners.keys() - allowed):
        schedules = list(Schedule.objects.live().filter(owner=owner_id).order_by("pk").select_for_update(no_key=True))
        for schedule in schedules:
            schedule.owner = None
            schedule.save(update_fields=["owner"])
            changes = audit.changes({"owner": schedule.owner_name}, {"owner": None})
            audit.record(Action.SCHEDULE_CHANGED, schedule, by=PORTAL, **changes)
        if schedules:
            _notify_of_former_owner(team, owners[owner_id], schedules)


def _notify_of_former_owner(team: Team, name: str, schedules: Sequence[Schedule]) -> None:
    named = ", ".join(f"“{schedule}”" for schedule in schedules[:MAX_NAMED])
    more = f" and {len(schedules) - MAX_NAMED} more" if len(schedules) > MAX_NAMED else ""
    notifications.tell_admins(
        schedules[0],
        f"schedule {schedules[0].pk} left by {name} after {schedules[0].occurrences.count()} occurrences",
        subject=f"{name} no longer owns schedules",
        text=(
            f"{name} may no longer run exports in {team}. These schedules go on under the team, and the Admins are "
            f"told of their failures: {named}{more}."
        ),
    )


def _late_after() -> timedelta:
    return timedelta(seconds=settings.SCHEDULE_LATE_AFTER_SECONDS)
