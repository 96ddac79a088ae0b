"""The page of one employee update: its progress, what the member may do now, and its history."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.door import TeamRequest, team_view
from accounts.permissions import Permission
from exports.employee_updates import progress as update_progress
from exports.employee_updates import rules as update_rules
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed import answers
from exports.employee_updates.feed.findings import named
from exports.models import EmployeeUpdate, Run
from exports.models.employee_update import Stage
from exports.views.runs.queue import add_positions

SHOWN_RUNS = 12
SHOWN_ENTRIES = 60
SHOWN_WARNINGS = 20


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update(request: TeamRequest, update_id: int) -> HttpResponse:
    return render(request, "exports/updates/update.html", _context(request, find_update(request, update_id)))


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_course_part(request: TeamRequest, update_id: int) -> HttpResponse:
    """The part of the page that is polled. `?was=<run and its status>` is what the reader saw last."""
    context = _context(request, find_update(request, update_id))
    return render(
        request, "exports/updates/_course.html", context | {"is_news": request.GET.get("was") != context["was"]}
    )


def find_update(request: TeamRequest, update_id: int) -> EmployeeUpdate:
    """An update of this team, or 404."""
    updates = request.team.employee_updates.select_related("credential", "profile", "applied_by_run")
    update = get_object_or_404(updates, pk=update_id)
    update.team = request.team
    return update


def _context(request: TeamRequest, update: EmployeeUpdate) -> dict[str, Any]:
    runs = list(update.runs.defer("job", "template", "selection").prefetch_related("calls")[:SHOWN_RUNS])
    last = {kind: _last(runs, kind) for kind in (Run.Kind.MEMBERS, Run.Kind.DRY_RUN)}
    under_way = [run for run in runs if not run.is_final]
    add_positions(under_way)
    entries = request.team.audit_entries.filter(target_type="employeeupdate", target_id=update.pk)
    return {
        "update": update,
        "stage": update.stage,
        "steps": update_progress.steps(update),
        "can": update_progress.standing(update, request.membership),
        "runs": runs,
        "under_way": under_way,
        "was": "-".join(f"{run.pk}{run.status}" for run in under_way),
        "asking": {str(purpose): run for purpose, run in last.items()},
        "last_apply": _last(runs, Run.Kind.APPLY),
        "reverses": list(update.reverses.only("pk", "name", "team_id")),
        "outcomes": [
            (words[1], update.summary[outcome])
            for outcome, words in answers.OUTCOMES.items()
            if update.summary.get(outcome)
        ],
        "entries": list(entries[:SHOWN_ENTRIES]),
        "may_read_members": not (update.discarded_at or update.wiped_at or update.is_hosted)
        and update.stage not in (Stage.MAPPING, Stage.APPLYING),
        **_warnings_and_limit(update),
    }


def _last(runs: list[Run], purpose: str) -> Run | None:
    return next((run for run in runs if run.kind == purpose), None)


def merge_sentences(items: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each sentence once, with the names of all its subjects: “2, 3, 4 and 50 more”."""
    subjects: dict[str, list[str]] = {}
    for sentence, subject in items:
        subjects.setdefault(sentence, []).append(subject)
    return [(sentence, named(names) if all(names) else "") for sentence, names in subjects.items()]


def _warnings_and_limit(update: EmployeeUpdate) -> dict[str, Any]:
    """Warnings to accept and leavers to count. Decrypts the rows only when the page shows them."""
    warnings: list[tuple[str, str]] = []
    if update.warning_count and not update.is_accepted and not update.error_count and update.is_open:
        warnings = merge_sentences(
            (warning.sentence, str(warning.row or "")) for warning in stored_updates.analyse(update).checked.warnings
        )
    leaver_limit = None
    if update.leaver_count and update.is_open and update.is_tried():
        leaver_limit = update_rules.leaver_limit_of(update)
    return {
        "warnings": warnings[:SHOWN_WARNINGS],
        "more_warnings": max(0, len(warnings) - SHOWN_WARNINGS),
        "leaver_limit": leaver_limit,
    }
