"""Expensify's answer person by person, to the dry run and to the update, and the members afterwards."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_safe

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.door import TeamRequest, team_view
from accounts.paging import part_of
from accounts.permissions import Permission
from exports.employee_updates import receipt_csv
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed import present
from exports.employee_updates.feed.answers import OUTCOMES, Receipt
from exports.employee_updates.feed.present import STANDINGS
from exports.models import EmployeeUpdate
from exports.views.employee_updates.pages import find_update, merge_sentences

SHOWN = 50
SHOWN_OTHERS = 100
SHOWN_LOST = 20
OUTCOME_TONES = {"skipped": "bad", "removed": "warn", "added": "good", "updated": "good", "unmentioned": "quiet"}
STANDING_TONES = {"not": "bad", "partly": "warn", "unknown": "quiet", "there": "good", "nothing": "quiet"}


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_answer(request: TeamRequest, update_id: int) -> HttpResponse:
    """The answer to the dry run."""
    return _render_answer(request, find_update(request, update_id), "tried_answer")


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_receipt(request: TeamRequest, update_id: int) -> HttpResponse:
    """The answer to the update; `?all=1` shows it on one page, for printing."""
    return _render_answer(request, find_update(request, update_id), "applied_answer")


@require_GET
@team_view(Permission.VIEW_UPDATES)
def update_receipt_file(request: TeamRequest, update_id: int) -> HttpResponseBase:
    """The receipt as CSV."""
    update = find_update(request, update_id)
    receipt = stored_updates.receipt_of(update, "applied_answer")
    if receipt is None:
        messages.info(request, "There is no receipt to download: the update was not applied, or its rows were wiped.")
        return redirect(update)
    audit.record(
        Action.RECEIPT_DOWNLOADED, update, by=request.user, content_hash=update.content_hash, rows=len(receipt.lines)
    )
    response = StreamingHttpResponse(receipt_csv.lines_of(receipt), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="receipt-{slugify(update.name)[:60]}-{update.pk}.csv"'
    return response


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_present(request: TeamRequest, update_id: int) -> HttpResponse:
    """Compare the requested changes with the members that were read after the update was sent."""
    update = find_update(request, update_id)
    members = stored_updates.members_of(update, "after")
    people = []
    if members is not None:
        analysis = stored_updates.analyse(update)
        people = present.compare(analysis.changes, members, analysis.known.policies or {})
    chosen = request.GET.get("standing", "")
    shown = [person for person in people if person.standing == chosen] if chosen in STANDINGS else people
    page = part_of(shown, request.GET, size=SHOWN)
    tabs = [("", "Everybody", len(people))]
    for standing, name in STANDINGS.items():
        if count := sum(person.standing == standing for person in people):
            tabs.append((standing, name, count))
    page = page.with_rows(
        [(person, STANDINGS[person.standing], STANDING_TONES[person.standing]) for person in page.rows]
    )
    return render(
        request,
        "exports/updates/update_present.html",
        {"update": update, "page": page, "tabs": tabs, "chosen": chosen, "is_read": members is not None},
    )


def _render_answer(request: TeamRequest, update: EmployeeUpdate, name: str) -> HttpResponse:
    receipt = stored_updates.receipt_of(update, name)
    context: dict[str, Any] = {"update": update, "receipt": receipt, "is_dry_run": name == "tried_answer"}
    if receipt is not None:
        context |= _receipt_context(request, receipt)
        if not receipt.dry_run and update.wiped_at is None:
            irreversible = stored_updates.reversal_of(update).irreversible
            lost = merge_sentences((effect.sentence, effect.email) for effect in irreversible)
            context |= {"lost": lost[:SHOWN_LOST], "more_lost": max(0, len(lost) - SHOWN_LOST)}
    return render(request, "exports/updates/update_receipt.html", context)


def _receipt_context(request: TeamRequest, receipt: Receipt) -> dict[str, Any]:
    chosen = request.GET.get("outcome", "")
    lines = [line for line in receipt.lines if chosen not in OUTCOMES or line.outcome == chosen]
    is_all = request.GET.get("all") == "1"
    page = part_of(lines, request.GET, size=max(1, len(lines)) if is_all else SHOWN)
    word = 0 if receipt.dry_run else 1
    names = {outcome: words[word] for outcome, words in OUTCOMES.items()}
    return {
        "page": page.with_rows([(line, names[line.outcome], OUTCOME_TONES[line.outcome]) for line in page.rows]),
        "tabs": [
            ("", "Everybody", len(receipt.lines)),
            *((outcome, name, count) for outcome, name in names.items() if (count := receipt.count(outcome))),
        ],
        "chosen": chosen,
        "is_all": is_all,
        "others": receipt.others if is_all else receipt.others[:SHOWN_OTHERS],
        "more_others": 0 if is_all else max(0, len(receipt.others) - SHOWN_OTHERS),
    }
