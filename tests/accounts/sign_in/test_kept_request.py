"""A change sent before its sender had to confirm who they are is carried out after the confirmation, once."""

import time
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Credential, Membership, Team, User
from accounts.permissions import Role
from accounts.sign_in import kept_request
from tests.accounts.sign_in.factors import is_in, sign_in, stale
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

SECRET = "a secret that is never in clear"
NEW_PAIR = {"name": "Second", "partner_user_id": "aa_second", "partner_user_secret": SECRET}


def stale_client(user: User) -> Client:
    client = Client()
    sign_in(client, user.email)
    return stale(client)


def role_url(user: User) -> str:
    return f"/t/acme/team/members/{Membership.objects.get(user=user).pk}/role/"


def confirm(client: Client, response: Any) -> str:
    """Confirm with the password; the address that the person is sent to then."""
    answer = client.post(response.headers["Location"], {"password": PASSWORD})
    return str(answer.headers["Location"])


def test_change_is_carried_out_after_the_confirmation(acme: Team, alice: User, bob: User) -> None:
    client = stale_client(alice)
    asked = client.post(role_url(bob), {"role": "editor"}, headers={"Referer": "http://testserver/t/acme/team/"})
    before = Membership.objects.get(user=bob).role

    done = client.get(confirm(client, asked))

    assert (before, Membership.objects.get(user=bob).role) == (Role.VIEWER, Role.EDITOR)
    assert done.headers["Location"] == "/t/acme/team/"
    assert kept_request.KEY not in client.session


def test_it_is_carried_out_once(acme: Team, alice: User, bob: User) -> None:
    client = stale_client(alice)
    url = confirm(client, client.post(role_url(bob), {"role": "editor"}))
    client.get(url)
    Membership.objects.filter(user=bob).update(role=Role.VIEWER)

    again = client.get(url, follow=True)

    assert Membership.objects.get(user=bob).role == Role.VIEWER
    assert kept_request.GONE in [str(message) for message in again.context["messages"]]


def test_it_is_carried_out_once_though_the_session_was_not_saved(acme: Team, alice: User, bob: User) -> None:
    client = stale_client(alice)
    url = confirm(client, client.post(role_url(bob), {"role": "editor"}))
    entry = client.session[kept_request.KEY]
    client.get(url)
    Membership.objects.filter(user=bob).update(role=Role.VIEWER)
    session = client.session
    session[kept_request.KEY] = entry  # as after a crash before the session was saved
    session.save()

    client.get(url)

    assert Membership.objects.get(user=bob).role == Role.VIEWER


def test_nothing_is_done_before_the_confirmation(acme: Team, alice: User, bob: User) -> None:
    client = stale_client(alice)
    client.post(role_url(bob), {"role": "editor"})
    key = client.session[kept_request.KEY]["key"]

    early = client.get(f"{role_url(bob)}?carry_on={key}")

    assert early.headers["Location"].startswith("/account/reauthenticate/")
    assert Membership.objects.get(user=bob).role == Role.VIEWER


def test_it_is_kept_for_ten_minutes(acme: Team, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = stale_client(alice)
    url = confirm(
        client, client.post(role_url(bob), {"role": "editor"}, headers={"Referer": "http://testserver/t/acme/"})
    )
    late = time.time() + kept_request.SECONDS + 1
    monkeypatch.setattr(kept_request.time, "time", lambda: late)

    answer = client.get(url)

    assert answer.headers["Location"] == "/t/acme/"
    assert Membership.objects.get(user=bob).role == Role.VIEWER


def test_an_old_one_leaves_the_session_with_the_next_click(
    acme: Team, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = stale_client(alice)
    client.post(role_url(bob), {"role": "editor"})
    late = time.time() + kept_request.SECONDS + 1
    monkeypatch.setattr(kept_request.time, "time", lambda: late)

    client.get("/t/acme/")

    assert kept_request.KEY not in client.session


def test_wrong_key_or_other_address_does_nothing(acme: Team, alice: User, bob: User) -> None:
    for change in (lambda url: f"{url}x", lambda url: url.replace("/role/", "/remove/")):
        client = stale_client(alice)
        url = confirm(client, client.post(role_url(bob), {"role": "editor"}))

        client.get(change(url))

        assert Membership.objects.get(user=bob).role == Role.VIEWER
        assert kept_request.KEY in client.session  # nothing that was sent is lost by it


def test_it_stays_with_its_person(acme: Team, alice: User, bob: User) -> None:
    client = stale_client(alice)
    client.post(role_url(bob), {"role": "editor"})
    entry = client.session[kept_request.KEY]
    Membership.objects.filter(user=bob).update(role=Role.ADMIN)
    other = Client()
    sign_in(other, bob.email)
    session = other.session
    session[kept_request.KEY] = entry
    session.save()

    other.get(f"{role_url(bob)}?carry_on={entry['key']}")

    assert is_in(other)
    assert Membership.objects.get(user=bob).role == Role.ADMIN


def test_form_with_a_secret_is_carried_out_and_kept_encrypted(acme: Team, alice: User) -> None:
    client = stale_client(alice)
    asked = client.post("/t/acme/credentials/new/", NEW_PAIR)
    kept = repr(list(Session.objects.values_list("session_data", flat=True))) + repr(dict(client.session.items()))

    client.get(confirm(client, asked))

    assert SECRET not in kept
    assert Credential._base_manager.get(name="Second").partner_pair().partner_user_secret == SECRET  # type: ignore[attr-defined]


def test_form_with_an_error_is_shown_as_it_was_filled_in(acme: Team, alice: User) -> None:
    client = stale_client(alice)
    asked = client.post("/t/acme/credentials/new/", NEW_PAIR | {"partner_user_id": ""})

    page = client.get(confirm(client, asked))

    assert page.status_code == 200
    assert page.context["form"].errors["partner_user_id"] == ["This field is required."]
    assert 'value="Second"' in page.content.decode()


def test_what_is_too_large_has_to_be_done_again(acme: Team, alice: User) -> None:
    client = stale_client(alice)
    large = SimpleUploadedFile("large.csv", b"x" * kept_request.LARGEST)

    asked = client.post("/t/acme/team/edit/", {"name": "Other", "file": large}, follow=True)

    assert kept_request.KEY not in client.session
    assert "Then do it once more." in str(list(asked.context["messages"])[-1])


def test_query_and_files_come_along(acme: Team, alice: User, rf: Any) -> None:
    client = stale_client(alice)
    session = client.session
    files = {"file": SimpleUploadedFile("rows.csv", b"a;b\r\n", "text/csv"), "note": "ö"}
    request = rf.post("/t/acme/team/edit/?page=2", files)
    request.session, request.user = session, alice
    url = kept_request.keep(request, "/t/acme/team/")
    seen = {}

    def view(request: Any) -> None:
        upload = request.FILES["file"]
        seen.update(
            method=request.method, query=request.GET.dict(), note=request.POST["note"],
            file=(upload.name, upload.content_type, upload.read()),
        )  # fmt: skip

    later = rf.get(url)
    later.session, later.user = session, alice
    kept_request.carry_out(view)(later)  # type: ignore[arg-type]

    assert seen == {
        "method": "POST", "query": {"page": "2"}, "note": "ö", "file": ("rows.csv", "text/csv", b"a;b\r\n"),
    }  # fmt: skip
