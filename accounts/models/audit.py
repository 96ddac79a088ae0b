from django.db import models
from django_scopes import ScopedManager

from accounts.models.team import Team


class AuditChain(models.Model):
    """The end of one team's chain of audit entries, or of the portal's own, which has no team."""

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
    """One thing that somebody did. Written by `accounts.audit.record`; the database lets nobody change or delete it.

    Names stand beside the ids, so that an entry still reads when the person or the thing is gone; and for the
    same reason the ids are plain numbers, not foreign keys that a deletion would have to follow.
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

    objects = ScopedManager(team="team")

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
