"""A Celery worker whose processes die by SIGKILL at a point that a test names, once.

Run as `python -m tests.engine.crashing <celery's arguments>`. CRASH_FILE names a file; when it holds `before X` or
`after X`, the next process that comes there renames the file to `….died`, with the time in it, and kills itself. X is
one of POINTS, STEPS, OF_UPDATES, OF_MAILS or OF_SCHEDULES, or `request to mark`. Each finished round of mails is a byte
in `….rounds`. `tests.engine.trap` is the test's side of this.
"""

import importlib
import os
import signal
import sys
import time
from functools import wraps
from pathlib import Path
from typing import Any

import django
from celery.__main__ import main

POINTS = {
    "take": ("exports.runs.queue", "take"),
    "claim": ("exports.runs.worker", "_claim"),
    "generate": ("expensify.client", "Client.generate"),
    "download": ("expensify.client", "Client.download"),
    "store": ("exports.results.store", "store"),
    "row": ("exports.models", "Result.save"),
    "clear": ("exports.results.store", "clear"),
    "note": ("exports.models", "Run.move"),
}


STEPS = ("SELECT", "LIST", "GENERATE_LISTED", "DOWNLOAD", "MARK")
OF_UPDATES = ("APPLY", "request to apply")
OF_MAILS = {
    "mail's claim": ("accounts.mail.outbox", "claim"),
    "mail's way": ("accounts.mail.smtp", "MailConnection.send"),
    "mail's settling": ("accounts.mail.outbox", "settle"),
}
OF_SCHEDULES = {
    "start": ("exports.schedules.start_due", "start_schedules"),
    "lock": ("exports.schedules.start_due", "_lock_due"),
    "plan": ("exports.schedules.start_due", "_plan"),
    "runs": ("exports.runs.actions", "start_all"),
    "occurrences": ("exports.schedules.start_due", "_save"),
    "commit": ("exports.schedules.start_due", "_start"),
    "line up": ("exports.runs.queue", "enqueue"),
    "read": ("exports.schedules.finish", "_outcome"),
    "mails": ("exports.schedules.finish", "_make_deliveries"),
    "recovery": ("exports.schedules.failures", "succeeded"),
    "settle": ("exports.schedules.finish", "_write"),
}


def lethal(name: str, function: Any, crash_file: Path) -> Any:
    def die_if_asked(point: str) -> None:
        mine = crash_file.with_suffix(f".{os.getpid()}")
        try:
            if crash_file.read_text() != point:
                return
            crash_file.rename(mine)
        except FileNotFoundError:  # no trap is set, or it was for another process
            return
        mine.write_text(str(time.time()))
        mine.rename(crash_file.with_suffix(".died"))
        os.kill(os.getpid(), signal.SIGKILL)

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        die_if_asked(f"before {name}")
        answer = function(*args, **kwargs)
        die_if_asked(f"after {name}")
        return answer

    return wrapped


def counted(function: Any, rounds: Path) -> Any:
    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        answer = function(*args, **kwargs)
        with rounds.open("ab") as file:
            file.write(b".")
        return answer

    return wrapped


def install() -> None:
    crash_file = Path(os.environ["CRASH_FILE"])
    sending: Any = importlib.import_module("accounts.mail.outbox")
    sending.send_due = counted(sending.send_due, crash_file.with_suffix(".rounds"))
    for name, (module, path) in (POINTS | OF_MAILS | OF_SCHEDULES).items():
        owner: Any = importlib.import_module(module)
        *outer, last = path.split(".")
        for part in outer:
            owner = getattr(owner, part)
        setattr(owner, last, lethal(name, getattr(owner, last), crash_file))
    steps: Any = importlib.import_module("exports.runs.steps")
    for name in (*STEPS, "APPLY"):
        step = getattr(steps, name)
        steps.CALLS[name.lower()] = step._replace(make=lethal(name, step.make, crash_file))
        setattr(steps, name, steps.CALLS[name.lower()])
    client: Any = importlib.import_module("expensify.client").Client
    generate, marking = client.generate, lethal("request to mark", client.generate, crash_file)
    client.generate = lambda self, job, template: (marking if job.marks else generate)(self, job, template)
    update, applying = (client.update_employees, lethal("request to apply", client.update_employees, crash_file))
    client.update_employees = lambda self, job, feed: (update if job.dry_run else applying)(self, job, feed)


if __name__ == "__main__":
    django.setup()
    install()
    sys.exit(main())
