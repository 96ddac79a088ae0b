"""Dates: ?date, ?time, ?datetime and the ISO forms. How they print is in `formats`."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from expensify.freemarker.builtin.registry import Function, plain, plain_table
from expensify.freemarker.dates import Kind, zone_of
from expensify.freemarker.errors import RenderError
from expensify.freemarker.iso_dates import IsoOptions, format_iso
from expensify.freemarker.runtime import Environment
from expensify.freemarker.values import Moment, is_moment, kind_of, number_of, string_of

_KINDS: tuple[Kind, ...] = ("date", "time", "datetime")


def _as(kind: Kind) -> Any:
    def read(env: Environment, value: Any, form: Any = None) -> Moment:
        """A string read by a format, or the part of a date and time."""
        if is_moment(value):
            moment = env.dates.moment(value)
            if moment.kind not in (kind, "datetime"):
                raise RenderError(f"a {moment.kind} cannot become a {kind}")
            return Moment(moment.at, kind)
        if not isinstance(value, str):
            raise RenderError(f"expected a string or a date, but this is {kind_of(value)}")
        return env.dates.read(str(value), kind, None if form is None else env.text(form))

    return read


for _kind in _KINDS:
    plain(_kind, 0, 1)(_as(_kind))
    plain(f"{_kind}_if_unknown")(_as(_kind))


def _is(kind: Kind) -> Function:
    return lambda env, value: is_moment(value) and env.dates.moment(value).kind == kind


plain_table(
    {
        "is_date_only": _is("date"),
        "is_time": _is("time"),
        "is_datetime": _is("datetime"),
        "is_unknown_date_like": lambda env, value: False,
    }
)


def _from_number(kind: Kind) -> Any:
    def convert(env: Environment, value: Any) -> Moment:
        """Milliseconds since 1970 as a date."""
        try:
            since = dt.timedelta(milliseconds=int(number_of(value)))
            return Moment(dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + since, kind)
        except OverflowError:
            raise RenderError("this date is too far away") from None

    return convert


for _kind in _KINDS:
    plain(f"number_to_{_kind}")(_from_number(_kind))


def _iso(parts: str, zone: bool | None, where: str) -> Any:
    """One of the ?iso… built-ins: `where` is utc, local, or empty when the zone is an argument."""
    options = IsoOptions(is_xs=False, zone=zone, parts=cast(Any, parts))

    def show(env: Environment, value: Any, name: Any = None) -> str:
        moment = env.dates.moment(value)
        if where == "utc":
            chosen: dt.tzinfo = dt.UTC
        elif where == "local":
            chosen = env.dates.zone
        else:
            chosen = zone_of(string_of(name))
        try:
            return format_iso(moment.at, moment.kind, options, chosen)
        except OverflowError:
            raise RenderError("this date is too far away") from None

    return show


for _where in ("utc", "local", ""):
    for _parts in ("", "h", "m", "ms"):
        for _suffix, _shown in (("", None), ("nz", False), ("fz", True)):
            _name = "_".join(part for part in ("iso", _where, _parts, _suffix) if part)
            # ?iso_utc shows whole seconds, ?iso_utc_ms milliseconds if there are some.
            plain(_name, 0 if _where else 1)(_iso({"": "s", "ms": "any"}.get(_parts, _parts), _shown, _where))
