"""What tests of sign-in need: an authenticator app whose codes are known, and mails that were sent beside an answer."""

import threading
import time

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.core.cache import cache

from accounts.models import User
from accounts.second_factor import Adapter

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def add_app(user: User, secret: str = SECRET) -> Authenticator:
    return Authenticator.objects.create(user=user, type="totp", data={"secret": Adapter().encrypt(secret)})


def code_of(secret: str = SECRET) -> str:
    """What the app shows now and in two seconds; one that was used may be used again, as if its time had passed."""
    cache.clear()
    left = 30 - time.time() % 30
    if left < 2:
        time.sleep(left)
    return auth.format_hotp_value(auth.hotp_value(secret, int(time.time()) // 30))


def resets_are_sent() -> None:
    """Wait for the mails of forgotten passwords, which go out beside the answer."""
    for thread in threading.enumerate():
        if thread.name == "reset-mail":
            thread.join(10)
