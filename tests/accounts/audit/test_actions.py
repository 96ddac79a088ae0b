"""Every action of the audit log is recorded somewhere in the code."""

import ast
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_scopes import scope

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.models import AuditEntry, Credential, Team, User
from tests.clients import signed_in
from tests.product_code import TREES

# The file is deleted after the team's retention for results.
ELSEWHERE = {"RESULT_PURGED"}


def recorded() -> set[str]:
    """Actions used in the portal's code, apart from their definition and filters."""
    return {
        node.attr
        for module, tree in TREES.items()
        if module.partition(".")[0] in {"accounts", "exports", "portal"} and "forms" not in module.split(".")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"Action", "audit.Action"}
    }


def test_every_action_is_recorded_somewhere() -> None:
    assert {action.name for action in Action} - recorded() - ELSEWHERE == set()


def test_commands_record_the_operating_system_user() -> None:
    """No command acts as a user or as the portal, apart from the demo."""
    of_commands = {module: tree for module, tree in TREES.items() if ".management.commands." in module}
    commands = [tree for module, tree in of_commands.items() if not module.endswith(".demo")]
    actors = {
        ast.unparse(keyword.value)
        for tree in commands
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "by"
    }

    assert actors == {"audit.operator()"}


def read(team: Team, action: Action) -> list[str]:
    found = AuditEntry._base_manager.filter(team=team, action=action).order_by("number")
    return list(found.values_list("actor_name", flat=True))


@pytest.mark.parametrize(
    ("path", "action"),
    [("/t/acme/credentials/", Action.CREDENTIALS_LISTED), ("/t/acme/credentials/{}/", Action.CREDENTIAL_VIEWED)],
)
def test_viewing_credentials_is_recorded_once_an_hour_per_person(
    acme: Team,
    alice: User,
    audrey: User,
    credential: Credential,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    action: Action,
) -> None:
    def look(user: User) -> None:
        client = signed_in(user)
        assert client.get(path.format(credential.pk)).status_code == 200

    for user in (alice, audrey, alice):
        look(user)
    assert read(acme, action) == ["Alice", "Audrey"]

    later = timezone.now() + timedelta(minutes=61)
    monkeypatch.setattr(timezone, "now", lambda: later)
    look(alice)
    assert read(acme, action) == ["Alice", "Audrey", "Alice"]


def test_viewing_another_object_is_recorded_too(acme: Team, alice: User, credential: Any) -> None:
    with scope(team=acme):
        for target in (credential, acme, credential):
            audit.record_reading(Action.CREDENTIAL_VIEWED, target, by=alice)

    found = AuditEntry._base_manager.filter(action=Action.CREDENTIAL_VIEWED).order_by("number")
    assert [entry.target_type for entry in found] == ["credential", "team"]
