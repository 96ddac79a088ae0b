"""Whose turn it is when many wait for one pair: real rows, a real line, and requests in the order the server saw."""

from typing import Any

import pytest
from django_scopes import scope, scopes_disabled

from accounts.models import Credential, Team, User
from expensify.budget.limits import Limits
from exports.models import ApiCall, Run, SavedExport
from exports.runs import actions as runs
from exports.runs import queue, tasks
from sandbox.app import Sandbox
from tests.factories import make_credential, make_export, pair_of

pytestmark = pytest.mark.usefixtures("without_limits")

UNATTENDED = Run.Source.COMMAND


def line_up(*started: Run) -> None:
    for run in started:
        queue.enqueue(Run.objects.get(pk=run.pk))


def start(export: SavedExport, by: User, count: int = 1, source: str = UNATTENDED) -> list[Run]:
    """Start so many runs of the export, and queue them."""
    with scope(team=export.team):
        started = [runs.start(export, by=by, source=source) for _ in range(count)]
        line_up(*started)
    return started


def rest_by_thousands(export: SavedExport, by: User, count: int) -> None:
    (first,) = start(export, by)
    fields = {field.attname: getattr(first, field.attname) for field in Run._meta.concrete_fields}
    del fields["id"]
    Run.objects.bulk_create([Run(**fields) for _ in range(count - 1)], batch_size=500)
    for _ in range(3):
        queue.sweep()
    assert queue.budget().usages([export.credential.fingerprint])[export.credential.fingerprint].waiting == count


def called(credential: Credential) -> list[tuple[str, str]]:
    """Let one worker do all there is to do; (export, kind) of each call in the order of sending."""
    while queue.budget().usages([credential.fingerprint])[credential.fingerprint].waiting:
        tasks.take_turn.run(credential.fingerprint, "")
    with scopes_disabled():
        calls = ApiCall.objects.order_by("sent_at", "pk").select_related("run__export")
        return [(call.run.export.name, call.kind) for call in calls]


def generated(credential: Credential) -> list[str]:
    return [name for name, kind in called(credential) if kind == "generate"]


def test_a_run_fetches_its_file_before_the_next_one_is_begun(
    credential: Credential, alice: User, sandbox: Sandbox
) -> None:
    start(make_export(credential, alice, "A"), alice, count=3)

    called(credential)

    assert [arrival.kind for arrival in sandbox.log] == ["generate", "download"] * 3


def test_a_team_with_twenty_exports_takes_turns_with_a_team_that_has_one(
    credential: Credential, alice: User, umbrella: Team, charlie: User
) -> None:
    theirs = make_export(make_credential(umbrella, pair=pair_of(credential.team)), charlie, "Theirs")
    for n in range(20):
        start(make_export(credential, alice, f"Ours {n}"), alice)
    start(theirs, charlie, count=3)

    order = generated(credential)

    assert order[:7] == ["Ours 0", "Theirs", "Ours 1", "Theirs", "Ours 2", "Theirs", "Ours 3"]
    assert len(order) == 23


def test_one_run_does_not_wait_for_the_hundred_of_another_export(credential: Credential, alice: User) -> None:
    start(make_export(credential, alice, "Hundred"), alice, count=100)
    start(make_export(credential, alice, "One"), alice)

    order = called(credential)

    assert order.index(("One", "generate")) == 2
    assert order.index(("One", "download")) == 3
    assert len(order) == 202


def test_a_run_of_many_files_lets_others_pass(credential: Credential, alice: User, sandbox: Sandbox) -> None:
    reached = sandbox.pairs[credential.partner_pair().partner_user_id].policies
    ids = [report.id for report in sandbox.company.reports.values() if report.policy_id in reached][:12]
    start(make_export(credential, alice, "PDFs", report_ids=ids, file_extension="pdf"), alice)
    start(make_export(credential, alice, "One"), alice)

    order = called(credential)

    files = [("PDFs", "download")]
    assert order == [("PDFs", "generate"), *files * 3, ("One", "generate"), ("One", "download"), *files * 9]


def test_one_run_behind_a_hundred_is_promised_seconds(settings: Any, credential: Credential, alice: User) -> None:
    settings.EXPENSIFY_LIMITS = Limits()
    queue.budget.cache_clear()
    hundred = start(make_export(credential, alice, "Hundred"), alice, count=100)
    (one,) = start(make_export(credential, alice, "One"), alice)

    places = queue.positions([*hundred, one])

    assert (places[one.pk].position, places[one.pk].starts_in) == (2, 0)
    assert places[hundred[-1].pk].starts_in > 9 * 60


def test_people_are_ahead_of_schedules_by_two_minutes_of_calls_and_no_more(credential: Credential, alice: User) -> None:
    start(make_export(credential, alice, "Nightly"), alice, count=3)
    for n in range(30):
        start(make_export(credential, alice, f"Person {n}"), alice, source=Run.Source.PAGE)

    order = generated(credential)

    ahead = queue.LEAD / 6  # a run takes two calls of three seconds
    assert [n for n, name in enumerate(order) if name == "Nightly"] == [ahead, ahead + 2, ahead + 4]


def test_runs_that_rest_by_thousands_are_nothing_to_another_pair(
    budget: Any, credential: Credential, alice: User, umbrella: Team, charlie: User, sandbox: Sandbox
) -> None:
    theirs = make_export(make_credential(umbrella), charlie, "Theirs")
    rest_by_thousands(make_export(credential, alice, "Ours"), alice, 5000)
    with scope(team=umbrella):
        run = runs.start(theirs, by=charlie)  # and its task is lost

    queue.sweep()
    place = queue.positions([run])[run.pk]
    for _ in range(2):
        tasks.take_turn.run(theirs.credential.fingerprint, "")

    assert (place.position, place.starts_in) == (1, 0)
    run.refresh_from_db()
    assert run.status == Run.Status.SUCCEEDED
    assert len(sandbox.log) == 2
