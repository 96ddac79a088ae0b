"""Processor time until each process of the portal has started, and of `migrate` on an empty SQLite file.

    python -m benchmarks.process_start [repetitions]

Each is measured in a process of its own; the smallest and the median time are printed. Without the bytecode of a first
start they would be the compiler's times, so a first round is not counted.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile

TASKS = "from portal.celery import app; app.loader.import_default_modules(); app.finalize()"
PROCESSES = {
    "manage.py check": ["manage.py", "check"],
    "web, until it can answer": ["-c", "import portal.wsgi; from django.urls import resolve; resolve('/')"],
    "worker, mailer and beat, until they know their tasks": ["-c", TASKS],
    "migrate, an empty SQLite file": ["manage.py", "migrate", "--verbosity", "0"],
}


def processor_seconds(command: list[str]) -> float:
    """Processor time of one run in an empty folder, children included."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "DEMO": "yes",
            "SECRET_KEY": "demo-",
            "CREDENTIAL_KEYS": "demo" + "A" * 39 + "=",
            "REDIS_URL": "redis://127.0.0.1:6379/0",  # required, and not asked
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "VAR_DIR": folder,
        }
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = subprocess.run([sys.executable, *command], env=os.environ | environment, capture_output=True, text=True)
        if ended.returncode:
            sys.exit(ended.stderr)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main(repetitions: int) -> None:
    for name, command in PROCESSES.items():
        processor_seconds(command)
        times = [processor_seconds(command) for _ in range(repetitions)]
        print(f"{name}: {min(times):.2f} s at best, {statistics.median(times):.2f} s in the middle")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
