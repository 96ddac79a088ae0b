"""What each process imports when it starts: a package that it needs later, or never, is not loaded yet.

An import costs every process that makes it, at every start; boto3 and pydantic take longer than the rest of a command
together. So what `tests/late_imports.py` names is imported inside the functions that use it, and by nothing else.
`tests/test_arrows.py` allows inline imports for these only. The tests look at what was loaded, not at how long it took.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.late_imports import LATE, LATE_MODULES

ROOT = Path(__file__).resolve().parent.parent

OF_PROCESSES = {"httpx", "idna", "redis", "allauth.socialaccount.providers"}  # some need these from their start

HEAVY = (LATE - OF_PROCESSES) | LATE_MODULES
HEAVY |= {"PIL", "django.test", "jinja2", "ninja", "pydantic", "qrcode", "unittest"}
PAGES = {"accounts.urls", "accounts.views", "exports.forms", "exports.urls", "exports.views", "portal.urls", "fido2"}
WORK = {"celery", "exports.runs.tasks", "httpx", "kombu", "redis"}

# The database is empty: what needs its tables ends with an error, after all its imports.
COMMAND = """
from django.core.management import CommandError, execute_from_command_line
from django.db import DatabaseError
try:
    execute_from_command_line(["manage.py", *{arguments!r}.split()])
except (CommandError, DatabaseError, SystemExit) as error:
    print(type(error).__name__, error, file=sys.stderr)
"""
TASKS = """
from portal.celery import app
app.loader.import_default_modules()
app.finalize()
assert "exports.tasks.take_turn" in app.tasks
"""

# What starts each process, and what it must not load.
PROCESSES: dict[str, tuple[str, set[str]]] = {
    "web": ("import portal.wsgi", HEAVY),
    "worker, mailer and beat": (TASKS, HEAVY | PAGES),
    "manage.py check": (COMMAND.format(arguments="check"), HEAVY),
    # It makes the checks of the pages for all processes.
    "manage.py migrate": (COMMAND.format(arguments="migrate --plan"), HEAVY),
    "manage.py check_keys": (COMMAND.format(arguments="check_keys"), HEAVY | PAGES | WORK),
    "manage.py verify_audit": (COMMAND.format(arguments="verify_audit"), HEAVY | PAGES | WORK),
    "manage.py run_export": (COMMAND.format(arguments="run_export acme Expenses"), HEAVY | PAGES),
    "manage.py check_template": (COMMAND.format(arguments="check_template README.md"), HEAVY | PAGES | WORK),
    "manage.py preview_template": (COMMAND.format(arguments="preview_template README.md"), HEAVY | PAGES | WORK),
    "manage.py demo": (COMMAND.format(arguments="demo"), HEAVY | PAGES),
    "sandbox": ("import sandbox.__main__", HEAVY | WORK | {"django"}),
}


@pytest.mark.parametrize("process", PROCESSES)
def test_process_starts_without_packages_that_it_does_not_need(process: str, tmp_path: Path) -> None:
    start, forbidden = PROCESSES[process]

    loaded = modules_after(start, tmp_path)

    assert sorted(name for name in loaded if _package_in(name, forbidden)) == []


def test_web_loads_its_pages_before_the_first_request(tmp_path: Path) -> None:
    loaded = modules_after("import portal.wsgi", tmp_path)

    assert {"accounts.sign_in.urls", "accounts.urls", "exports.urls", "portal.urls"} - loaded == set()


def modules_after(code: str, var: Path) -> set[str]:
    """All modules that are loaded once a fresh Python has run this."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": f"sqlite:///{var / 'empty.sqlite3'}",
        "VAR_DIR": str(var),
        "SENTRY_DSN": "",
        "STORAGE_URL": "",
    }
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('LOADED', *sys.modules)"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    *_, line = ended.stdout.splitlines()
    return set(line.removeprefix("LOADED ").split())


def _package_in(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)
