"""A file that changed in storage is never handed out as the original."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.audit.record import Action
from accounts.models import AuditEntry, MailStatus, Notice, Team, User
from exports.deliveries import attachments, compose, download_links, split_by_recipient
from exports.deliveries.attachments import CannotAttach
from exports.deliveries.settings import Content, MailSettings
from exports.models import Delivery, Result, SavedExport
from exports.results import integrity, totals
from exports.results.integrity import Damaged
from exports.schedules import finish
from tests.factories import make_delivery, make_occurrence, make_recipient, make_result, make_run, make_schedule

CONTENT = b"Approver,Amount,Currency\nann@acme.example,1.50,EUR\n"
CHANGED = CONTENT.replace(b"1.50", b"9.50")

pytestmark = pytest.mark.django_db


@pytest.fixture
def result(acme_open: Team, alice: User, export: SavedExport) -> Result:
    return make_result(make_run(export, status="succeeded"), CONTENT, "all.csv")


def path_of(result: Result) -> Path:
    return Path(default_storage.path(result.file.name))


def damage(result: Result) -> None:
    path_of(result).write_bytes(CHANGED)


def delivery_of(result: Result, alice: User, content: Content = Content.ORIGINAL) -> Delivery:
    run = result.run
    assert run is not None
    schedule = make_schedule(run.export, alice, mail=MailSettings(content=content))
    recipient = make_recipient(schedule, "ann@acme.example")
    return make_delivery(make_occurrence(schedule, run=run), recipient, MailStatus.QUEUED, result=result)


def test_a_file_as_it_was_stored_is_opened(result: Result) -> None:
    with integrity.open_result(result) as file:
        assert file.read() == CONTENT


def mail(result: Result, alice: User) -> object:
    return compose.compose_delivery(delivery_of(result, alice), lambda: "", "", result.created_at)


WAYS_OUT: dict[str, Callable[[Result, User], object]] = {
    "open": lambda result, _: integrity.open_result(result),
    "totals": lambda result, _: totals.measure(result),
    "parts": lambda result, _: split_by_recipient.split(result, "Approver", "cfo@acme.example"),
    "workbook": lambda result, _: attachments.workbook_of(result).__enter__(),
    "zip": lambda result, _: attachments.files_of(result, Content.ZIP, None).__enter__(),
    "mail": mail,
    "link": lambda result, alice: download_links.file_of(delivery_of(result, alice)),
    "workbook behind a link": lambda result, alice: download_links.file_of(
        delivery_of(result, alice, Content.WORKBOOK)
    ),
}


@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("was_opened_before", [False, True])
def test_a_changed_byte_is_noticed_on_every_way_out(
    result: Result, alice: User, way: str, was_opened_before: bool
) -> None:
    if was_opened_before:
        integrity.open_result(result).close()
    damage(result)

    with pytest.raises((Damaged, CannotAttach), match="is damaged: it is not the one that Expensify sent"):
        WAYS_OUT[way](result, alice)

    assert Result.objects.get(pk=result.pk).damaged_at is not None


@pytest.mark.parametrize("path", ["download/", "workbook/"])
def test_downloads_lead_to_the_page_that_says_so(client: Client, result: Result, alice: User, path: str) -> None:
    damage(result)
    client.force_login(alice)

    response = client.get(f"{result.get_absolute_url()}{path}", headers={"Range": "bytes=0-3"}, follow=True)

    text = response.content.decode()
    assert response.redirect_chain == [(result.get_absolute_url(), 302)]
    assert "in the portal&#x27;s storage is damaged" in text
    assert "Found damaged" in text
    assert ">9.50<" not in text
    assert f"{result.get_absolute_url()}download/" not in text


def test_admins_are_told_once(result: Result, alice: User) -> None:
    damage(result)

    for _ in range(3):
        with pytest.raises(Damaged):
            integrity.open_result(Result.objects.get(pk=result.pk))

    notices = Notice.objects.all()
    assert [(notice.address, notice.subject, notice.path) for notice in notices] == [
        (alice.email, "The stored file “all.csv” is damaged", result.get_absolute_url())
    ]
    assert AuditEntry.objects.filter(action=Action.RESULT_DAMAGED).count() == 1


def test_a_file_that_was_restored_is_handed_out_again(result: Result) -> None:
    damage(result)
    with pytest.raises(Damaged):
        integrity.open_result(result)
    path_of(result).write_bytes(CONTENT)

    integrity.open_result(result).close()

    assert Result.objects.get(pk=result.pk).damaged_at is None
    assert AuditEntry.objects.filter(action=Action.RESULT_RESTORED).count() == 1


def test_a_verification_is_remembered_while_the_file_is_the_same(
    result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    integrity.open_result(result).close()
    reads: list[int] = []
    hashed = integrity.hashlib.sha256
    monkeypatch.setattr(integrity.hashlib, "sha256", lambda: reads.append(1) or hashed())

    integrity.open_result(result).close()
    assert reads == []
    path_of(result).touch()
    integrity.open_result(result).close()
    assert reads == [1]


def test_a_schedule_does_not_mail_a_damaged_file(result: Result, alice: User) -> None:
    run = result.run
    assert run is not None
    damage(result)

    with pytest.raises(Damaged):
        finish._read_file(result, MailSettings())


def test_the_command_names_what_is_not_as_it_was_stored(
    result: Result, export: SavedExport, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_results")
    assert capsys.readouterr().out == "All 1 files are as they were stored.\n"
    missing = make_result(make_run(export, status="succeeded"), b"a\n", "gone.csv")
    integrity.open_result(result).close()
    damage(result)
    path_of(missing).unlink()

    with pytest.raises(CommandError, match="2 of 2 files are not as they were stored"):
        call_command("verify_results")

    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        f"damaged: result {result.pk} of Acme",
        f"missing: result {missing.pk} of Acme",
    ]
