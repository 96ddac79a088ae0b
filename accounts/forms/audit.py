from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet

from accounts.audit import Action
from accounts.models import AuditEntry, Team
from accounts.paging import of_days

NOT_A_PERSON = "portal"

# Far from the ends of the calendar, where converting a day to UTC fails.
SANE = [
    MinValueValidator(date(2000, 1, 1), "Choose a day after 2000."),
    MaxValueValidator(date(2999, 12, 31), "Choose a day before 3000."),
]


class AuditFilterForm(forms.Form):
    """Whose entries, of which kind, from which days of the team's calendar (both included)."""

    person = forms.ChoiceField(required=False)
    action = forms.ChoiceField(
        required=False, choices=[("", "Anything"), *((a.value, a.value.capitalize()) for a in Action)]
    )
    first = forms.DateField(
        label="From", required=False, validators=SANE, widget=forms.DateInput(attrs={"type": "date"})
    )
    last = forms.DateField(
        label="To", required=False, validators=SANE, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._team = team
        self.fields["person"].choices = _people(team)

    def apply(self, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """The entries that the valid part of the form asks for."""
        wanted = self.cleaned_data
        if person := wanted.get("person"):
            entries = entries.filter(actor_id=None if person == NOT_A_PERSON else int(person))
        if action := wanted.get("action"):
            entries = entries.filter(action=action)
        return of_days(entries, "at", wanted.get("first"), wanted.get("last"), self._team.zone)

    @property
    def is_of_days(self) -> bool:
        return bool(self.cleaned_data.get("first") or self.cleaned_data.get("last"))


def _people(team: Team) -> list[tuple[str, str]]:
    """Members, and those who were: the log is read above all when somebody has left."""
    members = {m.user_id: str(m.user) for m in team.memberships.select_related("user")}
    left = team.audit_entries.filter(action=Action.MEMBER_REMOVED, target_type="user")
    former = {
        user: f"{name} (has left)"
        for user, name in left.values_list("target_id", "target_name")
        if user not in members
    }
    named = sorted((members | former).items(), key=lambda person: person[1].lower())
    return [
        ("", "Anybody"),
        *((str(user), name) for user, name in named),
        (NOT_A_PERSON, "Portal and commands"),
    ]
