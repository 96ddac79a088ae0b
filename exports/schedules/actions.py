"""Create, change, pause, resume and archive schedules."""

from datetime import date, datetime, time, timedelta
from typing import Any, TypedDict, Unpack

from django.db import transaction

from accounts import clock
from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action, Actor
from accounts.door import each_of
from accounts.models import User
from exports.deliveries.settings import MailSettings
from exports.models import SavedExport, Schedule
from exports.schedules import missed
from exports.schedules.calendar import calendar_of
from exports.schedules.rules.occurrences import next_occurrence
from exports.schedules.rules.rule import Rule
from exports.schedules.rules.words import in_words


class Values(TypedDict):
    """The values of the form. `zip_password` None keeps the stored password, "" removes it."""

    name: str
    rule: Rule
    mail: MailSettings
    zip_password: str | None
    after_outage: str
    pause_after: int
    owner: User | None


@transaction.atomic
def create(export: SavedExport, *, by: User, **values: Unpack[Values]) -> Schedule:
    """Create a schedule, due from now on. `recipients.set_by_hand` sets its recipients."""
    schedule = Schedule(team=export.team, export=export)
    _fill(schedule, values)
    schedule.next_at = next_occurrence(values["rule"], clock.now(), calendar_of(export.team))
    schedule.save()
    audit.record(
        Action.SCHEDULE_CREATED,
        schedule,
        by=by,
        **audit.changes({}, _audit_fields(schedule)),
        **_audit_password(values["zip_password"]),
    )
    return schedule


@transaction.atomic
def change(schedule: Schedule, *, by: User, **values: Unpack[Values]) -> Schedule:
    """Save the values. A new rule applies from now on: due times of the old one that have not started are dropped."""
    schedule = Schedule.objects.lock(schedule.pk)
    before, old_rule = _audit_fields(schedule), schedule.rule
    _fill(schedule, values)
    if schedule.rule != old_rule and not schedule.is_paused and not schedule.is_archived:
        schedule.next_at = next_occurrence(values["rule"], clock.now(), calendar_of(schedule.team))
    schedule.save()
    changes = audit.changes(before, _audit_fields(schedule)) | _audit_password(values["zip_password"])
    if changes:
        audit.record(Action.SCHEDULE_CHANGED, schedule, by=by, **changes)
    return schedule


@transaction.atomic
def pause(schedule: Schedule, *, by: User, reason: str, resume_on: date | None) -> bool:
    """Pause until somebody resumes it, or `resume_on` begins. False if it was paused or archived already."""
    zone = missed.zone_of(schedule.rule)
    resume_at = datetime.combine(resume_on, time.min, tzinfo=zone) if resume_on else None
    rows = Schedule.objects.live().filter(pk=schedule.pk, paused_at=None)
    paused = rows.update(
        paused_at=clock.now(), paused_by_name=str(by), pause_reason=reason, resume_at=resume_at, next_at=None
    )
    if paused:
        schedule.refresh_from_db()
        audit.record(Action.SCHEDULE_PAUSED, schedule, by=by, reason=reason, resume_on=resume_on)
    return bool(paused)


def resume(schedule: Schedule, *, by: User) -> bool:
    """Continue from now: due times in the pause are dropped. False if it was not paused."""
    resumed = _resume(schedule, after=clock.now(), by=by)
    schedule.refresh_from_db()
    return resumed


@transaction.atomic
def archive(schedule: Schedule, *, by: User) -> bool:
    """Archive a schedule for good; its history stays. False if it was archived already."""
    rows = Schedule.objects.live().filter(pk=schedule.pk)
    archived = rows.update(archived_at=clock.now(), next_at=None, resume_at=None)
    if archived:
        schedule.refresh_from_db()
        audit.record(Action.SCHEDULE_ARCHIVED, schedule, by=by)
    return bool(archived)


def resume_due(now: datetime) -> int:
    """Resume schedules whose `resume_at` has come; due times since then are kept. Returns how many."""
    resumed = 0
    for schedule in each_of(lambda: Schedule.objects.filter(resume_at__lte=now).order_by("resume_at")):
        if schedule.resume_at is not None:
            just_before = schedule.resume_at - timedelta(microseconds=1)
            resumed += _resume(schedule, after=just_before, by=PORTAL)
    return resumed


@transaction.atomic
def _resume(schedule: Schedule, *, after: datetime, by: User | Actor) -> bool:
    schedule = Schedule.objects.lock(schedule.pk)
    if not schedule.is_paused or schedule.is_archived:
        return False
    pause_fields: dict[str, Any] = {"paused_at": schedule.paused_at, "reason": schedule.pause_reason}
    schedule.paused_at, schedule.paused_by_name, schedule.pause_reason = None, "", ""
    schedule.resume_at, schedule.failures = None, 0
    schedule.next_at = next_occurrence(Rule.from_json(schedule.rule), after, calendar_of(schedule.team))
    schedule.save(update_fields=["paused_at", "paused_by_name", "pause_reason", "resume_at", "failures", "next_at"])
    audit.record(Action.SCHEDULE_RESUMED, schedule, by=by, **pause_fields)
    return True


def _fill(schedule: Schedule, values: Values) -> None:
    schedule.name = values["name"]
    schedule.rule, schedule.mail = values["rule"].to_json(), values["mail"].to_json()
    schedule.after_outage, schedule.pause_after = values["after_outage"], values["pause_after"]
    if values["owner"] is not None or schedule.owner is not None:
        schedule.owner, schedule.owner_name = values["owner"], str(values["owner"] or schedule.owner_name)
    if values["zip_password"] is not None:
        schedule.zip_password = values["zip_password"] or None


def _audit_fields(schedule: Schedule) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "export": schedule.export.name,
        "when": in_words(Rule.from_json(schedule.rule)),
        "rule": schedule.rule,
        "after_outage": schedule.after_outage,
        "pause_after": schedule.pause_after,
        "owner": str(schedule.owner) if schedule.owner else None,
        **{f"mail_{name}": value for name, value in schedule.mail.items()},
    }


def _audit_password(zip_password: str | None) -> dict[str, Any]:
    return {} if zip_password is None else {"zip_password": "set" if zip_password else "removed"}
