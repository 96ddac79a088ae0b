"""The form for a schedule's name, export and owner, and for pausing it."""

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django_scopes.forms import SafeModelChoiceField

from accounts.models import Team, User
from accounts.permissions import Permission
from exports.forms.inputs import DayInput
from exports.models import SavedExport, Schedule

AFTER_OUTAGE = {Schedule.AfterOutage.RUN_LATE: "Run once, late", Schedule.AfterOutage.SKIP: "Leave out what was missed"}


# At run time, ModelForm takes no type parameter.
class ScheduleForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A valid form has a `chosen_owner` besides the fields of the schedule."""

    after_outage = forms.ChoiceField(label="After an outage of the portal", choices=list(AFTER_OUTAGE.items()))
    pause_after = forms.IntegerField(
        label="Pause after this many failures in a row",
        min_value=1,
        max_value=100,
        help_text="The one who looks after it is told of every failure, and warned before the last.",
    )
    owner = forms.ChoiceField(label="Who looks after it", help_text="Is told when a run or a mail fails.")

    class Meta:
        model = Schedule
        fields = ["name", "export", "after_outage", "pause_after"]
        field_classes = {"export": SafeModelChoiceField}

    def __init__(
        self, data: QueryDict | None = None, *, team: Team, by: User, instance: Schedule, **kwargs: Any
    ) -> None:
        super().__init__(data, instance=instance, **kwargs)
        export, owner = self.export_field, cast(forms.ChoiceField, self.fields["owner"])
        exports = team.exports.live() if instance.pk is None else team.exports.filter(pk=instance.export_id)
        self.exports = exports.select_related("version")
        export.queryset = self.exports
        export.empty_label = "Choose an export"
        if instance.pk is not None:
            export.disabled = True
            export.help_text = "For another export make another schedule."
        self.fields["name"].help_text = "As the team will know it, such as “Expenses to approvers”."
        members = team.memberships.filter(user__is_active=True).select_related("user")
        self.people = {
            str(member.user_id): member.user for member in members if member.may(Permission.MANAGE_SCHEDULES)
        }
        owner.choices = [(pk, str(user)) for pk, user in self.people.items()]
        is_known = str(instance.owner_id) in self.people
        owner.initial = str(instance.owner_id if is_known else by.pk)

    @property
    def export_field(self) -> "forms.ModelChoiceField[SavedExport]":
        return cast("forms.ModelChoiceField[SavedExport]", self.fields["export"])

    def clean_export(self) -> Any:
        export = self.cleaned_data["export"]
        if self.instance.pk is None and export.version is not None and export.version.is_draft:
            raise forms.ValidationError(
                "This export is a draft, which cannot run: its template cannot be read. Edit it first."
            )
        return export

    @property
    def chosen_owner(self) -> User:
        return self.people[self.cleaned_data["owner"]]

    def taken(self) -> str:
        return "The team has a schedule of this name already. Choose another name."


class PauseForm(forms.Form):
    reason = forms.CharField(label="Why", max_length=300, help_text="Everybody in the team can read it.")
    resume_on = forms.DateField(
        required=False, label="Go on by itself on", help_text="Empty: until somebody resumes it.", widget=DayInput
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = timezone.now().astimezone(team.zone).date()

    def clean_resume_on(self) -> Any:
        day = self.cleaned_data["resume_on"]
        if day is not None and not self.today < day < self.today + timedelta(days=3660):
            raise forms.ValidationError("Choose a day after today.")
        return day
