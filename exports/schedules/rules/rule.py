"""What a schedule says about when, as values that are kept as JSON."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import date, time
from enum import StrEnum
from typing import Any
from zoneinfo import available_timezones

from exports.schedules.rules import cron_lines

MOST_TIMES = 24  # a day: once an hour
MOST_BUSINESS_DAYS = 15  # fewer than any month has
LAST_YEAR = 2100


class RuleKind(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY_DAY = "monthly_day"
    MONTHLY_LAST_DAY = "monthly_last_day"
    BUSINESS_DAY = "business_day"
    AFTER_MONTH_END = "after_month_end"
    QUARTER_END = "quarter_end"
    CRON = "cron"


class OnHoliday(StrEnum):
    RUN = "run"
    SKIP = "skip"
    BEFORE = "before"
    AFTER = "after"


# These name a date, which may be any day of the week: a weekend moves them as a holiday does. Who asks for Saturdays,
# or for every day, means them.
BY_DATE = frozenset({RuleKind.MONTHLY_DAY, RuleKind.MONTHLY_LAST_DAY, RuleKind.QUARTER_END})
ON_BUSINESS_DAYS = frozenset({RuleKind.BUSINESS_DAY, RuleKind.AFTER_MONTH_END})


@dataclass(frozen=True)
class Rule:
    """On which days, and at what times of day by the clocks of `zone`.

    `weekdays` (0 is Monday) belong to WEEKLY. `day` belongs to MONTHLY_DAY; a shorter month has it on its last day.
    `nth` belongs to BUSINESS_DAY, from the month's end when negative, and to AFTER_MONTH_END, where it counts on into
    the month after when it has to. `cron` has its times in itself. `starts_on` and `ends_on` are included, and no
    holiday moves an occurrence beyond them.
    """

    kind: RuleKind = RuleKind.DAILY
    times: tuple[time, ...] = ()
    zone: str = "UTC"
    starts_on: date | None = None
    ends_on: date | None = None
    on_holiday: OnHoliday = OnHoliday.RUN
    weekdays: tuple[int, ...] = ()
    day: int = 1
    nth: int = 1
    cron: str = ""

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Rule":
        """Of what `to_json` made; what a newer version added is left out, what is missing has its default."""
        known = {each.name for each in fields(cls)}
        values = {name: value for name, value in stored.items() if name in known and value is not None}
        for name, read in _READ.items():
            if name in values:
                values[name] = read(values[name])
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "kind": self.kind.value,
            "times": [f"{each:%H:%M}" for each in self.times],
            "starts_on": self.starts_on.isoformat() if self.starts_on else None,
            "ends_on": self.ends_on.isoformat() if self.ends_on else None,
            "on_holiday": self.on_holiday.value,
            "weekdays": list(self.weekdays),
        }

    @property
    def moves_from_weekends(self) -> bool:
        return self.kind in BY_DATE

    @property
    def heeds_holidays(self) -> bool:
        """Whether `on_holiday` can matter: a rule of business days never meets one."""
        return self.kind not in ON_BUSINESS_DAYS and self.on_holiday != OnHoliday.RUN

    @property
    def needs_calendar(self) -> bool:
        """Whether another holiday can change when it is due."""
        return self.kind in ON_BUSINESS_DAYS or self.heeds_holidays

    def problems(self) -> list[tuple[str, str]]:
        """What is wrong, as (field, sentence), for whoever fills in the form."""
        found = [*self._problems_of_days(), *self._problems_of_bounds()]
        if self.zone not in available_timezones():
            found.append(("zone", f"“{self.zone}” is not a time zone. Use a name such as Europe/Berlin."))
        if self.kind == RuleKind.CRON:
            return found
        if not self.times:
            found.append(("times", "Give at least one time of day, such as 07:30."))
        elif len(set(self.times)) > MOST_TIMES:
            found.append(("times", f"A schedule can run {MOST_TIMES} times a day at most."))
        elif any(each.second or each.microsecond or each.tzinfo for each in self.times):
            found.append(("times", "A time of day has hours and minutes only, such as 07:30."))
        return found

    def _problems_of_days(self) -> list[tuple[str, str]]:
        if self.kind == RuleKind.WEEKLY:
            if not self.weekdays:
                return [("weekdays", "Choose at least one day of the week.")]
            if not set(self.weekdays) <= set(range(7)):
                return [("weekdays", "Choose days from Monday to Sunday.")]
        if self.kind == RuleKind.MONTHLY_DAY and not 1 <= self.day <= 31:
            return [("day", "A day of the month is a number from 1 to 31.")]
        if self.kind == RuleKind.BUSINESS_DAY and not 1 <= abs(self.nth) <= MOST_BUSINESS_DAYS:
            return [("nth", f"Count from 1 to {MOST_BUSINESS_DAYS}, or from -1 back from the month's end.")]
        if self.kind == RuleKind.AFTER_MONTH_END and not 1 <= self.nth <= MOST_BUSINESS_DAYS:
            return [("nth", f"Wait for 1 to {MOST_BUSINESS_DAYS} business days.")]
        if self.kind == RuleKind.CRON and (problem := cron_lines.problem(self.cron, MOST_TIMES)):
            return [("cron", problem)]
        return []

    def _problems_of_bounds(self) -> list[tuple[str, str]]:
        found = [
            (name, f"Choose a day before the year {LAST_YEAR}.")
            for name, day in (("starts_on", self.starts_on), ("ends_on", self.ends_on))
            if day and day.year >= LAST_YEAR
        ]
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            found.append(("ends_on", "The last day is before the first one."))
        return found


_READ: dict[str, Callable[[Any], Any]] = {
    "kind": RuleKind,
    "on_holiday": OnHoliday,
    "times": lambda stored: tuple(time.fromisoformat(each) for each in stored),
    "weekdays": tuple,
    "starts_on": date.fromisoformat,
    "ends_on": date.fromisoformat,
}
