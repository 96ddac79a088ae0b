"""What people, HR systems and Expensify may write, and where it must have no effect."""

import io
import logging
import re
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.core import mail
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.audit.record import Action
from accounts.models import AuditEntry, Credential, Membership, Policy, Team, User
from accounts.permissions import Role
from accounts.spreadsheets import line
from expensify.freemarker.template import parse, render
from exports.deliveries import download_links, placeholders, split_by_recipient
from exports.models import EmployeeUpdate, Result, SavedExport
from exports.models.run import Status
from tests.accounts.sign_in.factors import resets_are_sent
from tests.clients import signed_in
from tests.exports.employee_updates.updates import make
from tests.factories import make_delivery_of_file, make_recipient, make_result, make_run, make_schedule

NAMES = ["../../etc/passwd.csv", "..\\..\\evil.csv", "/etc/passwd.csv", "a/b.csv", "people.html\x00.csv", "C:\\x.csv"]


@pytest.fixture(autouse=True)
def scoped(acme_open: Team) -> None:
    """What is asserted may be read."""


def stored() -> list[str]:
    """Every file in private storage."""
    root = Path(default_storage.location)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


# ------------------------------------------------------------ fields that no form has


def test_settings_of_a_team_take_nothing_but_their_fields(acme: Team, umbrella: Team, alice: User) -> None:
    client = signed_in(alice)
    page = client.get("/t/acme/team/edit/")
    filled = {name: page.context["form"][name].value() for name in page.context["form"].fields}
    given = {name: value for name, value in filled.items() if value not in (None, False)}

    answer = client.post(
        "/t/acme/team/edit/", given | {"slug": "umbrella2", "id": umbrella.pk, "team": umbrella.pk, "pk": 99}
    )

    assert answer.status_code == 302
    assert list(Team.objects.order_by("pk").values_list("slug", flat=True)) == ["acme", "umbrella"]


def test_role_is_given_to_the_membership_of_the_address_alone(
    acme: Team, umbrella: Team, alice: User, bob: User, charlie: User
) -> None:
    bobs, charlies = Membership.objects.get(user=bob), Membership.objects.get(user=charlie)

    signed_in(alice).post(
        f"/t/acme/team/members/{bobs.pk}/role/",
        {"role": "editor", "team": umbrella.pk, "user": charlie.pk, "membership": charlies.pk},
    )

    roles = Membership.objects.order_by("pk").values_list("user__first_name", "team__slug", "role")
    assert set(roles) == {("Alice", "acme", "admin"), ("Bob", "acme", "editor"), ("Charlie", "umbrella", "admin")}


def test_saved_export_belongs_to_the_team_of_its_address(umbrella: Team, credential: Credential, erin: User) -> None:
    signed_in(erin).post(
        "/t/acme/exports/new/",
        {
            "name": "Mine", "credential": credential.pk, "report_ids": "123", "file_extension": "csv",
            "template": "${reports?size}", "team": umbrella.pk, "archived_at": "2026-01-01", "version": 7, "id": 4711,
        },
    )  # fmt: skip

    found = SavedExport.objects.get()
    assert (found.name, found.team.slug, found.archived_at, found.version.number) == ("Mine", "acme", None, 1)


def test_employee_update_is_not_approved_by_saying_so(credential: Credential, policy: Policy, erin: User) -> None:
    make(
        signed_in(erin), credential, "grid", approved_by=erin.pk, approved_at="2026-01-01", applied_at="2026-01-01",
        tried_at="2026-01-01", accepted_at="2026-01-01", team=999,
    )  # fmt: skip

    update = EmployeeUpdate.objects.get()
    assert (update.team.slug, update.approved_at, update.applied_at) == ("acme", None, None)


# ------------------------------------------------------------ names of files


@pytest.mark.parametrize("name", NAMES)
def test_uploaded_file_is_read_and_stored_nowhere(
    credential: Credential, policy: Policy, erin: User, name: str
) -> None:
    before = stored()
    file = SimpleUploadedFile("x.csv", b"email,employee id\na@acme.example,1\n")
    file.name = name

    answer = make(signed_in(erin), credential, "file", file=file)

    assert (answer.status_code, stored()) == (302, before)


@pytest.mark.parametrize("name", NAMES)
def test_name_of_a_result_leads_nowhere_in_storage_or_header(export: SavedExport, alice: User, name: str) -> None:
    """Expensify's names are checked when they come; even one that got past that stays a name."""
    run = make_run(export, alice, Status.SUCCEEDED)
    result = make_result(run, b"a,b\n1,2\n", "export1.csv")
    Result.objects.filter(pk=result.pk).update(name=name.replace("\x00", ""))

    answer: Any = signed_in(alice).get(f"/t/acme/results/{result.pk}/workbook/")
    answer.close()

    saved = re.findall(r'filename="([^"]*)"', answer.headers["Content-Disposition"])
    assert [re.search(r"[/\\]|\.\.", each) for each in saved] == [None]


def test_part_is_stored_under_a_hash_of_its_address(export: SavedExport, alice: User) -> None:
    run = make_run(export, alice, Status.SUCCEEDED)
    whole = make_result(run, b"To,Amount\n../../../etc/x@acme.example,1\n", "export1.csv")

    (part,) = split_by_recipient.split(whole, "To", "boss@acme.example")

    assert (
        part.part_value,
        re.fullmatch(r"teams/\d+/parts/\d+/[0-9a-f]{16}-[0-9a-f]{16}\.csv", part.file.name) is None,
    ) == ("boss@acme.example", False)


# ------------------------------------------------------------ formulas


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "\n="])
def test_cell_of_a_csv_that_we_write_is_no_formula(start: str) -> None:
    """The audit log and receipts are written by this one; chosen columns guard theirs in their template."""
    assert line([f"{start}cmd|'/C calc'!A0"]) == f"\"'{start}cmd|'/C calc'!A0\"\r\n"


def test_part_keeps_the_bytes_of_its_rows_formulas_too(export: SavedExport, alice: User) -> None:
    """On purpose: a part is a piece of the original, which an accounting system reads byte for byte."""
    whole = make_result(make_run(export, alice, Status.SUCCEEDED), b"To,Text\na@acme.example,=1+1\n", "export1.csv")

    (part,) = split_by_recipient.split(whole, "To", "")

    with default_storage.open(part.file.name) as file:
        assert file.read() == b"To,Text\na@acme.example,=1+1\n"


# ------------------------------------------------------------ templates


@pytest.mark.parametrize(
    "text", ["{team.__class__}", "{0}", "{team!r}", "%(team)s", "{{ team }}", "{% debug %}", "{team:>999999999}"]
)
def test_words_of_a_mail_are_no_program(text: str) -> None:
    assert placeholders.fill(text, {"team": "Acme"}) == text


def test_value_of_a_placeholder_is_not_looked_at_again() -> None:
    assert placeholders.fill("{export}", {"export": "{team}", "team": "Acme"}) == "{team}"


@pytest.mark.parametrize(
    "text", ['${"x"?upper_case}', "<#list 1..9 as i>${i}</#list>", "#{1+1}", "[=1+1]", '"}${1+1}{"', "<@m/>", "\\${1}"]
)
def test_words_of_a_chosen_column_are_no_template(text: str) -> None:
    from exports.columns.literals import raw

    assert render(parse(raw(text)), {}) == text


# ------------------------------------------------------------ headers of mails


def test_name_of_a_team_adds_no_header_to_the_mail_of_a_code(export: SavedExport, alice: User) -> None:
    Team.objects.filter(slug="acme").update(name="Acme\r\nBcc: eve@evil.example", recipient_domains="acme.example")
    delivery = make_delivery_of_file(make_recipient(make_schedule(export, alice), "nina@acme.example"))
    delivery.refresh_from_db()
    token = download_links.make(delivery)

    Client().post(f"/l/{token}/code/")

    (message,) = mail.outbox
    assert (message.subject, message.to, message.bcc) == (
        "Your code for a file of Acme Bcc: eve@evil.example",
        ["nina@acme.example"],
        [],
    )


# ------------------------------------------------------------ who is known


def test_forgotten_password_answers_alike_while_the_mail_server_is_away(alice: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    answers = [
        Client().post("/account/password/reset/", {"email": address})
        for address in (alice.email, "nobody@acme.example")
    ]
    resets_are_sent()

    assert [(answer.status_code, answer.headers["Location"]) for answer in answers] == [
        (302, "/account/password/reset/done/")
    ] * 2


def test_link_of_a_forgotten_password_leads_to_the_portal_whatever_host_was_asked(alice: User, settings: Any) -> None:
    settings.ALLOWED_HOSTS, settings.SITE_URL = ["*"], "https://portal.example.com"

    Client().post("/account/password/reset/", {"email": alice.email}, headers={"Host": "evil.example"})
    resets_are_sent()

    (message,) = mail.outbox
    assert re.findall(r"https?://([^/]+)/", str(message.body)) == ["portal.example.com"]


def test_token_that_is_none_and_one_that_is_over_look_the_same(acme: Team, alice: User) -> None:
    from accounts import invitations

    over = invitations.invite(acme, "new@acme.example", Role.VIEWER, by=alice)
    message = invitations.compose_invitation(over)
    token = re.search(r"/invitation/([^/]+)/", str(message.get_body(("plain",))))
    invitations.revoke(over, by=alice)
    assert token

    answers = [Client().get(f"/invitation/{each}/") for each in (token[1], "x" * 43)]

    pages = [re.sub(r'value="[^"]+"', "", answer.content.decode()) for answer in answers]
    assert ([answer.status_code for answer in answers], pages[0] == pages[1]) == ([404, 404], True)


# ------------------------------------------------------------ logs


@pytest.mark.parametrize("last", [structlog.processors.JSONRenderer(), structlog.dev.ConsoleRenderer(colors=False)])
def test_request_adds_no_line_to_a_log(alice: User, last: Any) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[remove, last]))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        signed_in(alice).get(
            "/t/acme/x%0aforged%0d%0aforged/", headers={"User-Agent": "a\nforged", "X-Request-ID": "1\nforged"}
        )
    finally:
        root.removeHandler(handler)
        root.setLevel(level)

    assert ("forged" in stream.getvalue(), re.findall(r"(?m)^forged", stream.getvalue())) == (True, [])


def test_words_of_people_add_no_line_to_the_audit_file(alice: User) -> None:
    team = Team.objects.get(slug="acme")
    from accounts.audit import record as audit

    audit.record(Action.TEAM_CHANGED, team, by=alice, words="a\n\n{}\r\nforged")
    answer: Any = signed_in(alice).get("/t/acme/audit/log.jsonl")

    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == AuditEntry._base_manager.filter(team=team).count()
