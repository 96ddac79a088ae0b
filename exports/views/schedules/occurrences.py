"""One occurrence of a schedule: its mails, and what people do with them."""

from collections.abc import Callable

from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.door import TeamRequest, team_view
from accounts.models import MailStatus
from accounts.paging import page_of
from accounts.permissions import Permission
from exports.deliveries import download_links
from exports.deliveries import lifecycle as deliveries
from exports.models import Delivery, Link, LinkOpening, Occurrence
from exports.schedules import finish
from exports.views.schedules.pages import add_outcomes

MAILS = 50
OPENINGS = 3
# Only a mail whose attempt has ended can be sent again: otherwise two copies could be on their way at once.
CAN_RESEND = {MailStatus.SENT, MailStatus.REFUSED, MailStatus.FAILED, MailStatus.UNCONFIRMED}
MAY_BE_WITHDRAWN = {MailStatus.HELD, MailStatus.QUEUED}


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def occurrence(request: TeamRequest, occurrence_id: int) -> HttpResponse:
    """Its mails, newest first, by page; `?state=` filters by state."""
    occurrence = _occurrence(request, occurrence_id)
    add_outcomes([occurrence])
    state = request.GET.get("state", "")
    rows = occurrence.deliveries.select_related("recipient", "result", "link").prefetch_related(
        Prefetch("link__opened", LinkOpening.objects.order_by("-id")[:OPENINGS], to_attr="last_opened")
    )
    if state in MailStatus.values:
        rows = rows.filter(status=state)
    page = page_of(rows, request.GET, size=MAILS)
    now = timezone.now()
    for mail in page.rows:
        mail.can_resend = mail.status in CAN_RESEND
        mail.may_be_withdrawn = mail.status in MAY_BE_WITHDRAWN
        mail.shown_link = getattr(mail, "link", None)
        if mail.shown_link:
            mail.shown_link.is_over = mail.shown_link.expires_at <= now
    mails = occurrence.mails  # type: ignore[attr-defined]  # set by add_outcomes
    tabs = [("", "All", mails.all)] + [
        (status.value, status.label, mails.counts[status]) for status in MailStatus if mails.counts[status]
    ]
    return render(
        request,
        "exports/schedules/occurrence.html",
        {
            "occurrence": occurrence,
            "schedule": occurrence.schedule,
            "result": getattr(occurrence.run, "result", None),
            "page": page,
            "tabs": tabs,
            "state": state,
        },
    )


@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def occurrence_send_anyway(request: TeamRequest, occurrence_id: int) -> HttpResponse:
    occurrence = _occurrence(request, occurrence_id)
    if finish.send_anyway(occurrence, by=request.user):
        messages.success(request, "The held mails are on their way.")
    else:
        messages.info(request, "No mail is held here any more: nothing was changed.")
    return redirect("exports:occurrence", request.team.slug, occurrence.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.MANAGE_SCHEDULES)
def delivery_again(request: TeamRequest, delivery_id: int) -> HttpResponse:
    """Send one mail again, after a confirmation."""
    delivery = _delivery(request, delivery_id)
    can_resend = delivery.status in CAN_RESEND
    if request.method == "POST" and can_resend:
        return _decide(request, delivery, deliveries.send_again, f"One more mail to {delivery.address} is on its way.")
    context = {"delivery": delivery, "occurrence": delivery.occurrence, "can_resend": can_resend}
    return render(request, "exports/schedules/delivery_again.html", context)


@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def delivery_withdraw(request: TeamRequest, delivery_id: int) -> HttpResponse:
    delivery = _delivery(request, delivery_id)
    return _decide(request, delivery, deliveries.withdraw, f"The mail to {delivery.address} will not be sent.")


@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def link_revoke(request: TeamRequest, link_id: int) -> HttpResponse:
    link = get_object_or_404(Link.objects.filter(team=request.team).select_related("delivery__occurrence"), pk=link_id)
    download_links.revoke(link, by=request.user)
    messages.success(request, f"The link of {link.delivery.address} does not open any more.")
    return redirect("exports:occurrence", request.team.slug, link.delivery.occurrence_id)


def _decide(request: TeamRequest, delivery: Delivery, act: Callable[..., object], success: str) -> HttpResponse:
    """Apply an action to one mail, and return to the list."""
    try:
        is_done = act(delivery, by=request.user)
    except deliveries.CannotSend as reason:
        messages.error(request, str(reason))
    else:
        if is_done:
            messages.success(request, success)
        else:
            messages.info(request, f"The mail to {delivery.address} had moved on already: nothing was changed.")
    return redirect("exports:occurrence", request.team.slug, delivery.occurrence_id)


def _occurrence(request: TeamRequest, occurrence_id: int) -> Occurrence:
    rows: QuerySet[Occurrence] = Occurrence.objects.filter(team=request.team)
    return get_object_or_404(rows.select_related("schedule__team", "run__result", "run__export"), pk=occurrence_id)


def _delivery(request: TeamRequest, delivery_id: int) -> Delivery:
    rows = Delivery.objects.filter(team=request.team)
    return get_object_or_404(
        rows.select_related("occurrence__schedule__team", "recipient", "run", "result"), pk=delivery_id
    )
