"""Ringing for a worker while Redis is away."""

import os
import subprocess
import sys

from tests.servers import RedisServer

RING = """
import time, django
django.setup()
from exports import tasks
began = time.monotonic()
tasks._ring_now(tasks.line_up, (1,))
print(f"waited {time.monotonic() - began:.1f}")
"""


def test_a_click_does_not_wait_for_a_redis_that_is_away(redis_server: RedisServer) -> None:
    redis_server.stop()

    done = subprocess.run(
        [sys.executable, "-c", RING],
        env=os.environ | {"REDIS_URL": redis_server.url},
        capture_output=True,
        text=True,
        check=True,
    )

    # Six seconds, when Celery tries to connect again and again.
    waited = float(done.stdout.split()[-1])
    assert "bell not rung" in done.stdout + done.stderr
    assert waited < 2
