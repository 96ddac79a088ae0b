"""What recipients see, with or without an account: the way to their file, and the way out of a schedule.

These pages lie outside of any team; the token in their address says whose they are. A mail scanner that follows the
links it finds changes nothing and gets nothing: pages are only shown, and a file is given to who has proved something.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audit.record import Actor
from accounts.middleware import address_of
from accounts.models import LinkProof, User
from exports.deliveries import download_links, recipients
from exports.deliveries.attachments import CannotEnclose
from exports.deliveries.settings import Content
from exports.forms.deliveries import CodeForm
from exports.models import Link, Recipient
from exports.results import http_range
from exports.results.store import CannotStore

View = Callable[..., HttpResponseBase]
PROOFS = "links"
PACKED = {
    Content.WORKBOOK: "an Excel workbook",
    Content.BOTH: "a ZIP with the CSV and an Excel workbook",
    Content.ZIP: "a ZIP",
    Content.SEALED_ZIP: "a ZIP with a password",
}


def for_its_recipient(view: View) -> View:
    """A page whose address is a key: it is kept by no cache, found by no search engine, and named to no other site.

    Not `no-referrer`, with which browsers send forms without the origin that the check against forgery asks for.
    """

    @login_not_required
    @wraps(view)
    def guarded(request: HttpRequest, token: str) -> HttpResponseBase:
        response = view(request, token)
        add_never_cache_headers(response)
        response.headers["Referrer-Policy"] = "strict-origin"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return guarded


def with_link(view: Callable[[HttpRequest, Link, str, datetime], HttpResponseBase]) -> View:
    """Hand a view the open link of the token, in its team's time zone; otherwise answer why there is none."""

    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponseBase:
        now = timezone.now()
        try:
            with download_links.open_link(token) as link, timezone.override(link.team.zone):
                if unavailable := download_links.why_unavailable(link, now):
                    return _nothing(request, unavailable, 410)
                return view(request, link, token, now)
        except Link.DoesNotExist:
            return _nothing(request, _UNKNOWN, 404)

    return opened


@for_its_recipient
@require_http_methods(["GET", "HEAD", "POST"])
@with_link
def link(request: HttpRequest, link: Link, token: str, now: datetime) -> HttpResponseBase:
    """The way to a file: how to prove who you are, and then the button that fetches it. A POST has the code."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and download_links.is_proof_by_code(link) and form.is_valid():
        problem = download_links.try_code(link, form.cleaned_data["code"], now)
        link.refresh_from_db(fields=["code_hash", "code_tries"])
        if problem and download_links.awaits_code(link, now):
            form.add_error("code", problem)
        else:
            if problem:
                messages.error(request, problem)
            else:
                _prove(request, link, now)
            return redirect("exports:link", token)
    proof = _proof(request, link, now)
    signed_in = request.user if request.user.is_authenticated else None
    return render(
        request,
        "exports/links/link.html",
        {
            "link": link,
            "form": form,
            "proof": proof,
            "by_code": download_links.is_proof_by_code(link),
            "address": link.delivery.address if proof else download_links.mask_address(link.delivery.address),
            "has_code": download_links.awaits_code(link, now),
            "signed_in": signed_in,
            "sign_in": f"{reverse('account_login')}?{urlencode({'next': request.path})}",
            "result": link.delivery.result,
            "packed": PACKED.get(download_links.content_of(link.delivery), ""),
            "unsubscribed": link.delivery.recipient.state == Recipient.State.UNSUBSCRIBED,
        },
    )


@for_its_recipient
@require_POST
@with_link
def link_code(request: HttpRequest, link: Link, token: str, now: datetime) -> HttpResponseBase:
    if download_links.is_proof_by_code(link):
        if problem := download_links.send_code(link, now):
            messages.error(request, problem)
        else:
            messages.success(
                request, f"A code is on its way to {download_links.mask_address(link.delivery.address)}."
            )
    return redirect("exports:link", token)


@for_its_recipient
@require_safe
@with_link
def link_file(request: HttpRequest, link: Link, token: str, now: datetime) -> HttpResponseBase:
    """A GET, so that a download that broke off can go on; without a proof it leads back to the page."""
    proof = _proof(request, link, now)
    if proof is None:
        return redirect("exports:link", token)
    try:
        handed = download_links.file_of(link.delivery)
    except (FileNotFoundError, CannotEnclose, CannotStore):
        return _nothing(request, _lost(link), 410)
    if request.method == "GET":
        by = request.user if proof == LinkProof.SIGN_IN else Actor(link.delivery.address)
        download_links.note_opening(link, by=by, proof=proof, network_address=address_of(request), now=now)
    if download_links.content_of(link.delivery) is not Content.ORIGINAL:
        # Made anew for each download, so one that broke off cannot go on.
        return FileResponse(
            handed.file, as_attachment=True, filename=handed.name, content_type=handed.media_type
        )
    return http_range.attachment(request, handed, handed.file)


@csrf_exempt
@for_its_recipient
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponseBase:
    """Stop one schedule for one address, or take that back.

    A mail program posts here without having seen the page (RFC 8058), so the token alone is what allows it.
    """
    try:
        with download_links.subscriber(token) as recipient:
            if request.method != "POST":
                return _subscription(request, recipient)
            if "again" in request.POST:
                if problem := recipients.subscribe_again(recipient):
                    messages.error(request, problem)
            else:
                recipients.unsubscribe(recipient)
            if "List-Unsubscribe" in request.POST:
                recipient.refresh_from_db()
                return _subscription(request, recipient)
            return redirect("exports:unsubscribe", token)
    except Recipient.DoesNotExist:
        return _nothing(request, _UNKNOWN, 404)


def _subscription(request: HttpRequest, recipient: Recipient) -> HttpResponse:
    return render(request, "exports/links/unsubscribe.html", {"recipient": recipient})


def _prove(request: HttpRequest, link: Link, now: datetime) -> None:
    """In a session of a new name: who planted the old one in this browser has no part in the proof."""
    request.session.cycle_key()
    proofs = request.session.get(PROOFS, {})
    request.session[PROOFS] = proofs | {str(link.pk): [link.token_hash, now.isoformat()]}


def _proof(request: HttpRequest, link: Link, now: datetime) -> str | None:
    """By what this browser has proved to be the recipient's, in the way that the team asks for."""
    if not download_links.is_proof_by_code(link):
        user = request.user
        return (
            LinkProof.SIGN_IN if isinstance(user, User) and download_links.is_recipient(link, user) else None
        )
    token_hash, at = request.session.get(PROOFS, {}).get(str(link.pk), ("", ""))
    if token_hash != link.token_hash:
        return None
    is_fresh = datetime.fromisoformat(at) > now - timedelta(minutes=download_links.PROOF_MINUTES)
    return LinkProof.CODE if is_fresh else None


_UNKNOWN = download_links.Unavailable(
    "This link leads nowhere",
    "It may have been cut short by a mail program, or a newer mail has replaced it. Open the newest mail, and if the "
    "link is on two lines, copy both into the browser's address line. Nothing was changed.",
)


def _lost(link: Link) -> download_links.Unavailable:
    return download_links.Unavailable(
        "The file is not there",
        f"The portal's storage has lost it. Ask {link.team} to run the export again.",
    )


def _nothing(request: HttpRequest, why: download_links.Unavailable, status: int) -> HttpResponse:
    return render(request, "exports/links/nothing.html", why._asdict(), status=status)
