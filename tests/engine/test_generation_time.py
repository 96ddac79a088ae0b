"""A file that is not there yet is not asked for: each export learns how long its file usually takes."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Credential, Team, User
from exports.models import Run, SavedExport
from exports.runs import actions as runs
from exports.runs import generation_time, queue, tasks
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.engine.clocks import EngineClock
from tests.factories import make_export
from tests.html import tidy
from tests.work import Work

pytestmark = pytest.mark.usefixtures("without_limits")


@pytest.fixture
def patiently(engine_clock: EngineClock, sandbox: Sandbox) -> Work:
    """Do what beat and a worker do. The clock stands still during a call, and goes on to when the row may call next."""
    sandbox.clock = engine_clock.seconds
    sandbox.reset()

    def patiently(run: Run) -> Run:
        for _ in range(20):
            queue.sweep()
            tasks.take_turn.run(run.credential.fingerprint, "")
            run.refresh_from_db()
            if run.is_final:
                break
            engine_clock.at = max(engine_clock.at, run.retry_at or engine_clock.at)
        assert run.status == Run.Status.SUCCEEDED, run.error
        return run

    return patiently


def downloads(run: Run) -> int:
    return run.calls.filter(kind="download").count()


def past_run(export: SavedExport, by: User, ready_after: float | None, status: str = "succeeded") -> None:
    run = runs.start(export, by=by)
    run.move("queued", status, remote_file="export.csv", ready_after=ready_after)


def wait_of(export: SavedExport, by: User, work: Work) -> float:
    """Seconds that the export's next run waits with its first look."""
    run = runs.start(export, by=by)
    queue.enqueue(run)
    tasks.take_turn.run(run.credential.fingerprint, "")
    run.refresh_from_db()
    return (run.retry_at - run.generated_at).total_seconds() if run.retry_at else 0


@pytest.mark.parametrize("not_ready", ["404", "empty"])
def test_the_second_run_asks_once_where_the_first_asked_several_times(
    not_ready: Any, export: SavedExport, alice: User, sandbox: Sandbox, settings: Any, patiently: Work
) -> None:
    settings.RETRY_SECONDS, settings.CALL_ATTEMPTS = 20, 6
    sandbox.choices = replace(sandbox.choices, generation_seconds=100, not_ready=not_ready)
    sandbox.reset()

    first, second = (patiently(runs.start(export, by=alice)) for _ in range(2))

    # After 0, 20, 60 and 140 seconds.
    assert (downloads(first), first.ready_after) == (4, 140)
    assert (downloads(second), second.ready_after) == (1, 140)


def test_a_quick_export_never_waits(export: SavedExport, alice: User, patiently: Work) -> None:
    for _ in range(2):
        run = patiently(runs.start(export, by=alice))

        assert (run.ready_after, downloads(run)) == (0, 1)
    assert wait_of(export, alice, patiently) == 0


def test_a_fault_that_is_no_early_look_teaches_nothing(
    export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.script(Fault(http_status=503), on="download", times=2)

    run = work(runs.start(export, by=alice))

    assert (run.ready_after, downloads(run)) == (0, 3)


def test_a_later_file_that_is_missing_for_a_while_teaches_nothing(
    credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    reached = sandbox.pairs[credential.partner_pair().partner_user_id].policies
    ids = [report.id for report in sandbox.company.reports.values() if report.policy_id in reached][:3]
    export = make_export(credential, alice, "PDFs", report_ids=ids, file_extension="pdf")
    sandbox.script(Fault(not_ready="404"), on="download", after=1)

    run = work(runs.start(export, by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert (run.ready_after, downloads(run)) == (0, len(run.remote_files) + 1)


def test_a_run_waits_as_long_as_nine_of_ten_needed(export: SavedExport, alice: User, work: Work) -> None:
    for seconds in (9, 90, 10, 11, 12, 13, 14, 15, 16, 17):
        past_run(export, alice, seconds)

    assert wait_of(export, alice, work) == pytest.approx(17, abs=0.01)


def test_a_first_slow_run_is_believed(export: SavedExport, alice: User, work: Work) -> None:
    past_run(export, alice, 40)

    assert wait_of(export, alice, work) == pytest.approx(40, abs=0.01)


def test_only_what_succeeded_of_the_same_export_counts(
    export: SavedExport, credential: Credential, alice: User, work: Work
) -> None:
    past_run(make_export(credential, alice, "Other"), alice, 60)
    past_run(export, alice, 50, status="cancelled")
    past_run(export, alice, None)

    assert wait_of(export, alice, work) == 0


def test_nobody_waits_longer_than_is_sane(export: SavedExport, alice: User, work: Work) -> None:
    past_run(export, alice, 5000)

    assert wait_of(export, alice, work) == pytest.approx(generation_time.LONGEST, abs=0.01)


def test_less_than_a_second_is_not_waited_for(export: SavedExport, alice: User, work: Work) -> None:
    past_run(export, alice, 0.7)

    assert wait_of(export, alice, work) == 0


def test_every_twentieth_run_looks_at_half_the_time(export: SavedExport, alice: User, work: Work) -> None:
    for _ in range(generation_time.PROBE_EVERY):
        past_run(export, alice, 30)

    assert wait_of(export, alice, work) == pytest.approx(15, abs=0.01)


def test_a_probe_that_found_its_file_shortens_the_wait(export: SavedExport, alice: User, work: Work) -> None:
    for seconds in [30] * generation_time.PROBE_EVERY + [15]:
        past_run(export, alice, seconds)

    assert wait_of(export, alice, work) == pytest.approx(15, abs=0.01)


def test_a_server_that_got_quicker_is_noticed(export: SavedExport, alice: User, patiently: Work) -> None:
    for _ in range(generation_time.PROBE_EVERY):
        past_run(export, alice, 1.8)

    patiently(runs.start(export, by=alice))

    assert wait_of(export, alice, patiently) == 0


def test_the_pages_say_what_a_run_waits_for(
    export: SavedExport, alice: User, acme: Team, client: Client, work: Work
) -> None:
    past_run(export, alice, 30)
    wait_of(export, alice, work)
    run = Run.objects.get(status=Run.Status.GENERATED)
    client.force_login(alice)

    page = tidy(client.get(run.get_absolute_url()).content.decode())
    home = tidy(client.get(reverse("exports:home", args=[acme.slug])).content.decode())

    at = f"{run.retry_at.astimezone(acme.zone):%H:%M:%S}"
    assert f"Waits for the file, which usually takes about 30 seconds; the download begins at {at}." in page
    assert f"Waits for the file until {at}" in home


def test_runs_that_wait_for_their_files_are_counted_where_others_are_promised_a_time(
    export: SavedExport, credential: Credential, alice: User, work: Work, settings: Any
) -> None:
    past_run(export, alice, 30)
    for _ in range(2):
        wait_of(export, alice, work)
    last = runs.start(export, by=alice)
    queue.enqueue(last)

    place = queue.positions([last])[last.pk]

    assert place.position == 1
    assert queue._count_calls_under_way([credential.fingerprint]) == {credential.fingerprint: 2}
