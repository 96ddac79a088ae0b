"""Whom the mails of a schedule go to: by hand or from its file, and who has dropped out."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action, Actor
from accounts.mail import notifications
from accounts.models import Membership, Team, User
from exports.deliveries.allowed_addresses import MOST_CHARACTERS, AllowedAddresses, normal
from exports.models import Departure, Recipient, Schedule

State, Kind = Recipient.State, Recipient.Kind
BY_HAND = (Kind.MEMBER, Kind.ADDRESS)
# On the list, whether mail goes to them at present or not.
LISTED = (State.ACTIVE, State.UNCONFIRMED, State.UNSUBSCRIBED)
# What is said of somebody who has unsubscribed, to those who put them on a list.
STAYS_AWAY = (
    "{address} has unsubscribed and gets nothing until they subscribe again, by the link in a mail of this "
    "schedule."
)


class CannotReach(Exception):
    """Nothing was changed: `problems` has a sentence for each address that may not be mailed to."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


def check_address(team: Team, address: str) -> str | None:
    """A sentence when no file of the team may go to this address."""
    return AllowedAddresses.of(team, [address]).why_not(address)


def by_hand(schedule: Schedule) -> tuple[list[User], list[str]]:
    """The members and the other addresses on the list, as `set_by_hand` takes them."""
    rows = schedule.recipients.filter(kind__in=BY_HAND, state__in=LISTED).select_related("user")
    members = [row.user for row in rows if row.kind == Kind.MEMBER and row.user is not None]
    return members, [row.address for row in rows if row.kind == Kind.ADDRESS]


def to_confirm(schedule: Schedule) -> QuerySet[Recipient]:
    """Those about whom the owner was asked: who still gets mail until the grace is over, and who waits."""
    asked = Q(state=State.ACTIVE, asked_at__isnull=False) | Q(state=State.UNCONFIRMED)
    return schedule.recipients.filter(asked)


def why_not(recipient: Recipient) -> str | None:
    """A sentence when nothing may go to a recipient now, asked right before a mail or a file leaves."""
    if recipient.state != State.ACTIVE:
        return recipient.because or f"{recipient.address} is {recipient.get_state_display().lower()}."
    return why_out(recipient)


def why_out(recipient: Recipient) -> str | None:
    """The same, whatever state was noted: the address may not be reached, or its member has gone."""
    return _why_out(recipient, AllowedAddresses.of(recipient.team, [recipient.address]))


@transaction.atomic
def set_by_hand(
    schedule: Schedule, *, members: Sequence[User], addresses: Sequence[str], by: User | Actor
) -> list[str]:
    """Make these the list; sentences about those on it who get nothing all the same. Raises CannotReach.

    Who is new on the list, or back on it, is vouched for by this. Who was asked about and not confirmed stays so, and
    who has unsubscribed too.
    """
    now = timezone.now()
    lock(schedule)
    reach = AllowedAddresses.of(schedule.team, [*addresses, *(user.email for user in members)])
    wanted = {normal(address): reach.members.get(normal(address)) for address in addresses}
    wanted |= {normal(user.email): reach.members.get(normal(user.email)) for user in members}
    problems = {address: why for address in wanted if (why := reach.why_not(address))}
    problems |= {
        normal(user.email): f"{user} is no member of {schedule.team} any more. Take them out of the list."
        for user in members
        if normal(user.email) not in reach.members
    }
    if problems:
        raise CannotReach(problems)
    rows = {normal(row.address): row for row in schedule.recipients.all()}
    before = sorted(address for address, row in rows.items() if _is_listed(row))
    for address, user in wanted.items():
        row = rows.get(address)
        kind = Kind.MEMBER if user else Kind.ADDRESS
        if row is None:
            rows[address] = _create(schedule, address, kind, user, now, confirmed_at=now)
        elif not _is_listed(row) and row.state not in (State.UNCONFIRMED, State.UNSUBSCRIBED):
            _take_back(row, kind, user, now)
        elif (row.kind, row.user) != (kind, user):
            row.kind, row.user = kind, user
            row.save(update_fields=["kind", "user"])
    for address, row in rows.items():
        if address not in wanted and _is_listed(row):
            _put(row, State.REMOVED, f"Taken out by {_name(by)}.", now)
    after = sorted(wanted)
    if before != after:
        audit.record(
            Action.RECIPIENTS_CHANGED,
            schedule,
            by=by,
            **audit.changes({"recipients": before}, {"recipients": after}),
        )
    return [
        STAYS_AWAY.format(address=address) for address in wanted if rows[address].state == State.UNSUBSCRIBED
    ]


@transaction.atomic
def resolve(schedule: Schedule, in_file: Sequence[str] | None, fallback: str) -> list[Recipient]:
    """The recipients of one occurrence, each ACTIVE or with `because`: why it gets nothing.

    Without `in_file` they are those set by hand. With it they are one for each address in the file, in its order, and
    then the fallback; an address is found again by `addresses.normal`. A part whose recipient may not be reached goes
    to nobody else, not to the fallback either, which is for rows that name nobody: it stays with the run, and the
    owner is told of each who was left out, once.
    """
    now = timezone.now()
    lock(schedule)
    known = {normal(row.address): row for row in schedule.recipients.select_related("user")}
    if in_file is None:
        wanted = {
            address: row.kind
            for address, row in known.items()
            if row.kind in BY_HAND and row.state != State.REMOVED
        }
    else:
        wanted = dict.fromkeys((_spelling(address) for address in in_file), Kind.COLUMN)
        if fallback:
            wanted.setdefault(_spelling(fallback), Kind.FALLBACK)
    reach = AllowedAddresses.of(schedule.team, wanted)
    departed = _departed(schedule, wanted) if in_file is not None else {}
    found, left_out = [], {}
    for address, kind in wanted.items():
        row = known.get(address)
        if row is None:
            row = _create(schedule, address, kind, reach.members.get(address), now)
        why = _why_out(row, reach) or _has_left(row, departed.get(address))
        if why is not None and row.state == State.ACTIVE:
            _put(row, State.DROPPED, why, now)
            left_out[address] = why
        elif why is None and in_file is not None and _may_return(row):
            _take_back(row, kind, reach.members.get(address), now, vouched=False)
        found.append(row)
    if left_out:
        drop_told(schedule, left_out, now)
    return found


@transaction.atomic
def confirm(schedule: Schedule, recipients: Iterable[Recipient], *, by: User) -> list[str]:
    """Somebody vouches for these: who waited for that, or had dropped out, gets mail again.

    Sentences about those who cannot. Who has unsubscribed or was taken out is left alone.
    """
    now = timezone.now()
    lock(schedule)
    rows = schedule.recipients.filter(
        pk__in=[recipient.pk for recipient in recipients],
        state__in=[State.ACTIVE, State.UNCONFIRMED, State.DROPPED],
    )
    reach = AllowedAddresses.of(schedule.team, [row.address for row in rows])
    refused, confirmed = [], []
    for row in rows:
        if why := reach.why_not(row.address):
            refused.append(why)
            continue
        user = reach.members.get(normal(row.address))
        kind = row.kind if row.kind not in BY_HAND else Kind.MEMBER if user else Kind.ADDRESS
        _take_back(row, kind, user, now)
        confirmed.append(row.address)
    if confirmed:
        audit.record(Action.RECIPIENTS_CONFIRMED, schedule, by=by, recipients=confirmed)
    return refused


@transaction.atomic
def unsubscribe(recipient: Recipient) -> bool:
    """Stop this schedule for this address, as its owner wishes; False when it was stopped already."""
    now = timezone.now()
    lock(recipient.schedule)
    row = Recipient.objects.select_related("schedule__team", "schedule__owner").get(pk=recipient.pk)
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
    """Take an unsubscribing back, by its own link; a sentence when for another reason no mail may go there."""
    now = timezone.now()
    lock(recipient.schedule)
    row = Recipient.objects.select_related("schedule__team", "schedule__owner").get(pk=recipient.pk)
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
            why = why_out(row)
            _put(row, State.DROPPED if why else State.ACTIVE, why or "", now)
    if row.state == State.ACTIVE:
        return None
    return "This address is not on the list of the schedule any more. Only those who run it can put it back."


def owners(schedule: Schedule) -> list[User]:
    """Who is told about a schedule: its owner while they belong to the team, otherwise the Admins."""
    owner = schedule.owner
    if owner and owner.is_active and Membership.objects.filter(team=schedule.team, user=owner).exists():
        return [owner]
    return notifications.admins(schedule.team)


def tell_owner(schedule: Schedule, key: str, *, subject: str, text: str) -> None:
    path = schedule.get_absolute_url()
    notifications.tell(schedule.team, key, owners(schedule), subject=subject, text=text, path=path)


def drop(rows: Iterable[Recipient], why: str, now: datetime) -> dict[str, str]:
    """Let these recipients of a schedule that is locked drop out: “somebody@… is no member any more.”, by address."""
    dropped = {}
    for row in list(rows):
        _put(row, State.DROPPED, f"{row.address} {why}", now)
        dropped[row.address] = row.because
    return dropped


def drop_told(schedule: Schedule, dropped: dict[str, str], now: datetime) -> None:
    """Record that these dropped out, and tell the owner in one mail."""
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
    """One line each, and how many more there are."""
    lines = list(lines)
    more = [f"… and {len(lines) - most} more."] if len(lines) > most else []
    return "\n".join([*lines[:most], *more])


def _spelling(address: str) -> str:
    return normal(address)[:MOST_CHARACTERS]


def lock(schedule: Schedule) -> None:
    """Until the caller commits, nobody else changes the recipients of this schedule."""
    Schedule.objects.select_for_update().get(pk=schedule.pk)


def _is_listed(row: Recipient) -> bool:
    return row.kind in BY_HAND and row.state in LISTED


def _why_out(row: Recipient, reach: AllowedAddresses) -> str | None:
    why = reach.why_not(row.address)
    if why is None and (row.kind == Kind.MEMBER or row.user_id) and normal(row.address) not in reach.members:
        return f"{row.address} is no member of {reach.team} any more."
    return why


def _departed(schedule: Schedule, addresses: Iterable[str]) -> dict[str, Departure]:
    hashes = {Departure.hash_of(schedule.team_id, address): address for address in addresses}
    found = Departure.objects.filter(team=schedule.team, address_hash__in=hashes).select_related("update")
    return {hashes[departure.address_hash]: departure for departure in found}


def _has_left(row: Recipient, departure: Departure | None) -> str | None:
    """Somebody who vouched for them after they left knows better."""
    if departure is None or (row.confirmed_at and row.confirmed_at > departure.created_at):
        return None
    return f"{row.address} has left by the employee update “{departure.update}”."


def _may_return(row: Recipient) -> bool:
    """A file names them, and nothing speaks against them any more."""
    return row.state == State.DROPPED or (row.state == State.REMOVED and row.kind in BY_HAND)


def _create(
    schedule: Schedule, address: str, kind: str, user: User | None, now: datetime, **fields: object
) -> Recipient:
    return Recipient.objects.create(
        team=schedule.team,
        schedule=schedule,
        kind=kind,
        user=user,
        address=address,
        state_at=now,
        **fields,
    )


def _take_back(row: Recipient, kind: str, user: User | None, now: datetime, *, vouched: bool = True) -> None:
    """Active again, unless they have unsubscribed."""
    row.kind, row.user, row.asked_at = kind, user, None
    if vouched:
        row.confirmed_at = now
    row.save(update_fields=["kind", "user", "asked_at", "confirmed_at"])
    if row.unsubscribed_at is not None:
        _put(row, State.UNSUBSCRIBED, "They have unsubscribed from this schedule.", now)
    elif row.state != State.ACTIVE:
        _put(row, State.ACTIVE, "", now)


def _put(row: Recipient, state: str, because: str, now: datetime) -> None:
    row.state, row.because, row.state_at = state, because[:300], now
    row.save(update_fields=["state", "because", "state_at"])


def _name(by: User | Actor) -> str:
    return str(by) if isinstance(by, User) else by.name
