"""Sending a task to the workers while Redis is away."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from tests.waiting import PATIENCE

SEND = """
import django
django.setup()
from exports.runs import tasks
tasks._send(tasks.enqueue_runs, (1,))
"""


@pytest.mark.slow
def test_a_click_tries_once_to_reach_a_redis_that_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        knocks = []

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    knocks.append(listener.accept()[0].close())

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        done = subprocess.run(
            [sys.executable, "-c", SEND],
            env=os.environ | {"REDIS_URL": f"redis://127.0.0.1:{listener.getsockname()[1]}/0"},
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()

    assert "task not sent" in done.stdout + done.stderr
    assert len(knocks) == 1
