"""After the run of a schedule has ended: what is counted, who is told, and which mails there are to send.

Reading and cutting the file may be done twice, and is done outside of any transaction. What follows from it is one
transaction, which only one worker wins: `settled_at` is set in it, with the mails, the failures and the notices.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django_scopes import scopes_disabled

from accounts import clock
from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action
from accounts.door import team_of
from accounts.mail import notifications
from accounts.models import MailStatus, User
from exports.deliveries import allowed_addresses, recipients, split_by_recipient
from exports.deliveries.settings import MailSettings, OnEmpty
from exports.deliveries.split_by_recipient import CannotSplit, Part
from exports.models import Delivery, Occurrence, Recipient, Result, Run, Schedule
from exports.results import totals
from exports.results.store import CannotStore
from exports.schedules import failures

# How many occurrences one sweep looks at.
MOST = 1000
# A file that cannot be read is looked for again for so long after the run's end.
LOOKED_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class FileContents:
    """What the file of a run holds, as far as it can be told."""

    rows: int | None
    totals: dict[str, Decimal] | None = None
    parts: Sequence[Part] = ()


@dataclass(frozen=True)
class RunEnd:
    """What the end of a run comes to: a failure, or contents to be mailed, perhaps only after somebody looked."""

    failure: str = ""
    contents: FileContents = FileContents(None)
    sentence: str = ""
    held_because: str = ""
    mails: bool = False


def settle_ended(now: datetime) -> int:
    """Settle occurrences whose run has ended, until it is time for the next sweep; how many. Harmless at any number."""
    with scopes_disabled():
        ids = list(ended(now).values_list("pk", flat=True)[:MOST])
    give_up = time.monotonic() + settings.SWEEP_SECONDS
    settled = 0
    for pk in ids:
        with team_of(Occurrence, pk) as occurrence:
            settled += settle(occurrence)
        if time.monotonic() > give_up:
            break
    return settled


def ended(now: datetime) -> QuerySet[Occurrence]:
    """Those whose run has ended and that nobody settles at the moment, oldest first."""
    found: QuerySet[Occurrence] = Occurrence.objects.to_settle().filter(
        _unclaimed(now), run__finished_at__isnull=False
    )
    return found.order_by("pk")


def settle(occurrence: Occurrence) -> bool:
    """Deal with the end of its run; False when it has not ended, or somebody else deals with it."""
    now = clock.now()
    if (
        not Occurrence.objects.to_settle()
        .filter(_unclaimed(now), pk=occurrence.pk, run__finished_at__isnull=False)
        .update(settling_since=now)
    ):
        return False
    occurrence.refresh_from_db()
    assert occurrence.run is not None
    mail = MailSettings.from_json(occurrence.schedule.mail)
    try:
        outcome = _outcome(occurrence.run, mail)
    except (CannotStore, OSError) as error:
        assert occurrence.run.finished_at is not None
        if now - occurrence.run.finished_at < LOOKED_FOR:
            return False  # the claim is lost after a while, and then somebody looks again
        outcome = RunEnd(failure=f"The run succeeded, but its file cannot be read to be mailed: {error}")
    return _write(occurrence, outcome, mail, now)


@transaction.atomic
def send_anyway(occurrence: Occurrence, *, by: User) -> bool:
    """Let held mails go. False when there are none, or somebody has let them go."""
    now = clock.now()
    held = Occurrence.objects.filter(pk=occurrence.pk, released_at=None).exclude(held_because="")
    if not held.update(released_at=now, released_by_name=str(by)):
        return False
    mails = Delivery.objects.filter(occurrence=occurrence, status=MailStatus.HELD).update(
        status=MailStatus.QUEUED
    )
    occurrence.refresh_from_db()
    audit.record(
        Action.OCCURRENCE_RELEASED,
        occurrence.schedule,
        by=by,
        run=occurrence.run_id,
        mails=mails,
        held_because=occurrence.held_because,
    )
    return True


# ------------------------------------------------------------ what it comes to


def _outcome(run: Run, mail: MailSettings) -> RunEnd:
    """Pure reading. Raises CannotStore or OSError when the file is out of reach."""
    if run.status != Run.Status.SUCCEEDED:
        return RunEnd(failure=run.error or f"The run is {run.get_status_display().lower()}.")
    result: Result | None = getattr(run, "result", None)
    try:
        contents = _look_into(result, mail) if result is not None else FileContents(0, {})
    except CannotSplit as reason:
        return RunEnd(
            failure=f"The run succeeded, but its file could not be split for the managers. {reason}"
        )
    if contents.rows == 0 and mail.on_empty == OnEmpty.SKIP:
        return RunEnd(
            contents=contents, sentence="There were no rows, so no mail was sent, as the schedule says."
        )
    return RunEnd(contents=contents, held_because=_out_of_band(contents, mail), mails=True)


def _look_into(result: Result, mail: MailSettings) -> FileContents:
    found = totals.measure(result)
    cut = (
        split_by_recipient.split(result, mail.split_by, mail.fallback)
        if mail.split_by and found.rows != 0
        else ()
    )
    return FileContents(found.rows, found.totals, cut)


def _out_of_band(contents: FileContents, mail: MailSettings) -> str:
    """Why the mails wait for somebody to look; "" when all is as the owner expects."""
    found = []
    if contents.rows is not None:
        found.append(_beyond("Rows", contents.rows, mail.rows_from, mail.rows_to))
    for currency in sorted({*mail.totals_from, *mail.totals_to}):
        bounds = mail.totals_from.get(currency), mail.totals_to.get(currency)
        if contents.totals is None:
            found.append(f"The total in {currency} cannot be told from this file.")
        else:
            total = contents.totals.get(currency, Decimal(0))
            found.append(_beyond(f"Total in {currency}", total, *bounds))
    return " ".join(filter(None, found))[:500]


def _beyond(what: str, found: Decimal | int, least: Decimal | int | None, most: Decimal | int | None) -> str:
    if least is not None and found < least:
        return f"{what}: {found:,}, but at least {least:,} expected."
    if most is not None and found > most:
        return f"{what}: {found:,}, but at most {most:,} expected."
    return ""


# ------------------------------------------------------------ one transaction


@transaction.atomic
def _write(occurrence: Occurrence, outcome: RunEnd, mail: MailSettings, now: datetime) -> bool:
    schedule = (
        Schedule.objects.select_for_update(of=("self",))
        .select_related("team", "owner")
        .get(pk=occurrence.schedule_id)
    )
    sums = outcome.contents.totals
    written = {
        "settled_at": now,
        "rows": outcome.contents.rows,
        "totals": {currency: str(total) for currency, total in sums.items()} if sums is not None else None,
        "held_because": outcome.held_because,
        "sentence": " ".join(filter(None, [occurrence.sentence, outcome.sentence or outcome.failure]))[:1000],
    }
    if not Occurrence.objects.to_settle().filter(pk=occurrence.pk).update(**written):
        return False
    for name, value in written.items():
        setattr(occurrence, name, value)
    deliveries = _deliveries(schedule, occurrence, mail, outcome.contents.parts) if outcome.mails else []
    Delivery.objects.bulk_create(deliveries)
    audit.record(
        Action.OCCURRENCE_HELD if outcome.held_because and deliveries else Action.OCCURRENCE_SETTLED,
        schedule,
        by=PORTAL,
        run=occurrence.run_id,
        due_at=occurrence.due_at,
        mails=len(deliveries),
        rows=occurrence.rows,
        totals=occurrence.totals,
        why=outcome.held_because or outcome.failure or outcome.sentence,
    )
    if outcome.failure:
        failures.failed(schedule, occurrence, outcome.failure, now=now)
        return True
    failures.succeeded(schedule, occurrence)
    if outcome.held_because and deliveries:
        _tell_of_hold(schedule, occurrence, len(deliveries))
    return True


def _deliveries(
    schedule: Schedule, occurrence: Occurrence, mail: MailSettings, cut: Sequence[Part]
) -> list[Delivery]:
    status = MailStatus.HELD if occurrence.held_because else MailStatus.QUEUED
    assert occurrence.run is not None
    return [
        Delivery(
            team=occurrence.team,
            occurrence=occurrence,
            run=occurrence.run,
            recipient=recipient,
            address=recipient.address,
            result=result,
            status=status,
        )
        for recipient, result in _parcels(schedule, occurrence, mail, cut)
        if recipient.state == Recipient.State.ACTIVE
    ]


def _parcels(
    schedule: Schedule, occurrence: Occurrence, mail: MailSettings, cut: Sequence[Part]
) -> Sequence[tuple[Recipient, Result | None]]:
    """Who gets which file; of an empty one they get only word."""
    whole: Result | None = getattr(occurrence.run, "result", None) if occurrence.rows != 0 else None
    if whole is None or not cut:
        found = recipients.resolve(schedule, [] if mail.split_by else None, mail.fallback)
        return [(recipient, whole) for recipient in found]
    found = recipients.resolve(schedule, [part.value for part in cut], mail.fallback)
    by_address = {allowed_addresses.normalize(recipient.address): recipient for recipient in found}
    files = Result.objects.bulk_create(split_by_recipient.rows_for(whole, cut))
    return [(by_address[allowed_addresses.normalize(file.part_value)], file) for file in files]


def _tell_of_hold(schedule: Schedule, occurrence: Occurrence, mails: int) -> None:
    waiting = "1 mail waits" if mails == 1 else f"{mails} mails wait"
    notifications.tell(
        schedule.team,
        f"occurrence {occurrence.pk} held",
        recipients.owners(schedule),
        subject=f"The mails of “{schedule}” are held",
        text=(
            f"{failures.called(schedule, occurrence)} succeeded, and {waiting}: {occurrence.held_because}\n\n"
            "Look at the file. If it is right, “Send anyway” on the schedule's page lets them go."
        ),
        path=schedule.get_absolute_url(),
    )


def _unclaimed(now: datetime) -> Q:
    lost = now - timedelta(seconds=settings.STUCK_AFTER_SECONDS)
    return Q(settling_since=None) | Q(settling_since__lt=lost)
