"""How long ago a person showed who they are: what touches credentials, members and settings asks for minutes."""

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

KEY = "shown_at"
NOT_YET = "Nothing was changed yet: first confirm that it is you. Then do it once more."


def is_fresh(request: HttpRequest) -> bool:
    return 0 <= time.time() - request.session.get(KEY, 0) < settings.FRESH_SIGN_IN_SECONDS


def confirm_url(back_to: str) -> str:
    """Where a person confirms that it is them, by whatever they sign in with, and comes back."""
    return f"{reverse('account_reauthenticate')}?{urlencode({'next': back_to})}"


def ask(request: HttpRequest, back_to: str) -> HttpResponse:
    """Send a person who wants to change something to confirm that it is them; `back_to` is where they were."""
    return send(request, confirm_url(_page_before(request) or back_to), NOT_YET)


def send(request: HttpRequest, url: str, sentence: str) -> HttpResponse:
    """On to `url`, with a sentence why: a redirect for a page, its like for a piece of one, 403 for a program."""
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"detail": sentence, "url": url}, status=403)
    messages.warning(request, sentence)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def _page_before(request: HttpRequest) -> str | None:
    """The page of ours that this was sent from, which has its form."""
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
