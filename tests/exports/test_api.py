"""The API as scripts use it; tests/door test its permissions."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_scopes import scope

from accounts import tokens
from accounts.audit.record import Action
from accounts.models import AuditEntry, Credential, Membership, OnceKey, Team, User
from accounts.permissions import Role
from exports import api
from exports.employee_updates import actions as employee_updates
from exports.models import Result, Run, SavedExport
from exports.saved_exports import actions as saved_exports
from exports.views.api import in_words
from sandbox.app import Sandbox
from tests.clients import signed_in
from tests.factories import make_export, make_member, make_run, make_update
from tests.work import work_off

Ask = Callable[..., Any]


@pytest.fixture
def ask(acme: Team) -> Ask:
    """`ask(person, path, …)`: a GET or, with `post=True`, a POST, with a token for all the person's permissions."""
    secrets: dict[User, str] = {}

    def ask(user: User, path: str, *, post: bool = False, **headers: str) -> Any:
        if user not in secrets:
            with scope(team=acme):
                membership = Membership.objects.get(team=acme, user=user)
                granted = [permission.value for permission in tokens.FOR_SCRIPTS]
                secrets[user] = tokens.make(membership, "Script", granted, 30)[1]
        client = Client(enforce_csrf_checks=True)
        headers |= {"Authorization": f"Bearer {secrets[user]}"}
        return client.generic("POST" if post else "GET", f"/api/t/acme/{path}", headers=headers)

    return ask


def logged(action: Action) -> list[AuditEntry]:
    return list(AuditEntry._base_manager.filter(action=action).order_by("number"))


# ------------------------------------------------------------ exports and runs


def test_exports_are_listed_by_name_without_archived_ones(
    ask: Ask, credential: Credential, alice: User, bob: User
) -> None:
    travel, expenses = make_export(credential, alice, "Travel"), make_export(credential, alice, "Expenses")
    with scope(team=credential.team):
        saved_exports.archive(make_export(credential, alice, "Old"), by=alice)

    content = ask(bob, "exports/").json()

    assert content == {
        "exports": [
            {"id": export.pk, "name": export.name, "version": 1, "is_draft": False, "credential": "Main"}
            for export in (expenses, travel)
        ]
    }


def test_list_takes_as_many_queries_for_three_as_for_one(ask: Ask, credential: Credential, alice: User) -> None:
    make_export(credential, alice, "One")
    ask(alice, "exports/")
    with CaptureQueriesContext(connection) as one:
        ask(alice, "exports/")
    for name in ("Two", "Three"):
        make_export(credential, alice, name)
    with CaptureQueriesContext(connection) as three:
        ask(alice, "exports/")

    assert len(one) == len(three)


def test_run_goes_from_its_start_to_its_file(
    ask: Ask, sandbox: Sandbox, budget: Any, acme: Team, export: SavedExport, erin: User
) -> None:
    started = ask(erin, f"exports/{export.pk}/runs/", post=True)
    assert (started.status_code, started.json()["status"], started.json()["is_final"]) == (201, "queued", False)

    with scope(team=acme):
        work_off(Run.objects.get(pk=started.json()["id"], source=Run.Source.API))
    run = ask(erin, f"runs/{started.json()['id']}/").json()

    assert (run["status"], run["is_final"], run["error"], run["requested_by"]) == ("succeeded", True, "", "Erin")
    assert {step["state"] for step in run["steps"]} == {"done"}
    file = Client().get(run["result"]["download"])
    assert file.status_code == 401
    file = ask(erin, run["result"]["download"].removeprefix("/api/t/acme/"))
    content = b"".join(file.streaming_content)
    assert (len(content), file.headers["ETag"]) == (run["result"]["size"], f'"{run["result"]["sha256"]}"')


def test_start_and_download_name_the_token_in_the_audit_log(
    ask: Ask, budget: Any, export: SavedExport, result: Result, erin: User
) -> None:
    ask(erin, f"exports/{export.pk}/runs/", post=True)
    list(ask(erin, f"results/{result.pk}/download/").streaming_content)

    token = str(erin.access_tokens.model._base_manager.get())
    entries = [*logged(Action.RUN_STARTED), *logged(Action.RESULT_DOWNLOADED)]
    assert [(entry.actor_id, entry.data["token"]) for entry in entries] == [(erin.pk, token)] * 2


def test_page_actions_name_no_token(ask: Ask, result: Result, erin: User) -> None:
    ask(erin, "exports/")
    client = signed_in(erin)

    list(client.get(f"/t/acme/results/{result.pk}/download/").streaming_content)

    [entry] = logged(Action.RESULT_DOWNLOADED)
    assert sorted(entry.data) == ["sha256", "size"]


def test_export_that_cannot_run_has_a_reason(
    ask: Ask, budget: Any, acme: Team, export: SavedExport, erin: User, alice: User
) -> None:
    with scope(team=acme):
        saved_exports.archive(export, by=alice)

    response = ask(erin, f"exports/{export.pk}/runs/", post=True)

    content = {"detail": "This export is archived. Clone it to run it again."}
    assert (response.status_code, response.json()) == (409, content)


def test_failed_run_has_an_error_sentence(ask: Ask, acme: Team, export: SavedExport, bob: User) -> None:
    with scope(team=acme):
        run = make_run(export, status=Run.Status.FAILED, finished_at=timezone.now(), error="Expensify said no.")

    content = ask(bob, f"runs/{run.pk}/").json()

    assert (content["status"], content["error"], content["result"]) == ("failed", "Expensify said no.", None)


def test_token_cannot_read_a_run_of_an_employee_update(
    ask: Ask, budget: Any, acme: Team, credential: Credential, alice: User
) -> None:
    """No token can have the permission to see updates, not even an Admin's."""
    with scope(team=acme):
        cells = {"email": "n@acme.example", "manager": "n@acme.example", "employee_id": "1", "policy": "P"}
        update = make_update(credential, alice, [cells], "People")
        run = employee_updates.read_members(update, by=alice)

    assert ask(alice, f"runs/{run.pk}/").status_code == 404


# ------------------------------------------------------------ idempotency keys


def test_same_key_starts_one_run(ask: Ask, budget: Any, export: SavedExport, erin: User) -> None:
    path, key = f"exports/{export.pk}/runs/", {"Idempotency-Key": "expenses-2026-11"}

    first, again = ask(erin, path, post=True, **key), ask(erin, path, post=True, **key)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert Run._base_manager.count() == len(logged(Action.RUN_STARTED)) == 1


def test_without_a_key_or_with_another_each_request_starts_a_run(
    ask: Ask, budget: Any, export: SavedExport, erin: User
) -> None:
    path = f"exports/{export.pk}/runs/"
    for headers in ({}, {}, {"Idempotency-Key": "a"}, {"Idempotency-Key": "b"}):
        assert ask(erin, path, post=True, **headers).status_code == 201

    assert Run._base_manager.count() == 4


def test_two_people_can_use_the_same_key(ask: Ask, budget: Any, export: SavedExport, erin: User, alice: User) -> None:
    path = f"exports/{export.pk}/runs/"

    ids = [ask(user, path, post=True, **{"Idempotency-Key": "a"}).json()["id"] for user in (erin, alice)]

    assert len(set(ids)) == 2


def test_key_of_another_export_starts_nothing(
    ask: Ask, budget: Any, credential: Credential, export: SavedExport, erin: User
) -> None:
    other = make_export(credential, erin, "Other")
    ask(erin, f"exports/{export.pk}/runs/", post=True, **{"Idempotency-Key": "a"})

    response = ask(erin, f"exports/{other.pk}/runs/", post=True, **{"Idempotency-Key": "a"})

    assert (response.status_code, Run._base_manager.count()) == (409, 1)


def test_start_that_failed_leaves_its_key_free(
    ask: Ask, budget: Any, credential: Credential, export: SavedExport, erin: User
) -> None:
    path, key = f"exports/{export.pk}/runs/", {"Idempotency-Key": "a"}
    Credential._base_manager.update(status=Credential.Status.REFUSED)
    assert ask(erin, path, post=True, **key).status_code == 409

    Credential._base_manager.update(status=Credential.Status.WORKING)

    assert (ask(erin, path, post=True, **key).status_code, OnceKey._base_manager.count()) == (201, 1)


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "ü"])
def test_invalid_key_starts_nothing(ask: Ask, budget: Any, export: SavedExport, erin: User, key: str) -> None:
    response = ask(erin, f"exports/{export.pk}/runs/", post=True, **{"Idempotency-Key": key})

    assert (response.status_code, Run._base_manager.count()) == (422, 0)
    assert response.json()["detail"].startswith("Nothing was done. ")


@pytest.mark.django_db(transaction=True)
def test_eight_simultaneous_requests_with_one_key_start_one_run(
    ask: Ask, budget: Any, export: SavedExport, erin: User
) -> None:
    ask(erin, "exports/")
    answers, together = [], threading.Barrier(8)

    def start() -> None:
        together.wait()
        response = ask(erin, f"exports/{export.pk}/runs/", post=True, **{"Idempotency-Key": "a"})
        answers.append((response.status_code, response.json()["id"]))
        connection.close()

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [run] = Run._base_manager.all()
    assert sorted(answers) == [(200, run.pk)] * 7 + [(201, run.pk)]


# ------------------------------------------------------------ results


def test_interrupted_download_resumes(ask: Ask, result: Result, bob: User) -> None:
    response = ask(bob, f"results/{result.pk}/download/", Range="bytes=4-")

    assert (response.status_code, b"".join(response.streaming_content)) == (206, b"1,2\n\n")


def test_purged_result_is_gone_and_says_why(ask: Ask, result: Result, bob: User) -> None:
    Result._base_manager.update(purged_at=timezone.now())

    response = ask(bob, f"results/{result.pk}/download/")

    assert (response.status_code, response.json()["detail"][:26]) == (410, "This file was deleted when")
    assert ask(bob, f"runs/{result.run_id}/").json()["result"]["is_purged"] is True


def test_result_whose_file_is_lost_is_gone(ask: Ask, result: Result, bob: User) -> None:
    default_storage.delete(result.file.name)

    response = ask(bob, f"results/{result.pk}/download/")

    assert (response.status_code, logged(Action.RESULT_DOWNLOADED)) == (410, [])


# ------------------------------------------------------------ the audit log


def test_audit_log_can_be_read_in_pages_to_its_beginning(ask: Ask, acme: Team, alice: User) -> None:
    for number in range(12):
        member_name = f"Person{number}"
        with scope(team=acme):
            tokens.make(Membership.objects.get(user=make_member(acme, member_name, Role.VIEWER)), "x", [], 1)
    numbers, path = [], "audit/?limit=5"
    while path:
        page = ask(alice, path).json()
        numbers.append([entry["number"] for entry in page["entries"]])
        path = f"audit/?limit=5&before={page['next_before']}" if page["next_before"] else ""

    assert numbers == [[13, 12, 11, 10, 9], [8, 7, 6, 5, 4], [3, 2, 1]]


def test_audit_entry_has_the_fields_of_its_hash(ask: Ask, acme: Team, alice: User) -> None:
    ask(alice, "audit/")

    [content] = ask(alice, "audit/").json()["entries"]

    entry = AuditEntry._base_manager.get(team=acme)
    assert (content["who"], content["action"], content["data"]) == ("Alice", "access token made", entry.data)
    assert (content["hash"], content["previous_hash"]) == (entry.hash, "0" * 64)


@pytest.mark.parametrize("query", ["before=x", "before=0", "limit=0", "limit=101", f"before={2**63}", "before="])
def test_invalid_page_is_refused_with_a_sentence(ask: Ask, alice: User, query: str) -> None:
    response = ask(alice, f"audit/?{query}")

    assert (response.status_code, response.json()["detail"].startswith("Nothing was done. ")) == (422, True)


# ------------------------------------------------------------ the API as a whole


def test_unknown_url_is_answered_in_json(db: None) -> None:
    response = Client().get("/api/t/acme/nothing/")

    assert (response.status_code, list(response.json())) == (404, ["detail"])


def test_caches_store_no_answer(ask: Ask, result: Result, bob: User) -> None:
    kept = {ask(bob, path).headers["Cache-Control"] for path in ("exports/", "audit/", "runs/9/")}
    download = ask(bob, f"results/{result.pk}/download/")
    list(download.streaming_content)

    assert kept | {download.headers["Cache-Control"]} == {"no-store"}


def test_api_page_and_schema_have_every_operation(bob: User) -> None:
    client = signed_in(bob)

    page, schema = client.get("/api/").content.decode(), Client().get("/api/openapi.json").json()

    assert sorted(schema["paths"]) == [
        "/api/t/{team}/audit/",
        "/api/t/{team}/exports/",
        "/api/t/{team}/exports/{export}/runs/",
        "/api/t/{team}/results/{result}/download/",
        "/api/t/{team}/runs/{run}/",
    ]
    assert [path for path in schema["paths"] if path not in page] == []
    assert schema["security"] == [{"AccessToken": []}]


def test_page_needs_a_sign_in(db: None) -> None:
    assert Client().get("/api/").headers["Location"] == "/account/login/?next=/api/"


def test_types_are_described() -> None:
    schemas = api.schema()["components"]["schemas"]

    words = [in_words(schemas[name]["properties"][field]) for name, field in (
        ("Exports", "exports"), ("RunState", "result"), ("File", "rows"), ("Entry", "at"), ("RunState", "is_final"),
    )]  # fmt: skip

    assert words == ["list of Export", "File or null", "number or null", "time", "yes or no"]
