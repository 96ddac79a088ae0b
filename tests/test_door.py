"""The walk: every route of the portal, as everybody who might knock there."""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pypdfium2
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from django_scopes import scope

from accounts import freshness, invitations, rotations, tokens
from accounts.audit import Action
from accounts.models import AccessToken, AuditEntry, Membership, SavedAuditView, Team, User
from accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from expensify.client import Pair
from exports import employee_updates
from exports.employees import Row
from exports.models import Freeze, Holiday, Result, Run
from tests.accounts.factors import add_app
from tests.conftest import make_credential, make_export, member
from tests.exports.schedule_rows import (
    make_delivery,
    make_link,
    make_occurrence,
    make_recipient,
    make_schedule,
)

P = Permission
READ, CHANGE, FORM = {"GET"}, {"POST"}, {"GET", "POST"}

# What each route asks for and understands, written by hand: a new route is a KeyError until it stands here.
ROUTES: dict[str, tuple[Permission, set[str]]] = {
    "accounts:credential-list": (P.VIEW_CREDENTIALS, READ),
    "accounts:credential-new": (P.MANAGE_CREDENTIALS, FORM),
    "accounts:credential": (P.VIEW_CREDENTIALS, READ),
    "accounts:credential-status": (P.VIEW_CREDENTIALS, READ),
    "accounts:credential-rename": (P.MANAGE_CREDENTIALS, FORM),
    "accounts:credential-check": (P.MANAGE_CREDENTIALS, CHANGE),
    "accounts:credential-wipe": (P.MANAGE_CREDENTIALS, FORM),
    "accounts:audit-list": (P.VIEW_AUDIT, READ),
    "accounts:audit-csv": (P.VIEW_AUDIT, READ),
    "accounts:audit-jsonl": (P.VIEW_AUDIT, READ),
    "accounts:audit-view-save": (P.VIEW_AUDIT, CHANGE),
    "accounts:audit-view-remove": (P.VIEW_AUDIT, CHANGE),
    "exports:audit-prove": (P.VIEW_AUDIT, FORM),
    "accounts:token-list": (P.VIEW_EXPORTS, READ),
    "accounts:token-new": (P.VIEW_EXPORTS, FORM),
    "accounts:token-revoke": (P.VIEW_EXPORTS, CHANGE),
    "accounts:team": (P.VIEW_TEAM, READ),
    "accounts:team-edit": (P.MANAGE_TEAM, FORM),
    "accounts:member-role": (P.MANAGE_TEAM, CHANGE),
    "accounts:member-remove": (P.MANAGE_TEAM, CHANGE),
    "accounts:member-invite": (P.MANAGE_TEAM, FORM),
    "accounts:member-invitation-again": (P.MANAGE_TEAM, CHANGE),
    "accounts:member-invitation-revoke": (P.MANAGE_TEAM, CHANGE),
    "exports:home": (P.VIEW_EXPORTS, READ),
    "exports:budget": (P.VIEW_EXPORTS, READ),
    "exports:credential-budget": (P.VIEW_CREDENTIALS, READ),
    "exports:rotation-new": (P.MANAGE_CREDENTIALS, FORM),
    "exports:credential-leaked": (P.MANAGE_CREDENTIALS, FORM),
    "exports:rotation": (P.VIEW_CREDENTIALS, READ),
    "exports:rotation-status": (P.VIEW_CREDENTIALS, READ),
    "exports:rotation-check": (P.MANAGE_CREDENTIALS, CHANGE),
    "exports:rotation-try": (P.MANAGE_CREDENTIALS, CHANGE),
    "exports:rotation-approve": (P.MANAGE_CREDENTIALS, CHANGE),
    "exports:rotation-cut-over": (P.MANAGE_CREDENTIALS, CHANGE),
    "exports:rotation-cancel": (P.MANAGE_CREDENTIALS, CHANGE),
    "exports:rotation-roll-back": (P.MANAGE_CREDENTIALS, CHANGE),
    "exports:export-list": (P.VIEW_EXPORTS, READ),
    "exports:export-new": (P.EDIT_EXPORTS, FORM),
    "exports:export": (P.VIEW_EXPORTS, READ),
    "exports:export-edit": (P.EDIT_EXPORTS, FORM),
    "exports:export-clone": (P.EDIT_EXPORTS, CHANGE),
    "exports:export-archive": (P.EDIT_EXPORTS, CHANGE),
    "exports:export-preview": (P.EDIT_EXPORTS, CHANGE),
    "exports:export-import": (P.EDIT_EXPORTS, CHANGE),
    "exports:export-compare": (P.VIEW_EXPORTS, READ),
    "exports:export-restore": (P.EDIT_EXPORTS, CHANGE),
    "exports:export-share": (P.VIEW_EXPORTS, READ),
    "exports:export-run": (P.RUN_EXPORTS, CHANGE),
    "exports:run-list": (P.VIEW_EXPORTS, READ),
    "exports:run": (P.VIEW_EXPORTS, READ),
    "exports:run-timeline": (P.VIEW_EXPORTS, READ),
    "exports:run-cancel": (P.RUN_EXPORTS, CHANGE),
    "exports:run-again": (P.RUN_EXPORTS, CHANGE),
    "exports:run-same-reports": (P.RUN_EXPORTS, CHANGE),
    "exports:run-mark-now": (P.RUN_EXPORTS, CHANGE),
    "exports:run-looked-after": (P.RUN_EXPORTS, CHANGE),
    "exports:result": (P.VIEW_EXPORTS, READ),
    "exports:result-download": (P.DOWNLOAD_RESULTS, READ),
    "exports:result-workbook": (P.DOWNLOAD_RESULTS, READ),
    "exports:result-picture": (P.VIEW_EXPORTS, READ),
    "exports:calendar": (P.VIEW_EXPORTS, READ),
    "exports:holiday-list": (P.VIEW_EXPORTS, READ),
    "exports:holiday-add": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:holiday-strike": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:holiday-national": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:holiday-import": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:holiday-remove": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:freeze-list": (P.VIEW_EXPORTS, READ),
    "exports:freeze-add": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:freeze-remove": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:schedule-list": (P.VIEW_EXPORTS, READ),
    "exports:schedule-new": (P.MANAGE_SCHEDULES, FORM),
    "exports:schedule-preview": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:schedule": (P.VIEW_EXPORTS, READ),
    "exports:schedule-edit": (P.MANAGE_SCHEDULES, FORM),
    "exports:schedule-pause": (P.MANAGE_SCHEDULES, FORM),
    "exports:schedule-resume": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:schedule-archive": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:schedule-recipients": (P.VIEW_EXPORTS, READ),
    "exports:schedule-confirm": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:recipient-confirm": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:occurrence": (P.VIEW_EXPORTS, READ),
    "exports:occurrence-send-anyway": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:delivery-again": (P.MANAGE_SCHEDULES, FORM),
    "exports:delivery-withdraw": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:link-revoke": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:update-list": (P.VIEW_UPDATES, READ),
    "exports:update-new": (P.PREPARE_UPDATES, FORM),
    "exports:update-columns": (P.PREPARE_UPDATES, FORM),
    "exports:update-settings": (P.PREPARE_UPDATES, FORM),
    "exports:update-rows": (P.VIEW_UPDATES, READ),
    "exports:update-rows-change": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-rows-paste": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-rows-members": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-rows-read": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-rows-keep": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-rows-waiting": (P.VIEW_UPDATES, READ),
    "exports:update": (P.VIEW_UPDATES, READ),
    "exports:update-course": (P.VIEW_UPDATES, READ),
    "exports:update-changes": (P.VIEW_UPDATES, READ),
    "exports:update-answer": (P.VIEW_UPDATES, READ),
    "exports:update-receipt": (P.VIEW_UPDATES, READ),
    "exports:update-receipt-file": (P.VIEW_UPDATES, READ),
    "exports:update-present": (P.VIEW_UPDATES, READ),
    "exports:update-members": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-accept": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-try": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-submit": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-approve": (P.APPROVE_UPDATES, CHANGE),
    "exports:update-withdraw": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-apply": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-discard": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-reverse": (P.PREPARE_UPDATES, CHANGE),
}

# Whose changes ask for a fresh sign-in: credentials, members, settings of the team, and approvals.
FRESH = {
    "accounts:credential-new",
    "accounts:credential-rename",
    "accounts:credential-check",
    "accounts:credential-wipe",
    "accounts:team-edit",
    "accounts:member-role",
    "accounts:member-remove",
    "accounts:member-invite",
    "accounts:member-invitation-again",
    "accounts:member-invitation-revoke",
    "exports:update-approve",
    "exports:rotation-new",
    "exports:credential-leaked",
    "exports:rotation-check",
    "exports:rotation-try",
    "exports:rotation-approve",
    "exports:rotation-cut-over",
    "exports:rotation-cancel",
    "exports:rotation-roll-back",
    "accounts:token-new",
}

# The same for scripts, which come with a token.
API_ROUTES_BY_NAME: dict[str, tuple[Permission, set[str]]] = {
    "exports:api-export-list": (P.VIEW_EXPORTS, READ),
    "exports:api-run-start": (P.RUN_EXPORTS, CHANGE),
    "exports:api-run": (P.VIEW_EXPORTS, READ),
    "exports:api-result-download": (P.DOWNLOAD_RESULTS, READ),
    "exports:api-audit-list": (P.VIEW_AUDIT, READ),
}

# What lies outside of every team, and why it may.
WITHOUT_A_TEAM = {
    "accounts:start",  # leads on to a team of one's own
    "exports:api",  # describes the API, and nothing of any team
    "exports:api-schema",
    "healthz",
    "readyz",
    "accounts:invitation",  # opened by its token
    "account",
    # For recipients, most of whom have no account: the token says whose they are.
    "exports:link",  # shows a page; the file waits for a proof
    "exports:link-code",  # mails a code to the link's own address
    "exports:link-file",  # gives the file to who has proved to be its recipient
    "exports:unsubscribe",  # stops one schedule for one address
    "account_login",
    "account_sso",  # both only when OIDC_ISSUER is set
    "account_sso_callback",
    "account_end_session",
    "usersessions_list",
    "mfa_index",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_login_webauthn",
    "mfa_reauthenticate_webauthn",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
    "account_logout",
    "account_inactive",
    "account_signup",  # closed
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}


# Which of them answer somebody who has not signed in: all that leads to a sign-in, and what a token opens.
FOR_ANYBODY = {
    "healthz",
    "readyz",
    "exports:api-schema",
    "exports:link",
    "exports:link-code",
    "exports:link-file",
    "exports:unsubscribe",
    "accounts:invitation",
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_sso",
    "account_sso_callback",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}


class Route(NamedTuple):
    name: str
    path: str
    view: Callable[..., HttpResponse]
    arguments: tuple[str, ...]


def walk(resolver: URLResolver, prefix: str = "", namespace: str = "") -> Iterator[Route]:
    for each in resolver.url_patterns:
        path = prefix + str(each.pattern)
        if isinstance(each, URLPattern):
            yield Route(f"{namespace}{each.name}", path, each.callback, tuple(each.pattern.converters))
        else:
            yield from walk(each, path, f"{each.namespace}:" if each.namespace else namespace)


ALL = list(walk(get_resolver()))
TEAM_ROUTES = [route for route in ALL if route.path.startswith("t/")]
API_ROUTES = [route for route in ALL if route.path.startswith("api/t/")]
WITH_OBJECT = [route for route in TEAM_ROUTES if len(route.arguments) > 1]
BY_NAME = pytest.mark.parametrize("route", TEAM_ROUTES, ids=lambda route: route.name)
BY_API_NAME = pytest.mark.parametrize("route", API_ROUTES, ids=lambda route: route.name)


def knocks(routes: list[Route]) -> Any:
    """Each route with each of its methods. One that is not in the table has none: the first test speaks of it."""
    methods = {name: methods for name, (_, methods) in (ROUTES | API_ROUTES_BY_NAME).items()}
    each = [(route, method) for route in routes for method in sorted(methods.get(route.name, ()))]
    return pytest.mark.parametrize(
        ("route", "method"), each, ids=[f"{method}-{route.name}" for route, method in each]
    )


class World(NamedTuple):
    """A team with one of everything, and the ids by the names that URL arguments have."""

    team: Team
    objects: dict[str, int]

    def arguments(self, route: Route, team: Team | None = None) -> dict[str, Any]:
        objects = {name: self.objects[name] for name in route.arguments if name != "team"}
        return {"team": (team or self.team).slug, **objects}

    def url(self, route: Route, team: Team | None = None) -> str:
        return reverse(route.name, kwargs=self.arguments(route, team))


def token_of(team: Team, user: User, granted: Iterable[Permission] = tokens.FOR_SCRIPTS) -> AccessToken:
    """A token that was given all of this, whatever the role had."""
    with scope(team=team):
        membership = Membership.objects.get(team=team, user=user)
        token, token.secret = tokens.make(membership, f"Script {len(user.access_tokens.all())}", [], 30)
        token.permissions = [permission.value for permission in granted]
        token.save(update_fields=["permissions"])
    return token


def make_world(team: Team, admin: User) -> World:
    now = timezone.now()
    credential = make_credential(team)
    export = make_export(credential, admin)
    page = io.BytesIO()
    document = pypdfium2.PdfDocument.new()
    document.new_page(200, 100)
    document.save(page)
    document.close()
    with scope(team=team):
        run = Run.objects.create(
            team=team, export=export, version=export.version, credential=credential, job={}, template="",
            marks=False, source="page", requested_by=admin, requested_by_name=str(admin),
            status=Run.Status.SUCCEEDED, finished_at=now, moved_at=now, remote_file="report.pdf",
        )  # fmt: skip
        result = Result.objects.create(
            team=team, run=run, name="report.pdf", media_type="application/pdf", size=page.tell(), rows=None,
            sha256="0" * 64, file=default_storage.save(f"walk/{team.slug}.pdf", ContentFile(page.getvalue())),
        )  # fmt: skip
        cells = {
            "email": "nina@acme.example",
            "manager": "nina@acme.example",
            "employee_id": "N-1",
            "policy": "P1",
        }
        rotation = rotations.start(credential, Pair("aa_walk", "w" * 40), by=admin)
        rotations.give_up_check(rotation, "It was not tested.")
        holiday = Holiday.objects.create(team=team, on=now.date(), name="Works outing")
        freeze = Freeze.objects.create(team=team, first=now.date(), last=now.date(), reason="Audit")
        update = employee_updates.prepare(credential, "Walk", by=admin, content=[Row(1, cells)])
        view = SavedAuditView.objects.create(
            team=team, user=admin, name="Walk", query="action=x", is_shared=True
        )
    schedule = make_schedule(export, admin)
    occurrence = make_occurrence(schedule)
    recipient = make_recipient(schedule, "nina@acme.example")
    delivery = make_delivery(occurrence, recipient)
    somebody = Membership.objects.get(user=member(team, "Somebody", Role.VIEWER))
    return World(
        team,
        {
            "credential": credential.pk,
            "export": export.pk,
            "run": run.pk,
            "result": result.pk,
            "membership": somebody.pk,
            "update": update.pk,
            "rotation": rotation.pk,
            "holiday": holiday.pk,
            "freeze": freeze.pk,
            "schedule": schedule.pk,
            "occurrence": occurrence.pk,
            "recipient": recipient.pk,
            "delivery": delivery.pk,
            "link": make_link(delivery).pk,
            "view": view.pk,
            "invitation": invitations.invite(team, "new@example.org", Role.VIEWER, by=admin).pk,
            "token": token_of(team, admin).pk,
        },
    )


@contextmanager
def undone() -> Iterator[None]:
    """Whatever was done meanwhile was not: the same world is there for the next one who knocks."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def world(acme: Team, alice: User, redis_client: Any) -> World:
    return make_world(acme, alice)


def knock(user: User | None, method: str, url: str) -> HttpResponse:
    client = Client()
    if user is not None:
        client.force_login(user)
    response = client.generic(method, url, content_type="application/x-www-form-urlencoded")
    if response.streaming:
        list(response.streaming_content)  # a file is closed when it has been read
    return response


# ------------------------------------------------------------ the map


def test_walk_finds_the_routes() -> None:
    assert {route.name for route in TEAM_ROUTES} == set(ROUTES)


@BY_NAME
def test_every_team_route_has_a_door_that_asks_for_the_right_permission(route: Route) -> None:
    assert route.view.door is ROUTES[route.name][0]  # type: ignore[attr-defined]


@BY_NAME
def test_every_team_route_names_its_team(route: Route) -> None:
    assert (route.path.startswith("t/<slug:team>/"), route.arguments[0]) == (True, "team")


def test_nothing_else_is_outside_of_a_team() -> None:
    of_teams = [*TEAM_ROUTES, *API_ROUTES]

    assert {route.name for route in ALL if route not in of_teams} - WITHOUT_A_TEAM == set()


OUTSIDE = [route for route in ALL if route not in [*TEAM_ROUTES, *API_ROUTES]]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "route", [route for route in OUTSIDE if route.name not in FOR_ANYBODY], ids=lambda route: route.name
)
def test_stranger_is_asked_to_sign_in_outside_of_the_teams_too(db: None, route: Route, method: str) -> None:
    url = reverse(route.name, kwargs=dict.fromkeys(route.arguments, 1))

    response = knock(None, method, url)

    assert (response.status_code, response.headers["Location"].partition("?")[0]) == (302, "/account/login/")


def test_walk_finds_the_routes_for_scripts() -> None:
    assert {route.name for route in API_ROUTES} == set(API_ROUTES_BY_NAME)


@BY_API_NAME
def test_every_route_for_scripts_has_a_door_and_names_its_team(route: Route) -> None:
    assert route.view.door is API_ROUTES_BY_NAME[route.name][0]  # type: ignore[attr-defined]
    assert (route.path.startswith("api/t/<slug:team>/"), route.arguments[0]) == (True, "team")


def test_tokens_are_given_exactly_what_scripts_can_ask_for() -> None:
    assert {permission for permission, _ in API_ROUTES_BY_NAME.values()} == set(tokens.FOR_SCRIPTS)


# ------------------------------------------------------------ who comes in


@knocks(TEAM_ROUTES)
def test_role_gets_exactly_its_permissions(world: World, route: Route, method: str) -> None:
    permission, _ = ROUTES[route.name]
    for role in Role:
        with undone():
            person = member(world.team, "Person", role)
            if route.name == "accounts:token-revoke":
                # One's own: of another's, only an Admin learns that there is one.
                world.objects["token"] = token_of(world.team, person).pk

            response = knock(person, method, world.url(route))

            if permission in ROLE_PERMISSIONS[role]:
                assert response.status_code in {200, 302, 286}, role
                assert not response.headers.get("Location", "").startswith("/account/"), role
            else:
                assert response.status_code == 403, role


@knocks(TEAM_ROUTES)
def test_outsider_gets_404_like_for_a_team_that_does_not_exist(
    world: World, charlie: User, route: Route, method: str
) -> None:
    assert knock(charlie, method, world.url(route)).status_code == 404
    nowhere = world.url(route).replace("/acme/", "/nowhere/")
    assert knock(charlie, method, nowhere).status_code == 404


@knocks(WITH_OBJECT)
def test_object_of_another_team_or_of_none_is_not_found(
    world: World, alice: User, umbrella: Team, charlie: User, route: Route, method: str
) -> None:
    nothing = dict.fromkeys(route.arguments, 10**18) | {"team": "acme"}

    assert knock(charlie, method, world.url(route, umbrella)).status_code == 404
    assert knock(alice, method, reverse(route.name, kwargs=nothing)).status_code == 404


@BY_NAME
def test_other_methods_are_refused(world: World, alice: User, route: Route) -> None:
    refused = {"GET", "POST", "PUT", "PATCH", "DELETE"} - ROUTES[route.name][1]

    assert {knock(alice, method, world.url(route)).status_code for method in refused} == {405}


@BY_NAME
def test_stranger_and_person_whose_account_is_closed_are_asked_to_sign_in(
    world: World, alice: User, route: Route
) -> None:
    closed, url = Client(), world.url(route)
    closed.force_login(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)

    for method in ROUTES[route.name][1]:
        for client in (Client(), closed):
            response = client.generic(method, url)

            assert (response.status_code, response.headers["Location"]) == (
                302,
                f"/account/login/?next={url}",
            )


def test_superuser_has_no_way_around_the_door(world: World, charlie: User) -> None:
    User.objects.filter(pk=charlie.pk).update(is_superuser=True, is_staff=True)

    assert knock(charlie, "GET", "/t/acme/").status_code == 404


def test_removed_member_is_out_with_the_next_click(world: World, bob: User) -> None:
    client = Client()
    client.force_login(bob)
    assert client.get("/t/acme/").status_code == 200

    Membership.objects.filter(user=bob).delete()

    assert client.get("/t/acme/").status_code == 404


# ------------------------------------------------------------ how sure the door is of them


def test_changes_to_credentials_people_and_settings_ask_for_a_fresh_sign_in() -> None:
    assert {route.name for route in TEAM_ROUTES if route.view.fresh} == FRESH  # type: ignore[attr-defined]


def changes_logged() -> int:
    return AuditEntry._base_manager.exclude(action=Action.SIGNED_IN).count()


def stale(user: User, method: str, url: str, **headers: Any) -> HttpResponse:
    """As somebody who signed in an hour ago."""
    client = Client()
    client.force_login(user)
    session = client.session
    session[freshness.KEY] -= 3600
    session.save()
    return client.generic(method, url, content_type="application/x-www-form-urlencoded", headers=headers)


@knocks([route for route in TEAM_ROUTES if route.name in FRESH])
def test_old_sign_in_may_look_and_has_to_confirm_to_change(
    world: World, alice: User, route: Route, method: str
) -> None:
    before = changes_logged()

    response = stale(alice, method, world.url(route), Referer="http://testserver/t/acme/team/?x=1")

    confirm = "/account/reauthenticate/?next=%2Ft%2Facme%2Fteam%2F%3Fx%3D1"
    expected = (302, confirm) if method == "POST" else (200, None)
    assert (response.status_code, response.headers.get("Location")) == expected
    assert changes_logged() == before


@knocks(TEAM_ROUTES)
def test_member_without_a_factor_can_do_nothing_where_the_team_asks_for_one(
    world: World, alice: User, route: Route, method: str
) -> None:
    Team.objects.filter(pk=world.team.pk).update(second_factor=True)
    before = changes_logged()

    response = knock(alice, method, world.url(route))

    assert (response.status_code, response.headers["Location"]) == (302, "/account/second-factor/")
    assert changes_logged() == before


def test_member_with_a_factor_goes_on(world: World, alice: User) -> None:
    Team.objects.filter(pk=world.team.pk).update(second_factor=True)
    add_app(alice)

    assert knock(alice, "GET", "/t/acme/").status_code == 200


def test_token_of_a_member_without_a_factor_opens_nothing_where_the_team_asks_for_one(
    world: World, alice: User
) -> None:
    Team.objects.filter(pk=world.team.pk).update(second_factor=True)

    answer = ask(token_of(world.team, alice).secret, "GET", "/api/t/acme/exports/")

    assert (answer.status_code, "a second factor" in answer.json()["detail"]) == (403, True)


def test_outsider_does_not_learn_what_a_team_asks_for(world: World, charlie: User) -> None:
    Team.objects.filter(pk=world.team.pk).update(second_factor=True)

    assert knock(charlie, "GET", "/t/acme/").status_code == 404


# ------------------------------------------------------------ who comes in with a token


def ask(secret: str, method: str, url: str) -> HttpResponse:
    """As a script; what is said of a failure has to be one sentence in JSON."""
    response = Client().generic(method, url, headers={"Authorization": f"Bearer {secret}"})
    if response.streaming:
        list(response.streaming_content)
    elif response.status_code >= 400:
        assert list(response.json()) == ["detail"]
        assert response.json()["detail"].endswith(".")
    return response


SCOPES = pytest.mark.parametrize(
    "granted",
    [tokens.FOR_SCRIPTS, (), *((permission,) for permission in tokens.FOR_SCRIPTS)],
    ids=lambda granted: "+".join(granted) if len(granted) < 2 else "all",
)


@knocks(API_ROUTES)
@SCOPES
def test_token_opens_what_both_it_and_the_role_include(
    world: World, route: Route, method: str, granted: tuple[Permission, ...]
) -> None:
    permission, _ = API_ROUTES_BY_NAME[route.name]
    for role in Role:
        with undone():
            token = token_of(world.team, member(world.team, "Person", role), granted)

            response = ask(token.secret, method, world.url(route))

            opens = permission in ROLE_PERMISSIONS[role] and permission in granted
            assert (response.status_code in {200, 201}, response.status_code == 403) == (opens, not opens), (
                role
            )


@knocks(API_ROUTES)
def test_token_of_another_team_gets_404_even_where_its_person_is_a_member(
    world: World, umbrella: Team, charlie: User, route: Route, method: str
) -> None:
    token = token_of(umbrella, charlie)
    assert ask(token.secret, method, world.url(route)).status_code == 404

    Membership.objects.create(team=world.team, user=charlie, role=Role.ADMIN)

    assert ask(token.secret, method, world.url(route)).status_code == 404
    entry = AuditEntry._base_manager.filter(team=world.team).latest("number")
    assert (entry.action, entry.actor_id, entry.data["token"]) == (
        Action.ACCESS_DENIED,
        charlie.pk,
        str(token),
    )


@knocks([route for route in API_ROUTES if len(route.arguments) > 1])
def test_token_finds_no_object_of_another_team(
    world: World, umbrella: Team, charlie: User, route: Route, method: str
) -> None:
    secret = token_of(umbrella, charlie).secret
    nothing = dict.fromkeys(route.arguments, 10**18) | {"team": "umbrella"}

    assert ask(secret, method, world.url(route, umbrella)).status_code == 404
    assert ask(secret, method, reverse(route.name, kwargs=nothing)).status_code == 404
    assert ask(secret, method, "/api/t/nowhere/exports/").status_code in {404, 405}


@BY_API_NAME
def test_script_is_refused_other_methods(world: World, alice: User, route: Route) -> None:
    secret, methods = token_of(world.team, alice).secret, API_ROUTES_BY_NAME[route.name][1]
    refused = {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods

    responses = [ask(secret, method, world.url(route)) for method in refused]

    assert {(each.status_code, each.headers["Allow"]) for each in responses} == {(405, *methods)}


@knocks(API_ROUTES)
def test_without_a_token_nothing_opens_not_even_for_who_is_signed_in(
    world: World, alice: User, route: Route, method: str
) -> None:
    response = knock(alice, method, world.url(route))

    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")


@knocks(API_ROUTES)
@pytest.mark.parametrize("end", ["expired", "revoked", "account closed"])
def test_ended_token_opens_nothing(world: World, alice: User, route: Route, method: str, end: str) -> None:
    token = token_of(world.team, alice)
    with scope(team=world.team):
        if end == "expired":
            AccessToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
        elif end == "revoked":
            tokens.revoke(token, by=alice)
    if end == "account closed":
        User.objects.filter(pk=alice.pk).update(is_active=False)

    assert ask(token.secret, method, world.url(route)).status_code == 401
    entry = AuditEntry._base_manager.filter(team=world.team).latest("number")
    assert (entry.action, entry.target_id, entry.data["why"]) == (Action.TOKEN_REFUSED, token.pk, end)


@BY_NAME
def test_token_opens_no_page(world: World, alice: User, route: Route) -> None:
    secret = token_of(world.team, alice).secret
    for method in ROUTES[route.name][1]:
        response = Client().generic(method, world.url(route), headers={"Authorization": f"Bearer {secret}"})

        assert (response.status_code, response.headers["Location"][:15]) == (302, "/account/login/")


# ------------------------------------------------------------ what the log says of it


@pytest.mark.parametrize(("name", "status"), [("bob", 403), ("charlie", 404)])
def test_denied_attempt_is_in_the_log_of_the_team(
    world: World, bob: User, charlie: User, name: str, status: int
) -> None:
    person = {"bob": bob, "charlie": charlie}[name]
    response = Client()
    response.force_login(person)

    assert response.get("/t/acme/audit/?person=1", REMOTE_ADDR="192.0.2.7").status_code == status

    entry = AuditEntry._base_manager.filter(team=world.team).latest("number")
    assert (entry.action, entry.actor_id, entry.address) == (Action.ACCESS_DENIED, person.pk, "192.0.2.7")
    assert entry.data == {"path": "/t/acme/audit/", "method": "GET", "needed": "read the audit log"}


def test_denied_change_changes_nothing(world: World, bob: User) -> None:
    url = reverse("accounts:credential-wipe", args=["acme", world.objects["credential"]])

    assert knock(bob, "POST", url).status_code == 403
    with scope(team=world.team):
        assert world.team.credentials.get().can_call is True


def test_change_without_its_token_is_refused(world: World, alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    url = reverse("accounts:credential-wipe", args=["acme", world.objects["credential"]])

    response = client.post(url)

    assert response.status_code == 403
    assert "This form was open for too long" in response.content.decode()
    with scope(team=world.team):
        assert world.team.credentials.get().can_call is True
