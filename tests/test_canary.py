"""Known secrets are put in by the front door and hunted everywhere they must not come out."""

import base64
import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import structlog
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django_scopes import scope, scopes_disabled

from accounts import invitations, tokens
from accounts.mail import notifications, outbox
from accounts.models import Credential, Notice, Team, User
from expensify.jobs.employees import FeedSftp, FeedUrl
from exports.employee_updates import actions as employee_updates
from exports.models import ApiCall, Run, SavedExport, Schedule
from exports.results import retention
from exports.runs import actions as runs
from exports.runs import queue, tasks
from exports.saved_exports import actions as saved_exports
from exports.saved_exports.job import ExportSettings
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.accounts.invitation_mail import link_in
from tests.accounts.sign_in.factors import AppClock, code_of
from tests.error_reporter import REPORTER
from tests.factories import TEMPLATE, make_delivery, make_link, make_occurrence, make_update
from tests.smtp import mail_server
from tests.waiting import PATIENCE
from tests.work import work_off
from tests.workers import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

PAIR_ID = "aa_canary_finance_example"
SECRET = "5ecre7canary0123456789abcdef0123456789ab"
SFTP_PASSWORD = "sftp-canary-Tr0ub4dor"
FEED_PASSWORD = "feed-canary-C0rrectH0rse"
FEED_ADDRESS = "https://hr.example.com/feed?key=canary-of-the-address"
# What an HR system says about somebody; the update it came in is wiped when the hunt begins.
HR_NAME = "Canarinskaya"
ZIP_PASSWORD = "zip-canary-Sesame0pen"
MAIL_PASSWORD = "mail-canary-B4tteryStaple"
CANARIES = (PAIR_ID, SECRET, SFTP_PASSWORD, FEED_PASSWORD, FEED_ADDRESS, HR_NAME, ZIP_PASSWORD, MAIL_PASSWORD)
# A server that answers with what it was sent, secrets and all.
ECHO = f"Bad request: partnerUserID={PAIR_ID} partnerUserSecret={SECRET}"


def found_in(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary.lower() in text.lower()] + tokens.SHAPE.findall(text)


@pytest.fixture
def server(wide_limits: None, sandbox: Sandbox, settings: Any) -> Sandbox:
    settings.RETRY_SECONDS, settings.CALL_ATTEMPTS = 0, 2
    sandbox.add_pair(PAIR_ID, SECRET)
    return sandbox


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Every line that any logger writes, from DEBUG on, in the portal's own format."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()]
        )
    )
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def hunted(server: Sandbox, written: io.StringIO, acme: Team, alice: User, client: Client, settings: Any) -> Client:
    """Acme's credential and SFTP password have gone every way there is, and Alice is signed in."""
    client.force_login(alice)
    client.post(
        reverse("accounts:credential-new", args=[acme.slug]),
        {"name": "Canary", "partner_user_id": PAIR_ID, "partner_user_secret": SECRET},
    )
    with scope(team=acme):
        credential = acme.credentials.get()
        queue.sweep()
        tasks.take_turn.run(credential.fingerprint, "")
        exports = [
            saved(credential, alice, "Upload", sftp_host="sftp.example.com", sftp_login="portal"),
            saved(credential, alice, "Plain"),
        ]
        for export, echo in zip(exports, (f"{ECHO} password={SFTP_PASSWORD}", ECHO), strict=True):
            for fault in (
                Fault(),
                Fault(envelope=(500, echo)),
                Fault(body=f"<html>{echo}</html>".encode()),
                Fault(drop_after_work=True),
            ):
                server.script(fault, on="generate", times=2)
                finish(runs.start(export, by=alice))
                server.unscript()
        update_people(server, credential, alice)
        put_on_schedule(client, exports[1], alice)
        mail_in_vain(acme, alice, settings)
        use_a_token(client, exports[1])
        server.replace_secret(PAIR_ID, "another")
        finish(runs.start(exports[1], by=alice))
        statuses = set(Run.objects.values_list("status", flat=True))
        assert statuses >= {Run.Status.SUCCEEDED, Run.Status.FAILED, Run.Status.UNCONFIRMED}
    return client


def mail_in_vain(team: Team, by: User, settings: Any) -> None:
    """Notices to a mail server that knows another password, then to one that repeats what it was told."""
    with mail_server(password="another") as box:
        settings.EMAIL_HOST_PASSWORD = MAIL_PASSWORD
        notifications.tell(team, "refused at the door", [by], subject="News", text="News.")
        outbox.send_due([notifications.MAILS], seconds=PATIENCE)
    with mail_server(password=MAIL_PASSWORD) as box:
        token = base64.b64encode(f"\0portal\0{MAIL_PASSWORD}".encode()).decode()
        for number, code in enumerate((451, 550)):
            box.data_answer = f"{code} AUTH PLAIN {token} portal:{MAIL_PASSWORD}"
            notifications.tell(team, f"refused {number}", [by], subject="News", text="News.")
            outbox.send_due([notifications.MAILS], seconds=PATIENCE)
    assert box.mails == []
    errors = list(Notice.objects.values_list("error", flat=True))
    assert [("sign in" in error, "AUTH PLAIN …" in error) for error in sorted(errors)].count((False, True)) == 2


def saved(credential: Credential, by: User, name: str, **asked: Any) -> SavedExport:
    settings = {"policy_ids": [], "report_ids": ["50352738"], "states": [], "email_recipients": []} | asked
    return saved_exports.save(
        SavedExport(team=credential.team, credential=credential, name=name),
        settings=ExportSettings(**settings),
        template=TEMPLATE,
        sftp_password=SFTP_PASSWORD if "sftp_host" in asked else None,
        by=by,
    )


def put_on_schedule(client: Client, export: SavedExport, by: User) -> None:
    """A schedule whose files are locked, once saved and once refused for something else; and its mails."""
    asked = {
        "export": export.pk, "name": "Locked", "kind": "daily", "times": "07:30", "zone": "Europe/Berlin",
        "to": "people", "members": [by.pk], "content": "sealed_zip", "zip_password": ZIP_PASSWORD, "subject": "Files",
        "first_rows": "5", "on_empty": "say", "after_outage": "run_late", "pause_after": "5", "owner": by.pk,
    }  # fmt: skip
    url = reverse("exports:schedule-new", args=[export.team.slug])
    assert ZIP_PASSWORD not in client.post(url, asked | {"name": ""}).content.decode()
    client.post(url, asked)
    schedule = Schedule.objects.get()
    delivery = make_delivery(make_occurrence(schedule), schedule.recipients.get())
    make_link(delivery, opened_by=str(by))


def update_people(server: Sandbox, credential: Credential, by: User) -> None:
    """An employee update from its rows to its receipt, read afterwards and wiped; and two whose rows lie elsewhere."""
    team = credential.team
    team.two_people = False
    team.save(update_fields=["two_people"])
    membership = team.memberships.get(user=by)
    email = f"{HR_NAME.lower()}@acme.example"
    policy = credential.policies.earliest("policy_id").policy_id
    cells = {"email": email, "manager": email, "employee_id": "N-1", "policy": policy, "last_name": HR_NAME}
    update = make_update(credential, by, [cells], "People")
    finish(employee_updates.read_members(update, by=by))
    update = team.employee_updates.get(pk=update.pk)
    if not update.is_accepted:
        employee_updates.accept_warnings(update, by=by, content_hash=update.content_hash)
    finish(employee_updates.try_out(update, by=by))
    run = employee_updates.apply(update, by=membership, content_hash=update.content_hash)
    finish(run)
    assert run.status == Run.Status.SUCCEEDED, run.error
    finish(employee_updates.read_members(update, by=by))
    employee_updates.prepare_reverse(team.employee_updates.get(pk=update.pk), by=by)
    for each in team.employee_updates.all():
        assert retention.wipe(each, by=by)
    for feed in (
        FeedUrl(FEED_ADDRESS, "portal", FEED_PASSWORD),
        FeedSftp("sftp.example.com", "portal", "people.csv", FEED_PASSWORD),
    ):
        elsewhere = employee_updates.prepare(credential, f"By {feed.source}", by=by, content=feed)
        server.script(Fault(envelope=(500, f"{ECHO} {' '.join(feed.secrets)}")), times=2)
        finish(employee_updates.try_out(elsewhere, by=by))
        server._scripted.clear()


def use_a_token(client: Client, export: SavedExport) -> None:
    """One is made by its page, shown, used for all it opens, and then for nothing: revoked, mistyped, misplaced."""
    home = f"/t/{export.team.slug}"
    every = [permission.value for permission in tokens.FOR_SCRIPTS]
    made = client.post(f"{home}/tokens/new/", {"name": "Canary", "permissions": every, "days": "30"})
    [secret] = tokens.SHAPE.findall(made.content.decode())

    def ask(method: str, path: str, header: str = f"Bearer {secret}") -> int:
        return Client().generic(method, f"/api{home}/{path}", headers={"Authorization": header}).status_code

    assert (ask("GET", "exports/"), ask("GET", "audit/")) == (200, 200)
    assert ask("POST", f"exports/{export.pk}/runs/") == 201
    [token] = export.team.access_tokens.all()
    client.post(f"{home}/tokens/{token.pk}/revoke/")
    assert [ask("GET", "exports/", f"{word} {secret}") for word in ("Bearer", "Bearer x", "Basic")] == [401] * 3


def finish(run: Run) -> None:
    assert work_off(run).is_final, f"{run} is still {run.status}"


def crawled(client: Client, start: str) -> dict[str, str]:
    """Every page that links lead to from `start`, by path: the whole portal as this person sees it."""
    pages: dict[str, str] = {}
    ahead = [start]
    while ahead:
        path = ahead.pop()
        if path in pages or "logout" in path or path.startswith("/static/"):
            continue
        response = client.get(path, follow=True)
        content = b"".join(response.streaming_content) if response.streaming else response.content
        pages[path] = content.decode(errors="replace") + str(response.headers)
        links = re.findall(r'(?:href|hx-get|action)="(/[^"#]*|\?[^"#]*)"', pages[path])
        ahead += [link if link.startswith("/") else path.partition("?")[0] + link for link in links[:200]]
        assert len(pages) < 400, "the crawl does not end"
    return pages


def tables() -> dict[str, str]:
    """Everything in the database, as text, by table."""
    rows = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            rows[table] = "\n".join(
                str([bytes(value) if isinstance(value, memoryview) else value for value in row])
                for row in cursor.fetchall()
            )
    return rows


def test_no_page_shows_a_secret(hunted: Client, acme: Team) -> None:
    pages = crawled(hunted, reverse("exports:home", args=[acme.slug]))

    assert len(pages) > 25
    assert {path: found_in(text) for path, text in pages.items() if found_in(text)} == {}


def test_no_log_line_message_task_or_table_holds_a_secret(
    hunted: Client, written: io.StringIO, redis_client: redis.Redis, tmp_path: Path
) -> None:
    assert found_in(written.getvalue()) == []

    kept = {}
    for key in redis_client.scan_iter():
        kept[key] = repr(redis_client.dump(key)) + repr(redis_client.type(key))
        if redis_client.type(key) == b"list":
            kept[key] += repr(redis_client.lrange(key, 0, -1))
        elif redis_client.type(key) == b"hash":
            kept[key] += repr(redis_client.hgetall(key))
    assert kept
    assert {key: found_in(text) for key, text in kept.items() if found_in(text)} == {}

    rows = tables()
    assert "partner" in rows["exports_apicall"] or "Bad request" in rows["exports_apicall"]
    assert {table: found_in(text) for table, text in rows.items() if found_in(text)} == {}

    with scopes_disabled():
        call_command("dumpdata", output=str(tmp_path / "dump.json"))
    assert found_in((tmp_path / "dump.json").read_text()) == []


def test_the_calls_record_says_what_the_server_said_without_the_secrets_in_it(hunted: Client, acme: Team) -> None:
    with scope(team=acme):
        messages = [call.message for call in ApiCall.objects.exclude(message="")]

    assert any(message.startswith("Bad request: partnerUserID=") for message in messages)
    assert found_in(json.dumps(messages)) == []


def test_what_signs_people_in_is_in_no_table_and_no_log_line(
    acme: Team, alice: User, client: Client, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key of an authenticator app, recovery codes, the link of an invitation: sealed or hashed, and never told."""
    client.force_login(alice)
    page = client.get("/account/second-factor/app/add/").content.decode()
    (key,) = re.findall(r'user-select-all">(\w+)<', page)
    client.post("/account/second-factor/app/add/", {"code": code_of(AppClock(monkeypatch), key)})
    codes = client.get("/account/second-factor/codes/").context["unused_codes"]
    with scope(team=acme):
        link = link_in(invitations.invite(acme, "new@example.org", "viewer", by=alice))
    assert client.get(link).status_code == 200
    secrets = [key, link.split("/")[2], *codes]

    rows = tables() | {"the log": written.getvalue()}

    assert len(codes) == 10
    assert "/invitation/[removed]" in rows["the log"]
    found = {name: [each for each in secrets if each in text] for name, text in rows.items()}
    assert {name: secrets for name, secrets in found.items() if secrets} == {}


def test_an_error_report_holds_no_secret() -> None:
    reported = subprocess.run(
        [sys.executable, "-c", REPORTER], input=SECRET, capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout

    assert "unforeseen" in reported
    assert found_in(reported) == []


def test_the_hunt_would_find_a_secret() -> None:
    assert found_in(f"… {SECRET} …") == [SECRET]
    assert django_settings.LOGGING_CONFIG is None  # the portal's own configuration is the one in force
