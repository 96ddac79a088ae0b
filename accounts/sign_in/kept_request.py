"""Keep a form that was sent before its sender had to confirm who they are, and carry it out afterwards.

1. `keep` puts the form into the session, encrypted, and returns the address that carries it out.
2. The person confirms, and is redirected to that address.
3. The middleware `carry_out` turns this request into the one that was kept, once.
"""

import base64
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.datastructures import MultiValueDict

from accounts.credentials import keyring

KEY = "kept_request"
PARAMETER = "carry_on"
SECONDS = 600
LARGEST = 1_000_000  # bytes of a form with its files
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data", ""}  # "": without a body
GONE = (
    "Nothing was changed just now: what you sent was carried out before, or its ten minutes are over. "
    "Look whether it is done; if not, do it once more."
)


def keep(request: HttpRequest, page: str) -> str | None:
    """Keep the form until its sender has confirmed. Returns its address; None when it is too large to be kept.

    A session keeps one form. `page` is where it was filled in. What it holds is encrypted, because it may be a secret.
    """
    files = [
        (field, upload.name, upload.content_type, upload)
        for field, uploads in request.FILES.lists()
        for upload in uploads
    ]
    form = request.POST.urlencode()
    too_large = len(form) + sum(upload.size or 0 for *_, upload in files) > LARGEST
    if request.method != "POST" or request.content_type not in FORMS or too_large:
        return None
    kept: dict[str, Any] = {
        "path": request.path,
        "query": _own_query(request),
        "form": form,
        "files": [(*about, base64.b64encode(upload.read()).decode()) for *about, upload in files],
    }
    key = secrets.token_urlsafe(16)
    sealed = base64.b64encode(keyring.ring().seal(kept, _binding(request))).decode()
    request.session[KEY] = {"key": key, "at": time.time(), "page": page, "sealed": sealed}
    return f"{request.path}?{kept['query']}{'&' if kept['query'] else ''}{urlencode({PARAMETER: key})}"


def keep_through_sign_in(request: HttpRequest) -> None:
    """Keep the form although a sign-in by the company, which confirms a person, ends their session first."""
    request.kept_through_sign_in = request.session.get(KEY)  # type: ignore[attr-defined]  # A request takes any attribute.


@receiver(user_logged_in)
def take_along(sender: Any, request: HttpRequest, **_: Any) -> None:
    entry = getattr(request, "kept_through_sign_in", None)
    if entry is not None:
        request.session[KEY] = entry  # of no use to anybody else: it is encrypted for its person


def carry_out(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Turn the request for a kept form's address into the form's own request. Runs after authentication."""

    def middleware(request: HttpRequest) -> HttpResponse:
        entry = request.session.get(KEY)
        if request.method == "GET" and PARAMETER in request.GET:
            kept = _take(request, entry)
            if kept is None:
                messages.warning(request, GONE)
                return HttpResponseRedirect(entry["page"] if entry else "/")
            _become(request, kept)
        elif entry is not None and time.time() - entry["at"] > SECONDS:
            del request.session[KEY]
        return get_response(request)

    return middleware


def _take(request: HttpRequest, entry: dict[str, Any] | None) -> dict[str, Any] | None:
    """Take the kept form that this request names; None when it is not this person's, another, too old, or taken.

    The cache, a table, remembers that it was taken: the session is saved after the response only, so that a second
    request, or one after a crash, would still find the form there.
    """
    if entry is None or entry["key"] != request.GET[PARAMETER]:
        return None
    if not 0 <= time.time() - entry["at"] <= SECONDS:
        return None
    try:
        kept: dict[str, Any] = keyring.ring().open(base64.b64decode(entry["sealed"]), _binding(request))
    except keyring.CannotOpen:
        return None
    if kept["path"] != request.path or not cache.add(f"{KEY}:{entry['key']}", True, SECONDS):
        return None
    del request.session[KEY]
    return kept


def _become(request: Any, kept: dict[str, Any]) -> None:
    """Give the request the method, form and files of the kept one, which had passed the check of its origin (CSRF)."""
    request.method = request.META["REQUEST_METHOD"] = "POST"
    request.META["QUERY_STRING"] = kept["query"]
    request.GET = QueryDict(kept["query"])
    request._post = QueryDict(kept["form"])
    request._files = MultiValueDict()
    for field, name, content_type, content in kept["files"]:
        request._files.appendlist(field, SimpleUploadedFile(name, base64.b64decode(content), content_type))
    request.csrf_processing_done = True


def _own_query(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop(PARAMETER, None)
    return query.urlencode()


def _binding(request: HttpRequest) -> list[str]:
    return ["session", "kept request", str(request.user.pk)]
