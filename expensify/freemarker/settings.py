"""Limits of a rendering, and its modes where the real server's mode is only inferred."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from expensify.freemarker.errors import RenderError


@dataclass(frozen=True)
class RenderLimits:
    """Limits of one rendering. The defaults allow 100,000 expenses and stop a runaway within half a minute.

    `steps` counts executed tags, iterations and calls, plus the size of the inputs of built-ins.
    `depth` counts nested macro and function calls. `output_chars` also limits any single value.
    `seconds` counts the processor time of the rendering's thread, so that a busy machine stops no good template.
    """

    steps: int = 20_000_000
    depth: int = 60
    output_chars: int = 50_000_000
    seconds: float = 30.0


@dataclass(frozen=True)
class RenderSettings:
    """Modes of one rendering.

    `missing="empty"`: a tag that needs a missing value prints nothing and the template continues, as
    FreeMarker does with an error handler that ignores errors. Public templates print fields that most
    expenses do not have, and get their file [O/I].
    `boolean="empty"`: a boolean printed without `?string` prints nothing [H]; "words" prints true and false.
    `number_format` is a Java DecimalFormat pattern; exports show no thousands separator [I].
    `now` is the aware time of `.now`; None reads the clock once per rendering.
    """

    missing: Literal["empty", "error"] = "empty"
    boolean: Literal["empty", "error", "words"] = "empty"
    number_format: str = "0.######"
    now: dt.datetime | None = None
    zone: dt.tzinfo = dt.UTC
    tolerate: Callable[[RenderError], bool] | None = None
    """Called with each error outside of <#attempt>: whether the rendering goes on with the next tag all the same."""
