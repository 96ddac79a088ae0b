"""How far a template may go, and how it behaves where the real server's mode is only inferred."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class RenderLimits:
    """Bounds of one rendering. The defaults let 100,000 expenses through and stop a runaway within half a minute.

    `steps` counts tags executed, loop turns and calls, plus the size of what a built-in works through.
    `depth` counts macro and function calls inside each other. `output_chars` also bounds any one value.
    """

    steps: int = 20_000_000
    depth: int = 60
    output_chars: int = 50_000_000
    seconds: float = 30.0


@dataclass(frozen=True)
class RenderSettings:
    """Modes of one rendering.

    `missing="empty"`: a tag that needs a value which is not there prints nothing and the template goes on,
    as FreeMarker does under a handler that ignores errors. Public templates print fields which most expenses
    do not have, and get their file [O/I].
    `boolean="empty"`: a boolean printed without `?string` prints nothing [H]; "words" prints true and false.
    `number_format` is a Java DecimalFormat pattern; exports show no thousands separator [I].
    `now` is an aware time, the answer to `.now`; without it the clock is read once per rendering.
    """

    missing: Literal["empty", "error"] = "empty"
    boolean: Literal["empty", "error", "words"] = "empty"
    number_format: str = "0.######"
    now: dt.datetime | None = None
    zone: dt.tzinfo = dt.UTC
