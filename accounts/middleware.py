from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.audit import record as audit


def not_stored(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Forbid browsers and proxies to store responses. Static files are served before this middleware (whitenoise)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["Cache-Control"] = "no-store"
        return response

    return middleware


def origin(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Record the network address of the request with the audit entries that it causes."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with audit.from_address(address_of(request)):
            return get_response(request)

    return middleware


def whole_pages(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Reload the whole page when an htmx request is redirected, such as after the session ended.

    Otherwise htmx would swap the sign-in form into the partial.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_partial = request.headers.get("HX-Request") == "true"
        if is_partial and response.status_code == 302:
            response = HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return response

    return middleware


def address_of(request: HttpRequest) -> str:
    """The client's address: the peer's, or the one that the outermost of TRUSTED_PROXIES added to X-Forwarded-For."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXIES
    if trusted and len(hops) >= trusted:
        return str(hops[-trusted])[:64]
    return str(request.META.get("REMOTE_ADDR", ""))[:64]
