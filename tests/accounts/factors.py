"""Second factors for tests: an authenticator app whose codes are known."""

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
    """What the app shows now; one that was used is waited for no longer, tests being quicker than 30 seconds."""
    cache.clear()
    return auth.format_hotp_value(auth.hotp_value(secret, int(time.time()) // 30))
