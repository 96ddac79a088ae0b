"""What Expensify answered, person by person: to the dry run, to the update, and what stands there afterwards."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_safe

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.door import team_view
from accounts.paging import part_of
from accounts.permissions import Permission
from exports.employee_updates import actions as employee_updates
from exports.employee_updates import receipt_csv
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed import present
from exports.employee_updates.feed.answers import OUTCOMES, Receipt
from exports.employee_updates.feed.present import STANDINGS
from exports.models import EmployeeUpdate
from exports.views.employee_updates.pages import find, together

SHOWN = 50
SHOWN_OTHERS = 100
SHOWN_LOST = 20
OUTCOME_TONES = {
    "skipped": "bad",
    "removed": "warn",
    "added": "good",
    "updated": "good",
    "unmentioned": "quiet",
}
STANDING_TONES = {"not": "bad", "partly": "warn", "unknown": "quiet", "there": "good", "nothing": "quiet"}


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_answer(request: HttpRequest, update: int) -> HttpResponse:
    """The answer to the dry run."""
    return _answer(request, find(request, update), "tried_answer")


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_receipt(request: HttpRequest, update: int) -> HttpResponse:
    """The answer to the update; `?all=1` shows all of it on one page, to be printed."""
    return _answer(request, find(request, update), "applied_answer")


@require_GET
@team_view(Permission.VIEW_UPDATES)
def update_receipt_file(request: HttpRequest, update: int) -> HttpResponseBase:
    """The receipt as CSV."""
    update = find(request, update)
    receipt = stored_updates.receipt_of(update, "applied_answer")
    if receipt is None:
        messages.info(
            request, "There is no receipt to download: the update was not applied, or its rows were wiped."
        )
        return redirect(update)
    audit.record(
        Action.RECEIPT_DOWNLOADED,
        update,
        by=request.user,
        content_hash=update.content_hash,
        rows=len(receipt.lines),
    )
    response = StreamingHttpResponse(receipt_csv.lines_of(receipt), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = (
        f'attachment; filename="receipt-{slugify(update.name)[:60]}-{update.pk}.csv"'
    )
    return response


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_present(request: HttpRequest, update: int) -> HttpResponse:
    """What was wanted against the members as they were read after the update was sent."""
    update = find(request, update)
    members = stored_updates.members_after(update)
    found = []
    if members is not None:
        analysis = stored_updates.analyse(update)
        found = present.compare(analysis.changes, members, analysis.known.policies or {})
    chosen = request.GET.get("standing", "")
    shown = [each for each in found if each.standing == chosen] if chosen in STANDINGS else found
    page = part_of(shown, request.GET, size=SHOWN)
    tabs = [("", "Everybody", len(found))]
    for standing, name in STANDINGS.items():
        if count := sum(each.standing == standing for each in found):
            tabs.append((standing, name, count))
    page = page.with_rows(
        [(each, STANDINGS[each.standing], STANDING_TONES[each.standing]) for each in page.rows]
    )
    return render(
        request,
        "exports/updates/update_present.html",
        {"update": update, "page": page, "tabs": tabs, "chosen": chosen, "is_read": members is not None},
    )


def _answer(request: HttpRequest, update: EmployeeUpdate, name: str) -> HttpResponse:
    receipt = stored_updates.receipt_of(update, name)
    shown: dict[str, Any] = {"update": update, "receipt": receipt, "is_dry_run": name == "tried_answer"}
    if receipt is not None:
        shown |= _of_receipt(request, receipt)
        if not receipt.dry_run and update.wiped_at is None:
            lost = together(
                (each.sentence, each.email) for each in employee_updates.reverse_of(update).irreversible
            )
            shown |= {"lost": lost[:SHOWN_LOST], "more_lost": max(0, len(lost) - SHOWN_LOST)}
    return render(request, "exports/updates/update_receipt.html", shown)


def _of_receipt(request: HttpRequest, receipt: Receipt) -> dict[str, Any]:
    chosen = request.GET.get("outcome", "")
    lines = [line for line in receipt.lines if chosen not in OUTCOMES or line.outcome == chosen]
    is_all = request.GET.get("all") == "1"
    page = part_of(lines, request.GET, size=max(1, len(lines)) if is_all else SHOWN)
    word = 0 if receipt.dry_run else 1
    names = {outcome: words[word] for outcome, words in OUTCOMES.items()}
    return {
        "page": page.with_rows(
            [(line, names[line.outcome], OUTCOME_TONES[line.outcome]) for line in page.rows]
        ),
        "tabs": [
            ("", "Everybody", len(receipt.lines)),
            *((outcome, name, count) for outcome, name in names.items() if (count := receipt.count(outcome))),
        ],
        "chosen": chosen,
        "is_all": is_all,
        "others": receipt.others if is_all else receipt.others[:SHOWN_OTHERS],
        "more_others": 0 if is_all else max(0, len(receipt.others) - SHOWN_OTHERS),
    }
