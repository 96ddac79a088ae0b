"""Dates and times of a rendering: the formats in force, the zone, and the ways in and out of text."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from expensify.freemarker.date_patterns import format_pattern
from expensify.freemarker.date_reading import read_pattern
from expensify.freemarker.errors import RenderError
from expensify.freemarker.iso_dates import format_iso, iso_options, local, read_iso
from expensify.freemarker.values import Moment, kind_of

Kind = Literal["date", "time", "datetime"]

_DATE_STYLES = {"short": "M/d/yy", "medium": "MMM d, y", "long": "MMMM d, y", "full": "EEEE, MMMM d, y"}
_TIME_STYLES = {"short": "h:mm a", "medium": "h:mm:ss a", "long": "h:mm:ss a z", "full": "h:mm:ss a zzzz"}
_EPOCH = dt.date(1970, 1, 1)


class DateFormats:
    """The zone dates print in, and the formats of dates printed without one. They are those of Java 17 for the USA."""

    def __init__(self, zone: dt.tzinfo) -> None:
        self.zone = zone
        self.formats: dict[str, str] = {"date": "", "time": "", "datetime": ""}

    @property
    def zone_name(self) -> str:
        return str(self.zone)

    def change(self, setting: str, value: str) -> None:
        """Obey <#setting>: `time_zone`, `date_format`, `time_format` or `datetime_format`."""
        if setting == "time_zone":
            self.zone = zone_of(value)
        else:
            self.formats[setting.removesuffix("_format")] = value

    def moment(self, value: Any) -> Moment:
        """A date of the data, or of the template, as a moment. A date is its midnight in the zone."""
        if isinstance(value, Moment):
            return value
        if isinstance(value, dt.datetime):
            return Moment(value if value.tzinfo else local(value, self.zone), "datetime")
        if isinstance(value, dt.date):
            return Moment(local(dt.datetime.combine(value, dt.time()), self.zone), "date")
        if isinstance(value, dt.time):
            return Moment(local(dt.datetime.combine(_EPOCH, value.replace(tzinfo=None)), self.zone), "time")
        raise RenderError(f"expected a date, but this is {kind_of(value)}")

    def text(self, value: Any) -> str:
        """The value in the format in force for its kind."""
        moment = self.moment(value)
        return self.formatted(moment, self.formats[moment.kind])

    def formatted(self, value: Any, form: str) -> str:
        """The value in a format: a Java pattern, a style like `short_medium`, `iso …` or `xs …`."""
        moment = self.moment(value)
        options = iso_options(form)
        try:
            if options is not None:
                return format_iso(moment.at, moment.kind, options, self.zone)
            return format_pattern(moment.at.astimezone(self.zone), _pattern(form, moment.kind))
        except OverflowError:
            raise RenderError("this date is too far away") from None

    def read(self, text: str, kind: Kind, form: str | None) -> Moment:
        """The date in a text, read leniently by a pattern, or exactly as ISO 8601."""
        form = self.formats[kind] if form is None else form
        options = iso_options(form)
        try:
            if options is not None:
                return Moment(read_iso(text, kind, self.zone, is_xs=options.is_xs), kind)
            found = read_pattern(text, _pattern(form, kind), dt.datetime.now(dt.UTC).year)
            at = found.at.replace(tzinfo=found.zone) if found.zone is not None else local(found.at, self.zone)
            at.astimezone(dt.UTC)
        except OverflowError:
            raise RenderError(f"the date in {text[:40]!r} is too far away") from None
        return Moment(at, kind)


def zone_of(name: str) -> dt.tzinfo:
    """The zone of a name like America/New_York."""
    if name in ("UTC", "GMT"):
        return dt.UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RenderError(f"there is no time zone {name[:40]!r}") from None


@lru_cache(maxsize=200)
def _pattern(form: str, kind: Kind) -> str:
    """The pattern of a style, else the form itself."""
    parts = [part for part in form.split("_") if part] or ["medium"]
    if any(part not in _DATE_STYLES for part in parts[:2]):
        return form
    if kind == "date":
        return _DATE_STYLES[parts[0]]
    if kind == "time":
        return _TIME_STYLES[parts[0]]
    time = parts[min(1, len(parts) - 1)]
    glue = " 'at' " if {parts[0], time} <= {"long", "full"} else ", "
    return _DATE_STYLES[parts[0]] + glue + _TIME_STYLES[time]
