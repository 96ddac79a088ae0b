"""A short campaign on the engine of this test run; script/chaos makes long ones."""

import subprocess
import sys

import pytest
from django.db import connection

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(1200)]

ENGINES = {"sqlite": "sqlite", "postgresql": "postgres"}


def test_a_short_campaign_breaks_no_rule() -> None:
    campaign = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--runs", "30", "--seed", "7", "--engine", ENGINES[connection.vendor]],
        capture_output=True,
        text=True,
        check=False,
    )

    assert campaign.returncode == 0, f"{campaign.stdout}\n{campaign.stderr}"
