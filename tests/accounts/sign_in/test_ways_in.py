"""However somebody came in, they can set up each second factor, and no stranger can keep them from it."""

import io
import re
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import call_command
from django.test import Client

from accounts import invitations
from accounts.models import Team, User
from accounts.permissions import Role
from tests.accounts.invitation_mail import accept, link_in
from tests.accounts.sign_in.factors import AppClock, resets_are_sent, set_up_app, sign_in

pytestmark = pytest.mark.django_db

NEW = "nina@example.org"
CHOSEN = "a much better password"


def choose_password(client: Client, text: str) -> None:
    """Follow the link in a mail or in a command's output, and choose a password."""
    link = re.search(r"http://localhost:8000(/\S+)", text)
    assert link is not None
    form = client.get(link[1], follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": CHOSEN, "password2": CHOSEN})


def ask_for_reset(address: str) -> None:
    Client().post("/account/password/reset/", {"email": address})
    resets_are_sent()


def by_command(acme: Team, alice: User) -> Client:
    output = io.StringIO()
    call_command("create_team", "Bakery", admin=NEW, stdout=output)
    client = Client()
    choose_password(client, output.getvalue())
    sign_in(client, NEW, CHOSEN)
    return client


def by_invitation(acme: Team, alice: User) -> Client:
    invitation = invitations.invite(acme, NEW, Role.EDITOR, by=alice)
    client = Client()
    accept(link_in(invitation), client)
    return client


def by_reset(acme: Team, alice: User) -> Client:
    ask_for_reset(alice.email)
    client = Client()
    choose_password(client, mail.outbox[-1].body)
    sign_in(client, alice.email, CHOSEN)
    return client


def while_a_stranger_asks_for_resets(acme: Team, alice: User) -> Client:
    client = Client()
    sign_in(client, alice.email)
    ask_for_reset(alice.email)
    return client


WAYS = [by_command, by_invitation, by_reset, while_a_stranger_asks_for_resets]


@pytest.mark.parametrize("come_in", WAYS, ids=lambda way: way.__name__)
def test_app_can_be_set_up(
    acme: Team, alice: User, app_clock: AppClock, come_in: Callable[[Team, User], Client]
) -> None:
    client = come_in(acme, alice)
    Team.objects.update(second_factor=True)
    sent_on = client.get(client.get("/").headers["Location"])

    set_up_app(client, app_clock)

    assert sent_on.headers["Location"] == "/account/second-factor/"
    assert Authenticator.objects.filter(type="totp").count() == 1
    assert client.get("/", follow=True).status_code == 200


@pytest.mark.parametrize("come_in", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("path", ["app/add/", "passkeys/add/"])
def test_page_of_each_factor_opens(acme: Team, alice: User, path: str, come_in: Callable[[Team, User], Client]) -> None:
    assert come_in(acme, alice).get(f"/account/second-factor/{path}").status_code == 200
