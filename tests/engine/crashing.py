"""A Celery worker whose processes die by SIGKILL at a point that a test names, once.

Run as `python -m tests.engine.crashing <celery's arguments>`. CRASH_FILE names a file; when it holds `before X` or
`after X`, the next process that comes there removes the file and kills itself. X is one of POINTS, STEPS,
OF_UPDATES or OF_MAILS, or `request to mark`.
"""

import importlib
import os
import signal
import sys
from functools import wraps
from pathlib import Path
from typing import Any

import django
from celery.__main__ import main

POINTS = {
    "take": ("exports.dispatch", "take"),
    "claim": ("exports.worker", "_claim"),
    "generate": ("expensify.client", "Client.generate"),
    "download": ("expensify.client", "Client.download"),
    "store": ("exports.results", "store"),
    "row": ("exports.models", "Result.objects.create"),
    "clear": ("exports.results", "clear"),
    "note": ("exports.models", "Run.move"),
}


STEPS = ("SELECT", "LIST", "GENERATE_LISTED", "DOWNLOAD", "MARK")
OF_UPDATES = ("APPLY", "request to apply")
OF_MAILS = {
    "mail's claim": ("accounts.sending", "claim"),
    "mail's way": ("accounts.mail", "Post.send"),
    "mail's settling": ("accounts.sending", "settle"),
}


def lethal(name: str, function: Any, crash_file: Path) -> Any:
    def die_if_asked(point: str) -> None:
        if crash_file.exists() and crash_file.read_text() == point:
            crash_file.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        die_if_asked(f"before {name}")
        answer = function(*args, **kwargs)
        die_if_asked(f"after {name}")
        return answer

    return wrapped


def install() -> None:
    crash_file = Path(os.environ["CRASH_FILE"])
    for name, (module, path) in (POINTS | OF_MAILS).items():
        owner: Any = importlib.import_module(module)
        *outer, last = path.split(".")
        for part in outer:
            owner = getattr(owner, part)
        setattr(owner, last, lethal(name, getattr(owner, last), crash_file))
    steps: Any = importlib.import_module("exports.steps")
    for name in (*STEPS, "APPLY"):
        step = getattr(steps, name)
        setattr(steps, name, step._replace(make=lethal(name, step.make, crash_file)))
    steps.OF_UPDATES["apply"] = (steps.APPLY,)
    client: Any = importlib.import_module("expensify.client").Client
    generate, marking = client.generate, lethal("request to mark", client.generate, crash_file)
    client.generate = lambda self, job, template: (marking if job.marks else generate)(self, job, template)
    update, applying = (
        client.update_employees,
        lethal("request to apply", client.update_employees, crash_file),
    )
    client.update_employees = lambda self, job, feed: (update if job.dry_run else applying)(self, job, feed)


if __name__ == "__main__":
    django.setup()
    install()
    sys.exit(main())
