"""“Prove this file”: what a team knows of exactly these bytes, and nobody else's."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.audit.record import Action
from accounts.models import AuditEntry, Team, User
from exports.models import Result, Run, SavedExport
from exports.results import provenance
from tests.clients import signed_in
from tests.factories import (
    make_credential,
    make_delivery,
    make_export,
    make_occurrence,
    make_part,
    make_recipient,
    make_result,
    make_run,
    make_schedule,
    make_update,
)
from tests.html import tidy

URL = "/t/acme/audit/prove/"
CONTENT = b"Merchant,Amount\n" + b"Hotel,12.00\n" * 100_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def reader(audrey: User) -> Client:
    """Audrey's browser."""
    return signed_in(audrey)


def make_file(export: SavedExport, by: User, content: bytes = CONTENT) -> Result:
    return make_result(make_run(export, by, Run.Status.SUCCEEDED), content, "november.csv")


@pytest.fixture
def result(export: SavedExport, alice: User) -> Result:
    return make_file(export, alice)


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
    empty = make_file(export, alice, b"")

    (origin,) = prove(reader, b"").context["found"].origins
    assert origin.result == empty


def test_part_leads_to_the_run_of_the_whole(reader: Client, result: Result) -> None:
    make_part(result, "Nina", sha256="b" * 64)

    response = reader.post(URL, {"sha256": "b" * 64})

    (origin,) = response.context["found"].origins
    assert origin.run == result.run
    assert "The rows of “Nina”" in response.content.decode()


def test_recipients_are_named(reader: Client, result: Result, alice: User) -> None:
    schedule = make_schedule(result.run.export, alice)
    recipient = make_recipient(schedule, "boss@acme.example")
    make_delivery(make_occurrence(schedule, run=result.run), recipient, result=result)

    page = prove(reader, CONTENT).content.decode()

    assert "boss@acme.example" in page
    assert "It was mailed to nobody." not in page


def test_employee_update_is_found_by_the_hash_of_its_content(reader: Client, credential: Any, alice: User) -> None:
    cells = {"email": "n@acme.example", "manager": "n@acme.example", "employee_id": "N-1", "policy": "P1"}
    update = make_update(credential, alice, [cells])

    page = reader.post(URL, {"sha256": update.content_hash}).content.decode()

    assert "the hash of the rows and settings of an employee update" in page
    assert "Alice" in page


def test_other_teams_files_are_not_found(reader: Client, umbrella: Team, charlie: User) -> None:
    theirs = make_file(make_export(make_credential(umbrella), charlie), charlie)

    assert prove(reader, CONTENT).context["found"].is_something is False
    other = signed_in(charlie)
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
    client = signed_in(bob)

    assert prove(client, CONTENT).status_code == 403
