"""What every page and every form holds against other sites, made from the URLconf."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import Team, User
from exports.forms.schedules.mail import Addresses
from tests.clients import signed_in
from tests.door.routes import CHANGE, READ, ROUTES, TEAM_ROUTES
from tests.door.world import World, changes_logged, make_world
from tests.factories import PASSWORD

PAGES = [route for route in TEAM_ROUTES if ROUTES[route.name][1] & READ]
FORMS = [route for route in TEAM_ROUTES if ROUTES[route.name][1] & CHANGE]
OWN = ["/account/login/", "/account/logout/", "/account/password/change/", "/account/password/reset/",
       "/account/reauthenticate/", "/account/sessions/", "/account/second-factor/app/add/",
       "/account/second-factor/app/remove/", "/account/second-factor/codes/new/"]  # fmt: skip


@pytest.fixture
def world(acme: Team, alice: User, redis_client: Any) -> World:
    return make_world(acme, alice)


def pages(world: World, admin: User) -> Iterator[tuple[str, HttpResponse, str]]:
    """Each page by the name of its route, with its answer and its HTML."""
    client = signed_in(admin)
    for route in PAGES:
        response: Any = client.get(world.url(route))
        content = b"".join(response.streaming_content) if response.streaming else response.content
        is_page = "html" in response.headers.get("Content-Type", "")
        yield route.name, response, content.decode() if is_page else ""


# ------------------------------------------------------------ other sites


def test_no_change_is_taken_from_another_site(world: World, alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    before = changes_logged()

    taken = {
        route.name
        for route in FORMS
        if client.post(world.url(route), headers={"Origin": "https://evil.example"}).status_code != 403
    }

    assert (taken, changes_logged()) == (set(), before)


@pytest.mark.parametrize("path", OWN)
def test_change_to_ones_account_that_another_site_sends_is_refused(alice: User, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    if path != "/account/login/":
        client.force_login(alice)

    assert client.post(path, {"login": alice.email, "password": PASSWORD}).status_code == 403


def test_no_page_is_in_anybodys_frame_or_runs_anybodys_code(world: World, alice: User) -> None:
    wanted = {"frame-ancestors 'none'", "script-src 'self'", "style-src 'self'", "default-src 'none'"}

    open_to_others = {
        name
        for name, response, _ in pages(world, alice)
        if not wanted <= set(response.headers["Content-Security-Policy"].split("; "))
        or response.headers["X-Frame-Options"] != "DENY"
        or response.headers["X-Content-Type-Options"] != "nosniff"
    }

    assert open_to_others == set()


def test_no_page_has_code_of_its_own(world: World, alice: User) -> None:
    inline = re.compile(
        r"""<script\b(?![^>]*\s(?:src=|type="application/json"))|<style\b|<[^>]+\s(?:style|on[a-z]+)=["']|javascript:"""
    )

    assert {name: found for name, _, page in pages(world, alice) if (found := inline.findall(page))} == {}


def test_no_form_puts_a_secret_into_its_address(world: World, alice: User) -> None:
    showing = {
        name
        for name, _, page in pages(world, alice)
        for form in re.findall(r"<form\b.*?</form>", page, re.DOTALL)
        if 'method="post"' not in form and re.search('type="password"|csrfmiddlewaretoken', form)
    }

    assert showing == set()


# ------------------------------------------------------------ names and ways


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost:80@evil.example"])
def test_request_for_another_host_is_refused(client: Client, host: str) -> None:
    assert client.get("/account/login/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
        "https:evil.example", "javascript:alert(1)", "http:///evil.example", "/\t/evil.example", "\x08//evil.example",
        "https://testserver@evil.example/", "data:text/html,x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/account/login/", "/account/reauthenticate/"])
def test_signing_in_leads_to_no_other_site(alice: User, path: str, elsewhere: str) -> None:
    client = Client()
    if path != "/account/login/":
        client.force_login(alice)

    answer = client.post(path, {"login": alice.email, "password": PASSWORD, "next": elsewhere})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_session_that_somebody_planted_is_another_after_signing_in(alice: User) -> None:
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted

    client.post("/account/login/", {"login": alice.email, "password": PASSWORD})

    assert client.cookies["sessionid"].value not in {planted, ""}
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert thief.get("/t/acme/").headers["Location"].startswith("/account/login/")


# ------------------------------------------------------------ what belongs to somebody else


@pytest.mark.parametrize("verb", ["edit", "remove"])
def test_passkey_of_somebody_else_is_not_found(acme: Team, alice: User, bob: User, verb: str) -> None:
    key = Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Bob's", "credential": {}})
    client = signed_in(alice)

    answer = client.post(reverse(f"mfa_{verb}_webauthn", args=[key.pk]), {"name": "Mine"})

    assert answer.status_code == 404
    assert list(Authenticator.objects.values_list("pk", "data__name")) == [(key.pk, "Bob's")]


# ------------------------------------------------------------ nonsense


def test_endless_number_is_answered_with_a_sentence(world: World, alice: User) -> None:
    client = signed_in(alice)
    url = reverse("exports:rotation-try", args=["acme", world.objects["rotation"]])

    answer = client.post(url, {"export": "9" * 5000}, follow=True)

    assert "Choose one of the exports that depend on this credential." in answer.content.decode()


def test_zero_byte_in_an_address_is_refused() -> None:
    with pytest.raises(ValidationError, match="Null characters are not allowed"):
        Addresses().clean("nina@acme.example\nmax@acme.\x00example")
