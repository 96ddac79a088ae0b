import uuid
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django_scopes import ScopedManager

from accounts.permissions import ROLE_PERMISSIONS, Permission, Role


def check_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError("“%(name)s” is not a time zone. Use a name such as Europe/Berlin.", params={"name": name})


class LinkProof(models.TextChoices):
    CODE = "code", "A code sent to the recipient's address"
    SIGN_IN = "sign_in", "Signing in with that address"


class Team(models.Model):
    """A subsidiary or department; people, credentials, exports and records of teams are separate."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(unique=True, max_length=60)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_time_zone])
    created_at = models.DateTimeField(auto_now_add=True)

    # Employee updates
    two_people = models.BooleanField(
        default=True, db_default=True, help_text="An employee update needs the approval of a second person."
    )
    most_leavers = models.PositiveIntegerField(default=10, db_default=10)
    most_leavers_percent = models.PositiveSmallIntegerField(default=5, db_default=5)
    dry_run_hours = models.PositiveSmallIntegerField(
        default=24, db_default=24, help_text="How long a dry run stands for what it tried."
    )
    updates_kept_days = models.PositiveIntegerField(
        default=365, db_default=365, help_text="Then the rows of an employee update are wiped."
    )

    # Mails and files
    recipient_domains = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="The domains that files may be mailed to, one a line; members are always reached.",
    )
    attach_limit = models.PositiveIntegerField(
        default=10_000_000, db_default=10_000_000, help_text="Bytes of a mail; a larger file becomes a link."
    )
    link_days = models.PositiveSmallIntegerField(default=30, db_default=30, help_text="How long a link opens.")
    link_proof = models.CharField(
        max_length=20,
        choices=LinkProof,
        default=LinkProof.CODE,
        db_default=LinkProof.CODE.value,
        help_text="What opens a link: a code sent to its address, or signing in with it.",
    )
    confirm_outside_days = models.PositiveSmallIntegerField(
        default=91, db_default=91, help_text="How often an owner confirms recipients who are no members; 0 is never."
    )
    results_kept_days = models.PositiveIntegerField(
        default=730, db_default=730, help_text="Then the files of runs are deleted; their records stay."
    )
    holidays_of = models.CharField(
        max_length=20, blank=True, default="", db_default="", help_text="A country, or one of its parts: DE-BE."
    )

    # Credentials, members and the audit log
    second_factor = models.BooleanField(
        default=False, db_default=False, help_text="Members need a second factor to do anything."
    )
    pair_days = models.PositiveIntegerField(
        default=365, db_default=365, help_text="After so many days a pair is due for rotation."
    )
    overlap_hours = models.PositiveSmallIntegerField(
        default=24, db_default=24, help_text="How long a replaced pair is kept for going back."
    )
    two_admins = models.BooleanField(
        default=False, db_default=False, help_text="A new pair takes over when a second Admin has approved it."
    )
    rules_ending = models.JSONField(
        null=True,
        blank=True,
        help_text="Rules about second persons that an Admin wants off; see `accounts.team_rules`.",
    )
    audit_kept_days = models.PositiveIntegerField(
        null=True, blank=True, help_text="Then audit entries are summarised and removed; empty: never."
    )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("exports:home", args=[self.slug])

    @property
    def allowed_domains(self) -> list[str]:
        return self.recipient_domains.lower().split()

    @property
    def attach_megabytes(self) -> str:
        """The limit in MB as the form shows it: “10”, “0.5”."""
        return f"{self.attach_limit / 1_000_000:g}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


Row = TypeVar("Row", bound=models.Model)

if TYPE_CHECKING:

    class TeamManager(models.Manager[Row]):
        """Reads only rows of the open team (django-scopes)."""

else:
    # django-scopes makes the class inside a function; mypy finds it by this name.
    TeamManager = type(ScopedManager(team="team"))
    TeamManager.__module__ = __name__
    TeamManager.__name__ = TeamManager.__qualname__ = "TeamManager"


class TeamOwned(models.Model):
    """A row of one team. Queries without an open team raise ScopeError (django-scopes)."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="%(class)ss")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TeamManager()

    class Meta:
        abstract = True


class SealedRow(TeamOwned):
    """A row with encrypted fields: their ciphertexts are bound to its team and seal, which must not change."""

    seal = models.UUIDField(default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class Membership(models.Model):
    """A person's role in a team. Not scoped: the door reads it before it opens a scope."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    by_sso = models.BooleanField(
        default=False, db_default=False, help_text="The role follows the person's groups at their company."
    )
    # The permissions of the access token of the request, if any.
    within: frozenset[Permission] | None = None
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"

    @property
    def permissions(self) -> frozenset[Permission]:
        permissions = ROLE_PERMISSIONS[self.role]
        return permissions if self.within is None else permissions & self.within

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions
