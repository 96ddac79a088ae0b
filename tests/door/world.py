"""A team with one of everything, the people and scripts that ask for it, and how their requests are undone."""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

import pypdfium2
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts import invitations, tokens
from accounts.audit.record import Action
from accounts.credentials import rotation as rotation_actions
from accounts.models import AccessToken, AuditEntry, Membership, SavedAuditView, Team, User
from accounts.permissions import Permission, Role
from accounts.sign_in import recent as recent_sign_in
from expensify.pair import KeyPair
from exports.models import Freeze, Holiday, Run
from tests.clients import signed_in
from tests.door.routes import Route
from tests.factories import (
    make_credential,
    make_delivery,
    make_export,
    make_link,
    make_member,
    make_occurrence,
    make_recipient,
    make_result,
    make_run,
    make_schedule,
    make_update,
)

# Opens one case: what a route answers to one method and one person or script.
Case = Callable[[Route, str, str], AbstractContextManager[None]]


class World(NamedTuple):
    """A team with one of everything, and the ids of its objects by the names of URL arguments, without `_id`."""

    team: Team
    objects: dict[str, int]

    def url(self, route: Route, team: Team | None = None, **others: int) -> str:
        """The address of a route with this world's objects, or `others`; an unknown URL argument is a KeyError."""
        ids = self.objects | others
        objects = {name: ids[name.removesuffix("_id")] for name in route.arguments if name != "team"}
        return reverse(route.name, kwargs={"team": (team or self.team).slug, **objects})


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
    run = make_run(export, admin, Run.Status.SUCCEEDED, remote_file="report.pdf")
    result = make_result(run, page.getvalue(), "report.pdf")
    with scope(team=team):
        cells = {"email": "nina@acme.example", "manager": "nina@acme.example", "employee_id": "N-1", "policy": "P1"}
        rotation = rotation_actions.start_rotation(credential, KeyPair("aa_walk", "w" * 40), by=admin)
        rotation_actions.give_up_check(rotation, "It was not tested.")
        holiday = Holiday.objects.create(team=team, on=now.date(), name="Works outing")
        freeze = Freeze.objects.create(team=team, first=now.date(), last=now.date(), reason="Audit")
        update = make_update(credential, admin, [cells], "Walk")
        view = SavedAuditView.objects.create(team=team, user=admin, name="Walk", query="action=x", is_shared=True)
    schedule = make_schedule(export, admin)
    occurrence = make_occurrence(schedule)
    recipient = make_recipient(schedule, "nina@acme.example")
    delivery = make_delivery(occurrence, recipient)
    somebody = Membership.objects.get(user=make_member(team, "Somebody", Role.VIEWER))
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
def rolled_back() -> Iterator[None]:
    """Undo all changes to the database at the end, so the next request meets the same world."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def sign_in_an_hour_ago(user: User) -> Client:
    client = signed_in(user)
    session = client.session
    session[recent_sign_in.KEY] -= 3600
    session.save()
    return client


def knock(client: Client, method: str, url: str, **headers: str) -> HttpResponse:
    """Send a request as `client`, which keeps the cookies it had: its session is rolled back with the rest.

    No browser or proxy may store the answer, whatever it is.
    """
    cookies = dict(client.cookies)
    response = client.generic(method, url, content_type="application/x-www-form-urlencoded", headers=headers)
    if response.streaming:
        list(response.streaming_content)  # a file is closed when it has been read
    assert response.headers["Cache-Control"] == "no-store"
    client.cookies.clear()
    client.cookies.update(cookies)
    return response


def ask(client: Client, secret: str, method: str, url: str) -> HttpResponse:
    """Send a request as a script; the answer to a failure has to be one sentence in JSON."""
    response = knock(client, method, url, Authorization=f"Bearer {secret}")
    if not response.streaming and response.status_code >= 400:
        assert list(response.json()) == ["detail"]
        assert response.json()["detail"].endswith(".")
    return response


def changes_logged() -> int:
    return AuditEntry._base_manager.exclude(action=Action.SIGNED_IN).count()


def last_entry(team: Team) -> AuditEntry:
    return AuditEntry._base_manager.filter(team=team).latest("number")
