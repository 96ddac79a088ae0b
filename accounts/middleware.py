from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts import audit


def origin(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let the audit log know from which network address a request came."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with audit.from_address(address_of(request)):
            return get_response(request)

    return middleware


def address_of(request: HttpRequest) -> str:
    """The client's address: the peer's, or what the outermost of our own TRUSTED_PROXIES noted."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXIES
    if trusted and len(hops) >= trusted:
        return str(hops[-trusted])[:64]
    return str(request.META.get("REMOTE_ADDR", ""))[:64]
