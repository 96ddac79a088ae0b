"""Error of expected start times: 40 queued runs, their times on the pages, and when real workers start them.

    script/postgres .venv/bin/python -m benchmarks.expected_times

Everything is ten times faster than at Expensify; the printed times are converted to real speed. A busy machine starts
runs later.
"""

import os
import tempfile
from pathlib import Path
from statistics import median

os.environ["EXPENSIFY_LIMITS"] = "5/1s,20/6s"

from benchmarks import stage

# ruff: noqa: I001 — the settings and the stage come first.
from django.utils import timezone
from django_scopes import scope

from accounts.models import Team, User
from expensify.pair import KeyPair
from exports.runs import actions as runs, heartbeat, queue
from exports.saved_exports import actions as saved_exports
from exports.saved_exports.job import ExportSettings
from exports.models import Run, SavedExport
from sandbox.company.company import DEMO_PAIRS
from sandbox.choices import Choices
from sandbox.app import Sandbox
from tests.factories import TEMPLATE
from tests.workers import Processes
from tests.waiting import wait_until

FASTER, RUNS = 10, 40


def main() -> None:
    sandbox = Sandbox(choices=Choices().faster(FASTER))
    with stage.database() as database, sandbox.serve() as served, tempfile.TemporaryDirectory() as folder:
        queue.budget().introduce(fresh=True)
        team, user = stage.team_with_editor()
        portal = Processes(Path(folder), EXPENSIFY_URL=served.url, SWEEP_SECONDS="0.5")
        with scope(team=team):
            try:
                portal.worker()
                portal.beat()
                wait_until(heartbeat.is_fresh)
                errors = measure(sandbox, team, user)
            finally:
                portal.stop()
    print(f"{database}: {len(errors)} runs start within a median of {median(errors):.1f} s of their expected time;")
    print(f"  the largest error is {max(errors):.1f} s")


def measure(sandbox: Sandbox, team: Team, user: User) -> list[float]:
    """Errors in seconds at real speed, of the runs that still wait after the first calls."""
    credential = stage.working_credential(team, "Main", KeyPair(*next(iter(DEMO_PAIRS.items()))))
    export = saved_exports.save(
        SavedExport(team=team, credential=credential, name="Monthly"),
        settings=ExportSettings(policy_ids=[], report_ids=["50352738"], states=[], email_recipients=[]),
        template=TEMPLATE,
        sftp_password=None,
        by=user,
    )
    key = credential.fingerprint
    for _ in range(RUNS):
        runs.start(export, by=user)
    wait_until(lambda: len(sandbox.log) >= 5 and len(sandbox.log) + len(queue.budget().waiting(key)) >= RUNS)
    waiting = list(Run.objects.filter(status=Run.Status.QUEUED).select_related("credential"))
    positions, asked_at = queue.positions(waiting), timezone.now()
    wait_until(lambda: not Run.objects.unfinished().exists())
    return [
        FASTER * abs((run.calls.earliest("sent_at").sent_at - asked_at).total_seconds() - positions[run.pk].starts_in)
        for run in waiting
        if run.pk in positions
    ]


if __name__ == "__main__":
    main()
