"""A process that does nothing but start what is due, until it is killed: `python -m tests.engine.starting`."""

import django

django.setup()

from accounts import clock  # noqa: E402
from exports.schedules import start_due  # noqa: E402

if __name__ == "__main__":
    while True:
        start_due.start_due(clock.now())
