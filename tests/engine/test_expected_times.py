"""What the pages say about waiting, held against what then happens: 40 runs in one line, real workers."""

import time
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from django_scopes import scope

from accounts.models import Team, User
from expensify.budget import Limits
from exports import dispatch, runs
from exports.models import Run
from sandbox import Choices, Sandbox
from tests.conftest import make_credential, make_export
from tests.workers import Processes, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

# Everything is ten times faster than at Expensify, so the 3 seconds that may be missed are 0.3 here.
FASTER = 10


def test_each_of_forty_runs_starts_when_its_page_said(
    redis_client: Any, acme: Team, alice: User, settings: Any, tmp_path: Path
) -> None:
    settings.EXPENSIFY_LIMITS = Limits.parse("5/1s,20/6s")
    dispatch.budget.cache_clear()
    dispatch.budget().introduce(fresh=True)
    sandbox = Sandbox(choices=Choices().faster(FASTER))
    with sandbox.serve() as served, scope(team=acme):
        portal = Processes(
            tmp_path, EXPENSIFY_URL=served.url, EXPENSIFY_LIMITS="5/1s,20/6s", SWEEP_SECONDS="0.5"
        )
        try:
            portal.worker()
            portal.beat()
            export = make_export(make_credential(acme), alice)
            started = [runs.start(export, by=alice) for _ in range(40)]
            key = export.credential.fingerprint
            wait_until(
                lambda: (
                    len(sandbox.log) + len(dispatch.budget().waiting(key)) >= 40 and len(sandbox.log) >= 5
                ),
                seconds=30,
            )
            time.sleep(0.4)  # the first five calls are answered; the sixth may go after a second
            waiting = list(Run.objects.filter(status=Run.Status.QUEUED).select_related("credential"))
            said, asked_at = dispatch.places(waiting), timezone.now()
            wait_until(lambda: Run.objects.unfinished().count() == 0, seconds=90)
        finally:
            portal.stop()
            dispatch.budget.cache_clear()

        assert len(said) > 30
        missed = {}
        for run in started:
            if run.pk in said:
                began = (run.calls.earliest("sent_at").sent_at - asked_at).total_seconds()
                expected = said[run.pk].starts_in
                if abs(began - expected) > max(3 / FASTER, 0.1 * expected):
                    missed[run.pk] = (round(expected, 2), round(began, 2))
        assert missed == {}
