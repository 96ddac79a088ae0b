from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.audit import record as audit


def origin(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let the audit log know from which network address a request came."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with audit.from_address(address_of(request)):
            return get_response(request)

    return middleware


def whole_pages(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A piece of a page that asks for news after its person was signed out gets the whole page reloaded instead.

    Otherwise the sign-in form would be swapped into that piece.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_piece = request.headers.get("HX-Request") == "true"
        if is_piece and response.status_code == 302:
            response = HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return response

    return middleware


def address_of(request: HttpRequest) -> str:
    """The client's address: the peer's, or what the outermost of our own TRUSTED_PROXIES noted."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXIES
    if trusted and len(hops) >= trusted:
        return str(hops[-trusted])[:64]
    return str(request.META.get("REMOTE_ADDR", ""))[:64]
