"""A Postgres that may be restarted at any moment, and keeps what it has said it wrote."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from tests.servers import die_with_parent, free_port


class PostgresServer:
    """A cluster of its own in a temporary folder. `fsync` is off, since the machine itself is not to crash."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
        if not found:
            raise FileNotFoundError("No Postgres programs under /usr/lib/postgresql. apt-get install postgresql")
        self._programs = found[-1].parent
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._folder = Path(tempfile.mkdtemp(prefix="portal-chaos-postgres-"))
        self._data = self._folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"postgres://postgres:chaos@127.0.0.1:{self.port}/postgres"

    def start(self) -> "PostgresServer":
        if not self._data.exists():
            self._initialise()
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._folder),
            "fsync": "off",
            "full_page_writes": "off",
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-p", str(self.port), *words],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                preexec_fn=die_with_parent,
                **self._as_user(),
            )
        self._wait()
        return self

    def restart(self, *, immediate: bool, away: float = 0.0) -> None:
        """End it, in good order or as if it crashed, and start it again after so many seconds."""
        self._end(signal.SIGQUIT if immediate else signal.SIGINT)
        time.sleep(away)
        self.start()

    def remove(self) -> None:
        self._end(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None

    def _initialise(self) -> None:
        password = self._folder / "password"
        password.write_text("chaos")
        if os.geteuid() == 0:
            for path in (self._folder, password):
                shutil.chown(path, self._user)
        subprocess.run(
            [
                self._programs / "initdb", "-D", self._data, "-U", "postgres", "--pwfile", password,
                "--auth=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            **self._as_user(),
        )  # fmt: skip

    def _as_user(self) -> dict[str, object]:
        """Postgres refuses to run as root."""
        if os.geteuid() != 0:
            return {}
        user = pwd.getpwnam(self._user)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def _wait(self, seconds: float = 30) -> None:
        give_up = time.monotonic() + seconds
        asking = [self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(asking, check=False).returncode != 0:
            if time.monotonic() > give_up:
                raise TimeoutError((self._folder / "log").read_text()[-2000:])
            time.sleep(0.05)
