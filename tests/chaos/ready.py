"""A Celery worker that makes a file in READY_FOLDER when it works: `python -m tests.chaos.ready <arguments>`."""

import os
import sys
from pathlib import Path
from typing import Any

from celery.__main__ import main
from celery.signals import worker_ready


def note(**_: Any) -> None:
    Path(os.environ["READY_FOLDER"], f"ready-{os.getpid()}").touch()


if __name__ == "__main__":
    worker_ready.connect(note)
    sys.exit(main())
