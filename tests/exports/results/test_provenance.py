"""“Prove this file”: what a team knows of exactly these bytes, and nobody else's."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django_scopes import scope

from accounts.audit.record import Action
from accounts.models import AuditEntry, Team, User
from exports.employee_updates import actions as employee_updates
from exports.employee_updates.feed.cells import FeedRow
from exports.models import Delivery, Occurrence, Recipient, Result, Run, SavedExport, Schedule
from exports.results import provenance
from tests.conftest import make_credential, make_export
from tests.html import tidy

URL = "/t/acme/audit/prove/"
CONTENT = b"Merchant,Amount\n" + b"Hotel,12.00\n" * 100_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def reader(audrey: User) -> Client:
    """Audrey's browser."""
    client = Client()
    client.force_login(audrey)
    return client


def make_result(export: SavedExport, by: User, content: bytes = CONTENT) -> Result:
    now = timezone.now()
    with scope(team=export.team):
        run = Run.objects.create(
            team=export.team, export=export, version=export.version, credential=export.credential, job={},
            template="", marks=False, source="page", requested_by=by, requested_by_name=str(by),
            status=Run.Status.SUCCEEDED, finished_at=now, moved_at=now, remote_file="november.csv",
        )  # fmt: skip
        return Result.objects.create(
            team=export.team, run=run, name="november.csv", media_type="text/csv", size=len(content), rows=3,
            sha256=hashlib.sha256(content).hexdigest(),
            file=default_storage.save(f"proof/{run.pk}.csv", ContentFile(content)),
        )  # fmt: skip


@pytest.fixture
def result(export: SavedExport, alice: User) -> Result:
    return make_result(export, alice)


def prove(client: Client, content: bytes, url: str = URL) -> Any:
    return client.post(url, {"file": SimpleUploadedFile("anything.bin", content)})


def test_file_leads_to_its_run_version_credential_and_person(reader: Client, result: Result) -> None:
    (origin,) = prove(reader, CONTENT).context["found"].origins

    assert (origin.result, origin.run) == (result, result.run)
    page = tidy(prove(reader, CONTENT).content.decode())
    for said in (
        "Acme has exactly this content.",
        f"Monthly expenses, run {result.run.pk}",
        "1, by Alice",
        "Main",
        "It was mailed to nobody.",
        "50352738",  # the filter of the version
    ):
        assert said in page


def test_one_byte_more_is_another_file(reader: Client, result: Result) -> None:
    response = prove(reader, CONTENT + b"\n")

    assert response.context["found"].is_something is False
    assert "Acme never had a file with exactly this content." in response.content.decode()


@pytest.mark.parametrize(
    "text",
    [
        SHA256,
        SHA256.upper(),
        f"  {SHA256}  november.csv",
        f"sha256:{SHA256}",
        " ".join(SHA256[i : i + 8] for i in range(0, 64, 8)),
    ],
)
def test_hash_is_taken_as_people_paste_it(reader: Client, result: Result, text: str) -> None:
    (origin,) = reader.post(URL, {"sha256": text}).context["found"].origins

    assert origin.result == result


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, SHA256[:-1], SHA256 + "0", "<script>"])
def test_what_is_no_hash_is_none(text: str) -> None:
    assert provenance.clean(text) == ""


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"sha256": "nonsense"}, "This is no SHA-256"),
        ({"sha256": ""}, "Choose a file or enter a hash"),
        ({"sha256": SHA256, "file": SimpleUploadedFile("a", b"a")}, "one of the two"),
    ],
)
def test_question_that_makes_no_sense_is_answered_with_a_sentence(
    reader: Client, acme: Team, given: dict[str, Any], sentence: str
) -> None:
    response = reader.post(URL, given)

    assert sentence in response.content.decode()
    assert response.context["found"] is None


def test_empty_file_has_a_hash_too(reader: Client, export: SavedExport, alice: User) -> None:
    empty = make_result(export, alice, b"")

    (origin,) = prove(reader, b"").context["found"].origins
    assert origin.result == empty


def test_part_leads_to_the_run_of_the_whole(reader: Client, result: Result) -> None:
    with scope(team=result.team):
        Result.objects.create(
            team=result.team, part_of=result, part_value="Nina", name="nina.csv", media_type="text/csv", size=1,
            rows=1, sha256="b" * 64, file="nowhere",
        )  # fmt: skip

    response = reader.post(URL, {"sha256": "b" * 64})

    (origin,) = response.context["found"].origins
    assert origin.run == result.run
    assert "The rows of “Nina”" in response.content.decode()


def test_recipients_are_named(reader: Client, result: Result, alice: User) -> None:
    team, export = result.team, result.run.export
    with scope(team=team):
        schedule = Schedule.objects.create(team=team, export=export, name="Monthly", owner=alice, rule={}, mail={})
        occurrence = Occurrence.objects.create(
            team=team, schedule=schedule, due_at=timezone.now(), outcome="started", run=result.run
        )
        recipient = Recipient.objects.create(
            team=team, schedule=schedule, kind=Recipient.Kind.ADDRESS, address="boss@acme.example"
        )
        Delivery.objects.create(
            team=team, occurrence=occurrence, run=result.run, recipient=recipient, result=result,
            address="boss@acme.example", status=Delivery.Status.SENT, way=Delivery.Way.ATTACHED,
        )  # fmt: skip

    page = prove(reader, CONTENT).content.decode()

    assert "boss@acme.example" in page
    assert "It was mailed to nobody." not in page


def test_employee_update_is_found_by_the_hash_of_its_content(reader: Client, credential: Any, alice: User) -> None:
    cells = {"email": "n@acme.example", "manager": "n@acme.example", "employee_id": "N-1", "policy": "P1"}
    with scope(team=credential.team):
        update = employee_updates.prepare(credential, "November", by=alice, content=[FeedRow(1, cells)])

    page = reader.post(URL, {"sha256": update.content_hash}).content.decode()

    assert "the hash of the rows and settings of an employee update" in page
    assert "Alice" in page


def test_other_teams_files_are_not_found(reader: Client, umbrella: Team, charlie: User) -> None:
    theirs = make_result(make_export(make_credential(umbrella), charlie), charlie)

    assert prove(reader, CONTENT).context["found"].is_something is False
    other = Client()
    other.force_login(charlie)
    (origin,) = prove(other, CONTENT, "/t/umbrella/audit/prove/").context["found"].origins
    assert origin.result == theirs


def test_question_is_in_the_log_with_what_was_found(reader: Client, acme: Team, result: Result) -> None:
    prove(reader, CONTENT)

    entry = AuditEntry._base_manager.get(team=acme, action=Action.FILE_PROVED)
    assert (entry.actor_name, entry.data) == ("Audrey", {"sha256": SHA256, "found": ["november.csv"]})


def test_nothing_of_the_file_is_stored(
    reader: Client, acme: Team, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even for a while, and whatever its size."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    opened: list[str] = []
    real_open = os.open
    monkeypatch.setattr(
        os, "open", lambda path, *more, **named: (opened.append(str(path)), real_open(path, *more, **named))[1]
    )

    assert prove(reader, CONTENT * 4).status_code == 200
    assert [path for path in opened if path.startswith(str(tmp_path))] == []


def test_file_larger_than_any_result_is_refused(reader: Client, acme: Team, settings: Any) -> None:
    settings.RESULT_MAX_BYTES = 1000

    assert prove(reader, b"x" * (1024**2 + 2000)).status_code == 400


def test_form_without_its_token_is_refused(audrey: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(audrey)

    assert prove(client, CONTENT).status_code == 403


def test_those_who_may_not_read_the_log_are_sent_away_before_anything_is_read(bob: User) -> None:
    client = Client()
    client.force_login(bob)

    assert prove(client, CONTENT).status_code == 403
