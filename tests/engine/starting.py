"""A process that does nothing but start what is due: `python -m tests.engine.starting UNTIL`, a Unix time."""

import sys
import time

import django

django.setup()

from accounts import clock  # noqa: E402
from exports import starting  # noqa: E402

if __name__ == "__main__":
    until = float(sys.argv[1])
    while time.time() < until:
        starting.start_due(clock.now())
