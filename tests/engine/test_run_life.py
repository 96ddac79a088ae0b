"""A run's whole life against the sandbox, over real HTTP and a real Redis, and every way it can go wrong."""

import csv
import hashlib
import io
from typing import Any

import pytest

from accounts.models import AuditEntry, Credential, User
from exports.models import Run, SavedExport
from exports.runs import actions as runs
from exports.runs import queue
from sandbox.answers import RATE_LIMITED
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.expensify.budget.office import Clock
from tests.factories import make_export
from tests.gate import held
from tests.waiting import wait_until
from tests.work import Work

LABEL = "ERP November"


@pytest.fixture
def marking(credential: Credential, alice: User) -> SavedExport:
    return make_export(credential, alice, "Marking", mark_as=LABEL)


def calls(run: Run) -> list[tuple[str, int | None]]:
    return [(call.kind, call.http_status) for call in run.calls.all()]


def audited(run: Run) -> list[str]:
    entries = AuditEntry.objects.filter(target_type="run", target_id=run.pk).order_by("number")
    return [entry.action for entry in entries]


def test_a_run_takes_two_calls_and_its_file_is_in_the_portal(
    export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = work(runs.start(export, by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert [arrival.kind for arrival in sandbox.log] == ["generate", "download"]
    assert calls(run) == [("generate", 200), ("download", 200)]
    with run.result.file.open() as file:
        content = file.read()
    rows = list(csv.reader(io.StringIO(content.decode())))
    assert rows[0] == ["Merchant", "Amount"]
    assert run.result.rows == len(rows) - 1
    assert run.result.size == len(content)
    assert run.result.sha256 == hashlib.sha256(content).hexdigest()
    assert run.result.name == run.remote_file
    assert audited(run) == ["run started", "API called", "API called", "run succeeded"]


def test_the_pdfs_of_several_reports_become_one_zip(
    credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    reached = sandbox.pairs[credential.partner_pair().partner_user_id].policies
    ids = [report.id for report in sandbox.company.reports.values() if report.policy_id in reached][:2]
    export = make_export(credential, alice, "PDFs", report_ids=["50352738", *ids], file_extension="pdf")

    run = work(runs.start(export, by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert len(run.remote_files) == run.fetched
    assert run.fetched > 1
    assert run.result.media_type == "application/zip"


HARMLESS = {
    "cut off before the work": ("generate", Fault(drop_before_work=True)),
    "cut off after the work": ("generate", Fault(drop_after_work=True)),
    "a page instead of an answer": ("generate", Fault(http_status=500)),
    "not available": ("generate", Fault(http_status=503)),
    "code 500": ("generate", Fault(envelope=(500, "Internal error"))),
    "code 500 after the work": ("generate", Fault(envelope=(500, "Internal error"), refuse_after_work=True)),
    "the old sentence about the limit": ("generate", Fault(envelope=(500, RATE_LIMITED))),
    "download code 500": ("download", Fault(envelope=(500, "Internal error"))),
    "429 over HTTP": ("generate", Fault(rate_limited="http", retry_after="30")),
    "429 in an envelope": ("generate", Fault(rate_limited="envelope")),
    "a path as file name": ("generate", Fault(file_name="../../../etc/passwd.csv")),
    "markup as file name": ("generate", Fault(file_name="<script>alert(1)</script>.csv")),
    "no file name": ("generate", Fault(file_name="")),
    "download cut off": ("download", Fault(drop_after_work=True)),
    "download truncated": ("download", Fault(truncate="length")),
    "download truncated in chunks": ("download", Fault(truncate="chunked")),
    "file not there yet": ("download", Fault(not_ready="404")),
    "file empty yet": ("download", Fault(not_ready="empty")),
    "download page 503": ("download", Fault(http_status=503)),
    "429 for the download": ("download", Fault(rate_limited="both", retry_after="30")),
}


@pytest.mark.parametrize(("on", "fault"), HARMLESS.values(), ids=HARMLESS.keys())
def test_a_passing_fault_costs_a_harmless_run_one_more_call(
    on: str,
    fault: Fault,
    export: SavedExport,
    alice: User,
    work: Work,
    sandbox: Sandbox,
    redis_client: Any,
    redis_clock: Clock,
) -> None:
    sandbox.script(fault, on=on)
    run = runs.start(export, by=alice)

    work(run)  # the clock stands still, so a pause does not pass by itself
    if fault.rate_limited or fault.envelope == (500, RATE_LIMITED):
        assert run.is_resting
        assert run.attempts == 0
        assert queue.budget().usages([export.credential.fingerprint])[export.credential.fingerprint].held_until
        forget_the_hold(redis_client, export.credential)
        work(run)

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert [arrival.kind for arrival in sandbox.log].count(on) == 2


LASTING = {
    "rejected": (Fault(envelope=(500, "Required parameter 'x' is missing")), "rejected"),
    "invalid": (Fault(envelope=(410, "Malformed date '16-01-01'. Expected format is yyyy-MM-dd")), "invalid"),
    "not allowed": (Fault(envelope=(403, "Not authorized")), "not_allowed"),
}


@pytest.mark.parametrize(("fault", "code"), LASTING.values(), ids=LASTING.keys())
def test_a_run_that_the_api_rejects_fails_with_the_apis_own_words(
    fault: Fault, code: str, export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.script(fault, on="generate")

    run = work(runs.start(export, by=alice))

    assert (run.status, run.error_code) == (Run.Status.FAILED, code)
    assert fault.envelope[1] in run.error
    assert len(sandbox.log) == 1


def test_a_code_500_that_lasts_is_tried_again_and_then_given_up_with_the_apis_own_words(
    export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.script(Fault(envelope=(500, "Something broke")), on="generate", times=99)

    run = work(runs.start(export, by=alice))

    assert (run.status, run.error_code, run.attempts) == (Run.Status.FAILED, "server_error", 3)
    assert "Something broke" in run.error
    assert len(sandbox.log) == 3


def test_an_unreachable_server_is_tried_again_and_then_given_up(
    export: SavedExport, alice: User, work: Work, settings: Any
) -> None:
    settings.EXPENSIFY_URL = "http://127.0.0.1:9/"

    run = work(runs.start(export, by=alice))

    assert (run.status, run.error_code, run.attempts) == (Run.Status.FAILED, "unreachable", 3)
    assert "This was tried 3 times." in run.error


UNKNOWN = {
    "cut off before the work": (Fault(drop_before_work=True), 0),
    "cut off after the work": (Fault(drop_after_work=True), 1),
    "a page instead of an answer": (Fault(http_status=500, refuse_after_work=True), 1),
    "not available": (Fault(http_status=503), 0),
    "code 500": (Fault(envelope=(500, "Internal error")), 0),
    "code 500 after the work": (Fault(envelope=(500, "Internal error"), refuse_after_work=True), 1),
    "partly done": (Fault(envelope=(207, "Some were skipped"), refuse_after_work=True), 1),
    "a path as file name": (Fault(file_name="../../../etc/passwd.csv"), 1),
}


@pytest.mark.parametrize(("fault", "done"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_marking_run_without_an_answer_is_unconfirmed_and_never_repeated(
    fault: Fault, done: int, marking: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.script(fault, on="generate")

    run = work(runs.start(marking, by=alice))

    assert run.status == Run.Status.UNCONFIRMED
    assert LABEL in run.error
    assert len(sandbox.log) == 1
    assert len(sandbox.generated) == done
    assert audited(run)[-1] == "run unconfirmed"


def test_a_marking_run_whose_answer_is_too_late_is_unconfirmed_and_never_repeated(
    marking: SavedExport, alice: User, work: Work, sandbox: Sandbox, settings: Any
) -> None:
    settings.EXPENSIFY_ANSWER_SECONDS = 0.5

    with held(sandbox, Fault(delay_after=1), on="generate"):
        run = work(runs.start(marking, by=alice))
        wait_until(lambda: sandbox.generated)  # on a slow machine the request is read when nobody waits any more

    assert run.status == Run.Status.UNCONFIRMED
    assert LABEL in run.error
    assert len(sandbox.log) == 1
    assert len(sandbox.generated) == 1
    assert audited(run)[-1] == "run unconfirmed"


@pytest.mark.parametrize("fault", [Fault(rate_limited="both", retry_after="30"), Fault(envelope=(500, RATE_LIMITED))])
def test_a_429_is_no_doubt_even_for_a_marking_run(
    fault: Fault, marking: SavedExport, alice: User, work: Work, sandbox: Sandbox, redis_client: Any, redis_clock: Clock
) -> None:
    sandbox.script(fault, on="generate")
    run = work(runs.start(marking, by=alice))
    forget_the_hold(redis_client, marking.credential)

    work(run)

    assert run.status == Run.Status.SUCCEEDED
    assert len(sandbox.generated) == 1


def test_a_marked_report_whose_file_is_gone_says_so(
    marking: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.script(Fault(not_ready="404"), on="download", times=99)

    run = work(runs.start(marking, by=alice))

    assert (run.status, run.error_code) == (Run.Status.FAILED, "not_found")
    assert f"marking the reports as “{LABEL}” has happened" in run.error
    assert len(sandbox.generated) == 1


def test_a_pair_refused_by_expensify_stops_all_its_runs_after_one_call(
    export: SavedExport, alice: User, work: Work, sandbox: Sandbox, credential: Credential
) -> None:
    sandbox.revoke(credential.partner_pair().partner_user_id)
    first, second = runs.start(export, by=alice), runs.start(export, by=alice)

    work(first)
    work(second)

    credential.refresh_from_db()
    assert credential.status == Credential.Status.REFUSED
    assert (first.status, first.error_code) == (Run.Status.FAILED, "unauthorized")
    assert (second.status, second.error_code) == (Run.Status.FAILED, "credential_refused")
    assert len(sandbox.log) == 1
    assert calls(second) == []


def test_a_secret_revoked_between_the_two_calls_fails_the_run(
    export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.script(Fault(revoke_after=True), on="generate")

    run = work(runs.start(export, by=alice))

    assert (run.status, run.error_code) == (Run.Status.FAILED, "unauthorized")
    assert "The file had been generated at Expensify" in run.error


@pytest.mark.parametrize("spelling", ["string", "float", "float string"])
def test_an_error_is_an_error_however_its_code_is_spelled(
    spelling: Any, export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.script(Fault(envelope=(410, "No"), response_code=spelling), on="generate")

    run = work(runs.start(export, by=alice))

    assert (run.status, run.error_code) == (Run.Status.FAILED, "invalid")


def test_a_file_beyond_the_cap_is_not_stored(export: SavedExport, alice: User, work: Work, settings: Any) -> None:
    settings.RESULT_MAX_BYTES = 20

    run = work(runs.start(export, by=alice))

    assert (run.status, run.error_code) == (Run.Status.FAILED, "too_large")


def test_a_full_disk_leaves_the_file_at_expensify_and_says_so(
    export: SavedExport, alice: User, work: Work, settings: Any, tmp_path: Any
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "not there")

    run = work(runs.start(export, by=alice))

    assert (run.status, run.error_code, run.attempts) == (Run.Status.FAILED, "storage", 3)
    assert "could not store the file" in run.error
    assert "The file had been generated at Expensify" in run.error


def forget_the_hold(redis_client: Any, credential: Credential) -> None:
    """As if the pause after a 429 had passed."""
    for key in redis_client.keys(f"*{credential.fingerprint}:state"):
        redis_client.delete(key)
