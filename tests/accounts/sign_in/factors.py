"""Helpers for tests of sign-in: the form, an authenticator app, and mails sent in threads."""

import re
import threading
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.test import Client

from accounts.models import User
from accounts.sign_in import recent as recent_sign_in
from accounts.sign_in.two_factor import FactorAdapter
from tests.factories import PASSWORD
from tests.waiting import PATIENCE

LOGIN = "/account/login/"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def sign_in(client: Client, email: str, password: str = PASSWORD, path: str = LOGIN) -> Any:
    return client.post(path, {"login": email, "password": password}, REMOTE_ADDR="192.0.2.7")


def signed_in_by_form(user: User, browser: str = "") -> Client:
    client = Client(headers={"user-agent": browser})
    assert sign_in(client, user.email).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session and client.get("/account/").status_code == 200


def stale(client: Client) -> Client:
    session = client.session
    session[recent_sign_in.KEY] -= 3600
    session.save()
    return client


def add_app(user: User, secret: str = SECRET) -> Authenticator:
    return Authenticator.objects.create(user=user, type="totp", data={"secret": FactorAdapter().encrypt(secret)})


class AppClock:
    """The clock of apps and portal; it moves only when a test asks for a code."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_800_000_000.0
        monkeypatch.setattr(auth, "time", self)

    def time(self) -> float:
        return self.now


def code_of(clock: AppClock, secret: str = SECRET) -> str:
    """The next code of the app: a new one every 30 seconds, each valid once."""
    clock.now += 30
    return auth.format_hotp_value(auth.hotp_value(secret, int(clock.now) // 30))


def resets_are_sent() -> None:
    """Wait for the mails for forgotten passwords, which threads send."""
    for thread in threading.enumerate():
        if thread.name == "reset-mail":
            thread.join(PATIENCE)
            assert not thread.is_alive()


def set_up_app(client: Client, clock: AppClock) -> str:
    """Set up an authenticator app on the pages; return its key."""
    page = client.get("/account/second-factor/app/add/").content.decode()
    match = re.search(r'user-select-all">(\w+)<', page)
    assert match is not None
    client.post("/account/second-factor/app/add/", {"code": code_of(clock, match[1])})
    return match[1]
