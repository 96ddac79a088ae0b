"""Who gets the mails of a schedule: people on its list or in its file, and who is excluded."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action, Actor
from accounts.mail import notifications
from accounts.models import Membership, User
from exports.deliveries.allowed_addresses import MOST_CHARACTERS, AllowedAddresses, normalize
from exports.models import Departure, Recipient, Run, Schedule

State, Kind = Recipient.State, Recipient.Kind
BY_HAND = (Kind.MEMBER, Kind.ADDRESS)
# States of recipients on the list, whether they get mail at present or not.
LISTED = (State.ACTIVE, State.UNCONFIRMED, State.UNSUBSCRIBED)
# Shown when somebody adds an unsubscribed address to the list.
STAYS_UNSUBSCRIBED = (
    "{address} has unsubscribed and gets nothing until they subscribe again, by the link in a mail of this schedule."
)


class CannotReach(Exception):
    """Nothing was changed: `problems` has a sentence for each address that may not get mail."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


def why_not(recipient: Recipient) -> str | None:
    """A sentence if this recipient may get nothing now; checked right before each mail."""
    if recipient.state != State.ACTIVE:
        return recipient.because or f"{recipient.address} is {recipient.get_state_display().lower()}."
    return why_excluded(recipient)


def why_excluded(recipient: Recipient) -> str | None:
    """`why_not` regardless of the stored state: the address is not allowed, or its member has left."""
    return _check(recipient, AllowedAddresses.of(recipient.team, [recipient.address]))


@transaction.atomic
def set_by_hand(
    schedule: Schedule, *, members: Sequence[User], addresses: Sequence[str], by: User | Actor
) -> list[str]:
    """Replace the list. Returns sentences about people on it who still get nothing. Raises CannotReach.

    This confirms people who are new on the list, or back on it. It does not change people who wait for confirmation,
    or who have unsubscribed.
    """
    now = timezone.now()
    lock(schedule)
    reach = AllowedAddresses.of(schedule.team, [*addresses, *(user.email for user in members)])
    wanted = {normalize(address): reach.members.get(normalize(address)) for address in addresses}
    wanted |= {normalize(user.email): reach.members.get(normalize(user.email)) for user in members}
    problems = {address: why for address in wanted if (why := reach.why_not(address))}
    problems |= {
        normalize(user.email): f"{user} is no member of {schedule.team} any more. Take them out of the list."
        for user in members
        if normalize(user.email) not in reach.members
    }
    if problems:
        raise CannotReach(problems)
    rows = {normalize(row.address): row for row in schedule.recipients.all()}
    before = sorted(address for address, row in rows.items() if _is_listed(row))
    for address, user in wanted.items():
        row = rows.get(address)
        kind = Kind.MEMBER if user else Kind.ADDRESS
        if row is None:
            rows[address] = _create(schedule, address, kind, user, now, confirmed_at=now)
        elif not _is_listed(row) and row.state not in (State.UNCONFIRMED, State.UNSUBSCRIBED):
            _reactivate(row, kind, user, now)
        elif (row.kind, row.user) != (kind, user):
            row.kind, row.user = kind, user
            row.save(update_fields=["kind", "user"])
    for address, row in rows.items():
        if address not in wanted and _is_listed(row):
            name = str(by) if isinstance(by, User) else by.name
            _set_state(row, State.REMOVED, f"Taken out by {name}.", now)
    after = sorted(wanted)
    if before != after:
        audit.record(
            Action.RECIPIENTS_CHANGED, schedule, by=by, **audit.changes({"recipients": before}, {"recipients": after})
        )
    return [
        STAYS_UNSUBSCRIBED.format(address=address) for address in wanted if rows[address].state == State.UNSUBSCRIBED
    ]


@transaction.atomic
def resolve(schedule: Schedule, in_file: Sequence[str] | None, fallback: str) -> list[Recipient]:
    """The recipients of one occurrence, each ACTIVE or with `because`: why it gets nothing.

    Without `in_file`, these are the people on the list. With it, there is one for each address in the file, in its
    order, and then the fallback; addresses are matched by `normalize`. A part whose recipient may not get mail goes to
    nobody else, and not to the fallback, which is for rows without an address: it stays with the run, and the owner is
    notified of each excluded recipient once.
    """
    now = timezone.now()
    lock(schedule)
    rows = {normalize(row.address): row for row in schedule.recipients.select_related("user")}
    if in_file is None:
        wanted = {
            address: row.kind for address, row in rows.items() if row.kind in BY_HAND and row.state != State.REMOVED
        }
    else:
        wanted = dict.fromkeys((normalize(address)[:MOST_CHARACTERS] for address in in_file), Kind.COLUMN)
        if fallback:
            wanted.setdefault(normalize(fallback)[:MOST_CHARACTERS], Kind.FALLBACK)
    reach = AllowedAddresses.of(schedule.team, wanted)
    departures = _find_departures(schedule, wanted) if in_file is not None else {}
    resolved, dropped = [], {}
    for address, kind in wanted.items():
        row = rows.get(address)
        if row is None:
            row = _create(schedule, address, kind, reach.members.get(address), now)
        why = _check(row, reach) or _check_departure(row, departures.get(address))
        if why is not None and row.state == State.ACTIVE:
            _set_state(row, State.DROPPED, why, now)
            dropped[address] = why
        elif why is None and in_file is not None and _may_return(row):
            _reactivate(row, kind, reach.members.get(address), now, is_confirmed=False)
        resolved.append(row)
    _report_dropped(schedule, dropped, now)
    return resolved


@transaction.atomic
def confirm(schedule: Schedule, recipients: Iterable[Recipient], *, by: User) -> list[str]:
    """Confirm these recipients: unconfirmed and dropped ones get mail again.

    Returns sentences about those who may not. Does not change unsubscribed or removed recipients.
    """
    now = timezone.now()
    lock(schedule)
    rows = schedule.recipients.filter(
        pk__in=[recipient.pk for recipient in recipients], state__in=[State.ACTIVE, State.UNCONFIRMED, State.DROPPED]
    )
    reach = AllowedAddresses.of(schedule.team, [row.address for row in rows])
    refused, confirmed = [], []
    for row in rows:
        if why := reach.why_not(row.address):
            refused.append(why)
            continue
        user = reach.members.get(normalize(row.address))
        kind = row.kind if row.kind not in BY_HAND else Kind.MEMBER if user else Kind.ADDRESS
        _reactivate(row, kind, user, now)
        confirmed.append(row.address)
    if confirmed:
        audit.record(Action.RECIPIENTS_CONFIRMED, schedule, by=by, recipients=confirmed)
    return refused


@transaction.atomic
def unsubscribe(recipient: Recipient) -> bool:
    """Stop this schedule's mail to this address. False if it is stopped already."""
    now, row = timezone.now(), _locked(recipient)
    if row.unsubscribed_at is not None:
        return False
    row.unsubscribed_at = now
    if row.state in (State.ACTIVE, State.UNCONFIRMED):
        row.state, row.state_at = State.UNSUBSCRIBED, now
        row.because = "They have unsubscribed from this schedule."
    row.save(update_fields=["unsubscribed_at", "state", "state_at", "because"])
    schedule = row.schedule
    audit.record(Action.RECIPIENT_UNSUBSCRIBED, schedule, by=Actor(row.address), address=row.address)
    tell_owner(
        schedule,
        f"recipient {row.pk} unsubscribed {now.isoformat()}",
        subject=f"{row.address} has unsubscribed from {schedule}",
        text=f"{row.address} wants no more mails of the schedule “{schedule}”, and gets none from now on. The others "
        "go on. They can subscribe again by the link in a mail they have; nobody else can do it for them.",
    )
    return True


@transaction.atomic
def subscribe_again(recipient: Recipient) -> str | None:
    """Undo an unsubscription. Returns a sentence if the address may not get mail for another reason."""
    now, row = timezone.now(), _locked(recipient)
    if row.unsubscribed_at is not None:
        row.unsubscribed_at = None
        row.save(update_fields=["unsubscribed_at"])
        schedule = row.schedule
        audit.record(Action.RECIPIENT_SUBSCRIBED, schedule, by=Actor(row.address), address=row.address)
        tell_owner(
            schedule,
            f"recipient {row.pk} subscribed {now.isoformat()}",
            subject=f"{row.address} has subscribed to {schedule} again",
            text=f"{row.address} had unsubscribed from the schedule “{schedule}” and has taken that back.",
        )
        if row.state == State.UNSUBSCRIBED:
            why = why_excluded(row)
            _set_state(row, State.DROPPED if why else State.ACTIVE, why or "", now)
    if row.state == State.ACTIVE:
        return None
    return "This address is not on the list of the schedule any more. Only those who run it can put it back."


def owners(schedule: Schedule) -> list[User]:
    """Who is notified about a schedule: its owner while they belong to the team, otherwise the Admins."""
    owner = schedule.owner
    if owner and owner.is_active and Membership.objects.filter(team=schedule.team, user=owner).exists():
        return [owner]
    return notifications.admins(schedule.team)


def tell_owner(schedule: Schedule, key: str, *, subject: str, text: str, page: Run | None = None) -> None:
    """Notify the `owners`; the mail links to the page of this run, or else of the schedule."""
    path = (page or schedule).get_absolute_url()
    notifications.tell(schedule.team, key, owners(schedule), subject=subject, text=text, path=path)


def drop(schedule: Schedule, rows: Iterable[Recipient], why: str, now: datetime) -> None:
    """Drop these recipients, because “<address> <why>”. The caller has locked the schedule."""
    dropped = {}
    for row in list(rows):
        _set_state(row, State.DROPPED, f"{row.address} {why}", now)
        dropped[row.address] = row.because
    _report_dropped(schedule, dropped, now)


def _report_dropped(schedule: Schedule, dropped: dict[str, str], now: datetime) -> None:
    """Record dropped recipients, with the reason for each address, and notify the owner in one mail."""
    if not dropped:
        return
    audit.record(Action.RECIPIENTS_DROPPED, schedule, by=PORTAL, recipients=dropped)
    who = next(iter(dropped)) if len(dropped) == 1 else f"{len(dropped)} recipients"
    tell_owner(
        schedule,
        f"schedule {schedule.pk} dropped {now.isoformat()}",
        subject=f"{who} dropped out of {schedule}"[:200],
        text=f"The schedule “{schedule}” sends nothing to these any more. Nobody gets their file instead; it stays "
        f"with the run. The others go on.\n\n{listed(dropped.values())}\n\nIf that is wrong, open the schedule, and "
        "confirm or choose the recipients again.",
    )


def listed(lines: Iterable[str], most: int = 50) -> str:
    """One line each, at most `most`, and how many more there are."""
    lines = list(lines)
    more = [f"… and {len(lines) - most} more."] if len(lines) > most else []
    return "\n".join([*lines[:most], *more])


def lock(schedule: Schedule) -> None:
    """Lock the recipients of this schedule until the caller commits."""
    Schedule.objects.lock(schedule.pk)


def _locked(recipient: Recipient) -> Recipient:
    lock(recipient.schedule)
    return Recipient.objects.select_related("schedule__team", "schedule__owner").get(pk=recipient.pk)


def _is_listed(row: Recipient) -> bool:
    return row.kind in BY_HAND and row.state in LISTED


def _check(row: Recipient, reach: AllowedAddresses) -> str | None:
    why = reach.why_not(row.address)
    if why is None and (row.kind == Kind.MEMBER or row.user_id) and normalize(row.address) not in reach.members:
        return f"{row.address} is no member of {reach.team} any more."
    return why


def _find_departures(schedule: Schedule, addresses: Iterable[str]) -> dict[str, Departure]:
    hashes = {Departure.hash_of(schedule.team_id, address): address for address in addresses}
    departures = Departure.objects.filter(team=schedule.team, address_hash__in=hashes)
    return {hashes[departure.address_hash]: departure for departure in departures.select_related("update")}


def _check_departure(row: Recipient, departure: Departure | None) -> str | None:
    """A confirmation after the departure overrides it."""
    if departure is None or (row.confirmed_at and row.confirmed_at > departure.created_at):
        return None
    return f"{row.address} has left by the employee update “{departure.update}”."


def _may_return(row: Recipient) -> bool:
    """Whether a recipient without a problem becomes active again because a file names them."""
    return row.state == State.DROPPED or (row.state == State.REMOVED and row.kind in BY_HAND)


def _create(
    schedule: Schedule, address: str, kind: str, user: User | None, now: datetime, **fields: object
) -> Recipient:
    return Recipient.objects.create(
        team=schedule.team, schedule=schedule, kind=kind, user=user, address=address, state_at=now, **fields
    )


def _reactivate(row: Recipient, kind: str, user: User | None, now: datetime, *, is_confirmed: bool = True) -> None:
    """Make a recipient active again, unless they have unsubscribed."""
    row.kind, row.user, row.asked_at = kind, user, None
    if is_confirmed:
        row.confirmed_at = now
    row.save(update_fields=["kind", "user", "asked_at", "confirmed_at"])
    if row.unsubscribed_at is not None:
        _set_state(row, State.UNSUBSCRIBED, "They have unsubscribed from this schedule.", now)
    elif row.state != State.ACTIVE:
        _set_state(row, State.ACTIVE, "", now)


def _set_state(row: Recipient, state: str, because: str, now: datetime) -> None:
    row.state, row.because, row.state_at = state, because[:300], now
    row.save(update_fields=["state", "because", "state_at"])
