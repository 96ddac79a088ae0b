from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict

from accounts.audit import record as audit
from expensify.foreign_text import SENTENCE, is_writable, writable


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


def writable_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Read requests as UTF-8, and take out of cookies and queries what no database stores.

    Before the session's middleware, which looks a cookie up. A client may name another encoding of its form, and some
    of Python's decode to halves of characters.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        # The property's setter would first read the query in the other encoding.
        request._encoding = None  # type: ignore[attr-defined]
        for name, value in request.COOKIES.items():
            request.COOKIES[name] = writable(value)
        if not _is_writable_query(request.GET):
            request.GET = _writable_query(request.GET)  # type: ignore[assignment]  # a copy, immutable too
        return get_response(request)

    return middleware


class WritableForms:
    """Replace what no database stores in posted fields, and say so. After all checks of who may post."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        if not is_writable(request.path_info):
            raise Http404
        # A view without the form token reads its body itself: as JSON, or while a file is hashed.
        if getattr(view, "csrf_exempt", False):
            return
        if request.method == "POST" and not _is_writable_query(request.POST):
            request.POST = _writable_query(request.POST)  # type: ignore[assignment]  # a copy, immutable too
            if request.headers.get("HX-Request") != "true":
                messages.warning(request, f"{SENTENCE} Check what you entered.")


def _is_writable_query(query: QueryDict) -> bool:
    return all(is_writable(name) and is_writable(values) for name, values in query.lists())


def _writable_query(query: QueryDict) -> QueryDict:
    replaced = QueryDict(mutable=True)
    for name, values in query.lists():
        replaced.setlist(writable(name), [writable(value) for value in values])
    replaced._mutable = False
    return replaced


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
