"""Require a recent sign-in for changes to credentials, members and settings."""

import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.signals import authentication_step_completed
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import User
from accounts.sign_in import kept_request

KEY = "shown_at"
NOT_YET = "Nothing was changed yet: first confirm that it is you. Then do it once more."
KEPT = "Nothing was changed yet: first confirm that it is you. Then what you sent is carried out; it waits ten minutes."


def is_fresh(request: HttpRequest) -> bool:
    age = time.time() - float(request.session.get(KEY, 0))
    return 0 <= age < settings.FRESH_SIGN_IN_SECONDS


def confirm_url(back_to: str) -> str:
    """The page where a person confirms their identity, by any of their sign-in methods, and returns."""
    return f"{reverse('account_reauthenticate')}?{urlencode({'next': back_to})}"


def ask(request: HttpRequest, back_to: str) -> HttpResponse:
    """Redirect to confirm the identity, and then carry out what was sent.

    What is too large to be kept has to be done again: then the redirect goes back to its page, or to `back_to` when
    that is unknown.
    """
    page = _page_before(request) or back_to
    kept_at = None if is_program(request) else kept_request.keep(request, page)
    return send(request, confirm_url(kept_at or page), KEPT if kept_at else NOT_YET)


def send(request: HttpRequest, url: str, sentence: str) -> HttpResponse:
    """Redirect to `url` with a message: HX-Redirect for htmx, 403 with JSON for scripts."""
    if is_program(request):
        return JsonResponse({"detail": sentence, "url": url}, status=403)
    messages.warning(request, sentence)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def is_program(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _page_before(request: HttpRequest) -> str | None:
    """The page of the portal that the request came from."""
    came_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not came_from or not url_has_allowed_host_and_scheme(came_from, {request.get_host()}):
        return None
    parts = urlsplit(came_from)
    return parts.path + (f"?{parts.query}" if parts.query else "")


@receiver(user_logged_in)
def signed_in(sender: Any, request: HttpRequest, **_: Any) -> None:
    request.session[KEY] = time.time()


@receiver(authentication_step_completed)
def shown_again(sender: Any, request: HttpRequest, user: User, **step: Any) -> None:
    if step.get("reauthenticated") and request.user == user:
        request.session[KEY] = time.time()
