"""Sessions: their list and how they end; confirmation, and limits of attempts."""

from typing import Any

import pytest
from django.test import Client

from accounts import teams
from accounts.audit.record import Action
from accounts.models import AuditEntry, Membership, Team, User
from accounts.permissions import Role
from accounts.sign_in import kept_request
from tests.accounts.sign_in.factors import is_in, resets_are_sent, signed_in_by_form, stale
from tests.factories import PASSWORD

# ------------------------------------------------------------ list and end


def test_sessions_are_listed_with_their_browsers(alice: User) -> None:
    signed_in_by_form(alice, "Elinks on the old laptop")
    here = signed_in_by_form(alice, "Firefox here")

    page = here.get("/account/sessions/").content.decode()

    assert [word in page for word in ("Elinks on the old laptop", "Firefox here", "192.0.2.7")] == [True] * 3


def test_one_session_is_ended_and_the_other_stays(alice: User, acme: Team) -> None:
    there, here = signed_in_by_form(alice, "There"), signed_in_by_form(alice, "Here")
    listed = here.get("/account/sessions/").context["sessions"]
    (other,) = [session.pk for session in listed if session.user_agent == "There"]

    here.post(f"/account/sessions/{other}/end/")

    assert (is_in(there), is_in(here)) == (False, True)
    entry = AuditEntry._base_manager.filter(team=acme).latest("number")
    assert (entry.action, entry.data["browser"]) == (Action.SESSION_ENDED, "There")


def test_all_other_sessions_are_ended_at_once(alice: User) -> None:
    there, elsewhere, here = signed_in_by_form(alice), signed_in_by_form(alice), signed_in_by_form(alice)

    here.post("/account/sessions/")

    assert [is_in(client) for client in (there, elsewhere, here)] == [False, False, True]


def test_session_of_somebody_else_is_not_found(alice: User, bob: User) -> None:
    theirs = signed_in_by_form(bob)
    (session,) = theirs.get("/account/sessions/").context["sessions"]

    assert signed_in_by_form(alice).post(f"/account/sessions/{session.pk}/end/").status_code == 404
    assert is_in(theirs) is True


# ------------------------------------------------------------ ended by other changes


def test_changed_role_ends_the_sessions_of_that_person_only(acme: Team, alice: User, bob: User) -> None:
    theirs, mine = signed_in_by_form(bob), signed_in_by_form(alice)

    teams.change_role(Membership.objects.get(user=bob), Role.EDITOR, by=alice)

    assert (is_in(theirs), is_in(mine)) == (False, True)


def test_removal_ends_the_sessions(acme: Team, alice: User, bob: User) -> None:
    theirs = signed_in_by_form(bob)

    teams.remove(Membership.objects.get(user=bob), by=alice)

    assert is_in(theirs) is False


def test_unchanged_role_ends_no_session(acme: Team, alice: User, bob: User) -> None:
    theirs = signed_in_by_form(bob)

    teams.change_role(Membership.objects.get(user=bob), Role.VIEWER, by=alice)

    assert is_in(theirs) is True


def test_session_without_a_salt_stays_valid(alice: User) -> None:
    theirs = signed_in_by_form(alice)

    assert (alice.session_salt, is_in(theirs)) == ("", True)


def test_sign_in_over_a_socket_without_an_address_works(client: Client, alice: User) -> None:
    response = client.post("/account/login/", {"login": alice.email, "password": PASSWORD}, REMOTE_ADDR="")

    assert response.headers["Location"] == "/"


# ------------------------------------------------------------ confirmation


def test_change_after_an_hour_needs_confirmation_and_is_then_carried_out(acme: Team, alice: User, bob: User) -> None:
    client = stale(signed_in_by_form(alice))
    url = f"/t/acme/team/members/{Membership.objects.get(user=bob).pk}/role/"
    form = {"headers": {"Referer": "http://testserver/t/acme/team/"}}

    asked = client.post(url, {"role": "editor"}, follow=True, **form)
    *_, sentence = [str(message) for message in asked.context["messages"]]
    before = Membership.objects.get(user=bob).role
    done = client.post(asked.redirect_chain[-1][0], {"password": PASSWORD}, follow=True)

    assert sentence == (
        "Nothing was changed yet: first confirm that it is you. "
        "Then what you sent is carried out; it waits ten minutes."
    )
    assert (before, done.redirect_chain[-1][0]) == (Role.VIEWER, "/t/acme/team/")
    assert Membership.objects.get(user=bob).role == Role.EDITOR


def test_wrong_password_confirms_nothing(acme: Team, alice: User) -> None:
    client = stale(signed_in_by_form(alice))

    client.post("/account/reauthenticate/?next=/t/acme/team/", {"password": "wrong"})

    assert client.post("/t/acme/team/edit/", {}).headers["Location"].startswith("/account/reauthenticate/")


def test_form_announces_the_confirmation(acme: Team, alice: User) -> None:
    client = signed_in_by_form(alice)
    fresh = client.get("/t/acme/credentials/new/").content.decode()
    old = stale(client).get("/t/acme/credentials/new/").content.decode()

    assert ["Confirm that it is you" in page for page in (fresh, old)] == [False, True]
    assert "/account/reauthenticate/?next=%2Ft%2Facme%2Fcredentials%2Fnew%2F" in old


def test_secret_in_an_unconfirmed_form_is_not_stored(acme: Team, alice: User) -> None:
    client = stale(signed_in_by_form(alice))

    client.post("/t/acme/credentials/new/", {"partner_user_secret": "canary"}, follow=True)

    assert "canary" not in repr(dict(client.session))


@pytest.mark.parametrize(
    ("headers", "status", "names"),
    [
        ({"HX-Request": "true", "HX-Current-URL": "http://testserver/t/acme/team/"}, 204, "HX-Redirect"),
        ({}, 302, "Location"),
    ],
)
def test_htmx_request_redirects_the_page(
    acme: Team, alice: User, headers: dict[str, str], status: int, names: str
) -> None:
    response = stale(signed_in_by_form(alice)).post("/t/acme/team/edit/", {}, headers=headers)

    assert response.status_code == status
    assert response.headers[names].startswith("/account/reauthenticate/?next=%2Ft%2Facme%2F")


def test_json_request_gets_the_reason_as_json(acme: Team, alice: User) -> None:
    response: Any = stale(signed_in_by_form(alice)).post(
        "/t/acme/team/edit/", {}, headers={"Accept": "application/json"}
    )

    assert (response.status_code, response.json()["url"]) == (403, "/account/reauthenticate/?next=%2Ft%2Facme%2F")


def test_confirmation_does_not_return_to_another_site(acme: Team, alice: User) -> None:
    client = stale(signed_in_by_form(alice))
    response = client.post("/t/acme/team/edit/", {}, headers={"Referer": "https://evil.example/t/"})

    assert response.headers["Location"].startswith("/account/reauthenticate/?next=%2Ft%2Facme%2F")
    assert "evil" not in response.headers["Location"] + client.session[kept_request.KEY]["page"]


# ------------------------------------------------------------ guessing


def guess(email: str, password: str, address: str) -> Any:
    return Client().post("/account/login/", {"login": email, "password": password}, REMOTE_ADDR=address)


def test_guesses_from_one_address_do_not_lock_out_another(alice: User) -> None:
    for _ in range(12):
        guess(alice.email, "wrong", "198.51.100.9")

    assert guess(alice.email, PASSWORD, "198.51.100.9").status_code == 200
    assert guess(alice.email, PASSWORD, "192.0.2.7").status_code == 302


def test_guesses_for_many_users_from_one_address_are_stopped(alice: User) -> None:
    for number in range(10):
        guess(f"person{number}@acme.example", "wrong", "198.51.100.9")

    assert guess(alice.email, PASSWORD, "198.51.100.9").status_code == 200


def test_resets_from_other_addresses_do_not_block_a_person(alice: User, mailoutbox: Any) -> None:
    for _ in range(8):
        Client().post("/account/password/reset/", {"email": alice.email}, REMOTE_ADDR="198.51.100.9")
    resets_are_sent()
    sent = len(mailoutbox)

    Client().post("/account/password/reset/", {"email": alice.email}, REMOTE_ADDR="192.0.2.7")
    resets_are_sent()

    assert (sent, len(mailoutbox)) == (5, 6)


def test_unknown_address_computes_the_same_hash(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing takes most of the time of a sign-in: it happens whether the address is known or not."""
    from django.contrib.auth.hashers import MD5PasswordHasher

    made: list[str] = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher, "encode", lambda self, word, salt: made.append(word) or encode(self, word, salt)
    )

    guess(alice.email, "wrong one", "192.0.2.7")
    guess("nobody@acme.example", "wrong two", "192.0.2.7")

    assert made == ["wrong one", "wrong two"]
