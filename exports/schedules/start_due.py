"""Starting what is due: exactly one occurrence for each due time, whatever number of beats and workers there are.

A worker locks the schedules that it starts and passes over those that another has locked; whoever comes later finds
`next_at` moved on. The database has the last word: one occurrence per due time, one run of a schedule at a time.
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
# How many due schedules one sweep looks at, and how many of a team start in one transaction.
MOST = 5000
BATCH = 200
# So many ticks at most are at work at a time, and keep so many worker processes from other work.
TICKS_AT_WORK = 2
# How many schedules a mail to the Admins names.
NAMED = 10
# What a rule raises that this version of the portal cannot read.
BROKEN = (ArithmeticError, LookupError, TypeError, ValueError)


@dataclass
class _Start:
    """What will be of one due time, as far as it is known."""

    schedule: Schedule
    occurrence: Occurrence
    prepared: PreparedRun | None = None


def start_due(now: datetime) -> int:
    """Start what is due, as long as a tick may take; how many occurrences came of it. Harmless at any number.

    Teams take turns, so that one with thousands does not keep the others waiting. Where there is more than one tick's
    worth, the next one begins while this one is at work, and the two pass over what the other has locked.
    """
    with scopes_disabled():
        due = list(Schedule.objects.to_start(now).values_list("team_id", "pk")[:MOST])
    give_up = time.monotonic() + TICKS_AT_WORK * settings.SWEEP_SECONDS
    started = 0
    for ids in _in_turns(due):
        started += start_schedules(ids, now)
        if time.monotonic() > give_up:
            break
    return started


def start_schedules(schedule_ids: Sequence[int], now: datetime) -> int:
    """Start those of these schedules of one team that are due and nobody else is starting; how many occurrences."""
    with team_of(Schedule, schedule_ids[0]) as one:
        _let_go_of_owners(one.team, schedule_ids)
        with transaction.atomic():
            return _start(one.team, schedule_ids, now)


def _start(team: Team, schedule_ids: Sequence[int], now: datetime) -> int:
    due = _locked(team, schedule_ids, now)
    calendar, freezes = calendar_of(team), freezes_of(team)
    planned, moved = [], []
    free_since = _free_since(due, now)
    for schedule in due:
        try:
            found, schedule.next_at = _plan(schedule, now, calendar, freezes, free_since.get(schedule.pk))
        except BROKEN as error:
            log.exception("schedule cannot be planned", schedule=schedule.pk)
            _rest(schedule, error, now)
            continue
        moved.append(schedule)
        planned += [(schedule, each) for each in found]
    starts = [_prepared(schedule, each) for schedule, each in _new(planned)]
    _write(team, starts)
    _move_on(moved)
    for each in starts:
        if each.occurrence.outcome == Outcome.REFUSED:
            failures.failed(each.schedule, each.occurrence, each.occurrence.sentence, now=now)
    return len(starts)


def _in_turns(due: Iterable[tuple[int, int]]) -> list[list[int]]:
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


def _locked(team: Team, schedule_ids: Sequence[int], now: datetime) -> list[Schedule]:
    """Those that are due and that nobody else has locked, without those whose last run is not over."""
    found = list(
        Schedule.objects.due(now)
        .filter(pk__in=schedule_ids)
        .order_by("pk")
        .select_related("owner", "export__version", "export__credential")
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
    )
    # Asked after the lock, and so of what whoever held it before has written.
    waiting = set(
        Occurrence.objects.to_settle().filter(schedule__in=found).values_list("schedule_id", flat=True)
    )
    for schedule in found:
        schedule.team = schedule.export.team = schedule.export.credential.team = team
    return [schedule for schedule in found if schedule.pk not in waiting]


def _free_since(due: Sequence[Schedule], now: datetime) -> dict[int, datetime]:
    """When the last run of each was over, for those that are late."""
    late_since = now - _late_after()
    late = [schedule.pk for schedule in due if schedule.next_at and schedule.next_at < late_since]
    settled = Occurrence.objects.filter(schedule__in=late, settled_at__gte=late_since).order_by()
    return dict(settled.values_list("schedule_id").annotate(Max("settled_at")))


def _plan(
    schedule: Schedule,
    now: datetime,
    calendar: Calendar,
    freezes: Sequence[FreezeDays],
    free_since: datetime | None,
) -> tuple[list[Planned], datetime | None]:
    """The occurrences that its due times come to, and when it is due next."""
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


def _new(planned: Sequence[tuple[Schedule, Planned]]) -> list[tuple[Schedule, Planned]]:
    """Without those that there are already: a clock that went back, or a rule that was changed back, starts nothing."""
    known = set(
        Occurrence.objects.filter(
            schedule__in=[schedule.pk for schedule, _ in planned],
            due_at__in={each.due_at for _, each in planned},
        ).values_list("schedule_id", "due_at")
    )
    return [(schedule, each) for schedule, each in planned if (schedule.pk, each.due_at) not in known]


def _prepared(schedule: Schedule, planned: Planned) -> _Start:
    occurrence = Occurrence(
        team=schedule.team,
        schedule=schedule,
        due_at=planned.due_at,
        outcome=Outcome.STARTED if planned.runs else Outcome.SKIPPED,
        sentence=planned.sentence,
        covers=planned.covers,
    )
    planned_start = _Start(schedule, occurrence)
    if planned.runs:
        try:
            planned_start.prepared = runs.prepare(
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
    return planned_start


def _write(team: Team, starts: Sequence[_Start]) -> None:
    """All rows of a batch, runs first: a handful of statements for hundreds of schedules."""
    runs.start_all([each.prepared for each in starts if each.prepared])
    for each in starts:
        each.occurrence.run = each.prepared.run if each.prepared else None
    Occurrence.objects.bulk_create([each.occurrence for each in starts])
    actions = {Outcome.SKIPPED: Action.OCCURRENCE_SKIPPED, Outcome.REFUSED: Action.OCCURRENCE_REFUSED}
    audit.record_many(
        team,
        [
            AuditEvent(
                actions[Outcome(each.occurrence.outcome)],
                each.schedule,
                PORTAL,
                {"due_at": each.occurrence.due_at, "why": each.occurrence.sentence},
            )
            for each in starts
            if each.occurrence.outcome in actions
        ],
    )


def _move_on(schedules: Iterable[Schedule]) -> None:
    """Write when each is due next. Many share one time; row by row, or in a CASE for each, costs a sixth of all."""
    due: dict[datetime | None, list[int]] = {}
    for schedule in schedules:
        due.setdefault(schedule.next_at, []).append(schedule.pk)
    for next_at, ids in due.items():
        Schedule.objects.filter(pk__in=ids).update(next_at=next_at)


def _rest(schedule: Schedule, error: Exception, now: datetime) -> None:
    """One that cannot be planned must not come up every two seconds for ever, nor be forgotten."""
    schedule.refresh_from_db(fields=["next_at"])
    failures.pause_itself(
        schedule,
        f"The portal cannot work out when it is due ({type(error).__name__}). Save it anew with a rule that it shows.",
        told_as=f"schedule {schedule.pk} cannot be planned since {now.isoformat()}",
        now=now,
    )


@transaction.atomic
def _let_go_of_owners(team: Team, schedule_ids: Sequence[int]) -> None:
    """Who may no longer run exports here owns no schedule: theirs go on under the team, and the Admins hear of it."""
    owners = {
        schedule.owner_id: schedule.owner_name
        for schedule in Schedule.objects.filter(pk__in=schedule_ids)
        .exclude(owner=None)
        .only("owner", "owner_name")
    }
    members = Membership.objects.filter(team=team, user__in=owners, user__is_active=True)
    able = {member.user_id for member in members if member.may(Permission.RUN_EXPORTS)}
    for owner_id in sorted(owners.keys() - able):
        theirs = list(
            Schedule.objects.live().filter(owner=owner_id).order_by("pk").select_for_update(no_key=True)
        )
        for schedule in theirs:
            schedule.owner = None
            schedule.save(update_fields=["owner"])
            said = audit.changes({"owner": schedule.owner_name}, {"owner": None})
            audit.record(Action.SCHEDULE_CHANGED, schedule, by=PORTAL, **said)
        if theirs:
            _tell_of_owner(team, owners[owner_id], theirs)


def _tell_of_owner(team: Team, name: str, schedules: Sequence[Schedule]) -> None:
    named = ", ".join(f"“{schedule}”" for schedule in schedules[:NAMED])
    more = f" and {len(schedules) - NAMED} more" if len(schedules) > NAMED else ""
    notifications.tell(
        team,
        f"schedule {schedules[0].pk} left by {name} after {schedules[0].occurrences.count()} occurrences",
        notifications.admins(team),
        subject=f"{name} no longer owns schedules",
        text=(
            f"{name} may no longer run exports in {team}. These schedules go on under the team, and the Admins are "
            f"told of their failures: {named}{more}."
        ),
        path=schedules[0].get_absolute_url(),
    )


def _late_after() -> timedelta:
    return timedelta(seconds=settings.SCHEDULE_LATE_AFTER_SECONDS)
