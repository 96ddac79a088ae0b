from datetime import datetime, time
from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.models import Team
from exports.models import Run

NEEDS_ATTENTION = "attention"


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
    first_day = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        self.fields["export"].queryset = team.exports.all()
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
        if "first_day" in asked:
            runs = runs.filter(created_at__gte=datetime.combine(asked["first_day"], time.min, self.team.zone))
        if "last_day" in asked:
            runs = runs.filter(created_at__lte=datetime.combine(asked["last_day"], time.max, self.team.zone))
        return runs

    @property
    def is_used(self) -> bool:
        return any(self.data.get(name) for name in self.fields)
