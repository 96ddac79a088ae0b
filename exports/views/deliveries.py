"""Pages for recipients, with or without an account: download a file, and unsubscribe from a schedule.

These pages are outside of team URLs; the token in the URL identifies the team. A mail scanner that follows links
changes nothing and gets no file: a GET only shows a page, and downloads need a proof.
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
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audit.record import Actor
from accounts.middleware import address_of
from accounts.models import LinkProof, User
from exports.deliveries import download_links, recipients
from exports.deliveries.attachments import CannotAttach
from exports.deliveries.settings import Content
from exports.forms.deliveries import CodeForm
from exports.models import Link, Recipient
from exports.results import http_range
from exports.results.integrity import Damaged
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
    """Keep a page whose URL is a secret out of search engines and referrers.

    Not `no-referrer`: with it, browsers send forms without the origin that the CSRF check needs.
    """

    @login_not_required
    @wraps(view)
    def guarded(request: HttpRequest, token: str) -> HttpResponseBase:
        response = view(request, token)
        response.headers["Referrer-Policy"] = "strict-origin"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return guarded


def with_link(view: Callable[[HttpRequest, Link, str, datetime], HttpResponseBase]) -> View:
    """Pass the link of the token to a view, in its team's time zone; otherwise show why it is unavailable."""

    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponseBase:
        now = timezone.now()
        try:
            with download_links.open_link(token) as link, timezone.override(link.team.zone):
                if unavailable := download_links.why_unavailable(link, now):
                    return _show_unavailable(request, unavailable, 410)
                return view(request, link, token, now)
        except Link.DoesNotExist:
            return _show_unavailable(request, _UNKNOWN, 404)

    return opened


@for_its_recipient
@require_http_methods(["GET", "HEAD", "POST"])
@with_link
def link(request: HttpRequest, link: Link, token: str, now: datetime) -> HttpResponseBase:
    """Ask for a proof, then show the download button. A POST submits the code."""
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
                _store_proof(request, link, now)
            return redirect("exports:link", token)
    proof = _check_proof(request, link, now)
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
            messages.success(request, f"A code is on its way to {download_links.mask_address(link.delivery.address)}.")
    return redirect("exports:link", token)


@for_its_recipient
@require_safe
@with_link
def link_file(request: HttpRequest, link: Link, token: str, now: datetime) -> HttpResponseBase:
    """Download by GET, so that a broken download can continue; without a proof, redirect to the page."""
    proof = _check_proof(request, link, now)
    if proof is None:
        return redirect("exports:link", token)
    try:
        file = download_links.file_of(link.delivery)
    except Damaged:
        unavailable = download_links.Unavailable(
            "The file is damaged", f"The portal's storage has changed it. Ask {link.team} to run the export again."
        )
        return _show_unavailable(request, unavailable, 410)
    except (FileNotFoundError, CannotAttach, CannotStore):
        unavailable = download_links.Unavailable(
            "The file is not there", f"The portal's storage has lost it. Ask {link.team} to run the export again."
        )
        return _show_unavailable(request, unavailable, 410)
    if request.method == "GET":
        by: User | Actor = Actor(link.delivery.address)
        if proof == LinkProof.SIGN_IN and isinstance(request.user, User):
            by = request.user
        download_links.note_opening(link, by=by, proof=proof, network_address=address_of(request), now=now)
    if download_links.content_of(link.delivery) is not Content.ORIGINAL:
        # Built again for each download, so a broken one cannot continue.
        return FileResponse(file.file, as_attachment=True, filename=file.name, content_type=file.media_type)
    return http_range.attachment(request, file, file.file)


@csrf_exempt
@for_its_recipient
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponseBase:
    """Unsubscribe one address from one schedule, or undo that.

    Mail programs post here without opening the page (RFC 8058), so the token is the only authorization.
    """
    try:
        with download_links.subscriber(token) as recipient:
            if request.method != "POST":
                return _show_subscription(request, recipient)
            if "again" in request.POST:
                if problem := recipients.subscribe_again(recipient):
                    messages.error(request, problem)
            else:
                recipients.unsubscribe(recipient)
            if "List-Unsubscribe" in request.POST:
                recipient.refresh_from_db()
                return _show_subscription(request, recipient)
            return redirect("exports:unsubscribe", token)
    except Recipient.DoesNotExist:
        return _show_unavailable(request, _UNKNOWN, 404)


def _show_subscription(request: HttpRequest, recipient: Recipient) -> HttpResponse:
    return render(request, "exports/links/unsubscribe.html", {"recipient": recipient})


def _store_proof(request: HttpRequest, link: Link, now: datetime) -> None:
    """Store the proof under a new session key, against session fixation."""
    request.session.cycle_key()
    proofs = request.session.get(PROOFS, {})
    request.session[PROOFS] = proofs | {str(link.pk): [link.token_hash, now.isoformat()]}


def _check_proof(request: HttpRequest, link: Link, now: datetime) -> str | None:
    """How this browser proved to be the recipient's, by the method that the team requires; None if it did not."""
    if not download_links.is_proof_by_code(link):
        user = request.user
        return LinkProof.SIGN_IN if isinstance(user, User) and download_links.is_recipient(link, user) else None
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


def _show_unavailable(request: HttpRequest, why: download_links.Unavailable, status: int) -> HttpResponse:
    return render(request, "exports/links/nothing.html", why._asdict(), status=status)
