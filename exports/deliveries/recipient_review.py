"""Recipients over time: who left drops out, and who is outside is confirmed now and then."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower
from django_scopes import scopes_disabled

from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action
from accounts.door import team_of
from accounts.models import Membership, Team
from exports.deliveries import recipients
from exports.deliveries.allowed_addresses import normal
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed import cells
from exports.models import Departure, EmployeeUpdate, Recipient, Schedule

State, Kind = Recipient.State, Recipient.Kind
# How long an owner has for confirming, before mail to outside recipients stops.
GRACE_DAYS = 14
# How many schedules and employee updates are looked after in one go; the next go takes the next ones.
BATCH = 500


def keep_up(now: datetime) -> None:
    """Look after all recipients. Done twice, the second finds nothing: every step changes the rows it looks for."""
    with scopes_disabled():
        applied = EmployeeUpdate.objects.filter(applied_at__isnull=False, leavers_noted_at=None)
        updates = list(applied.order_by("applied_at").values_list("pk", flat=True)[:BATCH])
    for pk in updates:
        with team_of(EmployeeUpdate, pk) as update:
            note_leavers(update, now)
    for pk in _schedules(now):
        with team_of(Schedule, pk) as schedule:
            _look_after(schedule, now)


@transaction.atomic
def note_leavers(update: EmployeeUpdate, now: datetime) -> None:
    """Take those who left by an applied update out of all recipients of the team; who is back has left no longer.

    Somebody leaves if all their rows say so: another row may move them to another policy. Nothing is known of rows
    that Expensify fetched elsewhere, or that were wiped.
    """
    noted = EmployeeUpdate.objects.filter(pk=update.pk, leavers_noted_at=None).update(leavers_noted_at=now)
    if not noted:
        return
    people = [cells.person_of(row)[0] for row in stored_updates.rows_of(update)]
    staying = {normal(person.email) for person in people if person.email and not person.is_leaving}
    leaving = {normal(person.email) for person in people if person.email} - staying
    team = update.team
    # In one order everywhere, so that two workers do not wait for each other.
    hashes = {Departure.hash_of(team.pk, address): address for address in sorted(staying | leaving)}
    Departure.objects.filter(
        team=team, address_hash__in=[key for key, address in hashes.items() if address in staying]
    ).delete()
    Departure.objects.bulk_create(
        [
            Departure(team=team, update=update, address_hash=key)
            for key, address in hashes.items()
            if address in leaving
        ],
        ignore_conflicts=True,
    )
    rows = (
        Recipient.objects.filter(team=team, state__in=[State.ACTIVE, State.UNCONFIRMED])
        .alias(small=Lower("address"))
        .filter(small__in=leaving)
    )
    for schedule in Schedule.objects.live().filter(recipients__in=rows).distinct().order_by("pk"):
        recipients.lock(schedule)
        left = rows.filter(schedule=schedule)
        dropped = recipients.drop(left, f"has left by the employee update “{update}”.", now)
        if dropped:
            recipients.drop_told(schedule, dropped, now)


@transaction.atomic
def _look_after(schedule: Schedule, now: datetime) -> None:
    recipients.lock(schedule)
    rows = Recipient.objects.filter(schedule=schedule)
    if dropped := recipients.drop(rows.filter(_gone()), f"is no member of {schedule.team} any more.", now):
        recipients.drop_told(schedule, dropped, now)
    if schedule.is_paused or not (days := schedule.team.confirm_outside_days):
        return
    if late := list(rows.filter(_late(now))):
        _stop(schedule, late, now)
    if due := list(rows.filter(_to_confirm(now, days))):
        _ask(schedule, due, now)


def _ask(schedule: Schedule, due: Sequence[Recipient], now: datetime) -> None:
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


def _stop(schedule: Schedule, late: Sequence[Recipient], now: datetime) -> None:
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


def _schedules(now: datetime) -> list[int]:
    """The live schedules with a recipient to look after."""
    with scopes_disabled():
        due = _gone()
        teams = Team.objects.exclude(confirm_outside_days=0)
        for days in teams.values_list("confirm_outside_days", flat=True).distinct():
            mine = Q(schedule__team__confirm_outside_days=days, schedule__paused_at=None)
            due |= mine & (_late(now) | _to_confirm(now, days))
        found = Recipient.objects.filter(due, schedule__archived_at=None)
        return list(found.order_by("schedule_id").values_list("schedule_id", flat=True).distinct()[:BATCH])


def _is_member() -> Exists:
    """Whether an active member of the team has the recipient's address."""
    members = Membership.objects.filter(team=OuterRef("team"), user__is_active=True)
    return Exists(members.alias(small=Lower("user__email")).filter(small=Lower(OuterRef("address"))))


def _gone() -> Q:
    """Members, once, whose membership or account is no more."""
    was_member = Q(kind=Kind.MEMBER) | Q(user__isnull=False)
    return Q(state__in=[State.ACTIVE, State.UNCONFIRMED]) & was_member & ~Q(_is_member())


def _late(now: datetime) -> Q:
    asked = Q(asked_at__lte=now - timedelta(days=GRACE_DAYS))
    return Q(state=State.ACTIVE) & asked & ~Q(_is_member())


def _to_confirm(now: datetime, days: int) -> Q:
    """Outside recipients for whom nobody has vouched for so many days."""
    before = now - timedelta(days=days)
    vouched = Q(confirmed_at__lte=before) | Q(confirmed_at=None, created_at__lte=before)
    return Q(state=State.ACTIVE, asked_at=None) & vouched & ~Q(_is_member())
