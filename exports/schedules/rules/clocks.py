"""Convert a day and a local time to an instant, exactly one per day, also when the clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

ONE_MINUTE = timedelta(minutes=1)


class Instant(NamedTuple):
    """A local time in UTC, and how a clock change moved it; "" if it did not."""

    at: datetime
    change: str = ""


def instant(day: date, at: time, zone: ZoneInfo) -> Instant | None:
    """The instant at which clocks in `zone` show this time. A time that occurs twice means the first.

    A time in a clock gap becomes the first instant after the gap or, if the gap ends on another day, the minute before
    the gap: the occurrence stays on its day. None for a day that does not exist: Apia had no 30 December 2011.
    """
    wall = datetime.combine(day, at, tzinfo=zone)
    utc = wall.astimezone(UTC)
    if utc.astimezone(zone).replace(tzinfo=None, fold=0) == wall.replace(tzinfo=None):
        if wall.replace(fold=1).utcoffset() == wall.utcoffset():
            return Instant(utc)
        return Instant(utc, f"{at:%H:%M} comes twice, and it runs the first time")
    resumed = _end_of_gap(wall)
    for moved in (resumed, resumed - ONE_MINUTE):
        local = moved.astimezone(zone)
        if local.date() == day:
            return Instant(moved, f"{at:%H:%M} does not exist, so it runs at {local:%H:%M}")
    return None


def _end_of_gap(wall: datetime) -> datetime:
    """The first instant after the clock gap around a local time, to the second."""
    before, after = wall.replace(fold=1).astimezone(UTC), wall.replace(fold=0).astimezone(UTC)
    zone, offset = wall.tzinfo, after.astimezone(wall.tzinfo).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
