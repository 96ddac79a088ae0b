"""Every page and act about an object, in every state of the object: none fails with a 500.

The states come from the state machines, so a new state is walked without being named here.
"""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from django_scopes import scope

from accounts.models import Credential, MailStatus, Rotation, User
from exports.employee_updates import actions as employee_updates
from exports.employee_updates.feed.reading import read_file
from exports.employee_updates.feed.sheet import Sheet
from exports.models import Delivery, EmployeeUpdate, Link, Occurrence, Recipient, Result, Run, SavedExport, Schedule
from exports.models.employee_update import Stage
from exports.models.run import FINAL
from exports.models.run_kind import MARKING_LAST, OF_EXPORTS, OF_UPDATES, Kind
from exports.results import retention
from exports.runs.report_list import ListedReport, ReportList
from exports.runs.steps import steps_of
from tests.door.routes import TEAM_ROUTES, knocks
from tests.door.world import Case, World, knock
from tests.factories import make_run, make_update

READABLE = {200, 204, 286, 302, 400, 403, 404, 409, 410, 422}


def walk(world: World, admin: Client, case: Case, about: str, state: str, **ids: int) -> None:
    """Ask for each page and act about this kind of object, and for the pages that list it."""
    for route, method in knocks(TEAM_ROUTES):
        if about in route.objects or (method == "GET" and route.name in ("exports:home", f"exports:{about}-list")):
            with case(route, method, state):
                assert knock(admin, method, world.url(route, **ids)).status_code in READABLE


def change(model: Any, pk: int, **fields: Any) -> None:
    model._base_manager.filter(pk=pk).update(**fields)


# ------------------------------------------------------------ runs


def fields_of(status: Run.Status, kind: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"status": status, "kind": kind, "error": "It failed." if status == "failed" else ""}
    if status in FINAL:
        fields["finished_at"] = timezone.now()
    if kind in OF_EXPORTS and status not in ("queued", "selecting", "selected", "listing", "listed", "generating"):
        fields["remote_file"] = "export1.csv"
    if kind in MARKING_LAST:
        listed = ListedReport("R1", "Trip", "2026-10-01", "2026-10-02", "2026-10-03", "1250", "EUR", 1)
        fields |= {"mark_label": "Booked", "report_count": 1, "selection": ReportList((listed,)).as_json()}
    return fields


def statuses_of(kind: str) -> list[Run.Status]:
    """The states that a run of this kind can be in."""
    before_the_end = {status for step in steps_of(kind) for status in (step.resting, step.in_flight)}
    return [status for status in Run.Status if status in before_the_end or status in FINAL]


@pytest.mark.parametrize("kind", [kind for kind in OF_EXPORTS if kind != Kind.TRIAL])
def test_runs_of_exports(world: World, alice: User, admin: Client, case: Case, kind: str) -> None:
    with scope(team=world.team):
        export = SavedExport.objects.get(pk=world.objects["export"])
    for status in statuses_of(kind):
        run = make_run(export, alice, **fields_of(status, kind))
        walk(world, admin, case, "run", f"{kind} {status}", run=run.pk)


# ------------------------------------------------------------ employee updates

CELLS = {"email": "nina@acme.example", "manager": "nina@acme.example", "employee_id": "N-1", "policy": "P1"}
TABLE = b"Mail,Boss\nnina@acme.example,boss@acme.example\n"


def unmapped(world: World, alice: User) -> EmployeeUpdate:
    sheet = read_file(TABLE)
    assert isinstance(sheet, Sheet)
    with scope(team=world.team):
        credential = Credential.objects.get(pk=world.objects["credential"])
        return employee_updates.prepare(credential, "Unmapped", by=alice, content=sheet)


def with_rows(world: World, alice: User) -> EmployeeUpdate:
    with scope(team=world.team):
        credential = Credential.objects.get(pk=world.objects["credential"])
    return make_update(credential, alice, [CELLS], "Rows")


def without_rows(world: World, alice: User) -> EmployeeUpdate:
    with scope(team=world.team):
        credential = Credential.objects.get(pk=world.objects["credential"])
    return make_update(credential, alice, [], "No rows")


def reach(update: EmployeeUpdate, stage: Stage, alice: User) -> None:
    """Bring an update to a stage by the fields that define it."""
    now = timezone.now()
    fields: dict[str, Any] = {}
    if stage in (Stage.TRIED, Stage.WAITING, Stage.APPROVED):
        fields |= {"tried_at": now, "tried_hash": update.content_hash}
    if stage in (Stage.WAITING, Stage.APPROVED):
        fields["submitted_at"] = now
    if stage == Stage.APPROVED:
        fields |= {"approved_at": now, "approved_hash": update.content_hash, "approved_by_name": "Erin"}
    if stage == Stage.DISCARDED:
        fields["discarded_at"] = now
    if stage in (Stage.APPLYING, Stage.APPLIED, Stage.UNCONFIRMED):
        status = {Stage.APPLIED: "succeeded", Stage.UNCONFIRMED: "unconfirmed"}.get(stage, "updating")
        run = Run._base_manager.create(
            team=update.team,
            update=update,
            credential=update.credential,
            kind=Kind.APPLY,
            job={},
            template="",
            marks=True,
            source=Run.Source.PAGE,
            requested_by_name="Alice",
            status=status,
            finished_at=None if status == "updating" else now,
        )
        fields |= {"applied_by_run": run, "applied_at": now if status == "succeeded" else None}
    change(EmployeeUpdate, update.pk, **fields)


KINDS = {"unmapped": unmapped, "rows": with_rows, "no rows": without_rows}


# What has no rows yet is neither tried nor sent.
ALL_STAGES = [("rows", stage) for stage in Stage]
ALL_STAGES += [(kind, stage) for kind in ("unmapped", "no rows") for stage in (Stage.MAPPING, Stage.DISCARDED)]


@pytest.mark.parametrize(("kind", "stage"), ALL_STAGES)
def test_employee_updates(world: World, alice: User, admin: Client, case: Case, kind: str, stage: Stage) -> None:
    update = KINDS[kind](world, alice)
    reach(update, stage, alice)

    walk(world, admin, case, "update", f"{kind} {stage}", update=update.pk)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_discarded", [False, True])
def test_wiped_employee_updates(
    world: World, alice: User, admin: Client, case: Case, kind: str, is_discarded: bool
) -> None:
    update = KINDS[kind](world, alice)
    if is_discarded:
        reach(update, Stage.DISCARDED, alice)
    with scope(team=world.team):
        retention.wipe(update, by=alice)

    walk(world, admin, case, "update", f"{kind} wiped", update=update.pk)


@pytest.mark.parametrize("kind", OF_UPDATES)
def test_runs_of_employee_updates(world: World, alice: User, admin: Client, case: Case, kind: str) -> None:
    for status in statuses_of(kind):
        update = with_rows(world, alice)
        run = Run._base_manager.create(
            team=world.team,
            update=update,
            credential=update.credential,
            job={},
            template="",
            marks=False,
            source=Run.Source.PAGE,
            requested_by_name="Alice",
            **fields_of(status, kind),
        )
        walk(world, admin, case, "run", f"{kind} {status}", run=run.pk)
        walk(world, admin, case, "update", f"{kind} {status}", update=update.pk)


# ------------------------------------------------------------ the others


def states(world: World) -> Iterator[tuple[str, str, Any, dict[str, Any]]]:
    """Kind of object, state, model, and the fields that make the state."""
    now = timezone.now()
    for status in Rotation.Status:
        if status not in ("testing", "ready"):
            yield "rotation", status, Rotation, {"status": status, "pair": None}
    for credential_status in Credential.Status:
        if credential_status != "wiped":
            yield "credential", credential_status, Credential, {"status": credential_status}
    for outcome in Occurrence.Outcome:
        run = {"run": world.objects["run"] if outcome == "started" else None}
        yield "occurrence", outcome, Occurrence, {"outcome": outcome, "settled_at": now, **run}
    yield "occurrence", "not settled", Occurrence, {"settled_at": None}
    yield "occurrence", "held", Occurrence, {"settled_at": now, "held_because": "Too few rows."}
    for mail_status in MailStatus:
        yield "delivery", mail_status, Delivery, {"status": mail_status}
    for way in Delivery.Way:
        yield "delivery", f"sent as {way}", Delivery, {"status": "sent", "way": way, "result": None}
    for state in Recipient.State:
        yield "recipient", state, Recipient, {"state": state}
    yield "link", "revoked", Link, {"revoked_at": now}
    yield "link", "expired", Link, {"expires_at": now - timedelta(days=1)}
    yield "schedule", "archived", Schedule, {"archived_at": now, "next_at": None}
    yield "schedule", "paused", Schedule, {"paused_at": now, "next_at": None}
    yield "export", "archived", SavedExport, {"archived_at": now}
    yield "result", "purged", Result, {"purged_at": now}
    yield "result", "changed in storage", Result, {"sha256": "0" * 64}
    yield "result", "lost", Result, {"file": "nowhere.pdf"}


def test_everything_else(world: World, admin: Client, case: Case) -> None:
    for about, state, model, fields in states(world):
        pk = world.objects[about]
        before = model._base_manager.filter(pk=pk).values(*fields).get()
        change(model, pk, **fields)
        walk(world, admin, case, about, state)
        change(model, pk, **before)


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.xls", "a.json", "a.xml", "a.txt", "a.zip", "a.pdf", "a.bin"])
@pytest.mark.parametrize("content", [b"", b"\0\xff\xfe", b"sep=;\n", b'{"a": "\\ud800"}', b'a,b\n"x'])
def test_files_of_every_kind(world: World, admin: Client, case: Case, name: str, content: bytes) -> None:
    path = default_storage.path(f"walk/{name}")
    with scope(team=world.team):
        result = Result.objects.get(pk=world.objects["result"])

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content)
    change(
        Result,
        result.pk,
        file=f"walk/{name}",
        name=name,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        media_type="application/octet-stream",
    )

    walk(world, admin, case, "result", f"{name} {content!r}")
