"""Which days are business days: neither a weekend nor a holiday, national or the team's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

ONE_DAY = timedelta(days=1)
# How many days a holiday can move an occurrence. No real calendar has more consecutive days off.
FARTHEST = 31
SATURDAY_AND_SUNDAY = frozenset({5, 6})


@dataclass(frozen=True)
class Calendar:
    """A national calendar such as DE or DE-BE, overridden by the team's `own` days: (name, whether it is a day off)."""

    national: str = ""
    own: Mapping[date, tuple[str, bool]] = field(default_factory=dict)

    def off(self, day: date) -> str | None:
        """The holiday's name; None for any other day, weekends included."""
        own = self.own.get(day)
        if own is not None:
            return own[0] if own[1] else None
        return national_days(self.national, day.year).get(day) if self.national else None

    def is_weekend(self, day: date) -> bool:
        """By the country's week: in some, the weekend is Friday and Saturday."""
        return day.weekday() in (_weekend(self.national) if self.national else SATURDAY_AND_SUNDAY)

    def is_business_day(self, day: date) -> bool:
        return not self.is_weekend(day) and self.off(day) is None

    def business_day_before(self, day: date) -> date | None:
        """The nearest business day before that day; None if there is none within FARTHEST days."""
        return self._nearest(day, -ONE_DAY)

    def business_day_after(self, day: date) -> date | None:
        return self._nearest(day, ONE_DAY)

    def _nearest(self, day: date, step: timedelta) -> date | None:
        for _ in range(FARTHEST):
            day += step
            if self.is_business_day(day):
                return day
        return None


@lru_cache(maxsize=2048)
def is_known(national: str) -> bool:
    """Whether there is a national calendar of this name."""
    # Imported here to keep it out of web processes: see tests/test_process_imports.py.
    import holidays

    country, _, part = national.partition("-")
    parts = holidays.list_supported_countries(include_aliases=False).get(country)
    return parts is not None and (not part or part in parts)


@lru_cache(maxsize=2048)
def national_days(national: str, year: int) -> Mapping[date, str]:
    """The public holidays of a country or one of its parts, in English where the package has it; empty if unknown."""
    if not is_known(national):
        return {}
    # Imported here to keep it out of web processes: see tests/test_process_imports.py.
    import holidays

    country, _, part = national.partition("-")
    days = holidays.country_holidays(country, subdiv=part or None, years=year, language="en_US")
    return {day: name for day, name in sorted(days.items()) if day.year == year}


@lru_cache(maxsize=512)
def _weekend(national: str) -> frozenset[int]:
    if not is_known(national):
        return SATURDAY_AND_SUNDAY
    # Imported here to keep it out of web processes: see tests/test_process_imports.py.
    import holidays

    return frozenset(holidays.country_holidays(national.partition("-")[0]).weekend)
