from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django_scopes import ScopedManager

from accounts.permissions import ROLE_PERMISSIONS, Permission, Role


def check_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            "“%(name)s” is not a time zone. Use a name such as Europe/Berlin.", params={"name": name}
        )


class Team(models.Model):
    """A subsidiary or department: the wall between people, credentials, exports and records."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(unique=True, max_length=60)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_time_zone])
    created_at = models.DateTimeField(auto_now_add=True)

    # How employee updates are guarded.
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

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("exports:home", args=[self.slug])

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class TeamOwned(models.Model):
    """A row of one team. Reading any without an open team raises (django-scopes)."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="%(class)ss")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ScopedManager(team="team")

    class Meta:
        abstract = True


class Membership(models.Model):
    """A person's role in a team. Not scoped: it is what decides which scope a person may enter."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
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
        return ROLE_PERMISSIONS[self.role]

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions
