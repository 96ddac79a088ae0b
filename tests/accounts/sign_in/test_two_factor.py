"""Authenticator app and recovery codes: what the portal adds to allauth's flows. Passkeys need a browser."""

import base64
import json
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts.audit.record import Action
from accounts.credentials import keyring
from accounts.models import AuditEntry, Team, User
from accounts.sign_in.two_factor import FactorAdapter
from tests.accounts.sign_in.factors import (
    SECRET,
    AppClock,
    add_app,
    code_of,
    is_in,
    set_up_app,
    sign_in,
    signed_in_by_form,
    stale,
)
from tests.clients import signed_in

pytestmark = pytest.mark.django_db

AUTHENTICATE = "/account/second-factor/authenticate/"


def kept() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        return repr(cursor.fetchall())


def actions(team: Team) -> list[str]:
    return list(AuditEntry._base_manager.filter(team=team).order_by("number").values_list("action", flat=True))


def test_app_is_set_up_and_asked_for_at_the_next_sign_in(acme: Team, alice: User, app_clock: AppClock) -> None:
    first = signed_in_by_form(alice)
    secret = set_up_app(first, app_clock)
    client = Client()

    password = sign_in(client, alice.email)
    before = "_auth_user_id" in client.session
    code = client.post(AUTHENTICATE, {"code": code_of(app_clock, secret)})

    assert (password.headers["Location"], before) == (AUTHENTICATE, False)
    assert (code.headers["Location"], is_in(client)) == ("/", True)


def test_wrong_code_is_refused_and_logged(acme: Team, alice: User, app_clock: AppClock) -> None:
    add_app(alice)
    client = Client()
    sign_in(client, alice.email)

    response = client.post(AUTHENTICATE, {"code": "000000"})

    assert "This code is not right" in response.content.decode()
    assert ("_auth_user_id" in client.session, actions(acme)) == (False, [Action.FACTOR_REFUSED])


def authenticated(user: User, code: str) -> bool:
    """Whether this code signs in, in a browser of its own."""
    client = Client()
    sign_in(client, user.email)
    client.post(AUTHENTICATE, {"code": code})
    return "_auth_user_id" in client.session


def test_code_works_once(alice: User, app_clock: AppClock) -> None:
    add_app(alice)
    code = code_of(app_clock)

    assert [authenticated(alice, code) for _ in range(2)] == [True, False]


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_code_of_the_step_before_or_after_is_accepted(
    alice: User, app_clock: AppClock, steps: int, accepted: bool
) -> None:
    add_app(alice)
    code = code_of(app_clock)
    app_clock.now -= 30 * steps

    assert authenticated(alice, code) is accepted


def test_code_works_once_within_its_whole_window_even_when_the_cache_was_emptied(
    alice: User, app_clock: AppClock
) -> None:
    add_app(alice)
    code = code_of(app_clock)
    app_clock.now -= 30
    signed_in_first = authenticated(alice, code)

    again = []
    for _ in range(3):
        cache.clear()
        again.append(authenticated(alice, code))
        app_clock.now += 30

    assert (signed_in_first, again) == (True, [False, False, False])


def test_code_of_an_earlier_step_is_refused_after_a_later_one(alice: User, app_clock: AppClock) -> None:
    add_app(alice)
    earlier, later = code_of(app_clock), code_of(app_clock)

    assert [authenticated(alice, code) for code in (later, earlier)] == [True, False]


def test_code_that_added_the_app_signs_nobody_in(alice: User, app_clock: AppClock) -> None:
    secret = set_up_app(signed_in(alice), app_clock)
    app_clock.now -= 30  # code_of goes on to the next step

    assert authenticated(alice, code_of(app_clock, secret)) is False
    assert authenticated(alice, code_of(app_clock, secret)) is True


def test_code_confirms_an_identity_once(alice: User, app_clock: AppClock) -> None:
    client = signed_in(alice)
    add_app(alice)
    code = code_of(app_clock)
    confirmed = [
        stale(client).post("/account/second-factor/reauthenticate/", {"code": code}).status_code for _ in range(2)
    ]

    assert confirmed == [302, 200]


def test_recovery_code_signs_in_once(alice: User) -> None:
    client = signed_in_by_form(alice)
    add_app(alice)
    client.post("/account/second-factor/codes/new/")
    shown = client.get("/account/second-factor/codes/").context["unused_codes"]
    again = client.get("/account/second-factor/codes/").content.decode()
    clients = Client(), Client()
    for each in clients:
        sign_in(each, alice.email)
        each.post(AUTHENTICATE, {"code": shown[0]})

    assert ["_auth_user_id" in each.session for each in clients] == [True, False]
    assert (len(shown), [code for code in shown if code in again]) == (10, [])


def test_secrets_are_sealed(alice: User) -> None:
    client = signed_in_by_form(alice)
    add_app(alice)
    client.post("/account/second-factor/codes/new/")
    codes = client.get("/account/second-factor/codes/").context["unused_codes"]

    assert SECRET not in kept()
    assert [code for code in codes if code in kept()] == []
    assert sorted(json.dumps(list(row.data)) for row in Authenticator.objects.all()) == [
        '["secret"]',
        '["seed", "used_mask", "viewed_at"]',
    ]


def test_secret_of_an_app_is_bound_to_its_purpose(alice: User) -> None:
    sealed = base64.b64decode(FactorAdapter().encrypt(SECRET))

    with pytest.raises(keyring.CannotOpen):
        keyring.ring().open(sealed, ["accounts.Credential", "pair", "1", ""])


def test_key_rotation_takes_second_factors_along(alice: User, settings: Any, app_clock: AppClock) -> None:
    old = add_app(alice).data["secret"]
    settings.CREDENTIAL_KEYS = [b"n" * 32, *settings.CREDENTIAL_KEYS]

    with pytest.raises(CommandError, match="still under an older key: 1"):
        call_command("rotate_credential_keys", "--check")
    call_command("rotate_credential_keys")
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]

    assert Authenticator.objects.get().data["secret"] != old
    client = Client()
    sign_in(client, alice.email)
    client.post(AUTHENTICATE, {"code": code_of(app_clock)})
    assert is_in(client) is True


@pytest.mark.django_db(transaction=True)
def test_new_factor_ends_the_sessions_that_began_without_it(acme: Team, alice: User, app_clock: AppClock) -> None:
    there, here = signed_in_by_form(alice), signed_in_by_form(alice)

    set_up_app(here, app_clock)

    assert (is_in(there), is_in(here)) == (False, True)
    assert actions(acme)[2:] == [Action.FACTOR_ADDED, Action.FACTOR_ADDED]


@pytest.mark.parametrize("path", ["app/add/", "codes/new/", "passkeys/add/"])
def test_changing_factors_needs_a_recent_sign_in(alice: User, path: str) -> None:
    response = stale(signed_in_by_form(alice)).get(f"/account/second-factor/{path}")

    assert response.headers["Location"].startswith("/account/reauthenticate/?next=")


def test_page_that_adds_an_app_has_no_inline_script(alice: User) -> None:
    client = signed_in_by_form(alice)

    for path in ("app/add/", "passkeys/add/", ""):
        page = client.get(f"/account/second-factor/{path}").content.decode()
        assert re.findall(r"<script(?![^>]*(?:src=|application/json))", page) == []
        assert re.findall(r' style="| on\w+="', page) == []


def test_command_removes_lost_factors_and_ends_the_sessions(acme: Team, alice: User) -> None:
    client = signed_in_by_form(alice)
    add_app(alice)

    call_command("remove_factors", "ALICE@acme.example")

    assert (Authenticator.objects.count(), is_in(client)) == (0, False)
    entry = AuditEntry._base_manager.filter(team=acme).latest("number")
    assert (entry.action, entry.actor_id) == (Action.FACTOR_REMOVED, None)
    with pytest.raises(CommandError, match="has no second factor"):
        call_command("remove_factors", "alice@acme.example")
    with pytest.raises(CommandError, match="nobody with the address"):
        call_command("remove_factors", "nobody@acme.example")


# ------------------------------------------------------------ required by a team


def edit(client: Client, **changed: str) -> object:
    values = {
        "name": "Acme", "time_zone": "Europe/Berlin", "two_people": "on", "most_leavers": "10",
        "most_leavers_percent": "5", "dry_run_hours": "24", "updates_kept_days": "365",
        "attach_limit": "10", "link_days": "30", "link_proof": "code", "confirm_outside_days": "91",
        "results_kept_days": "730", "pair_days": "365", "overlap_hours": "24", **changed,
    }  # fmt: skip
    return client.post("/t/acme/team/edit/", values)


def test_admin_without_a_factor_cannot_require_one(acme: Team, alice: User) -> None:
    response = edit(signed_in_by_form(alice), second_factor="on")

    assert "First set up a second factor for yourself" in response.content.decode()  # type: ignore[attr-defined]
    acme.refresh_from_db()
    assert acme.second_factor is False


def test_admin_with_a_factor_can_require_one(acme: Team, alice: User, bob: User) -> None:
    client = signed_in_by_form(alice)
    add_app(alice)

    edit(client, second_factor="on")

    theirs = signed_in_by_form(bob).get("/t/acme/", follow=True)
    assert theirs.redirect_chain == [("/account/second-factor/", 302)]
    assert "Acme asks for a second factor. Set one up to go on." in theirs.content.decode()
    assert client.get("/t/acme/").status_code == 200


def test_recovery_codes_alone_do_not_count_as_a_factor(acme: Team, alice: User) -> None:
    Team.objects.filter(pk=acme.pk).update(second_factor=True)
    Authenticator.objects.create(user=alice, type="recovery_codes", data={"seed": "", "used_mask": 0})
    client = signed_in(alice)

    assert client.get("/t/acme/").headers["Location"] == "/account/second-factor/"


def test_htmx_and_scripts_get_the_reason_too(acme: Team, alice: User) -> None:
    Team.objects.filter(pk=acme.pk).update(second_factor=True)
    client = signed_in_by_form(alice)

    piece = client.get("/t/acme/", headers={"HX-Request": "true"})
    program = client.get("/t/acme/", headers={"Accept": "application/json"})

    assert (piece.status_code, piece.headers["HX-Redirect"]) == (204, "/account/second-factor/")
    assert (program.status_code, program.json()["url"]) == (403, "/account/second-factor/")
