"""Real servers for the tests, each private to this run and gone when it ends."""

import atexit
import ctypes
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import redis

from script.redis_program import redis_program

PR_SET_PDEATHSIG = 1
PATIENCE = 120.0  # seconds, for what usually takes a fraction of one


def free_port() -> int:
    """A free port below those that the kernel gives to outgoing connections, so a restarted server gets it back."""
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


def patiently(is_true: Callable[[], object], *, every: float = 0.01) -> None:
    """Wait until it is true; the limit is far beyond what the slowest machine needs."""
    give_up = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(every)


def wait_for_port(port: int, seconds: float = PATIENCE) -> None:
    give_up = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)


def wait_until_loaded(url: str) -> None:
    """A Redis listens before it has read what it kept; until then it refuses every other question."""
    with redis.Redis.from_url(url) as client:
        while client.info("persistence")["loading"]:
            time.sleep(0.02)


def die_with_parent() -> None:
    """Have the kernel end a server whose tests were killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class RedisServer:
    """An embedded Redis on a port of its own; `restart` can keep or lose what it holds."""

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
