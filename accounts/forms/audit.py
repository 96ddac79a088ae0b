from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db.models import QuerySet
from django.http import QueryDict

from accounts.audit import search as audit_search
from accounts.audit.record import Action
from accounts.models import AuditEntry, Team
from accounts.paging import of_days

NOT_A_PERSON = "portal"

# Converting a day at the ends of the calendar to UTC fails.
SANE = [
    MinValueValidator(date(2000, 1, 1), "Choose a day after 2000."),
    MaxValueValidator(date(2999, 12, 31), "Choose a day before 3000."),
]


class AuditFilterForm(forms.Form):
    """Filters of the audit log: person, target, action, words, and days in the team's time zone."""

    words = forms.CharField(required=False, max_length=200, widget=forms.TextInput(attrs={"type": "search"}))
    person = forms.ChoiceField(required=False)
    action = forms.ChoiceField(
        required=False, choices=[("", "Anything"), *((a.value, a.value.capitalize()) for a in Action)]
    )
    first = forms.DateField(
        label="From", required=False, validators=SANE, widget=forms.DateInput(attrs={"type": "date"})
    )
    last = forms.DateField(label="To", required=False, validators=SANE, widget=forms.DateInput(attrs={"type": "date"}))

    # Target type and ID, such as “run-17”; links on the target's page set it.
    object = forms.CharField(
        required=False, widget=forms.HiddenInput, validators=[RegexValidator(r"^[a-z]{1,64}-[0-9]{1,18}$")]
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._team = team
        person = self.fields["person"]
        assert isinstance(person, forms.ChoiceField)
        person.choices = _people(team)

    def apply(self, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """Filter the entries by the valid fields."""
        values = self.cleaned_data
        if person := values.get("person"):
            entries = entries.filter(actor_id=None if person == NOT_A_PERSON else int(person))
        if action := values.get("action"):
            entries = entries.filter(action=action)
        if values.get("object"):
            kind, number = values["object"].split("-")
            entries = entries.filter(target_type=kind, target_id=int(number))
        if self._has_words:
            entries = audit_search.with_words(entries, values["words"])
        return of_days(entries, "at", values.get("first"), values.get("last"), self._team.zone)

    @property
    def order(self) -> dict[str, Any]:
        """Arguments for `page_of`; see there and `audit_search.with_words` for the reasons."""
        if self._has_words:
            return {"key": "place"}
        is_of_days = bool(self.cleaned_data.get("first") or self.cleaned_data.get("last"))
        return {"key": "number", "moment": "at" if is_of_days else ""}

    @property
    def query(self) -> str:
        """The valid fields as a query string."""
        return urlencode({name: str(value) for name, value in self.cleaned_data.items() if value})

    @property
    def _has_words(self) -> bool:
        return bool(audit_search.words_of(self.cleaned_data.get("words", "")))


class SavedViewForm(forms.Form):
    """A name for a filter of the audit log."""

    name = forms.CharField(max_length=60)
    is_shared = forms.BooleanField(label="For everybody who may read the log", required=False)
    query = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._team = team

    def clean_query(self) -> str:
        """Keep only the valid part of a query string."""
        filters = AuditFilterForm(QueryDict(self.cleaned_data["query"]), team=self._team)
        filters.is_valid()
        if not filters.query:
            raise forms.ValidationError("Filter the log first, then save that as a view.")
        return filters.query


def _people(team: Team) -> list[tuple[str, str]]:
    """Members and former members: the log matters most when somebody has left."""
    members = {m.user_id: str(m.user) for m in team.memberships.select_related("user")}
    left = team.audit_entries.filter(action=Action.MEMBER_REMOVED, target_type="user")
    former = {
        user: f"{name} (has left)" for user, name in left.values_list("target_id", "target_name") if user not in members
    }
    named = sorted((members | former).items(), key=lambda person: person[1].lower())
    return [("", "Anybody"), *((str(user), name) for user, name in named), (NOT_A_PERSON, "Portal and commands")]
