"""Passwords that have leaked elsewhere are no passwords."""

import hashlib

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError

log = structlog.get_logger()

# Somebody waits at a form; the check may be left out, see below.
SECONDS = 3


class NotLeaked:
    """Ask the range API that PASSWORD_BREACH_CHECK names. It learns five digits of a hash, never the password.

    When it does not answer, the password passes: nobody is kept out because another site is away. The log tells.
    """

    def validate(self, password: str, user: object = None) -> None:
        if settings.PASSWORD_BREACH_CHECK and _has_leaked(password):
            raise ValidationError(
                "This password stands in lists of leaked passwords. Choose another one.",
                code="password_leaked",
            )

    def get_help_text(self) -> str:
        return "Your password must not stand in lists of leaked passwords."


def _has_leaked(password: str) -> bool:
    # Imported here: tests/test_process_imports.py tells why.
    import httpx

    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    try:
        answer = httpx.get(
            settings.PASSWORD_BREACH_CHECK.rstrip("/") + "/" + digest[:5],
            headers={"Add-Padding": "true"},
            timeout=SECONDS,
        )
        answer.raise_for_status()
    except httpx.HTTPError as error:
        log.warning("breach_check_failed", error=type(error).__name__)
        return False
    ends = dict(line.strip().partition(":")[::2] for line in answer.text.splitlines())
    return ends.get(digest[5:], "0").strip() != "0"
