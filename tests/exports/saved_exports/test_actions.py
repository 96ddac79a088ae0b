from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django_scopes import scope

from accounts.audit.record import Action
from accounts.credentials.keyring import unseal
from accounts.models import AuditEntry, Credential, Team, User
from exports.models import ExportVersion, SavedExport
from exports.saved_exports import actions as saved_exports
from exports.saved_exports.job import ExportSettings
from tests.factories import make_credential, make_export

EMPTY = {"policy_ids": [], "report_ids": [], "states": [], "email_recipients": []}


@pytest.fixture(autouse=True)
def opened(acme_open: Team) -> None:
    """Open Acme's scope for all tests."""


def save(
    export: SavedExport, by: User, template: str = "a", password: str | None = None, **changes: Any
) -> SavedExport:
    return saved_exports.save(
        export, settings=ExportSettings(**(EMPTY | changes)), template=template, sftp_password=password, by=by
    )


def entries(action: Action) -> list[dict[str, Any]]:
    return [entry.data for entry in AuditEntry.objects.filter(action=action).order_by("number")]


def test_each_changing_save_makes_a_version(export: SavedExport, alice: User, erin: User) -> None:
    save(export, erin, period="last_month")
    save(export, erin, template="b", period="last_month")

    versions = export.versions.order_by("number")
    assert [(version.number, version.by_name) for version in versions] == [(1, "Alice"), (2, "Erin"), (3, "Erin")]
    assert export.version == versions.last()
    assert (export.version.settings["period"], export.version.template) == ("last_month", "b")


def test_unchanged_save_makes_no_version_and_no_audit_entry(export: SavedExport, alice: User) -> None:
    stored = ExportSettings.from_json(export.version.settings)
    before = AuditEntry.objects.count()

    saved_exports.save(export, settings=stored, template=export.version.template, sftp_password=None, by=alice)

    assert (export.versions.count(), AuditEntry.objects.count()) == (1, before)


def test_new_name_alone_makes_no_version(export: SavedExport, alice: User) -> None:
    export.name = "Renamed"

    saved_exports.save(
        export,
        settings=ExportSettings.from_json(export.version.settings),
        template=export.version.template,
        sftp_password=None,
        by=alice,
    )

    export.refresh_from_db()
    assert (export.name, export.versions.count()) == ("Renamed", 1)
    assert entries(Action.EXPORT_CHANGED) == [{"name": {"before": "Monthly expenses", "after": "Renamed"}}]


def test_audit_log_has_the_changed_settings(export: SavedExport, alice: User) -> None:
    save(export, alice, template=export.version.template, report_ids=["R1"], limit=5)

    assert entries(Action.EXPORT_CHANGED) == [
        {
            "limit": {"before": None, "after": 5},
            "report_ids": {"before": ["50352738"], "after": ["R1"]},
            "version": {"before": 1, "after": 2},
        }
    ]


def test_password_is_encrypted_kept_and_removed(export: SavedExport, alice: User) -> None:
    kept = []
    for password in ("canary", None, ""):
        save(export, alice, password=password)
        export.refresh_from_db()
        kept.append(unseal(export, "sftp_password"))

    assert kept == ["canary", "canary", None]
    assert "canary" not in str(entries(Action.EXPORT_CHANGED))


def test_versions_are_immutable(export: SavedExport) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        ExportVersion.objects.filter(export=export).update(template="rewritten")


def test_clone_has_the_same_content_under_a_free_name(export: SavedExport, erin: User) -> None:
    first, second = saved_exports.clone(export, by=erin), saved_exports.clone(export, by=erin)

    assert [first.name, second.name] == ["Monthly expenses (copy)", "Monthly expenses (copy 2)"]
    assert (first.version.settings, first.version.template) == (export.version.settings, export.version.template)
    assert (first.version.number, first.version.by_name) == (1, "Erin")


def test_clone_has_no_password(export: SavedExport, alice: User) -> None:
    save(export, alice, password="canary", sftp_host="h", sftp_login="e")

    assert saved_exports.clone(export, by=alice).sftp_password is None


def test_export_of_the_longest_name_can_be_cloned(credential: Credential, alice: User) -> None:
    export = make_export(credential, alice, "x" * 100)

    copies = [saved_exports.clone(export, by=alice).name for _ in range(2)]

    assert copies == ["x" * 80 + " (copy)", "x" * 80 + " (copy 2)"]


def test_second_archiving_does_nothing(export: SavedExport, alice: User) -> None:
    assert [saved_exports.archive(export, by=alice) for _ in range(2)] == [True, False]
    assert entries(Action.EXPORT_ARCHIVED) == [{}]


def test_database_rejects_a_second_live_export_with_the_name(
    export: SavedExport, credential: Credential, alice: User
) -> None:
    with pytest.raises(IntegrityError, match=r"one_live_export_per_name|UNIQUE"), transaction.atomic():
        make_export(credential, alice, "monthly EXPENSES")


def test_database_rejects_another_teams_credential(export: SavedExport, umbrella: Team) -> None:
    theirs = make_credential(umbrella)

    with pytest.raises(IntegrityError), transaction.atomic():
        SavedExport.objects.filter(pk=export.pk).update(credential=theirs)


def test_another_team_can_use_the_same_name(export: SavedExport, umbrella: Team, charlie: User) -> None:
    theirs = make_export(make_credential(umbrella), charlie, export.name)

    with scope(team=umbrella):
        assert list(SavedExport.objects.all()) == [theirs]
