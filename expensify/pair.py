"""The key pair, and the scrubber that removes its values from text to be stored or shown."""

import html
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote, quote_plus

from expensify.foreign_text import writable

REMOVED = "[removed]"

# Removing shorter values would damage ordinary words and protect nothing; real secrets have 40 digits [I].
_SHORTEST = 4


@dataclass(frozen=True)
class KeyPair:
    """`partnerUserID` and `partnerUserSecret`, both opaque; the repr shows neither."""

    partner_user_id: str = field(repr=False)
    partner_user_secret: str = field(repr=False)

    def credentials(self) -> dict[str, object]:
        """Return the `credentials` object of a job; the only place that writes the key pair out."""
        return {"partnerUserID": self.partner_user_id, "partnerUserSecret": self.partner_user_secret}

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.partner_user_id, self.partner_user_secret)


def scrubber(secrets: Iterable[str]) -> Callable[[str], str]:
    """Return a function that makes text from the server safe to store and show.

    It removes the secrets, also as a form, a URL, JSON or HTML would encode them, and replaces what a
    database cannot store: NUL characters and lone surrogates.
    """
    encodings = {text for secret in secrets if len(secret) >= _SHORTEST for text in _encode(secret)}
    longest_first = sorted(encodings, key=len, reverse=True)

    def clean(text: str) -> str:
        text = writable(text)
        for encoding in longest_first:
            text = text.replace(encoding, REMOVED)
        return text

    return clean


def _encode(secret: str) -> set[str]:
    """Return the secret plain and in JSON, and both of these as a form, a URL and a page encode them."""
    plain = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    encoders: tuple[Callable[[str], str], ...] = (quote, partial(quote, safe=""), quote_plus, html.escape)
    return plain | {encode(text) for text in plain for encode in encoders}
