"""A Celery worker on a machine whose clock is wrong by CLOCK_AHEAD seconds; `python -m tests.engine.shifted …`.

Every time of day that Python code of this process asks for is off; how fast time passes is not.
"""

import datetime
import os
import sys
import time
from typing import Any

AHEAD = float(os.environ["CLOCK_AHEAD"])
_datetime, _time, _time_ns = datetime.datetime, time.time, time.time_ns


class _LikeTheReal(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _datetime)


class Shifted(_datetime, metaclass=_LikeTheReal):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return _datetime.now(tz) + datetime.timedelta(seconds=AHEAD)

    @classmethod
    def utcnow(cls) -> Any:
        return _datetime.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(seconds=AHEAD)

    @classmethod
    def today(cls) -> Any:
        return cls.now()


if __name__ == "__main__":
    datetime.datetime = Shifted  # type: ignore[misc]
    time.time = lambda: _time() + AHEAD
    time.time_ns = lambda: _time_ns() + int(AHEAD * 1e9)

    from celery.__main__ import main

    sys.exit(main())
