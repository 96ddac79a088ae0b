"""Compare and restore versions; share an export with another team as a file."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django_scopes import scope

from accounts.audit.record import Action
from accounts.models import AuditEntry, Credential, Team, User
from exports.columns.presets import PRESETS
from exports.columns.writing import template_of
from exports.models import SavedExport
from exports.saved_exports import actions as saved_exports
from exports.saved_exports import compare as compare_versions
from exports.saved_exports import share
from exports.saved_exports.compare import ComparedLine, Side
from exports.saved_exports.job import ExportSettings
from tests.clients import signed_in
from tests.factories import make_credential, make_export


@pytest.fixture
def erin_at_work(erin: User) -> Client:
    return signed_in(erin)


@pytest.fixture
def changed(credential: Credential, erin: User, acme_open: Team) -> SavedExport:
    """An export with three versions: the second changes limit and template, the third uses columns."""
    export = make_export(credential, erin, template="one\ntwo\n")
    settings = ExportSettings.from_json(export.version.settings | {"limit": 5})
    saved_exports.save(export, settings=settings, template="one\n2\n", sftp_password=None, by=erin)
    layout = PRESETS["summary"].layout
    saved_exports.save(
        export, settings=settings, template=template_of(layout), columns=layout.as_json(), sftp_password=None, by=erin
    )
    return export


# ------------------------------------------------------------ comparing


def test_settings_and_template_are_compared_side_by_side(changed: SavedExport, erin_at_work: Client) -> None:
    context = erin_at_work.get(f"/t/acme/exports/{changed.pk}/compare/?from=1&to=2").context

    assert [pair for pair in context["settings"] if pair.differs] == [("At most", "", "5 reports")]
    assert context["rows"] == [
        ComparedLine(Side(1, "one"), Side(1, "one"), False),
        ComparedLine(Side(2, "two"), Side(2, "2"), True),
    ]


def test_present_version_is_compared_with_the_one_before(changed: SavedExport, erin_at_work: Client) -> None:
    context = erin_at_work.get(f"/t/acme/exports/{changed.pk}/compare/").context

    assert (context["before"].number, context["after"].number) == (2, 3)


@pytest.mark.parametrize("query", ["from=9", "to=x", "from=1&to=99999999999999999999"])
def test_version_that_does_not_exist_is_not_found(query: str, changed: SavedExport, erin_at_work: Client) -> None:
    assert erin_at_work.get(f"/t/acme/exports/{changed.pk}/compare/?{query}").status_code == 404


def test_lines_far_from_a_change_are_left_out() -> None:
    lines = [f"line {number}" for number in range(20)]

    rows = compare_versions.templates("\n".join(lines), "\n".join([*lines[:10], "new", *lines[10:]]))

    assert rows[0] == ComparedLine(None, None)
    assert [row.after.number for row in rows[1:] if row.after] == [8, 9, 10, 11, 12, 13, 14]
    assert [row for row in rows if row.differs] == [ComparedLine(Side(0, ""), Side(11, "new"), True)]


# ------------------------------------------------------------ restoring


def test_restored_version_is_a_new_one_with_the_same_content(
    changed: SavedExport, erin_at_work: Client, erin: User
) -> None:
    erin_at_work.post(f"/t/acme/exports/{changed.pk}/restore/", {"version": "1"})

    changed.refresh_from_db()
    first = changed.versions.get(number=1)
    assert changed.version.number == 4
    assert (changed.version.settings, changed.version.template) == (first.settings, first.template)
    entry = AuditEntry._base_manager.filter(action=Action.EXPORT_CHANGED).latest("number")
    assert (entry.actor_id, entry.data["restored"], entry.data["version"]) == (erin.pk, 1, {"before": 3, "after": 4})


def test_columns_are_restored_as_columns(changed: SavedExport, erin_at_work: Client) -> None:
    for version in ("1", "3"):
        erin_at_work.post(f"/t/acme/exports/{changed.pk}/restore/", {"version": version})

    changed.refresh_from_db()
    assert (changed.version.number, changed.version.columns) == (5, PRESETS["summary"].layout.as_json())


def test_restoring_the_present_version_changes_nothing(changed: SavedExport, erin_at_work: Client) -> None:
    entries = AuditEntry._base_manager.filter(action=Action.EXPORT_CHANGED).count()

    erin_at_work.post(f"/t/acme/exports/{changed.pk}/restore/", {"version": "3"})

    changed.refresh_from_db()
    assert changed.version.number == 3
    assert AuditEntry._base_manager.filter(action=Action.EXPORT_CHANGED).count() == entries


def test_version_of_another_export_cannot_be_restored(changed: SavedExport, erin: User, erin_at_work: Client) -> None:
    other = make_export(changed.credential, erin, "Other")

    response = erin_at_work.post(f"/t/acme/exports/{other.pk}/restore/", {"version": "2"})

    assert response.status_code == 404


# ------------------------------------------------------------ sharing


def upload(client: Client, team: str, content: bytes) -> HttpResponse:
    file = SimpleUploadedFile("shared.json", content, "application/json")
    return client.post(f"/t/{team}/exports/import/", {"file": file}, follow=True)


def test_shared_export_opens_in_another_team_with_its_columns(
    changed: SavedExport, erin_at_work: Client, umbrella: Team, charlie: User
) -> None:
    with scope(team=umbrella):
        make_credential(umbrella)
    response = erin_at_work.get(f"/t/acme/exports/{changed.pk}/share/")

    opened = upload(signed_in(charlie), "umbrella", response.content)

    assert response.headers["Content-Disposition"] == 'attachment; filename="monthly-expenses.json"'
    form, contents = opened.context["form"], opened.context["contents"]
    assert (form["name"].value(), form["limit"].value()) == ("Monthly expenses", 5)
    assert (contents.is_built, contents.layout) == (True, PRESETS["summary"].layout)
    with scope(team=umbrella):
        assert umbrella.exports.count() == 0


def test_shared_file_has_no_team_data(credential: Credential, erin: User, erin_at_work: Client) -> None:
    own: dict[str, Any] = {
        "policy_ids": ["0123456789ABCDEF"],
        "report_ids": ["50352738"],
        "employee_email": "erin@acme.example",
        "email_recipients": ["cfo@acme.example"],
        "email_message": "canary",
        "sftp_host": "sftp.acme.example",
        "sftp_login": "canary",
        "sftp_port": 2222,
    }
    export = make_export(credential, erin, **own)

    text = erin_at_work.get(f"/t/acme/exports/{export.pk}/share/").content.decode()

    content = json.loads(text)
    assert set(content["settings"]) & set(own) == set()
    assert set(content) == {"kind", "format", "name", "settings", "columns", "template"}
    assert [word for word in ("canary", "acme.example", "50352738", "0123456789ABCDEF") if word in text] == []


def test_template_edited_in_the_file_opens_as_text(changed: SavedExport) -> None:
    content = share.export_file(changed.name, changed.version) | {"template": "${1}"}

    assert share.read(json.dumps(content).encode())["columns"] is None


GOOD: dict[str, Any] = {"kind": share.KIND, "format": 1, "name": "A", "settings": {}, "template": "x"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a JSON file"),
        (b"\xff\xfe\x00", "not a JSON file"),
        (b"[" * 100_000, "not a JSON file"),
        (b"[]", "but not a shared export"),
        (json.dumps(GOOD | {"kind": "x"}).encode(), "but not a shared export"),
        (json.dumps(GOOD | {"format": 2}).encode(), "newer portal"),
        (json.dumps(GOOD | {"template": 5}).encode(), "damaged"),
        (json.dumps(GOOD | {"settings": {"limit": "5"}}).encode(), "“limit”"),
        (json.dumps(GOOD | {"settings": {"states": [5]}}).encode(), "“states”"),
        (json.dumps(GOOD | {"settings": {"test": "yes"}}).encode(), "“test”"),
    ],
)
def test_other_file_is_refused_with_a_sentence(content: bytes, words: str, erin_at_work: Client, acme: Team) -> None:
    response = upload(erin_at_work, "acme", content)

    assert response.redirect_chain == [("/t/acme/exports/", 302)]
    assert words in str(next(iter(response.context["messages"])))


@pytest.mark.parametrize("columns", [None, 5, {"columns": [5]}, {"columns": []}])
def test_file_with_invalid_columns_opens_as_text(columns: object, erin_at_work: Client, acme: Team) -> None:
    response = upload(erin_at_work, "acme", json.dumps(GOOD | {"columns": columns}).encode())

    assert (response.context["contents"].is_built, response.context["contents"].template) == (False, "x")
