"""The form that maps the columns of an uploaded table to fields."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django import forms

from exports.employee_updates.feed import mapping as feed_mapping
from exports.employee_updates.feed.fields import FIELDS
from exports.employee_updates.feed.mapping import CONFIDENCE, ColumnMapping, Placed
from exports.employee_updates.feed.sheet import Sheet
from exports.models import EmployeeUpdate

SAMPLES = 3
SAMPLED_LINES = 200  # enough to find cells that are not empty


class ColumnChoice(NamedTuple):
    """A column on the page: its heading, its first cells, the choice of its field and the reason for the suggestion."""

    heading: str
    samples: tuple[str, ...]
    choice: forms.BoundField
    reason: str
    is_guess: bool


class ColumnsForm(forms.Form):
    """A valid form has the `mapping`. `placed` is the profile's mapping on this sheet, which becomes the suggestion."""

    fill_later = forms.BooleanField(
        required=False,
        label="Go on all the same",
        help_text="Every row then has an error until somebody fills the cell.",
    )
    policy = forms.ChoiceField(
        required=False,
        label="Policy of rows without one",
        help_text="HR systems seldom know it. A row's own policy ID counts more.",
    )
    profile_name = forms.CharField(
        required=False,
        max_length=100,
        label="Remember these columns as a feed profile",
        help_text="Its name. The next file of this kind is then read the same way; a profile of that name is replaced.",
    )

    mapping: ColumnMapping

    def __init__(self, *args: Any, sheet: Sheet, update: EmployeeUpdate, placed: Placed | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sheet = sheet
        self._suggested = feed_mapping.suggest(sheet)
        self._placed = placed
        remembered = feed_mapping.mapping_from_json(update.profile.mapping) if update.profile else None
        choices = [("", "Left out"), *((name, field.heading) for name, field in FIELDS.items())]
        for number, suggestion in enumerate(self._suggested):
            self.fields[f"column_{number}"] = forms.ChoiceField(
                required=False,
                label=suggestion.heading or f"Column {number + 1}",
                choices=choices,
                initial=self._initial(number),
            )
        self._other_constants = dict(remembered.constants) if remembered else {}
        initial_policy = self._other_constants.pop("policy", "")
        policies = [
            (policy.policy_id, f"{policy.name} ({policy.policy_id})") for policy in update.credential.policies.all()
        ]
        policy_field = self.fields["policy"]
        assert isinstance(policy_field, forms.ChoiceField)
        policy_field.choices = [("", "Take it from the column"), *policies]
        policy_field.initial = initial_policy
        if update.profile:
            self.fields["profile_name"].initial = update.profile.name
        self.lacks: list[str] = []

    @property
    def columns(self) -> list[ColumnChoice]:
        return [
            ColumnChoice(
                suggestion.heading or f"Column {number + 1}",
                self._samples(number),
                self[f"column_{number}"],
                self._reason(number),
                suggestion.confidence == "guess",
            )
            for number, suggestion in enumerate(self._suggested)
        ]

    @property
    def left_out(self) -> list[str]:
        """The headings of columns without a field."""
        return [column.heading for column in self.columns if not column.choice.value()]

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        fields = [cleaned.get(f"column_{number}", "") for number in range(len(self.sheet.headings))]
        for number, name in enumerate(fields):
            if name and name in fields[:number]:
                first = self._suggested[fields.index(name)].heading
                self.add_error(
                    f"column_{number}",
                    f"“{first}” is the {FIELDS[name].heading} already. A field comes from one column.",
                )
        constants = self._other_constants | ({"policy": cleaned["policy"]} if cleaned.get("policy") else {})
        self.lacks = [
            field.heading
            for field in FIELDS.values()
            if field.required and field.name not in fields and field.name not in constants
        ]
        if self.lacks and not cleaned.get("fill_later") and not self.errors:
            self.add_error(None, self._missing_fields_sentence())
        if not self.errors:
            self.mapping = feed_mapping.mapping_of(self.sheet, fields, constants)
        return cleaned

    def _initial(self, number: int) -> str:
        """The profile's field; for a column that the profile does not know, the suggested field if it is unused."""
        suggested = self._suggested[number].field
        if self._placed is None:
            return suggested
        fields = self._placed.fields
        return fields[number] or ("" if self._placed.fits or suggested in fields else suggested)

    def _missing_fields_sentence(self) -> str:
        names = " and ".join(", ".join(self.lacks).rsplit(", ", 1))
        return (
            f"No column is chosen for {names}, which Expensify needs of everybody. Choose the column, "
            f"{'choose one policy for all rows, ' if 'Policy ID' in self.lacks else ''}"
            "or tick “Go on all the same” below and fill the cells by hand."
        )

    def _samples(self, column: int) -> tuple[str, ...]:
        filled: Sequence[str] = [
            text for line in self.sheet.lines[:SAMPLED_LINES] if (text := line.cells[column].strip())
        ]
        return tuple(dict.fromkeys(filled))[:SAMPLES]

    def _reason(self, number: int) -> str:
        suggestion = self._suggested[number]
        if self._placed and self._placed.fields[number]:
            return "As the feed profile has it"
        return suggestion.reason or CONFIDENCE[suggestion.confidence]
