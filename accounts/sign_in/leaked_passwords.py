"""Reject passwords found in known leaks."""

import hashlib

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError

log = structlog.get_logger()

# Somebody waits for the form; without a reply the password is accepted.
SECONDS = 3


class NotLeaked:
    """Ask the range API of PASSWORD_BREACH_CHECK. It gets five digits of a hash, never the password.

    When it does not reply, the password is accepted and a warning logged: another site's outage must lock nobody out.
    """

    def validate(self, password: str, user: object = None) -> None:
        if settings.PASSWORD_BREACH_CHECK and _has_leaked(password):
            raise ValidationError(
                "This password stands in lists of leaked passwords. Choose another one.", code="password_leaked"
            )

    def get_help_text(self) -> str:
        return "Your password must not stand in lists of leaked passwords."


def _has_leaked(password: str) -> bool:
    # Imported here: see tests/test_process_imports.py.
    import httpx

    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    try:
        response = httpx.get(
            settings.PASSWORD_BREACH_CHECK.rstrip("/") + "/" + digest[:5],
            headers={"Add-Padding": "true"},
            timeout=SECONDS,
        )
        response.raise_for_status()
    except httpx.HTTPError as error:
        log.warning("breach_check_failed", error=type(error).__name__)
        return False
    counts = dict(line.strip().partition(":")[::2] for line in response.text.splitlines())
    return counts.get(digest[5:], "0").strip() != "0"
