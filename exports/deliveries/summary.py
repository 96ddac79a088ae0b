"""The state of an occurrence and its mails in words, for lists, home, and the pages of schedules and runs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import MailStatus, Team
from exports.models import Delivery, Occurrence, Recipient
from exports.models.run import Status

UNDER_WAY = {MailStatus.QUEUED, MailStatus.SENDING}
# A person must act on these. Home shows them for SHOWN_FOR.
UNDELIVERED = [MailStatus.REFUSED, MailStatus.FAILED, MailStatus.UNCONFIRMED]
SHOWN_FOR = timedelta(days=14)

MAIL_WORDS = {
    MailStatus.HELD: ("warn", "Held"),
    MailStatus.QUEUED: ("wait", "Queued"),
    MailStatus.SENDING: ("busy", "Sending"),
    MailStatus.SENT: ("good", "Sent"),
    MailStatus.REFUSED: ("bad", "Refused"),
    MailStatus.FAILED: ("bad", "Not sent"),
    MailStatus.UNCONFIRMED: ("warn", "Unconfirmed"),
    MailStatus.UNSUBSCRIBED: ("quiet", "Unsubscribed"),
    MailStatus.WITHDRAWN: ("quiet", "Withdrawn"),
}
RECIPIENT_TONES = {
    Recipient.State.ACTIVE: "good",
    Recipient.State.UNCONFIRMED: "warn",
    Recipient.State.UNSUBSCRIBED: "quiet",
    Recipient.State.DROPPED: "warn",
    Recipient.State.REMOVED: "quiet",
}


@dataclass(frozen=True)
class OccurrenceState:
    """A colour (`tone`), one or two words (`text`), and a sentence or nothing (`note`)."""

    tone: str
    text: str
    note: str = ""


@dataclass(frozen=True)
class Mails:
    """How many mails are in each state. Of a mail that was sent again, only the last attempt counts."""

    counts: Counter[str] = field(default_factory=Counter)

    @property
    def all(self) -> int:
        return self.counts.total()

    @property
    def sent(self) -> int:
        return self.counts[MailStatus.SENT]

    @property
    def held(self) -> int:
        return self.counts[MailStatus.HELD]

    @property
    def are_under_way(self) -> bool:
        return any(self.counts[status] for status in UNDER_WAY)

    @property
    def in_words(self) -> str:
        """Such as “37 sent, 2 refused, 1 queued”."""
        words = ((MAIL_WORDS[MailStatus(status)][1].lower(), self.counts[status]) for status in MailStatus)
        return ", ".join(f"{count} {word}" for word, count in words if count)


def mails_of(occurrences: Iterable[Occurrence]) -> dict[int, Mails]:
    """The mails of each occurrence, by its primary key. One query."""
    mails = {occurrence.pk: Mails() for occurrence in occurrences}
    rows = Delivery.objects.filter(_is_last(), occurrence__in=list(mails)).order_by()
    for occurrence, status, count in rows.values_list("occurrence", "status").annotate(Count("pk")):
        mails[occurrence].counts[status] = count
    return mails


def outcome(occurrence: Occurrence, mails: Mails) -> OccurrenceState:
    """The state of an occurrence. It reads the run, so select it along."""
    if occurrence.outcome == Occurrence.Outcome.REFUSED:
        return OccurrenceState("bad", "Could not start", occurrence.sentence)
    if occurrence.outcome == Occurrence.Outcome.SKIPPED:
        return OccurrenceState("quiet", "Left out", occurrence.sentence)
    assert occurrence.run is not None
    run, note = occurrence.run, occurrence.sentence
    if not run.is_final:
        return OccurrenceState("busy", "Running", note)
    if run.status == Status.FAILED:
        return OccurrenceState("bad", "Failed", note or run.error)
    if run.status == Status.UNCONFIRMED:
        return OccurrenceState("warn", "Unconfirmed", note or run.error)
    if run.status == Status.CANCELLED:
        return OccurrenceState("quiet", "Cancelled", note or run.error)
    if occurrence.settled_at is None:
        return OccurrenceState("busy", "Preparing the mails", note)
    if mails.held:
        return OccurrenceState("warn", "Held", occurrence.held_because or note)
    if mails.are_under_way:
        return OccurrenceState("busy", f"{mails.sent} of {mails.all} sent", note)
    if not mails.all:
        return OccurrenceState("quiet", "No mails", note)
    if mails.sent == mails.all:
        return OccurrenceState("good", f"{mails.all} sent", note)
    is_bad = any(mails.counts[status] for status in UNDELIVERED)
    return OccurrenceState("warn" if is_bad else "quiet", f"{mails.sent} of {mails.all} sent", note)


@dataclass(frozen=True)
class Trouble:
    """An occurrence with mails that a person must act on."""

    occurrence: Occurrence
    mails: Mails

    @property
    def word(self) -> str:
        return "Held" if self.mails.held else "Not all mails arrived"


def troubles(team: Team, now: datetime, most: int) -> list[Trouble]:
    """Occurrences with held mails, or with recent mails that may not have arrived. Newest first."""
    keys = in_trouble(team, now).values_list("occurrence", flat=True).distinct()[:most]
    occurrences = Occurrence.objects.filter(pk__in=list(keys)).select_related("schedule", "run").order_by("-pk")
    mails = mails_of(occurrences)
    return [Trouble(occurrence, mails[occurrence.pk]) for occurrence in occurrences]


def in_trouble(team: Team, now: datetime) -> QuerySet[Delivery]:
    """The mails behind `troubles`, newest occurrence first."""
    shown = Q(status=MailStatus.HELD) | Q(created_at__gte=now - SHOWN_FOR)
    rows = Delivery.objects.filter(shown, team=team, status__in=[MailStatus.HELD, *UNDELIVERED])
    return rows.filter(_is_last()).order_by("-occurrence")


def _is_last() -> Q:
    """Only mails that were not sent again since."""
    later = Delivery.objects.filter(run=OuterRef("run"), recipient=OuterRef("recipient"), again__gt=OuterRef("again"))
    return ~Q(Exists(later))
