"""The partner pair, and how its values are kept out of everything that is written down."""

import html
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote, quote_plus

REMOVED = "[removed]"

# Shorter values would blot out ordinary words and protect nothing; real secrets have 40 digits [I].
_SHORTEST = 4


@dataclass(frozen=True)
class KeyPair:
    """`partnerUserID` and `partnerUserSecret`, both opaque; neither shows in a repr."""

    partner_user_id: str = field(repr=False)
    partner_user_secret: str = field(repr=False)

    def credentials(self) -> dict[str, object]:
        """The `credentials` object of a job; the only place where the pair is written out."""
        return {"partnerUserID": self.partner_user_id, "partnerUserSecret": self.partner_user_secret}

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.partner_user_id, self.partner_user_secret)


def scrubber(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function that makes text from the server fit to be stored and shown.

    It takes out the secrets, also as a form, a URL, JSON or HTML would echo them, and what a database
    refuses to hold: NUL characters and lone surrogates.
    """
    forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _echoes(secret)}
    longest_first = sorted(forms, key=len, reverse=True)

    def clean(text: str) -> str:
        text = text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
        for form in longest_first:
            text = text.replace(form, REMOVED)
        return text

    return clean


def _echoes(secret: str) -> set[str]:
    """The secret as it is, within JSON, and either of them within a form, a URL or a page."""
    plain = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    writers: tuple[Callable[[str], str], ...] = (quote, partial(quote, safe=""), quote_plus, html.escape)
    return plain | {write(text) for text in plain for write in writers}
