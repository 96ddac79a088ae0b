"""Dates and times of a rendering: current formats, time zone, formatting and parsing."""

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
    """The time zone and the default formats of dates: those of Java 17 in the locale en_US."""

    def __init__(self, zone: dt.tzinfo) -> None:
        self.zone = zone
        self.formats: dict[str, str] = {"date": "", "time": "", "datetime": ""}

    def change(self, setting: str, value: str) -> None:
        """Apply <#setting>: `time_zone`, `date_format`, `time_format` or `datetime_format`."""
        if setting == "time_zone":
            self.zone = zone_of(value)
        else:
            self.formats[setting.removesuffix("_format")] = value

    def moment(self, value: Any) -> Moment:
        """Return a date of the data or template as a moment. A date becomes its midnight in the zone."""
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
        """Format the value in the current format of its kind."""
        moment = self.moment(value)
        return self.formatted(moment, self.formats[moment.kind])

    def formatted(self, value: Any, form: str) -> str:
        """Format the value: `form` is a Java pattern, a style like `short_medium`, `iso …` or `xs …`."""
        moment = self.moment(value)
        options = iso_options(form)
        try:
            if options is not None:
                return format_iso(moment.at, moment.kind, options, self.zone)
            return format_pattern(moment.at.astimezone(self.zone), _pattern(form, moment.kind))
        except OverflowError:
            raise RenderError("this date is too far away") from None

    def read(self, text: str, kind: Kind, form: str | None) -> Moment:
        """Read a date, leniently by a pattern or strictly as ISO 8601; RenderError when the text is none."""
        form = self.formats[kind] if form is None else form
        options = iso_options(form)
        try:
            if options is not None:
                return Moment(read_iso(text, kind, self.zone, is_xs=options.is_xs), kind)
            at, zone = read_pattern(text, _pattern(form, kind), dt.datetime.now(dt.UTC).year)
            at = at.replace(tzinfo=zone) if zone is not None else local(at, self.zone)
            at.astimezone(dt.UTC)
        except OverflowError:
            raise RenderError(f"the date in {text[:40]!r} is too far away") from None
        return Moment(at, kind)


def zone_of(name: str) -> dt.tzinfo:
    """Return the zone of a name like America/New_York; RenderError when there is none."""
    if name in ("UTC", "GMT"):
        return dt.UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RenderError(f"there is no time zone {name[:40]!r}") from None


@lru_cache(maxsize=200)
def _pattern(form: str, kind: Kind) -> str:
    """Return the pattern of a style, else the form itself."""
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
