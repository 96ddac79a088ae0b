"""Start real workers and beat with the test's database and Redis."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.db import connection

from tests.servers import die_with_parent

ROOT = Path(__file__).resolve().parent.parent


def database_url() -> str:
    """The test database as DATABASE_URL for a child process."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    user = f"{values['USER']}:{values['PASSWORD']}@" if values["USER"] else ""
    return f"postgres://{user}{values['HOST']}:{values['PORT']}/{values['NAME']}"


# The environment of workers that tolerate a busy machine: see `tests.engine.settings`.
PATIENT = {"DJANGO_SETTINGS_MODULE": "tests.engine.settings", "EXPENSIFY_ANSWER_SECONDS": "90"}


class Processes:
    """Processes of the portal for one test or module; `stop` kills them all."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "DATABASE_URL": database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "VAR_DIR": os.environ["VAR_DIR"],
            "STORAGE_URL": f"file://{settings.STORAGES['default']['OPTIONS']['location']}",
            **environment,
        }
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str, log: str) -> "subprocess.Popen[bytes]":
        with (self.folder / log).open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self.running.append(process)
        return process

    def worker(self, *, processes: int = 1, module: str = "celery") -> "subprocess.Popen[bytes]":
        number = len(self.running)
        return self.start(
            "-m", module, "-A", "portal", "worker", "-Q", "calls,portal,mail", "-c", str(processes),
            "-n", f"w{number}@test", "--without-gossip", "--without-mingle", "--loglevel", "WARNING",
            log=f"worker-{number}.log",
        )  # fmt: skip

    def beat(self) -> "subprocess.Popen[bytes]":
        return self.start(
            "-m", "celery", "-A", "portal", "beat", "--schedule", str(self.folder / "beat"), "--loglevel", "WARNING",
            log="beat.log",
        )  # fmt: skip

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def stop(self) -> None:
        for process in self.running:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            process.wait()
        self.running.clear()
