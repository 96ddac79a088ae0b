"""Forms for holidays and blackout periods."""

from datetime import date
from typing import Any, cast

from django import forms

from exports.forms.inputs import DayInput
from exports.schedules.rules.countries import choices
from exports.schedules.rules.ics import Imported, UnreadableCalendar, read_ics

FIRST_YEAR, LAST_YEAR = 2000, 2099


class DayField(forms.DateField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=DayInput(format="%Y-%m-%d"), **kwargs)

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value and not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise forms.ValidationError(f"Choose a day between {FIRST_YEAR} and {LAST_YEAR}.")


class HolidayForm(forms.Form):
    on = DayField(label="Day off")
    name = forms.CharField(max_length=100)


class NationalForm(forms.Form):
    """The country or region whose public holidays the team observes."""

    national = forms.ChoiceField(label="National calendar", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["national"]).choices = [("", "None"), *choices()]


class DaysFileForm(forms.Form):
    """A calendar file; a valid form has its days in `imported`."""

    file = forms.FileField(label="Calendar file (.ics)", widget=forms.FileInput(attrs={"accept": ".ics,text/calendar"}))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.imported = Imported({}, ())

    def clean_file(self) -> None:
        try:
            self.imported = read_ics(self.cleaned_data["file"].read(), self.today)
        except UnreadableCalendar as error:
            raise forms.ValidationError(str(error)) from error
        if not self.imported.days:
            raise forms.ValidationError(
                ["There is no day off in this file that can be taken over.", *self.imported.left_out]
            )


class StrikeForm(forms.Form):
    on = DayField()


class FreezeForm(forms.Form):
    first = DayField(label="First day")
    last = DayField(label="Last day")
    reason = forms.CharField(max_length=200, help_text="Shown wherever a schedule does not run because of it.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", "The last day is before the first one.")
        return cleaned
