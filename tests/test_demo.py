"""The demo company: made once, complete, and only where the portal is a demo."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.models import Credential, Membership, Team, User
from exports.deliveries.settings import MailSettings
from exports.models import Run, SavedExport, Schedule
from sandbox.company.company import DEMO_PAIRS

ACME, UMBRELLA = DEMO_PAIRS
PAIRS = f"acme={ACME}:{DEMO_PAIRS[ACME]},umbrella={UMBRELLA}:{DEMO_PAIRS[UMBRELLA]}"

pytestmark = pytest.mark.django_db


def make_demo(*arguments: str) -> str:
    said = io.StringIO()
    call_command("demo", *arguments, stdout=said)
    return said.getvalue()


@pytest.fixture(autouse=True)
def no_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEMO_PAIRS", raising=False)


def test_the_demo_company_has_two_teams_and_a_person_in_each_role() -> None:
    make_demo()

    assert set(Membership.objects.values_list("team__slug", "user__email", "role")) == {
        ("acme", "alice@acme.example", "admin"),
        ("acme", "erin@acme.example", "editor"),
        ("acme", "audrey@acme.example", "auditor"),
        ("acme", "bob@acme.example", "viewer"),
        ("umbrella", "charlie@umbrella.example", "admin"),
    }
    assert dict(Team.objects.values_list("slug", "time_zone")) == {
        "acme": "Europe/Berlin",
        "umbrella": "America/New_York",
    }


def test_everybody_can_sign_in_with_the_password_that_is_told() -> None:
    told = make_demo()

    password = told.splitlines()[0].removeprefix("Sign in with the password ").removesuffix(" as")
    assert all(user.check_password(password) for user in User.objects.all())
    assert [line.split()[0] for line in told.splitlines()[1:]] == [
        "alice@acme.example",
        "erin@acme.example",
        "audrey@acme.example",
        "bob@acme.example",
        "charlie@umbrella.example",
    ]


def test_with_pairs_each_team_has_a_credential_of_its_own_and_exports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_PAIRS", PAIRS)

    make_demo()

    with scopes_disabled():
        assert {
            credential.team.slug: credential.partner_pair().partner_user_id
            for credential in Credential.objects.select_related("team")
        } == {"acme": ACME, "umbrella": UMBRELLA}
        assert list(SavedExport.objects.filter(team__slug="acme").values_list("name", flat=True)) == [
            "Approved and not yet in the ledger",
            "Help page example",
            "Last month, for the approvers",
            "Last month, one row per expense",
            "Month to date, one row per report",
        ]


def test_acme_has_a_schedule_for_its_approvers_that_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_PAIRS", PAIRS)

    make_demo()

    with scopes_disabled():
        schedule = Schedule.objects.due(timezone.now()).get()
        assert (schedule.team.slug, str(schedule), str(schedule.export)) == (
            "acme", "Last month to the approvers", "Last month, for the approvers",
        )  # fmt: skip
        assert schedule.team.allowed_domains == ["acme.example"]
    mail = MailSettings.from_json(schedule.mail)
    assert (mail.split_by, mail.fallback) == ("Approver e-mail", "alice@acme.example")


def test_made_twice_the_company_is_there_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_PAIRS", PAIRS)

    make_demo()
    make_demo()

    with scopes_disabled():
        counts = [model.objects.count() for model in (Team, User, Membership, Credential, SavedExport, Schedule)]
    assert counts == [2, 5, 5, 2, 10, 1]


def test_pairs_that_come_later_bring_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    make_demo()
    monkeypatch.setenv("DEMO_PAIRS", PAIRS)

    make_demo()

    with scopes_disabled():
        assert Credential.objects.count() == 2


def test_outside_of_a_demo_nothing_is_made(settings: Any) -> None:
    settings.DEMO = False

    with pytest.raises(CommandError, match="This is not a demo"):
        make_demo()

    assert not User.objects.exists()


def test_pairs_of_the_wrong_form_are_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_PAIRS", "acme:s3cret")

    with pytest.raises(CommandError) as refused:
        make_demo()

    assert str(refused.value) == "DEMO_PAIRS is not of the form acme=ID:SECRET,umbrella=ID:SECRET."


def test_without_a_credential_there_is_nothing_to_run() -> None:
    with pytest.raises(CommandError, match="Acme has no export “Help page example”"):
        make_demo("--run")

    with scopes_disabled():
        assert not Run.objects.exists()
