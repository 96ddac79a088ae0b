"""Start real servers for the tests, private to this run and stopped at its end."""

import atexit
import ctypes
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import redis

from script.redis_program import redis_program
from tests.waiting import PATIENCE, wait_until

PR_SET_PDEATHSIG = 1


def free_port() -> int:
    """A free port below the ephemeral ports, so that a restarted server can use it again."""
    draw = random.SystemRandom()
    while True:
        port = draw.randrange(10_000, 20_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_for_port(port: int, seconds: float = PATIENCE) -> None:
    wait_until(lambda: is_listening(port), seconds=seconds, every=0.02)


def wait_until_loaded(url: str) -> None:
    """Wait until Redis has loaded its data: it listens before, but rejects commands."""
    with redis.Redis.from_url(url) as client:
        wait_until(lambda: not client.info("persistence")["loading"], every=0.02)


def die_with_parent() -> None:
    """Run in a child: have the kernel kill it when the test process dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class RedisServer:
    """A Redis on a port of its own; `restart` keeps or deletes its data."""

    def __init__(self, *, port: int | None = None) -> None:
        self.port = port or free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="portal-redis-"))
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None
        atexit.register(self.remove)

    def start(self) -> "RedisServer":
        self.process = subprocess.Popen(
            [
                redis_program(), "--port", str(self.port), "--bind", "127.0.0.1",
                "--dir", str(self.folder), "--appendonly", "yes", "--appendfsync", "everysec",
                "--save", "", "--maxmemory-policy", "noeviction", "--loglevel", "warning",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )  # fmt: skip
        wait_for_port(self.port)
        wait_until_loaded(self.url)
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self, *, emptied: bool = False, away: float = 0.0) -> None:
        self.stop()
        time.sleep(away)
        if emptied:
            shutil.rmtree(self.folder)
            self.folder.mkdir(mode=0o700)
        self.start()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
