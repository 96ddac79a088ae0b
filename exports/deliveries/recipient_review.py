"""Review recipients regularly: drop people who left, and ask owners to confirm outside addresses."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower
from django_scopes import scopes_disabled

from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action
from accounts.door import each_of, team_of
from accounts.models import Membership, Team
from exports.deliveries import recipients
from exports.deliveries.allowed_addresses import normalize
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed import cells
from exports.models import Departure, EmployeeUpdate, Recipient, Schedule

State, Kind = Recipient.State, Recipient.Kind
# How long an owner has to confirm outside recipients before they get no more mail.
GRACE_DAYS = 14
# How many schedules and employee updates one call reviews; the next call takes the next ones.
BATCH = 500


def review_recipients(now: datetime) -> None:
    """Review all recipients. Idempotent: every step changes the rows that it selects."""
    applied = Q(applied_at__isnull=False, leavers_noted_at=None)
    for update in each_of(lambda: EmployeeUpdate.objects.filter(applied).order_by("applied_at")[:BATCH]):
        note_leavers(update, now)
    for pk in _find_schedules(now):
        with team_of(Schedule, pk) as schedule:
            _review_schedule(schedule, now)


@transaction.atomic
def note_leavers(update: EmployeeUpdate, now: datetime) -> None:
    """Drop the leavers of an applied update from the team's schedules; delete the departures of people who returned.

    A person leaves only if all their rows say so: another row may move them to another policy. Rows that Expensify
    fetched elsewhere, or that were wiped, are unknown.
    """
    is_new = EmployeeUpdate.objects.filter(pk=update.pk, leavers_noted_at=None).update(leavers_noted_at=now)
    if not is_new:
        return
    people = [cells.person_of(row)[0] for row in stored_updates.rows_of(update)]
    staying = {normalize(person.email) for person in people if person.email and not person.is_leaving}
    leaving = {normalize(person.email) for person in people if person.email} - staying
    team = update.team
    # Sorted, so that two workers lock rows in the same order and do not deadlock.
    hashes = {Departure.hash_of(team.pk, address): address for address in sorted(staying | leaving)}
    returned = [key for key, address in hashes.items() if address in staying]
    departed = [key for key, address in hashes.items() if address in leaving]
    Departure.objects.filter(team=team, address_hash__in=returned).delete()
    departures = [Departure(team=team, update=update, address_hash=key) for key in departed]
    Departure.objects.bulk_create(departures, ignore_conflicts=True)
    listed = Recipient.objects.filter(team=team, state__in=[State.ACTIVE, State.UNCONFIRMED])
    rows = listed.alias(lower=Lower("address")).filter(lower__in=leaving)
    for schedule in Schedule.objects.live().filter(recipients__in=rows).distinct().order_by("pk"):
        recipients.lock(schedule)
        because = f"has left by the employee update “{update}”."
        recipients.drop(schedule, rows.filter(schedule=schedule), because, now)


@transaction.atomic
def _review_schedule(schedule: Schedule, now: datetime) -> None:
    recipients.lock(schedule)
    rows = Recipient.objects.filter(schedule=schedule)
    recipients.drop(schedule, rows.filter(_former_members()), f"is no member of {schedule.team} any more.", now)
    if schedule.is_paused or not (days := schedule.team.confirm_outside_days):
        return
    if late := list(rows.filter(_unconfirmed_in_time(now))):
        _stop_mail(schedule, late, now)
    if due := list(rows.filter(_to_confirm(now, days))):
        _ask_owner(schedule, due, now)


def _ask_owner(schedule: Schedule, due: Sequence[Recipient], now: datetime) -> None:
    Recipient.objects.filter(pk__in=[row.pk for row in due]).update(asked_at=now)
    addresses = [row.address for row in due]
    audit.record(Action.RECIPIENTS_ASKED, schedule, by=PORTAL, recipients=addresses)
    until = (now + timedelta(days=GRACE_DAYS)).astimezone(schedule.team.zone)
    recipients.tell_owner(
        schedule,
        f"schedule {schedule.pk} to be confirmed {now.isoformat()}",
        subject=f"Are these still the right recipients of {schedule}?",
        text=f"The schedule “{schedule}” sends its file to people who are no members of {schedule.team}. Every "
        f"{schedule.team.confirm_outside_days} days somebody confirms that this is still right. Open the schedule and "
        f"confirm them, or take them out. Who is not confirmed until {until:%-d %B %Y} gets nothing until they are.\n\n"
        f"{recipients.listed(addresses)}",
    )


def _stop_mail(schedule: Schedule, late: Sequence[Recipient], now: datetime) -> None:
    because = f"Nobody confirmed this recipient within {GRACE_DAYS} days of being asked."
    Recipient.objects.filter(pk__in=[row.pk for row in late]).update(
        state=State.UNCONFIRMED, because=because, state_at=now
    )
    addresses = [row.address for row in late]
    audit.record(Action.RECIPIENTS_UNCONFIRMED, schedule, by=PORTAL, recipients=addresses)
    recipients.tell_owner(
        schedule,
        f"schedule {schedule.pk} unconfirmed {now.isoformat()}",
        subject=f"{schedule} no longer goes to recipients whom nobody confirmed",
        text=f"Nobody confirmed these recipients of the schedule “{schedule}” within {GRACE_DAYS} days. They get "
        "nothing until somebody opens the schedule and confirms them. The others go on.\n\n"
        f"{recipients.listed(addresses)}",
    )


def _find_schedules(now: datetime) -> list[int]:
    """Live schedules with a recipient to review."""
    with scopes_disabled():
        due = _former_members()
        teams = Team.objects.exclude(confirm_outside_days=0)
        for days in teams.values_list("confirm_outside_days", flat=True).distinct():
            of_teams = Q(schedule__team__confirm_outside_days=days, schedule__paused_at=None)
            due |= of_teams & (_unconfirmed_in_time(now) | _to_confirm(now, days))
        rows = Recipient.objects.filter(due, schedule__archived_at=None)
        return list(rows.order_by("schedule_id").values_list("schedule_id", flat=True).distinct()[:BATCH])


def _is_member() -> Exists:
    """Whether an active member of the team has the recipient's address."""
    members = Membership.objects.filter(team=OuterRef("team"), user__is_active=True)
    return Exists(members.alias(lower=Lower("user__email")).filter(lower=Lower(OuterRef("address"))))


def _former_members() -> Q:
    """Recipients whose membership or account has ended."""
    was_member = Q(kind=Kind.MEMBER) | Q(user__isnull=False)
    return Q(state__in=[State.ACTIVE, State.UNCONFIRMED]) & was_member & ~Q(_is_member())


def _unconfirmed_in_time(now: datetime) -> Q:
    """Outside recipients whom nobody confirmed within the grace period."""
    asked = Q(asked_at__lte=now - timedelta(days=GRACE_DAYS))
    return Q(state=State.ACTIVE) & asked & ~Q(_is_member())


def _to_confirm(now: datetime, days: int) -> Q:
    """Outside recipients whom nobody has confirmed for this many days."""
    before = now - timedelta(days=days)
    confirmed = Q(confirmed_at__lte=before) | Q(confirmed_at=None, created_at__lte=before)
    return Q(state=State.ACTIVE, asked_at=None) & confirmed & ~Q(_is_member())
