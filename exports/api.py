"""The API for scripts: some of the portal's operations as JSON, behind the same door as its pages."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache, wraps
from typing import Annotated, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, reverse
from ninja import Field, Header, NinjaAPI, Path, Query, Schema, Status
from ninja.decorators import decorate_view
from ninja.errors import ValidationError

from accounts import tokens
from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.door import TeamRequest, team_view
from accounts.models import AuditEntry
from accounts.permissions import Permission
from exports.api_routes import ROUTES
from exports.models import Result, Run, SavedExport
from exports.results import http_range, integrity
from exports.runs import actions as runs
from exports.runs import timeline

MOST_ENTRIES = 100
LARGEST = 2**63 - 1

api = NinjaAPI(
    title="Expensify portal",
    version="1",
    description="What scripts may ask of the portal. Each request carries an access token of one team, and may do "
    "what its person may do there.",
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
)

TeamName = Annotated[str, Path(pattern=r"^[-a-zA-Z0-9_]+$", description="The team, as in its pages' addresses.")]
Id = Annotated[int, Path(ge=0, le=LARGEST)]


class Problem(Schema):
    detail: str = Field(description="What is wrong, and what to do about it.")


class Export(Schema):
    id: int
    name: str
    version: int = Field(description="Counts its saves.")
    is_draft: bool = Field(description="Its template cannot be read, so it cannot run.")
    credential: str


class Exports(Schema):
    exports: list[Export]


class File(Schema):
    id: int
    name: str
    media_type: str
    size: int = Field(description="Bytes.")
    rows: int | None = Field(description="Of a table, without its headings.")
    sha256: str
    is_purged: bool = Field(description="Its retention time is over; what it was stays on record.")
    download: str = Field(description="The path that gives its bytes.")


class Step(Schema):
    name: str
    state: str = Field(description="done, now, ahead, never; or the state with which the run ended here.")
    at: datetime | None


class RunState(Schema):
    id: int
    export: int
    status: str = Field(description="One of: " + ", ".join(Run.Status.values) + ".")
    is_final: bool = Field(description="It has ended. Only a person can continue it, when its download had failed.")
    requested_by: str
    created_at: datetime
    finished_at: datetime | None
    error: str = Field(description="What went wrong, whether anything changed at Expensify, and what to do.")
    steps: list[Step]
    result: File | None


class Entry(Schema):
    number: int
    at: datetime
    who: str
    address: str
    action: str
    target_type: str
    target_id: int | None
    target: str
    data: dict[str, Any]
    hash: str
    previous_hash: str


class Entries(Schema):
    entries: list[Entry] = Field(description="The newest first.")
    next_before: int | None = Field(description="`before` of the next page; null on the last one.")


# ------------------------------------------------------------ operations and their door

ALWAYS = {401: Problem, 403: Problem, 404: Problem, 422: Problem, 429: Problem}
Operation = Callable[..., Any]


def operation(method: str, name: str, answers: dict[int, Any], **extra: Any) -> Callable[[Operation], Operation]:
    """One operation of the API, at its route under `/api/t/<team>/`, behind the door of its permission."""
    path, permission = ROUTES[name]
    path = re.sub("<(.*?)>", r"{\1}", path)

    def decorate(view: Operation) -> Operation:
        register = api.api_operation(
            [method],
            f"/t/{{slug:team}}/{path}",
            response=answers | ALWAYS,
            url_name=name,
            operation_id=name,
            summary=(view.__doc__ or "").partition("\n")[0].rstrip("."),
            openapi_extra={"x-needs": permission.value} | extra,
        )
        decorated: Operation = register(decorate_view(_door(permission))(view))
        return decorated

    return decorate


def _door(permission: Permission) -> Callable[[Operation], Operation]:
    """Accept tokens only, never a session: so no other site can make a browser send a valid request."""

    def decorate(run: Operation) -> Operation:
        @team_view(permission)
        def guarded(request: TeamRequest, **arguments: Any) -> HttpResponseBase:
            response: HttpResponseBase = run(request, team=request.team.slug, **arguments)
            return response

        @wraps(run)
        def authenticated(request: Any, **arguments: Any) -> HttpResponseBase:
            try:
                request.token = tokens.presented(request)
                request.user = request.token.user
                with audit.with_token(str(request.token)):
                    return guarded(request, **arguments)
            except (tokens.TokenRefused, tokens.TooManyRefused, Http404, PermissionDenied) as reason:
                return api.on_exception(request, reason)

        return authenticated

    return decorate


@cache
def schema() -> dict[str, Any]:
    """The OpenAPI description of the API."""
    description: dict[str, Any] = dict(api.get_openapi_schema(path_prefix="api/"))
    description["components"]["securitySchemes"] = {"AccessToken": {"type": "http", "scheme": "bearer"}}
    description["security"] = [{"AccessToken": []}]
    return description


# ------------------------------------------------------------ errors


def _problem(sentence: str, status: int, **headers: str) -> HttpResponse:
    return JsonResponse({"detail": sentence}, status=status, headers=headers)


def _answer(error: type[Exception], status: int, sentence: Callable[[Any], str], **headers: str) -> None:
    """Answer an operation that raises this error with a sentence about it."""
    api.add_exception_handler(error, lambda request, reason: _problem(sentence(reason), status, **headers))


def _invalid(reason: ValidationError) -> str:
    return " ".join(["Nothing was done.", *(f"{error['loc'][-1]}: {error['msg']}." for error in reason.errors)])


SECONDS = str(tokens.REFUSED_SECONDS)
TOO_MANY = f"Too many tokens from your address opened nothing. Stop, and try again in {SECONDS} seconds."
NOT_FOUND = "There is nothing here that this token may see. Check the address and its numbers."
_answer(tokens.TokenRefused, 401, str, **{"WWW-Authenticate": "Bearer"})
_answer(tokens.TooManyRefused, 429, lambda reason: TOO_MANY, **{"Retry-After": SECONDS})
_answer(PermissionDenied, 403, "This token, or your role, does not include: {}. Nothing was done.".format)
_answer(Http404, 404, lambda reason: NOT_FOUND)
_answer(ValidationError, 422, _invalid)
_answer(runs.CannotStart, 409, str)


# ------------------------------------------------------------ views


@operation("GET", "api-export-list", {200: Exports})
def export_list(request: TeamRequest, team: TeamName) -> dict[str, Any]:
    """List the saved exports, by name, without archived ones."""
    exports = request.team.exports.live().select_related("credential", "version")
    return {"exports": [_export(export) for export in exports]}


@operation("POST", "api-run-start", {201: RunState, 200: RunState, 409: Problem})
def run_start(
    request: TeamRequest,
    team: TeamName,
    export: Id,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            pattern=r"^[!-~]{1,200}$",
            description="A word of your own for this start, such as expenses-2026-11.",
        ),
    ] = None,
) -> Status[dict[str, Any]]:
    """Start a run of a saved export.

    Send an Idempotency-Key whenever the answer may get lost: asked again with the same key, the portal starts nothing
    and answers 200 with the run that the key has started. 409: the export cannot run now, and the sentence says why.
    """
    saved_export = get_object_or_404(request.team.exports.select_related("credential", "version"), pk=export)
    run, is_new = runs.start_once(saved_export, by=request.user, key=idempotency_key)
    return Status(201 if is_new else 200, _run(run))


@operation("GET", "api-run", {200: RunState})
def run(request: TeamRequest, team: TeamName, run: Id) -> dict[str, Any]:
    """Read a run: its state, its steps, what went wrong, and its file."""
    rows = request.team.runs.seen_by(request.membership).select_related("result")
    return _run(get_object_or_404(rows.defer("selection"), pk=run))


@operation(
    "GET",
    "api-result-download",
    {200: None, 206: None, 416: None, 410: Problem},
    responses={
        status: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}} for status in (200, 206)
    },
)
def result_download(request: TeamRequest, team: TeamName, result: Id) -> HttpResponseBase:
    """Download a result, as it came from Expensify.

    A download that broke off goes on with the headers Range and If-Range. 410: the file is no longer kept, or damaged.
    """
    stored = get_object_or_404(request.team.results.with_run(), pk=result)
    if stored.purged_at is not None:
        return _problem("This file was deleted when its retention time was over. Run the export again.", 410)
    try:
        file = integrity.open_result(stored)
    except integrity.Damaged as error:
        return _problem(str(error), 410)
    except FileNotFoundError:
        return _problem("The file is no longer in the portal's storage. Run the export again.", 410)
    audit.record(Action.RESULT_DOWNLOADED, stored, by=request.user, **stored.for_audit)
    return http_range.attachment(request, stored, file)


@operation("GET", "api-audit-list", {200: Entries})
def audit_list(
    request: TeamRequest,
    team: TeamName,
    before: Annotated[int | None, Query(ge=1, le=LARGEST, description="Only entries with a smaller number.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = MOST_ENTRIES,
) -> dict[str, Any]:
    """List audit entries, the newest first, a page at a time."""
    entries = request.team.audit_entries.order_by("-number")
    if before is not None:
        entries = entries.filter(number__lt=before)
    page = list(entries[: limit + 1])
    shown = page[:limit]
    return {
        "entries": [_entry(entry) for entry in shown],
        "next_before": shown[-1].number if len(page) > limit else None,
    }


def _export(export: SavedExport) -> dict[str, Any]:
    return {
        "id": export.pk,
        "name": export.name,
        "version": export.present.number,
        "is_draft": export.present.is_draft,
        "credential": export.credential.name,
    }


def _run(run: Run) -> dict[str, Any]:
    result = getattr(run, "result", None)
    return {
        "id": run.pk,
        "export": run.export_id,
        "status": run.status,
        "is_final": run.is_final,
        "requested_by": run.requested_by_name,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
        "error": run.error,
        "steps": timeline.steps(run, list(run.calls.all())),
        "result": _file(result) if result is not None else None,
    }


def _file(result: Result) -> dict[str, Any]:
    return {
        "id": result.pk,
        "name": result.name,
        "media_type": result.media_type,
        "size": result.size,
        "rows": result.rows,
        "sha256": result.sha256,
        "is_purged": result.purged_at is not None,
        "download": reverse("exports:api-result-download", args=[result.team.slug, result.pk]),
    }


def _entry(entry: AuditEntry) -> dict[str, Any]:
    keys = ("number", "at", "address", "action", "target_type", "target_id", "data", "hash", "previous_hash")
    return {key: getattr(entry, key) for key in keys} | {"who": entry.actor_name, "target": entry.target_name}


# Ninja's view of each operation, by its route's name.
VIEWS: dict[str, Operation] = {
    pattern.name: pattern.callback
    for pattern in api.urls[0]
    if isinstance(pattern, URLPattern) and pattern.name in ROUTES
}
