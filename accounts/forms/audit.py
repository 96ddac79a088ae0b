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

# Far from the ends of the calendar, where converting a day to UTC fails.
SANE = [
    MinValueValidator(date(2000, 1, 1), "Choose a day after 2000."),
    MaxValueValidator(date(2999, 12, 31), "Choose a day before 3000."),
]


class AuditFilterForm(forms.Form):
    """Whose entries, about what, of which kind, with which words, from which days of the team's calendar."""

    words = forms.CharField(required=False, max_length=200, widget=forms.TextInput(attrs={"type": "search"}))
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

    # One thing, by its kind and number as entries have them: “run-17”. Links from its own page bring it.
    object = forms.CharField(
        required=False, widget=forms.HiddenInput, validators=[RegexValidator(r"^[a-z]{1,64}-[0-9]{1,18}$")]
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
        if wanted.get("object"):
            kind, number = wanted["object"].split("-")
            entries = entries.filter(target_type=kind, target_id=int(number))
        if self._has_words:
            entries = audit_search.with_words(entries, wanted["words"])
        return of_days(entries, "at", wanted.get("first"), wanted.get("last"), self._team.zone)

    @property
    def order(self) -> dict[str, str]:
        """By what `page_of` puts the entries in order; see `audit_search` and `page_of` for why it depends."""
        if self._has_words:
            return {"key": "place"}
        is_of_days = bool(self.cleaned_data.get("first") or self.cleaned_data.get("last"))
        return {"key": "number", "moment": "at" if is_of_days else ""}

    @property
    def query(self) -> str:
        """The valid part of the filter as it stands in an address."""
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
        """Only what the filter understands is kept of an address."""
        filters = AuditFilterForm(QueryDict(self.cleaned_data["query"]), team=self._team)
        filters.is_valid()
        if not filters.query:
            raise forms.ValidationError("Filter the log first, then save that as a view.")
        return filters.query


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
