"""Text that no database and no page can hold, at each door through which text comes."""

import io
import json
import re
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.core.exceptions import ImmediateHttpResponse
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template import engines
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Credential, Policy, Team, User
from accounts.sso.adapter import CompanyProvider, SocialAdapter
from accounts.sso.company import provider_id
from expensify.foreign_text import SENTENCE, is_writable, read_json, writable
from exports.columns.presets import PRESETS
from exports.employee_updates.feed.reading import read_file, read_pasted
from exports.employee_updates.feed.sheet import Feed
from exports.forms.saved_exports import paste
from exports.models import SavedExport
from exports.results import tables
from exports.results.preview import TextPreview, preview
from exports.saved_exports import preview_own_data, share
from exports.saved_exports.preview import try_out
from tests.clients import signed_in
from tests.door.routes import CHANGE, OUTSIDE, READ, ROUTES, TEAM_ROUTES
from tests.door.world import World, make_world, rolled_back
from tests.exports.employee_updates.updates import cells, make, shown
from tests.exports.saved_exports.posted_form import NEW, filled_in
from tests.factories import make_result, make_run
from tests.html import tidy

HALF = '"\\ud800"'
PAGES = [route for route in TEAM_ROUTES if ROUTES[route.name][1] & READ]
FORMS = [route for route in TEAM_ROUTES if ROUTES[route.name][1] & CHANGE]
# A NUL character, a half of a character in UTF-8 and in UTF-7, and bytes that are no UTF-8.
BODIES = {
    "application/x-www-form-urlencoded": b"%00\xed\xa0\x80%ED%A0%80%FF",
    "multipart/form-data; charset=utf-7; boundary=x": b"+2AA- \0",
    "multipart/form-data; charset=unicode_escape; boundary=x": b"\\ud800\\x00",
}


@pytest.fixture
def world(acme: Team, alice: User, redis_client: Any) -> World:
    return make_world(acme, alice)


def is_stored_and_shown(value: Any) -> bool:
    """Whether Postgres and a page would take every text in it."""
    return "\\u0000" not in json.dumps(value) and is_writable(value)


# ------------------------------------------------------------ the reader


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
)


@given(json_values)
def test_whatever_json_spells_can_be_written(value: Any) -> None:
    read = read_json(json.dumps(value))

    assert is_stored_and_shown(read)
    json.dumps(read, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a\\ud83d\\ude00b"', "a\U0001f600b"),
        ('"\\ud800"', "\ufffd"),
        ('"\\ude00\\ud83d"', "\ufffd\ufffd"),
        ('{"\\u0000": ["\\u0000x"]}', {"\ufffd": ["\ufffdx"]}),
    ],
)
def test_half_of_a_character_and_nul_are_replaced_and_a_whole_one_stays(text: str, value: object) -> None:
    assert read_json(text) == value


# ------------------------------------------------------------ forms and queries


def field_names(client: Client, world: World) -> list[str]:
    """The name of every field of every page."""
    names = {"find", "q", "page", "show", "person", "state", "column", "do", "template", "columns", "credential"}
    for route in PAGES:
        answer: Any = client.get(world.url(route))
        if answer.streaming:
            list(answer.streaming_content)  # a file is closed when it has been read
        elif "html" in answer.headers.get("Content-Type", ""):
            names |= set(re.findall(r'name="([^"]+)"', answer.content.decode()))
    return sorted(names - {"csrfmiddlewaretoken"})


def body_of(kind: str, names: list[str], value: bytes) -> bytes:
    if "boundary" not in kind:
        return b"&".join(name.encode() + b"=" + value for name in names)
    head = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    return b"".join(head % (name.encode(), value) for name in names) + b"--x--\r\n"


def test_every_form_and_page_answers_to_every_field_of_such_text(world: World, alice: User) -> None:
    client = signed_in(alice)
    names = field_names(client, world)
    outside = [f"/{route.path}" for route in OUTSIDE if not route.arguments and route.name != "readyz"]

    for kind, value in BODIES.items():
        body = body_of(kind, names, value)
        for path in [*map(world.url, FORMS), *outside]:
            with rolled_back():
                cookies = dict(client.cookies)
                assert client.generic("POST", path, body, content_type=kind).status_code < 500, path
                client.cookies.clear()
                client.cookies.update(cookies)
    query = urlencode(dict.fromkeys(names, "\x00x"))
    for path in [*map(world.url, PAGES), *outside]:
        with rolled_back():
            answer: Any = client.get(f"{path}?{query}")
            if answer.streaming:
                list(answer.streaming_content)  # a file is closed when it has been read
            assert answer.status_code < 500, path


def test_typed_text_is_kept_but_for_that_character_and_the_person_is_told(
    export: SavedExport, erin: User, acme_open: Team
) -> None:
    client = signed_in(erin)

    client.post(NEW, filled_in(export.credential, name="Janu\0ary", template="a\0b"))

    saved = SavedExport.objects.latest("pk")
    assert (saved.name, saved.present.template) == ("Janu\ufffdary", "a\ufffdb")
    assert SENTENCE in tidy(client.get(f"/t/acme/exports/{saved.pk}/").content.decode())


def test_cookie_is_no_way_in(acme: Team) -> None:
    client = Client(headers={"Cookie": 'sessionid="\\000\\000aaaaaaaa"'})

    request = client.get("/account/login/").wsgi_request

    assert request.COOKIES["sessionid"] == "\ufffd\ufffdaaaaaaaa"


@pytest.mark.parametrize("path", ["/l/a%00b/", "/invitation/%00/", "/u/%00/", "/t/acme%00/", "/account/%00/"])
def test_address_of_such_text_is_not_found(acme: Team, path: str) -> None:
    assert Client().get(path).status_code == 404


# ------------------------------------------------------------ files and pasted texts


@pytest.mark.parametrize("repair", ["", ","])
def test_feed_with_half_a_character_is_an_error_on_its_cell(
    credential: Credential, policy: Policy, erin: User, acme_open: Team, repair: str
) -> None:
    """Also where the text has to be repaired first, which is done by a parser of our own."""
    client = signed_in(erin)
    record = '{"employeeEmail": "nina@acme.example", "employeeID": "A\\ud8001", "firstName": "\\u0000", "\\ud800": 1}'

    answer = make(client, credential, "paste", pasted=f"[{record}{repair}]")

    page = shown(client.get(answer.headers["Location"]))
    assert "holds a character that could not be read" in page
    assert is_stored_and_shown(cells())


@given(st.text(st.characters(), max_size=30), st.sampled_from(["", ",", "'"]))
def test_every_feed_is_rows_of_writable_text(text: str, damage: str) -> None:
    feed = read_pasted(json.dumps([{"employeeEmail": text, text: text}]) + damage)

    assert isinstance(feed, Feed)
    assert is_writable([dict(row.cells) for row in feed.rows])
    assert is_writable([*feed.repairs, *(finding.sentence for finding in feed.findings)])


def test_table_with_nul_characters_is_rows_of_writable_text() -> None:
    sheet: Any = read_file("\ufeffemail,employee id\nn\0@acme.example,1\n".encode("utf-16-le"))

    assert [line.cells for line in sheet.lines] == [("n\ufffd@acme.example", "1")]


def test_pasted_job_says_what_was_replaced() -> None:
    text = (
        '{"type": "file", "inputSettings": {"type": "combinedReportData", "filters": {"reportIDList": "R\\ud800"}}, '
        '"outputSettings": {"fileExtension": "csv"}, "\\udc00": 1}'
    )

    values, notes = paste.read(text)

    assert (values["report_ids"], notes[0].startswith(SENTENCE)) == ("R\ufffd", True)
    assert is_writable(notes)


def test_shared_export_with_such_text_is_refused_with_a_sentence() -> None:
    content = json.dumps({"kind": share.KIND, "format": 1, "name": "x", "settings": {}, "template": "\ud800"})

    with pytest.raises(share.CannotImport, match=r"characters that cannot be stored.*Nothing was imported\."):
        share.read(content.encode())


def test_upload_of_a_shared_export_with_such_text_shows_a_page(
    export: SavedExport, erin: User, acme_open: Team
) -> None:
    content = json.dumps({"kind": share.KIND, "format": 1, "name": "\ud800", "settings": {"\ud800": "\0"}})

    file = SimpleUploadedFile("x.json", content.encode())
    answer = signed_in(erin).post("/t/acme/exports/import/", {"file": file}, follow=True)

    assert (answer.status_code, SavedExport.objects.count()) == (200, 1)


def test_columns_sent_as_json_are_writable(credential: Credential, erin: User) -> None:
    columns = PRESETS["summary"].layout.as_json()
    columns["columns"][0]["heading"] = "\ud800"

    answer = signed_in(erin).post(
        "/t/acme/exports/preview/", {"written": "template", "columns": json.dumps(columns), "do": "as-columns"}
    )

    assert "\ufffd" in shown(answer)


# ------------------------------------------------------------ templates and results


@pytest.mark.parametrize("template", ['[{"a": "\\ud800", "\\udfff": "\\u0000"}]', HALF, "\0"])
def test_output_of_a_template_can_be_shown(credential: Credential, erin: User, template: str) -> None:
    tryout = try_out(template, data={}, extension="json")

    assert is_writable([tryout.text, tryout.headings, tryout.rows])
    for extension in ("json", "csv"):
        fields = {"written": "template", "template": template, "file_extension": extension}
        assert signed_in(erin).post("/t/acme/exports/preview/", fields).status_code == 200


@pytest.mark.parametrize("name", ["export.json", "export.csv", "export.txt", "export.xml"])
def test_stored_result_with_such_text_can_be_shown(export: SavedExport, alice: User, name: str) -> None:
    result = make_result(make_run(export, alice), b'[{"a": "\\ud800\\u0000"}, "\0\xed\xa0\x80"]', name)

    page = signed_in(alice).get(f"/t/acme/results/{result.pk}/")
    read = preview(result)

    assert page.status_code == 200
    assert not isinstance(read, TextPreview) or is_writable(read.text)


def test_own_data_for_previews_are_writable(export: SavedExport, alice: User, acme_open: Team) -> None:
    reports = {"reports": [{"reportID": "\ud800", "transactionList": [{"merchant": "\0"}], "n": 1.5}]}
    make_result(make_run(export, alice), json.dumps(reports).encode(), "export.json")

    own = preview_own_data.latest(acme_open)

    assert own is not None
    (report,) = own.data["reports"]
    assert (report["reportID"], report["transactionList"], report["n"]) == (
        "\ufffd",
        [{"merchant": "\ufffd"}],
        Decimal("1.5"),
    )


def test_cells_of_a_part_are_writable_and_its_bytes_stay() -> None:
    start = b"To,Amount\n" + b"a@acme.example,1\n" * tables.SAMPLE
    row = b"\xff\xfe@acme.example,1\n"

    *_, last = tables.records_of(io.BytesIO(start + row), None).rows

    assert (last.cells, getattr(last, last._fields[0])) == (["\ufffd\ufffd@acme.example", "1"], row)


# ------------------------------------------------------------ company sign-in, and what no door caught


def test_claims_are_made_writable_and_never_those_that_say_who_it_is(acme: Team, settings: Any, rf: Any) -> None:
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "https://id.example", "a", "b"

    provider = SocialAdapter().get_provider(rf.get("/"), provider_id())
    claims = {"sub": "1", "email": "nina@acme.example", "given_name": "N\ud800", "groups": ["\0"]}

    login = provider.sociallogin_from_response(rf.get("/"), {"id_token": dict(claims), "userinfo": dict(claims)})

    assert isinstance(provider, CompanyProvider)
    assert (login.user.first_name, is_stored_and_shown(login.account.extra_data)) == ("N\ufffd", True)
    for name in ("sub", "email"):
        with pytest.raises(ImmediateHttpResponse):
            provider.sociallogin_from_response(rf.get("/"), {"id_token": claims, "userinfo": claims | {name: "\ud800"}})


def test_page_shows_what_came_in_by_no_door() -> None:
    page = engines["django"].from_string("<p>{{ name }}</p>").render({"name": "<\ud800>"})

    assert page == "<p>&lt;\ufffd&gt;</p>"
    page.encode()


def test_answer_of_expensify_is_writable() -> None:
    assert writable("a\0b\ud800\U0001f600") == "a\ufffdb\ufffd\U0001f600"
