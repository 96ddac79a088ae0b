from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models import MailStatus, Outgoing, TeamOwned
from exports.models.result import Result
from exports.models.run import Run
from exports.models.schedule import Occurrence, Schedule


class Recipient(TeamOwned):
    """One address of one schedule, from the list or a file, and whether it gets mail.

    A row stays when its address is removed, so that unsubscribed people stay unsubscribed.
    """

    class Kind(models.TextChoices):
        MEMBER = "member", "Member"
        ADDRESS = "address", "Address"
        COLUMN = "column", "From the file"
        FALLBACK = "fallback", "For rows without an address"

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        UNCONFIRMED = "unconfirmed", "To be confirmed"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
        DROPPED = "dropped", "Dropped out"
        REMOVED = "removed", "Taken out"

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="recipients")
    kind = models.CharField(max_length=20, choices=Kind)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    address = models.EmailField(max_length=254)
    state = models.CharField(max_length=20, choices=State, default=State.ACTIVE)
    because = models.CharField(max_length=300, blank=True, default="", help_text="Why it is in this state.")
    state_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True, help_text="When a person last confirmed it.")
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When the owner was asked to confirm it.")
    unsubscribed_at = models.DateTimeField(
        null=True, blank=True, help_text="Set until they subscribe again; no other person can reset it."
    )

    class Meta:
        ordering = ["address", "id"]
        constraints = [
            models.UniqueConstraint("schedule", Lower("address"), name="one_recipient_per_address"),
            models.UniqueConstraint(fields=["id", "team"], name="recipient_of_team"),
        ]
        indexes = [models.Index(Lower("address"), "team", name="recipient_by_address")]

    def __str__(self) -> str:
        return self.address


class Delivery(Outgoing):
    """One mail with one file to one recipient. Each time that a person sends it again, there is another row."""

    class Way(models.TextChoices):
        ATTACHED = "attached", "Attached"
        LINK = "link", "As a link"
        WORD = "word", "Only a word: there was no file"

    occurrence = models.ForeignKey(Occurrence, on_delete=models.PROTECT, related_name="deliveries")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="deliveries")
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="deliveries")
    result = models.ForeignKey(
        Result,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="deliveries",
        help_text="The file, or this recipient's part of it; null if there was no file.",
    )
    again = models.PositiveSmallIntegerField(
        default=0, help_text="0 for the first mail; counts the times that a person sent it again."
    )
    way = models.CharField(
        max_length=20, choices=Way, blank=True, default="", help_text="Set when the mail is composed."
    )
    size = models.PositiveBigIntegerField(null=True, help_text="Bytes of the whole mail.")
    bounced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["run", "recipient", "again"], name="one_delivery_per_recipient"),
            models.CheckConstraint(condition=Q(status__in=MailStatus.values), name="delivery_status_known"),
            models.UniqueConstraint(fields=["id", "team"], name="delivery_of_team"),
        ]
        indexes = [
            models.Index(
                fields=["retry_at", "id"], condition=Q(status__in=["queued", "sending"]), name="delivery_to_send"
            ),
            models.Index(fields=["team", "-id"], name="delivery_newest"),
            models.Index(fields=["message_id"], name="delivery_by_message"),
            models.Index(
                fields=["team", "-occurrence"],
                condition=Q(status__in=["held", "refused", "failed", "unconfirmed"]),
                name="delivery_troubled",
            ),
        ]

    def __str__(self) -> str:
        return f"Mail to {self.address}"


class Link(TeamOwned):
    """A download link to one delivery's file, for its recipient only. Only a hash of the token is stored."""

    delivery = models.OneToOneField(Delivery, on_delete=models.PROTECT, related_name="link")
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by_name = models.CharField(max_length=255, blank=True, default="")
    code_hash = models.CharField(max_length=64, blank=True, default="")
    code_sent_at = models.DateTimeField(null=True, blank=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    codes_from = models.DateTimeField(null=True, blank=True, help_text="The hour in which codes are counted.")
    codes_sent = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Codes sent in that hour.")
    opened_at = models.DateTimeField(null=True, blank=True, help_text="When its file was first downloaded.")
    openings = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"Link of {self.delivery_id}"


class LinkOpening(TeamOwned):
    """One download by a link: who downloaded, how they proved their identity, and their network address."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="opened")
    at = models.DateTimeField()
    by_name = models.CharField(max_length=255)
    proof = models.CharField(max_length=20)
    network_address = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.by_name} at {self.at:%Y-%m-%d %H:%M}"
