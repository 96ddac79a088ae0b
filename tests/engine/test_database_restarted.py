"""The database restarted while a worker waits for Expensify's answer."""

import threading

import psycopg
import pytest
from django.db import connection

from accounts.models import Credential, User
from exports.models import Run
from exports.runs import actions as runs
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.factories import make_export
from tests.gate import held
from tests.waiting import wait_until
from tests.work import Work

pytestmark = pytest.mark.django_db(transaction=True)


def break_every_connection() -> None:
    """What a restart does to whoever is connected."""
    values = connection.settings_dict
    with psycopg.connect(
        host=values["HOST"], port=values["PORT"], user=values["USER"], password=values["PASSWORD"], dbname="postgres"
    ) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [values["NAME"]])


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server to restart")
def test_the_answer_to_a_call_that_marks_is_not_lost(
    credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = runs.start(make_export(credential, alice, mark_as="ERP"), by=alice)

    with held(sandbox, Fault(delay=1), on="generate") as answer:

        def restart_in_the_middle() -> None:
            wait_until(lambda: sandbox.log)
            break_every_connection()
            answer()

        restarting = threading.Thread(target=restart_in_the_middle)
        restarting.start()
        work(run)
        restarting.join()

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert [made.label for made in sandbox.generated] == ["ERP"]
