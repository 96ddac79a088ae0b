"""Fifty pairs whose teams saved their runs in bulk: no worker sleeps on one while the others' budgets lie idle."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django_scopes import scope

from accounts.models import Team, User
from expensify.pair import KeyPair
from exports.models import Run
from exports.runs import actions as runs
from exports.runs import queue
from sandbox.app import Sandbox
from sandbox.choices import Choices
from tests.factories import make_credential, make_export
from tests.waiting import wait_until
from tests.workers import PATIENT, Processes

CREDENTIALS, RUNS = 50, 4


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_fifty_budgets_are_used_at_once(
    redis_client: Any, acme: Team, alice: User, settings: Any, tmp_path: Path
) -> None:
    queue.budget.cache_clear()
    queue.budget().introduce(fresh=True)
    sandbox = Sandbox(choices=Choices())
    with sandbox.serve() as served, scope(team=acme):
        portal = Processes(tmp_path, **PATIENT, EXPENSIFY_URL=served.url)
        for number in range(CREDENTIALS):
            pair = KeyPair(f"aa_{number}", "s" * 40)
            sandbox.add_pair(pair.partner_user_id, pair.partner_user_secret)
            export = make_export(make_credential(acme, f"Pair {number}", pair=pair), alice, f"Export {number}")
            for _ in range(RUNS):  # all of one pair's runs, then all of the next one's, as a bulk of them comes
                runs.start(export, by=alice)
        try:
            for _ in range(2):
                portal.worker(processes=4)
            portal.beat()
            wait_until(lambda: not Run.objects.unfinished().exists(), log=portal.logs)
        finally:
            portal.stop()
            queue.budget.cache_clear()

    assert set(Run.objects.values_list("status", flat=True)) == {Run.Status.SUCCEEDED}
    assert sandbox.refused == 0
    assert Counter(arrival.pair for arrival in sandbox.log) == {f"aa_{n}": 2 * RUNS for n in range(CREDENTIALS)}
    # Each budget gives five calls at once, and the next one ten seconds later.
    assert len({arrival.pair for arrival in sandbox.log[: 5 * CREDENTIALS]}) == CREDENTIALS
