"""SECURITY.md says how each column with something secret is kept, and names tests that are there."""

import re
from pathlib import Path

from django.apps import apps
from django.conf import settings

from accounts.credentials.keyring import SealedField

TEXT = (Path(settings.BASE_DIR) / "SECURITY.md").read_text()
SECRETIVE = re.compile(r"hash|secret|token|password|digest|salt|fingerprint|signature|^session_|sha256")
# Tables of allauth that the portal never fills: its settings name the provider, and tokens are not stored.
UNUSED = {"SocialApp", "SocialToken", "EmailConfirmation", "EmailAddress"}


def columns() -> list[tuple[str, bool]]:
    """Every column, and whether it is sealed."""
    return [
        (f"{model.__name__}.{field.name}", isinstance(field, SealedField))
        for model in apps.get_models()
        if model.__name__ not in UNUSED
        for field in model._meta.local_concrete_fields
    ]


def test_every_column_that_sounds_secret_is_told_of() -> None:
    secretive = {name for name, sealed in columns() if sealed or SECRETIVE.search(name.partition(".")[2])}

    assert {name for name in secretive if f"`{name}`" not in TEXT} == set()


def test_what_is_called_sealed_is_and_nothing_else() -> None:
    lines = [line for line in TEXT.splitlines() if re.search(r"\| sealed(?! \(purpose\))", line)]

    called = set(re.findall(r"`([A-Z]\w+\.\w+)`", " ".join(lines)))
    assert called == {name for name, sealed in columns() if sealed}


def test_no_column_that_is_told_of_is_gone() -> None:
    told = set(re.findall(r"`([A-Z]\w+\.[a-z_]\w*)`", TEXT))

    assert told - {name for name, _ in columns()} == set()


def test_tests_that_are_told_of_are_there() -> None:
    told = set(re.findall(r"`(tests/[\w/.]+)`", TEXT))

    assert {path for path in told if not (Path(settings.BASE_DIR) / path).exists()} == set()
