"""`manage.py employee_update`, as cron would call it; a thread plays the worker, the sandbox plays Expensify."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django_scopes import scope, scopes_disabled

from accounts.audit import record as audit
from accounts.models import Credential, Team, User
from exports.employee_updates.feed import mapping as feed_mapping
from exports.employee_updates.feed import reading
from exports.employee_updates.feed.settings import UpdateSettings
from exports.models import EmployeeUpdate, FeedProfile, Run
from exports.models.employee_update import Stage
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.factories import make_policy

pytestmark = pytest.mark.django_db(transaction=True)

HEADINGS = "Work Email;Manager;Personalnummer;Vorname;Austritt"


@pytest.fixture
def policy(sandbox: Sandbox, credential: Credential) -> str:
    """A policy that the credential reaches."""
    policy = sorted(sandbox.pairs[credential.partner_pair().partner_user_id].policies)[0]
    make_policy(credential, policy)
    return policy


@pytest.fixture
def profile(policy: str, credential: Credential, acme: Team) -> FeedProfile:
    """How the HR system's file is read."""
    sheet = reading.read_pasted(f"{HEADINGS}\na@acme.example;;;;\n")
    fields = ["email", "manager", "employee_id", "first_name", "is_terminated"]
    mapping = feed_mapping.mapping_of(sheet, fields, {"policy": policy})
    with scope(team=acme):
        return FeedProfile.objects.create(
            team=acme,
            name="Nightly",
            credential=credential,
            mapping=mapping.as_json(),
            settings=UpdateSettings(skip_notification_email=True).as_json(),
        )


@pytest.fixture
def joiner(tmp_path: Path) -> str:
    return write(tmp_path, "nina.new@acme.example;nina.new@acme.example;N-1001;Nina;no")


def write(folder: Path, *lines: str, headings: str = HEADINGS) -> str:
    file = folder / "people.csv"
    file.write_text("\n".join([headings, *lines]) + "\n")
    return str(file)


def call(*arguments: str) -> tuple[int, str]:
    """The exit code, and what was said on standard error."""
    said = io.StringIO()
    try:
        call_command("employee_update", *arguments, stderr=said)
    except CommandError as error:
        return error.returncode, said.getvalue() + str(error)
    return 0, said.getvalue()


def only() -> EmployeeUpdate:
    with scopes_disabled():
        return EmployeeUpdate.objects.select_related("team", "applied_by_run").get()


def sent(sandbox: Sandbox) -> list[bool]:
    """Of each request to the updater, whether it was a dry run."""
    return [
        arrival.job["dry-run"]
        for arrival in sandbox.log
        if arrival.job.get("inputSettings", {}).get("type") == "employees"
    ]


def test_submitted_file_waits_for_approval_and_is_not_applied(
    profile: FeedProfile, at_work: Sandbox, joiner: str
) -> None:
    code, said = call("acme", "nightly", joiner, "--submit", "--wait", "--accept-warnings")

    update = only()
    assert (code, update.stage, sent(at_work)) == (0, Stage.WAITING, [True])
    assert said.endswith("Dry run done: 1 would be added.\nIt waits for approval.\n")
    assert (update.author, update.author_name) == (None, audit.operator().name)


def test_dry_run_is_not_sent_for_approval(profile: FeedProfile, at_work: Sandbox, joiner: str) -> None:
    code, said = call("acme", "Nightly", joiner, "--dry-run", "--wait", "--accept-warnings")

    assert (code, only().stage, sent(at_work)) == (0, Stage.TRIED, [True])
    assert said.endswith("Dry run done: 1 would be added.\n")


def test_without_wait_the_dry_run_is_left_queued(profile: FeedProfile, at_work: Sandbox, joiner: str) -> None:
    code, said = call("acme", "Nightly", joiner, "--dry-run", "--accept-warnings")

    with scopes_disabled():
        run = Run.objects.get(kind=Run.Kind.DRY_RUN)
    assert (code, said.splitlines()[-1]) == (0, f"Its dry run {run.pk} is queued.")


def test_profile_gives_columns_and_settings(profile: FeedProfile, at_work: Sandbox, joiner: str) -> None:
    call("acme", "Nightly", joiner, "--dry-run", "--wait", "--accept-warnings")

    job = next(arrival.job for arrival in at_work.log if arrival.job["type"] == "update")
    assert (job["shouldSkipNotificationEmail"], only().row_count) == (True, 1)


def test_warnings_are_listed_and_nothing_is_sent(profile: FeedProfile, at_work: Sandbox, tmp_path: Path) -> None:
    file = write(tmp_path, "gone@acme.example;gone@acme.example;N-1;Gone;yes")

    code, said = call("acme", "Nightly", file, "--submit", "--wait")

    assert (code, only().is_accepted, sent(at_work)) == (5, False, [])
    assert "Row 2, Leaves: gone@acme.example is no member of the policy" in said
    assert said.endswith("If they are meant, say so in the portal, or start anew with --accept-warnings.")


def test_errors_are_listed_and_nothing_is_sent(profile: FeedProfile, at_work: Sandbox, tmp_path: Path) -> None:
    file = write(tmp_path, "nina.new@acme.example;nina.new@acme.example;;Nina;no")

    code, said = call("acme", "Nightly", file, "--submit", "--wait", "--accept-warnings")

    assert (code, sent(at_work)) == (1, [])
    assert "Row 2, Employee ID: The employee ID is missing." in said
    assert "There is 1 error in the rows, so nothing was tried." in said


def test_file_without_a_column_of_the_profile_is_refused(profile: FeedProfile, budget: Any, tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "nina.new@acme.example;nina.new@acme.example;N-1001;Nina;no",
        headings="Work Email;Manager;Number;Vorname;Austritt",
    )

    code, said = call("acme", "Nightly", file, "--dry-run")

    assert (code, said) == (
        1,
        "The feed profile “Nightly” does not fit this file, so nothing was prepared. The file no longer has "
        "“Personalnummer” (“Employee ID”). Choose other columns, or ask where they went. New in the file, and left "
        "out: “Number”.",
    )
    with scopes_disabled():
        assert EmployeeUpdate.objects.count() == 0


def test_unreadable_file_ends_with_1_and_its_sentence(profile: FeedProfile, budget: Any, tmp_path: Path) -> None:
    file = tmp_path / "people.pdf"
    file.write_bytes(b"%PDF-1.7")

    assert call("acme", "Nightly", str(file), "--dry-run") == (
        1,
        "This is a PDF. Save the table with the employees as XLSX or CSV and upload that.",
    )


def test_failed_dry_run_ends_with_1_and_its_reason(profile: FeedProfile, at_work: Sandbox, joiner: str) -> None:
    at_work.script(Fault(envelope=(403, "Not authorized to update employees")), on="update_employees")

    code, said = call("acme", "Nightly", joiner, "--submit", "--wait", "--accept-warnings")

    assert (code, only().submitted_at) == (1, None)
    assert "“Not authorized to update employees”" in said


def test_timeout_ends_with_4_and_the_run_continues(
    profile: FeedProfile, budget: Any, sandbox: Sandbox, joiner: str
) -> None:
    code, said = call("acme", "Nightly", joiner, "--dry-run", "--timeout", "0")

    assert (code, "is still queued after 0 seconds. It goes on by itself" in said) == (4, True)


def test_unknown_name_ends_with_2(profile: FeedProfile, budget: Any, joiner: str) -> None:
    said = [
        call("nowhere", "Nightly", joiner, "--dry-run"),
        call("acme", "Weekly", joiner, "--dry-run"),
        call("acme", "Nightly", "/nowhere/people.csv", "--dry-run"),
    ]

    assert said == [
        (2, "There is no team “nowhere”."),
        (2, "The team “Acme” has no feed profile “Weekly”."),
        (2, "/nowhere/people.csv cannot be read: No such file or directory. Nothing was prepared."),
    ]


def test_profile_of_another_team_is_not_found(
    profile: FeedProfile, umbrella: Team, charlie: User, budget: Any, joiner: str
) -> None:
    assert call("umbrella", str(profile.pk), joiner, "--dry-run")[0] == 2
