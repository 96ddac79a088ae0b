import re
from typing import Any

import pytest
import redis
from django.core import mail
from django.test import Client

from accounts.audit.record import Action
from accounts.models import AuditEntry, Membership, Team, User
from accounts.permissions import Role
from tests.accounts.sign_in.factors import LOGIN, resets_are_sent, sign_in
from tests.clients import signed_in
from tests.factories import PASSWORD


def actions(team: Team | None) -> list[tuple[str, str]]:
    entries = AuditEntry._base_manager.filter(team=team).order_by("number")
    return [(entry.action, entry.actor_name) for entry in entries]


def test_address_is_case_insensitive_at_sign_in(client: Client, alice: User) -> None:
    response = sign_in(client, "Alice@ACME.example")

    assert response.headers["Location"] == "/"
    assert client.session["_auth_user_id"] == str(alice.pk)


def test_sign_in_redirects_to_the_requested_page(client: Client, alice: User) -> None:
    response = sign_in(client, alice.email, path=f"{LOGIN}?next=/t/acme/audit/")

    assert response.headers["Location"] == "/t/acme/audit/"


def test_sign_in_does_not_redirect_to_another_site(client: Client, alice: User) -> None:
    response = sign_in(client, alice.email, path=f"{LOGIN}?next=https://evil.example/")

    assert response.headers["Location"] == "/"


def test_wrong_password_and_unknown_address_get_the_same_answer(client: Client, alice: User) -> None:
    answers = [sign_in(client, "alice@acme.example", "wrong"), sign_in(client, "nobody@acme.example", "wrong")]

    assert [answer.context["form"].non_field_errors() for answer in answers] == [
        ["The e-mail address or the password is not right."]
    ] * 2


def test_sign_in_and_out_are_logged_in_each_team(client: Client, acme: Team, umbrella: Team, alice: User) -> None:
    Membership.objects.create(team=umbrella, user=alice, role=Role.VIEWER)
    sign_in(client, alice.email)
    client.post("/account/logout/")

    expected = [(Action.SIGNED_IN, "Alice"), (Action.SIGNED_OUT, "Alice")]
    assert (actions(acme), actions(umbrella), actions(None)) == (expected, expected, [])


def test_failed_sign_in_is_in_the_portals_log_with_its_address(client: Client, alice: User) -> None:
    sign_in(client, alice.email, "wrong")

    entry = AuditEntry._base_manager.get()
    assert (entry.action, entry.team, entry.actor_id) == (Action.SIGN_IN_FAILED, None, None)
    assert (entry.address, entry.data) == ("192.0.2.7", {"address": "alice@acme.example"})


def test_password_is_in_no_log(client: Client, alice: User) -> None:
    sign_in(client, alice.email, "canary-wrong-password")
    sign_in(client, alice.email)

    assert "canary" not in repr(list(AuditEntry._base_manager.values()))
    assert PASSWORD not in repr(list(AuditEntry._base_manager.values()))


def test_after_many_failures_even_the_right_password_is_refused(client: Client, alice: User) -> None:
    for _ in range(10):
        sign_in(client, alice.email, "wrong")

    response = sign_in(client, alice.email)

    assert "_auth_user_id" not in client.session
    assert response.context["form"].non_field_errors() == [
        "Too many attempts have failed. Wait a few minutes, then try again."
    ]


def test_people_can_sign_in_while_redis_is_down(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise redis.ConnectionError("away")

    monkeypatch.setattr(redis.ConnectionPool, "get_connection", away)

    assert sign_in(client, alice.email).headers["Location"] == "/"
    assert client.get("/t/acme/").status_code == 200


def test_sign_up_is_closed(client: Client, db: None) -> None:
    values = {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD}

    response = client.post("/account/signup/", values)

    assert "Nobody signs up here by themselves" in response.content.decode()
    assert User.objects.count() == 0


@pytest.mark.parametrize("path", ["email/", "confirm-email/", "login/code/confirm/", "3rdparty/"])
def test_unused_pages_of_allauth_are_not_found(client: Client, alice: User, path: str) -> None:
    client.force_login(alice)

    assert client.get(f"/account/{path}").status_code == 404


def test_changed_password_ends_every_session_but_the_present_one(client: Client, acme: Team, alice: User) -> None:
    client.force_login(alice)
    elsewhere = signed_in(alice)
    new = "a much better password"

    client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    alice.refresh_from_db()
    assert alice.check_password(new) is True
    assert (Action.PASSWORD_CHANGED, "Alice") in actions(acme)
    assert [each.get("/t/acme/").status_code for each in (client, elsewhere)] == [200, 302]


def test_short_password_is_refused(client: Client, alice: User) -> None:
    client.force_login(alice)

    response = client.post(
        "/account/password/change/", {"oldpassword": PASSWORD, "password1": "short", "password2": "short"}
    )

    assert "must contain at least 12 characters" in response.content.decode()
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD) is True


def test_forgotten_password_is_replaced_by_the_mailed_link_once(client: Client, acme: Team, alice: User) -> None:
    client.post("/account/password/reset/", {"email": "ALICE@acme.example"})
    resets_are_sent()
    (sent,) = mail.outbox
    link = re.search(r"http://localhost:8000(/\S+)", sent.body)
    assert link is not None
    form = client.get(link[1], follow=True).redirect_chain[-1][0]
    new = "a much better password"
    client.post(form, {"password1": new, "password2": new})

    alice.refresh_from_db()
    assert alice.check_password(new) is True
    assert (sent.to, sent.subject) == (["alice@acme.example"], "Choose a password for the Expensify portal")
    assert "This link no longer works" in Client().get(link[1], follow=True).content.decode()


def test_forgotten_password_of_an_unknown_address_sends_no_mail(client: Client, alice: User) -> None:
    known = client.post("/account/password/reset/", {"email": alice.email})
    resets_are_sent()
    mail.outbox.clear()
    unknown = client.post("/account/password/reset/", {"email": "nobody@example.org"})

    assert (known.headers["Location"], unknown.headers["Location"]) == ("/account/password/reset/done/",) * 2
    assert mail.outbox == []
