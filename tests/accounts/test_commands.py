import io
import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django_scopes import scope, scopes_disabled

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.credentials.keyring import unseal
from accounts.management.commands import rotate_credential_keys
from accounts.models import AuditEntry, Credential, Membership, Team, User
from accounts.permissions import Role
from tests.accounts.audit.logs import without_triggers
from tests.factories import PASSWORD, make_credential, make_export, pair_of

OLD, NEW = b"1" * 32, b"2" * 32


def output_of(*command: str) -> str:
    output = io.StringIO()
    call_command(*command, stdout=output)
    return output.getvalue()


# ------------------------------------------------------------ create_team


def test_create_team_makes_the_team_and_its_admin(db: None) -> None:
    output_of("create_team", "Acme GmbH", "--admin", "Dora@Acme.example", "--time-zone", "Europe/Berlin")

    team = Team.objects.get()
    assert (team.name, team.slug, team.time_zone) == ("Acme GmbH", "acme-gmbh", "Europe/Berlin")
    membership = Membership.objects.get()
    assert (membership.user.email, membership.role) == ("dora@acme.example", Role.ADMIN)


def test_new_admin_chooses_a_password_by_the_printed_link(client: Client, settings: Any, db: None) -> None:
    settings.SITE_URL = "https://portal.example"
    output = output_of("create_team", "Acme", "--admin", "dora@acme.example")
    link = re.search(r"https://portal\.example(/\S+)", output)
    assert link is not None

    form = client.get(link[1], follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": PASSWORD, "password2": PASSWORD})

    assert client.login(email="dora@acme.example", password=PASSWORD) is True


def test_known_admin_keeps_the_password(charlie: User) -> None:
    output = output_of("create_team", "Acme", "--admin", "CHARLIE@umbrella.example")

    assert output == "Made the team “Acme” at /t/acme/ with charlie@umbrella.example as Admin.\n"
    charlie.refresh_from_db()
    assert charlie.check_password(PASSWORD) is True


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["Acme", "--admin", "nobody"], "Enter a valid email address."),
        (["Acme", "--admin", "d@acme.example"], "There is a team at /t/acme/ already. Choose another name."),
        (
            ["!", "--admin", "d@acme.example"],
            "The name needs letters a to z or digits: the team's address is made of them.",
        ),
        (
            ["New", "--admin", "d@acme.example", "--time-zone", "Berlin"],
            "“Berlin” is not a time zone. Use a name such as Europe/Berlin.",
        ),
    ],
)
def test_create_team_that_fails_says_why_and_makes_nobody(acme: Team, arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("create_team", *arguments)

    assert str(refused.value) == sentence
    assert (Team.objects.count(), User.objects.count()) == (1, 0)


# ------------------------------------------------------------ add_member


def test_add_member_lets_a_new_person_in(acme: Team) -> None:
    output = output_of("add_member", "acme", "dora@acme.example", "--role", "editor")

    assert output.startswith("dora@acme.example is now Editor of Acme.\nThey choose a password here")
    assert [(m.user.email, m.role) for m in acme.memberships.all()] == [("dora@acme.example", Role.EDITOR)]
    entry = AuditEntry._base_manager.get()
    assert (entry.action, entry.actor_name) == (Action.MEMBER_ADDED, audit.operator().name)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["acne", "d@acme.example"], "There is no team “acne”. Name it as its address does: “acme” of /t/acme/."),
        (["acme", "dora"], "Enter a valid email address."),
        (["acme", "bob@acme.example"], "bob@acme.example is in Acme already. Change their role on the team's page."),
    ],
)
def test_add_member_that_fails_says_why(acme: Team, bob: User, arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("add_member", *arguments, "--role", "viewer")

    assert str(refused.value) == sentence
    assert acme.memberships.count() == 1


# ------------------------------------------------------------ verify_audit


def test_verify_audit_counts_whole_logs(acme: Team, umbrella: Team, alice: User) -> None:
    audit.record(Action.TEAM_CHANGED, acme, by=alice)
    audit.record(Action.TEAM_CHANGED, acme, by=alice)
    audit.record(Action.SIGN_IN_FAILED, None, by=audit.PORTAL)

    assert output_of("verify_audit") == (
        "The log of Acme is whole (entries: 2).\nThe log of the portal is whole (entries: 1).\n"
    )


def test_verify_audit_fails_with_sentences_when_a_log_is_broken(acme: Team, umbrella: Team, alice: User) -> None:
    audit.record(Action.TEAM_CHANGED, acme, by=alice)
    audit.record(Action.TEAM_CHANGED, umbrella, by=alice)
    with without_triggers() as execute:
        execute("UPDATE accounts_auditentry SET actor_name = 'Mallory' WHERE team_id = %s", [acme.pk])
    output = io.StringIO()

    with pytest.raises(CommandError, match="1 of 2 logs are not whole") as refused:
        call_command("verify_audit", stdout=output)

    assert refused.value.returncode == 1
    assert output.getvalue() == (
        "The log of Acme is NOT whole:\n"
        "  Entry 1 was changed after it was written.\n"
        "The log of Umbrella is whole (entries: 1).\n"
    )


def test_verify_audit_checks_one_team(acme: Team, umbrella: Team, alice: User) -> None:
    audit.record(Action.TEAM_CHANGED, acme, by=alice)
    audit.record(Action.TEAM_CHANGED, umbrella, by=alice)

    assert output_of("verify_audit", "umbrella") == "The log of Umbrella is whole (entries: 1).\n"


def test_verify_audit_of_an_unknown_team_is_an_error(db: None) -> None:
    with pytest.raises(CommandError, match="There is no audit log of a team “acne”"):
        call_command("verify_audit", "acne")


# ------------------------------------------------------------ rotate_credential_keys


@pytest.fixture
def under_old_key(settings: Any, acme: Team, umbrella: Team, alice: User) -> list[Any]:
    """Secrets of two teams and two models, stored with OLD as the only key; now NEW is first."""
    settings.CREDENTIAL_KEYS = [OLD]
    ours, theirs = make_credential(acme), make_credential(umbrella)
    export = make_export(ours, alice)
    with scope(team=acme):
        export.sftp_password = "hunter2"
        export.save(update_fields=["sftp_password"])
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    return [ours, theirs, export]


def opened(row: Any, name: str) -> Any:
    with scopes_disabled():
        return unseal(type(row)._base_manager.get(pk=row.pk), name)


def test_check_says_how_many_secrets_are_under_an_older_key(under_old_key: list[Any]) -> None:
    with pytest.raises(CommandError, match="Secrets still under an older key: 3") as refused:
        call_command("rotate_credential_keys", "--check")

    assert refused.value.returncode == 1


def test_rotated_secrets_open_without_the_old_key(under_old_key: list[Any], settings: Any) -> None:
    ours, theirs, export = under_old_key

    assert output_of("rotate_credential_keys").startswith("Secrets encrypted again: 3.\n")

    settings.CREDENTIAL_KEYS = [NEW]
    assert opened(ours, "pair")["secret"] == pair_of(ours.team).partner_user_secret
    assert opened(theirs, "pair")["secret"] == pair_of(theirs.team).partner_user_secret
    assert opened(export, "sftp_password") == "hunter2"
    assert output_of("rotate_credential_keys", "--check") == (
        "Every secret is under the newest key: older keys may be dropped from CREDENTIAL_KEYS.\n"
    )


def test_rotation_is_in_the_portals_log(under_old_key: list[Any]) -> None:
    output_of("rotate_credential_keys")

    entry = AuditEntry._base_manager.get(action=Action.KEYS_ROTATED)
    assert (entry.team, entry.actor_name) == (None, audit.operator().name)
    assert entry.data == {"secrets": 3, "fingerprints": 0}


def test_rotation_works_in_batches(under_old_key: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotate_credential_keys, "BATCH", 1)

    assert output_of("rotate_credential_keys").startswith("Secrets encrypted again: 3.\n")


def test_pair_replaced_during_the_rotation_is_kept(under_old_key: list[Any]) -> None:
    credential, *_ = under_old_key
    with scopes_disabled():
        read_before = Credential.objects.get(pk=credential.pk)
        credential.pair = {"id": "new", "secret": "newer"}
        credential.save(update_fields=["pair"])

        assert rotate_credential_keys._seal_again(read_before, "pair") == 0
    assert opened(credential, "pair") == {"id": "new", "secret": "newer"}


def test_secret_without_its_key_is_reported_and_kept(under_old_key: list[Any], settings: Any) -> None:
    settings.CREDENTIAL_KEYS = [NEW]
    problems = io.StringIO()

    with pytest.raises(CommandError, match="Secrets still under an older key: 3"):
        call_command("rotate_credential_keys", stdout=io.StringIO(), stderr=problems)

    why = "This secret was stored under a key that CREDENTIAL_KEYS does not list."
    assert problems.getvalue().splitlines()[0] == f"Credential {under_old_key[0].pk}, pair: {why}"


def test_fingerprints_follow_a_changed_secret_key(credential: Credential, settings: Any) -> None:
    before = credential.fingerprint
    settings.SECRET_KEY = "another " * 10

    output_of("rotate_credential_keys")

    with scope(team=credential.team):
        after = Credential.objects.get(pk=credential.pk).fingerprint
    fresh = Credential(team=credential.team)
    fresh.take_pair(pair_of(credential.team), credential.paired_at)
    assert (after == before, after) == (False, fresh.fingerprint)


def test_rotation_shows_no_secret(under_old_key: list[Any], capfd: pytest.CaptureFixture[str]) -> None:
    call_command("rotate_credential_keys")

    shown = "".join(capfd.readouterr())
    assert pair_of(under_old_key[0].team).partner_user_secret not in shown
    assert "hunter2" not in shown
