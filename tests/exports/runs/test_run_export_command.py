"""`manage.py run_export`, as cron would call it; the run itself is carried on by a thread that plays the worker."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django_scopes import scopes_disabled

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.models import AuditEntry, Credential, Team, User
from exports.models import Run, SavedExport
from exports.models.run import Status
from exports.saved_exports import actions as saved_exports
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.factories import make_export

pytestmark = pytest.mark.django_db(transaction=True)


def call(*arguments: str) -> tuple[int, str]:
    """The exit code, and what was said on standard error."""
    said = io.StringIO()
    try:
        call_command("run_export", *arguments, stderr=said)
    except CommandError as error:
        return error.returncode, said.getvalue() + str(error)
    return 0, said.getvalue()


def only_run() -> Run:
    with scopes_disabled():
        return Run.objects.get()


def test_run_is_queued_in_the_name_of_the_operator(export: SavedExport, budget: Any) -> None:
    code, said = call("acme", "Monthly expenses")

    run = only_run()
    assert (code, said) == (0, f"Run {run.pk} of “Monthly expenses” is queued.\n")
    assert (run.source, run.requested_by_name) == (Run.Source.COMMAND, audit.operator().name)


def test_export_may_be_given_by_number_or_in_another_case(export: SavedExport, budget: Any) -> None:
    assert [call("acme", wanted)[0] for wanted in (str(export.pk), "MONTHLY EXPENSES")] == [0, 0]


def test_result_is_written_to_a_file(export: SavedExport, at_work: Sandbox, tmp_path: Path) -> None:
    target = tmp_path / "january.csv"

    code, said = call("acme", "Monthly expenses", "--output", str(target))

    with scopes_disabled():
        result = Run.objects.get().result
        downloads = AuditEntry.objects.filter(action=Action.RESULT_DOWNLOADED).values_list("actor_name", "target_id")
        assert (code, list(downloads)) == (0, [(audit.operator().name, result.pk)])
    assert said.endswith(f"succeeded: {result.name}, {result.size} bytes.\n")
    assert target.read_bytes().startswith(b"Merchant,Amount\n")
    assert target.stat().st_size == result.size


def test_result_is_written_to_standard_output(
    export: SavedExport, at_work: Sandbox, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    code, _ = call("acme", "Monthly expenses", "--output", "-")

    assert (code, capfdbinary.readouterr().out.splitlines()[0]) == (0, b"Merchant,Amount")


def test_failed_run_ends_with_1_and_its_reason(export: SavedExport, at_work: Sandbox) -> None:
    at_work.script(Fault(envelope=(410, "Malformed date")), on="generate")

    code, said = call("acme", "Monthly expenses", "--wait")

    assert code == 1
    assert "failed. Expensify found a mistake" in said
    assert "“Malformed date”" in said


def test_unclear_run_ends_with_3(export: SavedExport, at_work: Sandbox, alice: User) -> None:
    make_export(export.credential, alice, "Marking", mark_as="ERP")
    at_work.script(Fault(drop_after_work=True), on="generate")

    code, said = call("acme", "Marking", "--wait")

    assert (code, "unconfirmed. The request was sent" in said) == (3, True)


def test_run_without_a_report_writes_no_file_and_ends_with_5(
    acme: Team, credential: Credential, alice: User, at_work: Sandbox, tmp_path: Path
) -> None:
    make_export(
        credential, alice, "Ledger", period="last_month", report_ids=[], mark_as="ERP", mark_when="safe",
        not_marked_as="ERP", states=["OPEN"], policy_ids=["FFFFFFFFFFFFFFFF"],
    )  # fmt: skip

    code, said = call("acme", "Ledger", "--output", str(tmp_path / "none.csv"))

    assert code == 5
    assert "no report passed the filters" in said
    assert not (tmp_path / "none.csv").exists()


def test_run_that_waits_longer_than_the_timeout_ends_with_4_and_goes_on(export: SavedExport, budget: Any) -> None:
    code, said = call("acme", "Monthly expenses", "--wait", "--timeout", "0")

    assert (code, "is still queued after 0 seconds. It goes on by itself." in said) == (4, True)
    assert only_run().status == Status.QUEUED


@pytest.mark.parametrize(
    ("team", "wanted", "said"),
    [
        ("nobody", "Monthly expenses", "There is no team “nobody”."),
        ("acme", "Nothing", "The team “Acme” has no saved export “Nothing”."),
        ("acme", "99999", "The team “Acme” has no saved export “99999”."),
        ("umbrella", "Monthly expenses", "The team “Umbrella” has no saved export “Monthly expenses”."),
    ],
)
def test_what_is_not_there_ends_with_2(team: str, wanted: str, said: str, export: SavedExport, umbrella: Team) -> None:
    assert call(team, wanted) == (2, said)


def test_export_that_cannot_run_ends_with_1_and_the_reason(export: SavedExport, alice: User) -> None:
    with scopes_disabled():
        saved_exports.archive(export, by=alice)

    assert call("acme", str(export.pk)) == (1, "This export is archived. Clone it to run it again.")
