"""When a schedule is due: a value, stored as JSON."""

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


# These select dates, which can fall on a weekend: weekends move them as holidays do. Daily and weekly rules, which
# select Saturdays on purpose, are moved by holidays only.
BY_DATE = frozenset({RuleKind.MONTHLY_DAY, RuleKind.MONTHLY_LAST_DAY, RuleKind.QUARTER_END})
ON_BUSINESS_DAYS = frozenset({RuleKind.BUSINESS_DAY, RuleKind.AFTER_MONTH_END})


@dataclass(frozen=True)
class Rule:
    """On which days, and at what local times in `zone`.

    `weekdays` (0 is Monday) is for WEEKLY. `day` is for MONTHLY_DAY; a shorter month uses its last day. `nth` is for
    BUSINESS_DAY, from the month's end if negative, and for AFTER_MONTH_END, where it may continue into a
    later month. `cron` includes its times. `starts_on` and `ends_on` are inclusive, and no holiday moves an occurrence
    beyond them.
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
        """Read what `to_json` wrote. Unknown keys, of a newer version, are ignored; missing ones get the default."""
        names = {setting.name for setting in fields(cls)}
        values = {name: value for name, value in stored.items() if name in names and value is not None}
        for name, read in _READ.items():
            if name in values:
                values[name] = read(values[name])
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "kind": self.kind.value,
            "times": [f"{at:%H:%M}" for at in self.times],
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
        """Whether `on_holiday` applies: business days are never holidays."""
        return self.kind not in ON_BUSINESS_DAYS and self.on_holiday != OnHoliday.RUN

    @property
    def needs_calendar(self) -> bool:
        """Whether a change of holidays can change the due times."""
        return self.kind in ON_BUSINESS_DAYS or self.heeds_holidays

    def problems(self) -> list[tuple[str, str]]:
        """Validation errors as (field, sentence), for the form."""
        problems = [*self._problems_of_days(), *self._problems_of_bounds()]
        if self.zone not in available_timezones():
            problems.append(("zone", f"“{self.zone}” is not a time zone. Use a name such as Europe/Berlin."))
        if self.kind == RuleKind.CRON:
            return problems
        if not self.times:
            problems.append(("times", "Give at least one time of day, such as 07:30."))
        elif len(set(self.times)) > MOST_TIMES:
            problems.append(("times", f"A schedule can run {MOST_TIMES} times a day at most."))
        elif any(at.second or at.microsecond or at.tzinfo for at in self.times):
            problems.append(("times", "A time of day has hours and minutes only, such as 07:30."))
        return problems

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
        problems = [
            (name, f"Choose a day before the year {LAST_YEAR}.")
            for name, day in (("starts_on", self.starts_on), ("ends_on", self.ends_on))
            if day and day.year >= LAST_YEAR
        ]
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            problems.append(("ends_on", "The last day is before the first one."))
        return problems


_READ: dict[str, Callable[[Any], Any]] = {
    "kind": RuleKind,
    "on_holiday": OnHoliday,
    "times": lambda stored: tuple(time.fromisoformat(at) for at in stored),
    "weekdays": tuple,
    "starts_on": date.fromisoformat,
    "ends_on": date.fromisoformat,
}
