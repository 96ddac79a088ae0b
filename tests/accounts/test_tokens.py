import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts import teams, tokens
from accounts.audit.record import Action
from accounts.models import AccessToken, AuditEntry, Membership, Team, User
from accounts.permissions import Permission, Role
from tests.clients import signed_in
from tests.factories import PASSWORD, make_member

AsUser = Callable[[User], Client]
READING = Permission.VIEW_EXPORTS.value
SECRET = re.compile(r"exp_[0-9a-f]{40}")


def make(user: User, name: str = "Month end", granted: tuple[str, ...] = (READING,)) -> tuple[AccessToken, str]:
    membership = user.memberships.select_related("team").get()
    with scope(team=membership.team):
        return tokens.make(membership, name, list(granted), 90)


def ask(secret: str, team: str = "acme", **sent: Any) -> int:
    url = f"/api/t/{team}/exports/"
    return Client().get(url, headers={"Authorization": f"Bearer {secret}"}, **sent).status_code


def fresh(token: AccessToken) -> AccessToken:
    return AccessToken._base_manager.get(pk=token.pk)


def entries(action: Action) -> list[AuditEntry]:
    return list(AuditEntry._base_manager.filter(action=action).order_by("pk"))


# ------------------------------------------------------------ creating


def test_secret_is_shown_by_the_answer_that_made_it_and_never_again(as_user: AsUser, acme: Team, erin: User) -> None:
    client = as_user(erin)
    sent = {"name": "Month end", "permissions": [READING, "run saved exports"], "days": "30"}

    response = client.post("/t/acme/tokens/new/", sent)

    [secret] = set(SECRET.findall(response.content.decode()))
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert ask(secret) == 200
    for page in ("/t/acme/tokens/", "/t/acme/tokens/new/", "/t/acme/"):
        assert SECRET.findall(client.get(page).content.decode()) == []


def test_only_a_hash_of_the_secret_is_kept(acme: Team, erin: User) -> None:
    token, secret = make(erin)

    assert (fresh(token).digest, fresh(token).prefix) == (hashlib.sha256(secret.encode()).hexdigest(), secret[:10])
    assert {name for name, value in vars(fresh(token)).items() if secret in str(value)} == set()


def test_form_offers_what_the_role_may_and_scripts_can_ask_for(as_user: AsUser, erin: User, bob: User) -> None:
    offered = {
        user: [
            value for value, _ in as_user(user).get("/t/acme/tokens/new/").context["form"].fields["permissions"].choices
        ]
        for user in (erin, bob)
    }

    assert offered == {
        erin: ["view exports and runs", "run saved exports", "download results"],
        bob: ["view exports and runs", "download results"],
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"permissions": ["manage credentials"]},
        {"permissions": ["read the audit log"]},
        {"permissions": []},
        {"days": "366"},
        {"days": "0"},
        {"days": ""},
        {"name": ""},
    ],
    ids=str,
)
def test_token_with_other_permissions_or_lifetime_is_not_made(
    as_user: AsUser, erin: User, wrong: dict[str, Any]
) -> None:
    sent = {"name": "Month end", "permissions": [READING], "days": "30"} | wrong

    response = as_user(erin).post("/t/acme/tokens/new/", sent)

    assert list(response.context["form"].errors) == list(wrong)
    assert AccessToken._base_manager.count() == 0


def test_form_submitted_twice_creates_one_token(as_user: AsUser, erin: User) -> None:
    client = as_user(erin)
    sent = {"name": "Month end", "permissions": [READING], "days": "30"}
    client.post("/t/acme/tokens/new/", sent)

    again = client.post("/t/acme/tokens/new/", sent | {"name": "MONTH END"})

    assert list(again.context["form"].errors) == ["name"]
    assert AccessToken._base_manager.count() == 1


def test_token_expires_within_a_year(acme: Team, erin: User) -> None:
    membership = erin.memberships.get()
    with scope(team=acme):
        token, _ = tokens.make(membership, "For ever", [READING], 10_000)

    assert token.expires_at - timezone.now() <= timedelta(days=365)


def test_creating_a_token_is_logged_without_its_secret(acme: Team, erin: User) -> None:
    token, secret = make(erin)

    [entry] = entries(Action.TOKEN_MADE)
    assert (entry.actor_id, entry.target_id, entry.data["permissions"]) == (erin.pk, token.pk, [READING])
    assert secret not in str(vars(entry))


# ------------------------------------------------------------ owners


def test_member_sees_own_tokens_and_an_admin_all(as_user: AsUser, alice: User, erin: User, bob: User) -> None:
    for user in (alice, erin, bob):
        make(user, f"{user}'s")

    seen = {
        user: sorted(token.name for token in as_user(user).get("/t/acme/tokens/").context["tokens"])
        for user in (alice, erin, bob)
    }

    assert seen == {alice: ["Alice's", "Bob's", "Erin's"], erin: ["Erin's"], bob: ["Bob's"]}


def test_list_takes_as_many_queries_for_three_as_for_one(
    as_user: AsUser, alice: User, erin: User, bob: User, count_queries: Callable[[], Any]
) -> None:
    client = as_user(alice)
    make(erin)
    client.get("/t/acme/tokens/")
    with count_queries() as one:
        client.get("/t/acme/tokens/")
    make(bob)
    make(alice)
    with count_queries() as three:
        client.get("/t/acme/tokens/")

    assert len(one) == len(three)


def test_nobody_but_its_person_and_admins_revokes_a_token(as_user: AsUser, alice: User, erin: User, bob: User) -> None:
    token, secret = make(erin)
    url = reverse("accounts:token-revoke", args=["acme", token.pk])

    assert (as_user(bob).post(url).status_code, ask(secret)) == (404, 200)
    assert (as_user(alice).post(url).status_code, ask(secret)) == (302, 401)
    [entry] = entries(Action.TOKEN_REVOKED)
    assert (entry.actor_id, entry.target_id, entry.data) == (alice.pk, token.pk, {"of": "Erin"})


def test_revoking_twice_is_logged_once(as_user: AsUser, erin: User) -> None:
    token, _ = make(erin)
    client, url = as_user(erin), reverse("accounts:token-revoke", args=["acme", token.pk])

    assert [client.post(url).status_code for _ in range(2)] == [302, 302]
    assert len(entries(Action.TOKEN_REVOKED)) == 1


# ------------------------------------------------------------ revocation


def test_demotion_applies_to_the_next_request(acme: Team, alice: User) -> None:
    carol = make_member(acme, "Carol", Role.ADMIN)
    _, secret = make(carol, granted=("read the audit log", READING))
    headers = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/t/acme/audit/", headers=headers).status_code == 200

    teams.change_role(carol.memberships.get(), Role.VIEWER, by=alice)

    assert (Client().get("/api/t/acme/audit/", headers=headers).status_code, ask(secret)) == (403, 200)


def test_token_of_a_removed_member_stays_revoked_when_they_come_back(acme: Team, alice: User, erin: User) -> None:
    token, secret = make(erin)

    teams.remove(erin.memberships.get(), by=alice)
    assert ask(secret) == 401
    teams.add(acme, erin, Role.ADMIN, by=alice)

    assert ask(secret) == 401
    assert [(entry.actor_id, entry.target_id) for entry in entries(Action.TOKEN_REVOKED)] == [(alice.pk, token.pk)]


def test_removal_revokes_no_token_of_another_team(acme: Team, umbrella: Team, alice: User, erin: User) -> None:
    elsewhere = Membership.objects.create(team=umbrella, user=erin, role=Role.VIEWER)
    with scope(team=umbrella):
        _, secret = tokens.make(elsewhere, "There", [READING], 30)

    teams.remove(Membership.objects.get(team=acme, user=erin), by=alice)

    assert ask(secret, "umbrella") == 200


def test_token_without_membership_is_refused(acme: Team, erin: User) -> None:
    _, secret = make(erin)

    Membership.objects.filter(user=erin).delete()

    assert ask(secret) == 404


def change_in_the_portal(user: User) -> None:
    client = signed_in(user)
    url, new = reverse("account_change_password"), "a whole new battery staple"
    client.post(url, {"oldpassword": PASSWORD, "password1": new, "password2": new})


def change_by_command(user: User) -> None:
    user.set_password("a whole new battery staple")
    user.save()


@pytest.mark.parametrize("change", [change_in_the_portal, change_by_command])
def test_new_password_revokes_the_tokens(acme: Team, erin: User, bob: User, change: Callable[[User], None]) -> None:
    (_, secret), (_, others) = make(erin), make(bob)

    change(erin)

    assert erin.check_password("a whole new battery staple") or User.objects.get(pk=erin.pk).check_password(
        "a whole new battery staple"
    )
    assert (ask(secret), ask(others)) == (401, 200)


def test_upgraded_password_hash_revokes_no_token(settings: Any, acme: Team, erin: User) -> None:
    _, secret = make(erin)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    User.objects.filter(pk=erin.pk).update(password=make_password(PASSWORD, hasher="md5"))

    assert User.objects.get(pk=erin.pk).check_password(PASSWORD)

    assert User.objects.get(pk=erin.pk).password.startswith("pbkdf2")
    assert ask(secret) == 200


def test_reopened_account_has_no_tokens(acme: Team, erin: User) -> None:
    _, secret = make(erin)
    erin.is_active = False
    erin.save()
    erin.is_active = True
    erin.save()

    assert ask(secret) == 401


# ------------------------------------------------------------ use


def test_last_use_is_stored_to_the_minute(acme: Team, erin: User) -> None:
    token, secret = make(erin)
    assert fresh(token).last_used_at is None

    before = timezone.now()
    ask(secret)
    first = fresh(token).last_used_at

    assert before <= first <= timezone.now()
    # A time within the last minute, however long the requests take.
    just_now = timezone.now() + timedelta(hours=1)
    with scopes_disabled():
        AccessToken.objects.update(last_used_at=just_now)
    ask(secret)
    assert fresh(token).last_used_at == just_now
    with scopes_disabled():
        AccessToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    ask(secret)
    assert first < fresh(token).last_used_at < just_now


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer {}0", "Bearer {} {}", "Bearer exp_é", "Bearer \x00"]
)
def test_invalid_authorization_header_is_refused(acme: Team, erin: User, header: str) -> None:
    _, secret = make(erin)

    response = Client().get("/api/t/acme/exports/", headers={"Authorization": header.replace("{}", secret)})

    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_authorization_scheme_is_case_insensitive(acme: Team, erin: User) -> None:
    _, secret = make(erin)

    assert Client().get("/api/t/acme/exports/", headers={"Authorization": f"bearer {secret}"}).status_code == 200


# ------------------------------------------------------------ guessing


@pytest.fixture
def no_one_failed(db: None) -> None:
    cache.clear()


def test_address_with_many_refused_tokens_gets_429_and_is_not_logged(
    no_one_failed: None, acme: Team, erin: User
) -> None:
    _, good = make(erin)
    guess = f"exp_{'0' * 40}"

    answers = [ask(guess) for _ in range(tokens.MOST_REFUSED + 5)]

    assert answers == [401] * tokens.MOST_REFUSED + [429] * 5
    assert len(entries(Action.TOKEN_REFUSED)) == tokens.MOST_REFUSED
    assert (ask(guess, REMOTE_ADDR="192.0.2.9"), ask(good)) == (401, 200)


def test_refusal_of_an_unknown_token_is_in_no_teams_log(no_one_failed: None, acme: Team) -> None:
    ask(f"exp_{'0' * 40}")

    [entry] = entries(Action.TOKEN_REFUSED)
    assert (entry.team, entry.target_id, entry.data) == (None, None, {"why": "unknown", "path": "/api/t/acme/exports/"})


def test_dump_of_the_database_holds_no_secret(acme: Team, erin: User, tmp_path: Any) -> None:
    _, secret = make(erin)

    with scopes_disabled():
        call_command("dumpdata", output=str(tmp_path / "dump.json"))

    assert secret[:10] in (tmp_path / "dump.json").read_text()
    assert secret not in (tmp_path / "dump.json").read_text()
