"""Helpers for tests of sign-in: an authenticator app, and mails sent in threads."""

import threading

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth

from accounts.models import User
from accounts.sign_in.two_factor import Adapter

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def add_app(user: User, secret: str = SECRET) -> Authenticator:
    return Authenticator.objects.create(user=user, type="totp", data={"secret": Adapter().encrypt(secret)})


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
            thread.join(120)
            assert not thread.is_alive()
