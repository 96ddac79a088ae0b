"""Finish ("settle") a schedule's run after it ended: create its mails, count failures, and notify people.

Reading and splitting the file is idempotent, and happens outside of any transaction. One transaction, which only one
worker wins, then sets `settled_at` and creates the mails, the failures and the notifications.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import clock
from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action
from accounts.door import each_of
from accounts.models import MailStatus, User
from exports.deliveries import recipients, split_by_recipient
from exports.deliveries.allowed_addresses import normalize
from exports.deliveries.settings import MailSettings, OnEmpty
from exports.deliveries.split_by_recipient import CannotSplit
from exports.models import Delivery, Occurrence, Recipient, Result, Run, Schedule
from exports.results import totals
from exports.results.store import CannotStore
from exports.schedules import failures

# How many occurrences one sweep selects.
MAX_OCCURRENCES = 1000
# How long after the run's end a file that cannot be read is tried again.
RETRY_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class FileContents:
    """Rows, totals and parts of a run's file, as far as they can be read."""

    rows: int | None
    totals: dict[str, Decimal] | None = None
    parts: Sequence[Result] = ()
    note: str = ""


@dataclass(frozen=True)
class RunEnd:
    """The outcome of a run: a failure, or contents to mail, which may be held until somebody releases them."""

    failure: str = ""
    contents: FileContents = FileContents(None)
    sentence: str = ""
    held_because: str = ""
    mails: bool = False


def settle_ended(now: datetime) -> int:
    """Settle occurrences whose run has ended, until the next sweep is due. Returns how many. Idempotent."""
    give_up = time.monotonic() + settings.SWEEP_SECONDS
    settled = 0
    for occurrence in each_of(lambda: ended(now)[:MAX_OCCURRENCES]):
        settled += settle(occurrence)
        if time.monotonic() > give_up:
            break
    return settled


def ended(now: datetime) -> QuerySet[Occurrence]:
    """Unclaimed occurrences whose run has ended, oldest first."""
    return Occurrence.objects.to_settle().filter(_unclaimed(now), run__finished_at__isnull=False).order_by("pk")


def settle(occurrence: Occurrence) -> bool:
    """Settle an occurrence. False if its run has not ended, or another worker has claimed it."""
    now = clock.now()
    if not ended(now).filter(pk=occurrence.pk).order_by().update(settling_since=now):
        return False
    occurrence.refresh_from_db()
    assert occurrence.run is not None
    mail = MailSettings.from_json(occurrence.schedule.mail)
    try:
        outcome = _outcome(occurrence.run, mail)
    except (CannotStore, OSError) as error:
        assert occurrence.run.finished_at is not None
        if now - occurrence.run.finished_at < RETRY_FOR:
            return False  # The claim expires, and then a worker tries again.
        outcome = RunEnd(failure=f"The run succeeded, but its file cannot be read to be mailed: {error}")
    return _write(occurrence, outcome, mail, now)


@transaction.atomic
def send_anyway(occurrence: Occurrence, *, by: User) -> bool:
    """Release held mails. False if there are none, or somebody has released them."""
    now = clock.now()
    held = Occurrence.objects.filter(pk=occurrence.pk, released_at=None).exclude(held_because="")
    if not held.update(released_at=now, released_by_name=str(by)):
        return False
    mails = Delivery.objects.filter(occurrence=occurrence, status=MailStatus.HELD).update(status=MailStatus.QUEUED)
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


# ------------------------------------------------------------ outcome


def _outcome(run: Run, mail: MailSettings) -> RunEnd:
    """Read the file, without side effects. Raises CannotStore or OSError if it cannot be read."""
    if run.status != Run.Status.SUCCEEDED:
        return RunEnd(failure=run.error or f"The run is {run.get_status_display().lower()}.")
    result: Result | None = getattr(run, "result", None)
    try:
        contents = _read_file(result, mail) if result is not None else FileContents(0, {})
    except CannotSplit as reason:
        return RunEnd(failure=f"The run succeeded, but its file could not be split for the managers. {reason}")
    if contents.rows == 0 and mail.on_empty == OnEmpty.SKIP:
        return RunEnd(contents=contents, sentence="There were no rows, so no mail was sent, as the schedule says.")
    return RunEnd(contents=contents, held_because=_out_of_band(contents, mail), mails=True)


def _read_file(result: Result, mail: MailSettings) -> FileContents:
    measured = totals.measure(result)
    parts: Sequence[Result] = ()
    if mail.split_by and measured.rows != 0:
        parts = split_by_recipient.split(result, mail.split_by, mail.fallback)
    return FileContents(measured.rows, measured.totals, parts, measured.note)


def _out_of_band(contents: FileContents, mail: MailSettings) -> str:
    """Why the mails are held; "" if rows and totals are in the expected range."""
    problems = []
    if contents.rows is not None:
        problems.append(_check_range("Rows", contents.rows, mail.rows_from, mail.rows_to))
    for currency in sorted({*mail.totals_from, *mail.totals_to}):
        bounds = mail.totals_from.get(currency), mail.totals_to.get(currency)
        if contents.totals is None:
            problems.append(f"The total in {currency} cannot be told from this file. {contents.note}".strip())
        else:
            total = contents.totals.get(currency, Decimal(0))
            problems.append(_check_range(f"Total in {currency}", total, *bounds))
    return " ".join(filter(None, problems))[:500]


def _check_range(name: str, value: Decimal | int, least: Decimal | int | None, most: Decimal | int | None) -> str:
    if least is not None and value < least:
        return f"{name}: {value:,}, but at least {least:,} expected."
    if most is not None and value > most:
        return f"{name}: {value:,}, but at most {most:,} expected."
    return ""


# ------------------------------------------------------------ one transaction


@transaction.atomic
def _write(occurrence: Occurrence, outcome: RunEnd, mail: MailSettings, now: datetime) -> bool:
    schedule = Schedule.objects.lock(occurrence.schedule_id)
    sums = outcome.contents.totals
    fields = {
        "settled_at": now,
        "rows": outcome.contents.rows,
        "totals": {currency: str(total) for currency, total in sums.items()} if sums is not None else None,
        "held_because": outcome.held_because,
        "sentence": " ".join(filter(None, [occurrence.sentence, outcome.sentence or outcome.failure]))[:1000],
    }
    if not Occurrence.objects.to_settle().filter(pk=occurrence.pk).update(**fields):
        return False
    for name, value in fields.items():
        setattr(occurrence, name, value)
    deliveries = _make_deliveries(schedule, occurrence, mail, outcome.contents.parts) if outcome.mails else []
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
        _notify_of_hold(schedule, occurrence, len(deliveries))
    return True


def _make_deliveries(
    schedule: Schedule, occurrence: Occurrence, mail: MailSettings, parts: Sequence[Result]
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
        for recipient, result in _assign_files(schedule, occurrence, mail, parts)
        if recipient.state == Recipient.State.ACTIVE
    ]


def _assign_files(
    schedule: Schedule, occurrence: Occurrence, mail: MailSettings, parts: Sequence[Result]
) -> Sequence[tuple[Recipient, Result | None]]:
    """Each recipient with their file, or with None if the file is empty."""
    whole: Result | None = getattr(occurrence.run, "result", None) if occurrence.rows != 0 else None
    if whole is None or not parts:
        resolved = recipients.resolve(schedule, [] if mail.split_by else None, mail.fallback)
        return [(recipient, whole) for recipient in resolved]
    resolved = recipients.resolve(schedule, [part.part_value for part in parts], mail.fallback)
    by_address = {normalize(recipient.address): recipient for recipient in resolved}
    files = Result.objects.bulk_create(parts)
    return [(by_address[normalize(file.part_value)], file) for file in files]


def _notify_of_hold(schedule: Schedule, occurrence: Occurrence, mails: int) -> None:
    waiting = "1 mail waits" if mails == 1 else f"{mails} mails wait"
    recipients.tell_owner(
        schedule,
        f"occurrence {occurrence.pk} held",
        subject=f"The mails of “{schedule}” are held",
        text=(
            f"{failures.describe_run(schedule, occurrence)} succeeded, and {waiting}: {occurrence.held_because}\n\n"
            "Look at the file. If it is right, “Send anyway” on the schedule's page lets them go."
        ),
    )


def _unclaimed(now: datetime) -> Q:
    expired = now - timedelta(seconds=settings.STUCK_AFTER_SECONDS)
    return Q(settling_since=None) | Q(settling_since__lt=expired)
