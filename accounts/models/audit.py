from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from accounts.models.team import Team, TeamManager, TeamOwned


class AuditChain(models.Model):
    """The number and hash of the last audit entry of a team, or of the portal's own log, which has no team."""

    name = models.CharField(max_length=40, unique=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="+")
    length = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return f"the audit chain of {self.team or 'the portal'}"

    @staticmethod
    def name_for(team: Team | None) -> str:
        return f"team {team.pk}" if team else "portal"


class AuditEntry(models.Model):
    """One recorded action. `accounts.audit.record` writes it; database triggers forbid changing or deleting it.

    Names are stored beside IDs, and IDs are plain numbers instead of foreign keys, so that an entry stays readable when
    the person or the target is deleted.
    """

    chain = models.ForeignKey(AuditChain, on_delete=models.PROTECT, related_name="entries")
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="audit_entries")
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=255)
    address = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=64)
    target_type = models.CharField(max_length=64, blank=True)
    target_id = models.BigIntegerField(null=True)
    target_name = models.CharField(max_length=255, blank=True)
    data = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = TeamManager()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["chain", "number"], name="audit_numbers_once")]
        indexes = [
            models.Index(fields=["team", "-number"], name="audit_newest"),
            models.Index(fields=["team", "at"], name="audit_by_time"),
            models.Index(fields=["team", "action", "-number"], name="audit_by_action"),
            models.Index(fields=["team", "actor_id", "-number"], name="audit_by_person"),
            models.Index(fields=["team", "target_type", "target_id", "-number"], name="audit_by_target"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"


class AuditSummary(models.Model):
    """A signed summary of consecutive entries that were removed when they were older than the team keeps.

    `accounts.audit.trim` writes it. Triggers in the database allow removing entries only after their summary, reject a
    summary that does not match the entries, and forbid changing or deleting one. The signature proves that the portal
    wrote it.
    """

    chain = models.ForeignKey(AuditChain, on_delete=models.PROTECT, related_name="summaries")
    first = models.PositiveBigIntegerField()
    last = models.PositiveBigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    previous_hash = models.CharField(max_length=64, help_text="The hash before the first of them.")
    last_hash = models.CharField(max_length=64, help_text="The hash before the first entry that is kept.")
    actions = models.JSONField(help_text="The number of entries for each action.")
    made_at = models.DateTimeField()
    signature = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "audit summaries"
        ordering = ["first"]
        constraints = [
            models.UniqueConstraint(fields=["chain", "first"], name="audit_summarised_once"),
            models.CheckConstraint(condition=Q(first__gte=1, last__gte=F("first")), name="audit_summary_of_some"),
        ]

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"

    @property
    def count(self) -> int:
        return self.last - self.first + 1


class AuditHeads(models.Model):
    """The last hashes of all chains on one day, to be sent to AUDIT_HEADS; only the copies there prove anything."""

    day = models.DateField(unique=True)
    heads = models.JSONField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta:
        verbose_name_plural = "audit heads"

    def __str__(self) -> str:
        return f"the heads of {self.day}"


class AuditStream(models.Model):
    """How far one chain was streamed to AUDIT_STREAM."""

    chain = models.OneToOneField(AuditChain, on_delete=models.PROTECT, related_name="stream")
    number = models.PositiveBigIntegerField(default=0, help_text="The last entry that was certainly received.")
    claimed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a worker claimed it. One sends at a time, to keep the order of entries."
    )
    error = models.CharField(max_length=500, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return f"{self.chain} up to {self.number}"


class SavedAuditView(TeamOwned):
    """A named filter of the audit log, private or shared with everybody who may read the log."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, help_text="The query string of the page.")
    is_shared = models.BooleanField(default=False)

    class Meta:
        ordering = [Lower("name")]
        constraints = [models.UniqueConstraint("team", "user", Lower("name"), name="one_audit_view_per_name")]

    def __str__(self) -> str:
        return self.name
