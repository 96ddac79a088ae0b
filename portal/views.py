"""Health checks and error pages."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader

from accounts.audit import stream as audit_stream
from exports.runs import heartbeat


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether the web process is running."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether database, Redis and worker are available: 200 or 503, with a word for each."""
    parts = {"database": _database(), "redis": _redis()}
    parts["worker"] = _worker() if parts["redis"] == "ok" else "unknown"
    ready = all(word == "ok" for word in parts.values())
    if settings.AUDIT_STREAM and parts["database"] == "ok":
        parts["audit stream"] = audit_stream.standing()  # shown, but not part of `ready`
    return JsonResponse(parts, status=200 if ready else 503)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Rendered without a request: context processors would read what could not be parsed."""
    if _is_api_request(request):
        return JsonResponse({"detail": "This request cannot be read. Nothing was done."}, status=400)
    return HttpResponse(loader.render_to_string("400.html"), status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", {"needed": str(exception or "")}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_api_request(request):
        return JsonResponse({"detail": "There is nothing at this address. /api/ tells what there is."}, status=404)
    return render(request, "404.html", status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """Rendered without a request: context processors need the database and the session, which may have failed."""
    if _is_api_request(request):
        detail = "Something unforeseen went wrong. Look at the portal's pages before you ask again."
        return JsonResponse({"detail": detail}, status=500)
    return HttpResponse(loader.render_to_string("500.html"), status=500)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "form_expired.html", status=403)


def _is_api_request(request: HttpRequest) -> bool:
    """Whether the request is for the API, which always answers in JSON."""
    return request.path.startswith("/api/")


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "away"
    return "ok"


def _redis() -> str:
    # Imported here: see tests/test_process_imports.py.
    import redis

    try:
        heartbeat.client().ping()
    except redis.RedisError:
        return "away"
    return "ok"


def _worker() -> str:
    return "ok" if heartbeat.is_fresh() else f"silent for more than {heartbeat.SILENT_AFTER} s"
