"""A process that does nothing but start what is due, until it is killed: `python -m tests.engine.starting`."""

import django

django.setup()

from accounts import clock  # noqa: E402
from exports import starting  # noqa: E402

if __name__ == "__main__":
    while True:
        starting.start_due(clock.now())
