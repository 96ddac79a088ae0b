"""Guessing at one account from many addresses: slower each time, told once, and nobody is locked out."""

import time
from typing import Any

import pytest
from django.test import Client

from accounts.audit.record import Action
from accounts.models import AuditEntry, Membership, Notice, Team, User
from accounts.permissions import Role
from accounts.sign_in import guessing
from tests.accounts.sign_in.factors import LOGIN, sign_in
from tests.factories import PASSWORD


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that attempts would have waited; they do not."""
    seconds: list[float] = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    return seconds


def guess(email: str, times: int, *, first: int = 0) -> None:
    """Failed attempts, each from another network address."""
    for number in range(first, first + times):
        Client(REMOTE_ADDR=f"198.51.{number // 200}.{number % 200}").post(LOGIN, {"login": email, "password": "wrong"})


def told(team: Team) -> list[str]:
    rows = Notice._base_manager.filter(team=team, subject__startswith="Somebody may be guessing")
    return sorted(rows.values_list("address", flat=True))


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (19, 0), (20, 0.5), (21, 1), (22, 2), (23, 4), (9999, 4)])
def test_each_attempt_waits_longer_up_to_a_limit(failures: int, seconds: float) -> None:
    assert guessing.seconds_after(failures) == seconds


def test_many_addresses_at_one_account_are_slowed_down_and_others_are_not(
    acme: Team, alice: User, bob: User, waits: list[float]
) -> None:
    guess(alice.email, guessing.FREE)
    before = list(waits)
    guess("ALICE@acme.example", 2, first=100)
    guess(bob.email, 1, first=110)

    assert (before, waits) == ([], [0.5, 1.0])


def test_unknown_account_is_slowed_down_alike(acme: Team, waits: list[float]) -> None:
    guess("nobody@acme.example", guessing.FREE + 1)

    assert (waits, told(acme)) == ([0.5], [])


def test_person_gets_in_all_the_same(acme: Team, alice: User, waits: list[float]) -> None:
    guess(alice.email, guessing.FREE + 3)
    client = Client()

    sign_in(client, alice.email)

    assert client.session["_auth_user_id"] == str(alice.pk)


def test_browser_of_an_earlier_sign_in_waits_for_nothing(
    acme: Team, alice: User, bob: User, waits: list[float]
) -> None:
    client = Client()
    sign_in(client, alice.email)
    client.post("/account/logout/")
    guess(alice.email, guessing.FREE)
    guess(bob.email, guessing.FREE)

    sign_in(client, alice.email)
    own = list(waits)
    client.post("/account/logout/")
    sign_in(client, bob.email)

    assert (own, waits) == ([], [0.5])


def test_forged_mark_of_a_browser_is_none(acme: Team, alice: User, waits: list[float]) -> None:
    client = Client()
    client.cookies[guessing.KNOWN_BROWSER] = f"{guessing._digest(alice.email)}:1:forged"
    guess(alice.email, guessing.FREE)

    sign_in(client, alice.email)

    assert waits == [0.5]


def test_person_and_admins_are_told_once(
    acme: Team, umbrella: Team, alice: User, bob: User, erin: User, waits: list[float]
) -> None:
    guess(bob.email, guessing.FREE + 5)

    assert (told(acme), told(umbrella)) == ([alice.email, bob.email], [])
    entries = AuditEntry._base_manager.filter(action=Action.SIGN_IN_GUESSED)
    assert [(entry.team, entry.target_id, entry.actor_name) for entry in entries] == [
        (acme, bob.pk, "Somebody not signed in")
    ]


def test_member_of_two_teams_gets_one_mail(
    acme: Team, umbrella: Team, alice: User, bob: User, charlie: User, waits: list[float]
) -> None:
    Membership.objects.create(team=umbrella, user=bob, role=Role.VIEWER)

    guess(bob.email, guessing.FREE)

    assert (told(acme), told(umbrella)) == ([alice.email, bob.email], [charlie.email])


def test_pages_go_on_while_others_wait(acme: Team, alice: User, waits: list[float]) -> None:
    guess(alice.email, guessing.FREE)
    taken = [guessing._waiting.acquire(blocking=False) for _ in range(2)]
    try:
        answer: Any = Client().post(LOGIN, {"login": alice.email, "password": PASSWORD})
    finally:
        guessing._waiting.release(2)

    assert (taken, waits) == ([True, True], [])
    assert "Try again in some seconds." in answer.content.decode()
