"""What came of an occurrence and its mails, in words: for lists, the schedule's page, the run's and home."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import MailStatus, Team
from exports.models import Delivery, Occurrence, Recipient
from exports.models.run import Status

UNDER_WAY = {MailStatus.QUEUED, MailStatus.SENDING}
# A person decides what becomes of these; they are spoken of for so long.
TO_LOOK_AT = [MailStatus.REFUSED, MailStatus.FAILED, MailStatus.UNCONFIRMED]
SPOKEN_OF = timedelta(days=14)

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
    """`tone` is that of a state, `text` a word or two for it, `note` a sentence or nothing."""

    tone: str
    text: str
    note: str = ""


@dataclass(frozen=True)
class Mails:
    """How many of some mails are in each state. Of one that was sent again only the last time counts."""

    counts: Counter[str] = field(default_factory=Counter)

    def of(self, status: MailStatus) -> int:
        return self.counts[status]

    @property
    def all(self) -> int:
        return self.counts.total()

    @property
    def sent(self) -> int:
        return self.of(MailStatus.SENT)

    @property
    def held(self) -> int:
        return self.of(MailStatus.HELD)

    @property
    def are_under_way(self) -> bool:
        return any(self.of(status) for status in UNDER_WAY)

    @property
    def in_words(self) -> str:
        """Such as “37 sent, 2 refused, 1 queued”."""
        words = ((MAIL_WORDS[MailStatus(status)][1].lower(), self.of(status)) for status in MailStatus)
        return ", ".join(f"{count} {word}" for word, count in words if count)


def mails_of(occurrences: Iterable[Occurrence]) -> dict[int, Mails]:
    """The mails of each of these occurrences, by its key. One query."""
    found = {occurrence.pk: Mails() for occurrence in occurrences}
    rows = (
        Delivery.objects.filter(_is_last(), occurrence__in=list(found))
        .order_by()
        .values_list("occurrence", "status")
        .annotate(Count("pk"))
    )
    for occurrence, status, count in rows:
        found[occurrence].counts[status] = count
    return found


def outcome(occurrence: Occurrence, mails: Mails) -> OccurrenceState:
    """What came of it so far. Its run is looked at, so fetch it along."""
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
    is_bad = any(mails.of(status) for status in TO_LOOK_AT)
    return OccurrenceState("warn" if is_bad else "quiet", f"{mails.sent} of {mails.all} sent", note)


@dataclass(frozen=True)
class Trouble:
    """An occurrence whose mails need somebody."""

    occurrence: Occurrence
    mails: Mails

    @property
    def word(self) -> str:
        return "Held" if self.mails.held else "Not all mails arrived"


def troubles(team: Team, now: datetime, most: int) -> list[Trouble]:
    """Held mails, however old, and of late those that did not surely arrive and were not sent again. Newest first."""
    found = in_trouble(team, now).values_list("occurrence", flat=True).distinct()[:most]
    occurrences = (
        Occurrence.objects.filter(pk__in=list(found)).select_related("schedule", "run").order_by("-pk")
    )
    mails = mails_of(occurrences)
    return [Trouble(each, mails[each.pk]) for each in occurrences]


def in_trouble(team: Team, now: datetime) -> QuerySet[Delivery]:
    """The mails that `troubles` tells of, by the newest occurrence."""
    wanted = Q(status=MailStatus.HELD) | Q(created_at__gte=now - SPOKEN_OF)
    in_trouble = Delivery.objects.filter(wanted, team=team, status__in=[MailStatus.HELD, *TO_LOOK_AT])
    return in_trouble.filter(_is_last()).order_by("-occurrence")


def _is_last() -> Q:
    """Not sent again since."""
    later = Delivery.objects.filter(
        run=OuterRef("run"), recipient=OuterRef("recipient"), again__gt=OuterRef("again")
    )
    return ~Q(Exists(later))
