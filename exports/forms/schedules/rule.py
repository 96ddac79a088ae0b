"""The form for when a schedule runs: the fields of a `Rule`."""

import re
from dataclasses import asdict
from datetime import time
from typing import Any, cast

from django import forms

from accounts.forms.teams import zones
from accounts.models import Team
from exports.forms.inputs import DayInput
from exports.schedules.rules import words
from exports.schedules.rules.rule import OnHoliday, Rule, RuleKind

KINDS = {
    RuleKind.BUSINESS_DAY: "On a business day of the month",
    RuleKind.AFTER_MONTH_END: "Some business days after the month has ended",
    RuleKind.MONTHLY_DAY: "On a day of the month",
    RuleKind.MONTHLY_LAST_DAY: "On the last day of the month",
    RuleKind.WEEKLY: "Every week, on the days I choose",
    RuleKind.DAILY: "Every day",
    RuleKind.QUARTER_END: "At the end of each quarter",
    RuleKind.CRON: "By a cron line",
}
FROM_THE_END = ["Last", "Second to last", "Third to last", "Fourth to last", "Fifth to last"]
ON_HOLIDAY = {
    OnHoliday.RUN: "Run all the same",
    OnHoliday.BEFORE: "Run on the business day before",
    OnHoliday.AFTER: "Run on the business day after",
    OnHoliday.SKIP: "Leave that time out",
}
# Fields that only one kind uses.
KIND_OF_FIELD = {
    "weekdays": RuleKind.WEEKLY,
    "nth": RuleKind.BUSINESS_DAY,
    "days_after": RuleKind.AFTER_MONTH_END,
    "day": RuleKind.MONTHLY_DAY,
    "cron": RuleKind.CRON,
}
REQUIRED = str(forms.Field.default_error_messages["required"])
TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")


class Times(forms.CharField):
    """Times of day, separated by commas or spaces; cleaned to a sorted list without duplicates."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(f"{at:%H:%M}" for at in value) if isinstance(value, list | tuple) else value

    # A text field whose cleaned value is a list.
    def to_python(self, value: Any) -> list[time]:  # type: ignore[override]
        times = set()
        for word in re.split(r"[\s,;]+", super().to_python(value) or ""):
            if not word:
                continue
            match = TIME.fullmatch(word)
            if match is None:
                raise forms.ValidationError(
                    "“%(word)s” is not a time of day. Write it by the 24-hour clock, such as 07:30.",
                    params={"word": word},
                )
            times.add(time(int(match[1]), int(match[2])))
        return sorted(times)


class RuleForm(forms.Form):
    """A valid form has a `rule`. Fields that the chosen kind does not use are ignored."""

    kind = forms.ChoiceField(label="How often", choices=list(KINDS.items()))
    weekdays = forms.TypedMultipleChoiceField(
        required=False,
        label="Days of the week",
        coerce=int,
        choices=list(enumerate(words.WEEKDAYS)),
        widget=forms.CheckboxSelectMultiple,
    )
    nth = forms.TypedChoiceField(
        required=False,
        label="Which business day",
        coerce=int,
        empty_value=None,
        choices=[
            *enumerate(map(str.capitalize, words.ORDINALS), start=1),
            *((-number, name) for number, name in enumerate(FROM_THE_END, start=1)),
        ],
        help_text="Weekends and the team's holidays are no business days.",
    )
    days_after = forms.IntegerField(
        required=False,
        label="How many business days after the month's last day",
        min_value=1,
        max_value=15,
        help_text="3: on the third business day of the next month.",
    )
    day = forms.IntegerField(
        required=False,
        label="Day of the month",
        min_value=1,
        max_value=31,
        help_text="Where a month has no such day, its last day counts.",
    )
    cron = forms.CharField(
        required=False,
        label="Cron line",
        max_length=100,
        help_text="Minute, hour, day, month, weekday. For example 30 7 * * 1-5.",
        widget=forms.TextInput(attrs={"class": "font-monospace", "spellcheck": "false"}),
    )
    times = Times(
        required=False,
        label="Time of day",
        max_length=200,
        help_text="By the 24-hour clock; several with commas between: 07:30, 16:00.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "text"}),
    )
    zone = forms.ChoiceField(label="Time zone", help_text="The time of day stays when the clocks change there.")
    on_holiday = forms.ChoiceField(
        required=False,
        label="When that day is off",
        choices=list(ON_HOLIDAY.items()),
        help_text="On a holiday of the team; a date can also fall on a weekend.",
    )
    starts_on = forms.DateField(required=False, label="First day", help_text="Empty: from now on.", widget=DayInput)
    ends_on = forms.DateField(
        required=False, label="Last day", help_text="Empty: until somebody stops it.", widget=DayInput
    )

    rule: Rule | None = None

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = self.initial.get("zone", team.time_zone)
        cast(forms.ChoiceField, self.fields["zone"]).choices = [
            (zone, zone.replace("_", " ")) for zone in zones(present)
        ]

    @staticmethod
    def initial_of(rule: Rule | None, team: Team) -> dict[str, Any]:
        """Initial values for a rule; without one, for the most common rule."""
        if rule is None:
            rule = Rule(RuleKind.BUSINESS_DAY, times=(time(7, 30),), zone=team.time_zone, on_holiday=OnHoliday.AFTER)
        return asdict(rule) | {
            "weekdays": list(rule.weekdays),
            "nth": rule.nth if rule.kind == RuleKind.BUSINESS_DAY else 1,
            "days_after": rule.nth if rule.kind == RuleKind.AFTER_MONTH_END else 3,
            "times": list(rule.times),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kind = cleaned.get("kind")
        for name, kind_of_field in KIND_OF_FIELD.items():
            if kind != kind_of_field:
                self.errors.pop(name, None)
                cleaned[name] = None
        if kind == RuleKind.CRON:
            self.errors.pop("times", None)
            cleaned["times"] = []
        if self.errors:
            return cleaned
        for name in ("day", "days_after"):
            if kind == KIND_OF_FIELD[name] and cleaned[name] is None:
                self.add_error(name, "Give a number.")
                return cleaned
        rule = self._build_rule(cleaned)
        for name, sentence in rule.problems():
            self.add_error(_field_of(name, rule), sentence)
        if not self.errors:
            self.rule = rule
        return cleaned

    def problems(self) -> list[str]:
        """All errors as sentences. One that does not name its field is preceded by its label."""
        return [
            f"{self[name].label}: {sentence}" if sentence == REQUIRED else str(sentence)
            for name, sentences in self.errors.items()
            for sentence in sentences
        ]

    def _build_rule(self, cleaned: dict[str, Any]) -> Rule:
        kind = RuleKind(cleaned["kind"])
        return Rule(
            kind,
            times=tuple(cleaned["times"]),
            zone=cleaned["zone"],
            starts_on=cleaned["starts_on"],
            ends_on=cleaned["ends_on"],
            on_holiday=OnHoliday(cleaned["on_holiday"] or OnHoliday.RUN),
            weekdays=tuple(cleaned["weekdays"] or ()),
            day=cleaned["day"] or 1,
            nth=(cleaned["days_after"] if kind == RuleKind.AFTER_MONTH_END else cleaned["nth"]) or 1,
            cron=" ".join((cleaned["cron"] or "").split()),
        )


def _field_of(name: str, rule: Rule) -> str:
    return "days_after" if name == "nth" and rule.kind == RuleKind.AFTER_MONTH_END else name
