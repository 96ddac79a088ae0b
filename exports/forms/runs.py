from typing import Any, cast

from django import forms
from django.db.models import QuerySet

from accounts.forms.audit import SANE
from accounts.models import Team
from accounts.numbers import whole_number
from accounts.paging import of_days
from exports.forms.inputs import DayInput
from exports.models import Run, SavedExport
from exports.models.run import RunQuerySet

NEEDS_ATTENTION = "attention"
NO_SCHEDULE = "none"
MOST_SCHEDULES = 200


class RunFilter(forms.Form):
    """Filters of the list of runs. Both days are inclusive, in the team's time zone."""

    export: "forms.ModelChoiceField[SavedExport]" = forms.ModelChoiceField(
        None, required=False, empty_label="All exports"
    )
    state = forms.ChoiceField(
        required=False, choices=[("", "All states"), (NEEDS_ATTENTION, "Needs attention"), *Run.Status.choices]
    )
    person = forms.ChoiceField(required=False)
    source = forms.ChoiceField(required=False, label="Started by", choices=[("", "Any way"), *Run.Source.choices])
    schedule = forms.ChoiceField(required=False)
    first_day = forms.DateField(required=False, label="From", validators=SANE, widget=DayInput)
    last_day = forms.DateField(required=False, label="To", validators=SANE, widget=DayInput)

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        cast("forms.ModelChoiceField[SavedExport]", self.fields["export"]).queryset = team.exports.all()
        cast(forms.ChoiceField, self.fields["schedule"]).choices = [
            ("", "With or without"),
            (NO_SCHEDULE, "Without a schedule"),
            *((str(pk), name) for pk, name in self._schedules(team)),
        ]
        members = team.memberships.select_related("user").order_by("user__first_name", "user__email")
        cast(forms.ChoiceField, self.fields["person"]).choices = [
            ("", "Everybody"),
            *((member.user_id, str(member.user)) for member in members),
        ]

    def filter(self, runs: RunQuerySet) -> QuerySet[Run]:
        """The runs that match; an invalid field shows its error and filters nothing."""
        self.full_clean()
        filters = {name: value for name, value in self.cleaned_data.items() if value}
        if filters.get("state") == NEEDS_ATTENTION:
            runs = runs.needing_attention()
        elif "state" in filters:
            runs = runs.filter(status=filters["state"])
        for name, column in (("export", "export"), ("person", "requested_by"), ("source", "source")):
            if name in filters:
                runs = runs.filter(**{column: filters[name]})
        if filters.get("schedule") == NO_SCHEDULE:
            runs = runs.filter(occurrence=None)
        elif "schedule" in filters:
            runs = runs.filter(occurrence__schedule=filters["schedule"])
        return of_days(runs, "created_at", filters.get("first_day"), filters.get("last_day"), self.team.zone)

    def _schedules(self, team: Team) -> list[tuple[int, str]]:
        """The live schedules, up to the limit, and the selected one, which may be archived."""
        rows = team.schedules.values_list("pk", "name")
        schedules = list(rows.filter(archived_at=None)[:MOST_SCHEDULES])
        selected = whole_number(self.data.get("schedule", ""))
        if selected is not None and selected not in {pk for pk, _ in schedules}:
            schedules += list(rows.filter(pk=selected))
        return schedules

    @property
    def is_of_days(self) -> bool:
        return bool(self.cleaned_data.get("first_day") or self.cleaned_data.get("last_day"))

    @property
    def is_used(self) -> bool:
        return any(self.data.get(name) for name in self.fields)
