from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.forms.audit import SANE
from accounts.models import Team
from accounts.numbers import whole_number
from accounts.paging import of_days
from exports.models import Run

NEEDS_ATTENTION = "attention"
NO_SCHEDULE = "none"
MOST_SCHEDULES = 200


class RunFilter(forms.Form):
    """Which of the team's runs to list. Days are the team's days, both included."""

    export = forms.ModelChoiceField(None, required=False, empty_label="All exports")
    state = forms.ChoiceField(
        required=False,
        choices=[("", "All states"), (NEEDS_ATTENTION, "Needs attention"), *Run.Status.choices],
    )
    person = forms.ChoiceField(required=False)
    source = forms.ChoiceField(
        required=False, label="Started by", choices=[("", "Any way"), *Run.Source.choices]
    )
    schedule = forms.ChoiceField(required=False)
    first_day = forms.DateField(
        required=False, label="From", validators=SANE, widget=forms.DateInput(attrs={"type": "date"})
    )
    last_day = forms.DateField(
        required=False, label="To", validators=SANE, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        self.fields["export"].queryset = team.exports.all()
        self.fields["schedule"].choices = [
            ("", "With or without"),
            (NO_SCHEDULE, "Without a schedule"),
            *((str(pk), name) for pk, name in self._schedules(team)),
        ]
        members = team.memberships.select_related("user").order_by("user__first_name", "user__email")
        self.fields["person"].choices = [
            ("", "Everybody"),
            *((member.user_id, str(member.user)) for member in members),
        ]

    def of(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        """Those of the runs that pass; a field that makes no sense complains and filters nothing."""
        self.full_clean()
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        if asked.get("state") == NEEDS_ATTENTION:
            runs = runs.needing_attention()
        elif "state" in asked:
            runs = runs.filter(status=asked["state"])
        if "export" in asked:
            runs = runs.filter(export=asked["export"])
        if "person" in asked:
            runs = runs.filter(requested_by=asked["person"])
        if "source" in asked:
            runs = runs.filter(source=asked["source"])
        if asked.get("schedule") == NO_SCHEDULE:
            runs = runs.filter(occurrence=None)
        elif "schedule" in asked:
            runs = runs.filter(occurrence__schedule=asked["schedule"])
        return of_days(runs, "created_at", asked.get("first_day"), asked.get("last_day"), self.team.zone)

    def _schedules(self, team: Team) -> list[tuple[int, str]]:
        """As many as a picker can show, and the one asked for, which may be archived."""
        rows = team.schedules.values_list("pk", "name")
        found = list(rows.filter(archived_at=None)[:MOST_SCHEDULES])
        asked = whole_number(self.data.get("schedule", ""))
        if asked is not None and asked not in {pk for pk, _ in found}:
            found += list(rows.filter(pk=asked))
        return found

    @property
    def is_of_days(self) -> bool:
        return bool(self.cleaned_data.get("first_day") or self.cleaned_data.get("last_day"))

    @property
    def is_used(self) -> bool:
        return any(self.data.get(name) for name in self.fields)
