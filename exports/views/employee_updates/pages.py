"""The page of one employee update: how far it has come, what may be done now, and what was done."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
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
def update(request: HttpRequest, update: int) -> HttpResponse:
    return render(request, "exports/updates/update.html", _shown(request, find(request, update)))


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_course_part(request: HttpRequest, update: int) -> HttpResponse:
    """The part of the page that changes. `?was=<run and its status>` is what the reader saw last."""
    shown = _shown(request, find(request, update))
    return render(
        request, "exports/updates/_course.html", shown | {"is_news": request.GET.get("was") != shown["was"]}
    )


def find(request: HttpRequest, update: int) -> EmployeeUpdate:
    """An update of the open team, or 404."""
    rows = request.team.employee_updates.select_related(
        "credential", "profile", "reverse_of", "applied_by_run"
    )
    found = get_object_or_404(rows, pk=update)
    found.team = request.team
    return found


def _shown(request: TeamRequest, update: EmployeeUpdate) -> dict[str, Any]:
    runs = list(update.runs.defer("job", "template", "selection").prefetch_related("calls")[:SHOWN_RUNS])
    last = {purpose: _last(runs, purpose) for purpose in (Run.Kind.MEMBERS, Run.Kind.DRY_RUN)}
    tried_to_apply = _last(runs, Run.Kind.APPLY)
    under_way = [run for run in runs if not run.is_final]
    add_positions(under_way)
    return {
        "update": update,
        "stage": update.stage,
        "steps": update_progress.steps(update),
        "can": update_progress.standing(update, request.membership),
        "runs": runs,
        "under_way": under_way,
        "was": "-".join(f"{run.pk}{run.status}" for run in under_way),
        "asking": {str(purpose): run for purpose, run in last.items()},
        "last_apply": tried_to_apply,
        "reverses": list(update.reverses.only("pk", "name", "team_id")),
        "outcomes": [
            (words[1], update.summary[outcome])
            for outcome, words in answers.OUTCOMES.items()
            if update.summary.get(outcome)
        ],
        "entries": _entries(request, update),
        "may_read_members": not (update.discarded_at or update.wiped_at or update.is_hosted)
        and update.stage not in (Stage.MAPPING, Stage.APPLYING),
        **_looked_at(update),
    }


def _last(runs: list[Run], purpose: str) -> Run | None:
    return next((run for run in runs if run.kind == purpose), None)


def _entries(request: TeamRequest, update: EmployeeUpdate) -> list[Any]:
    entries = request.team.audit_entries.filter(target_type="employeeupdate", target_id=update.pk)
    return list(entries[:SHOWN_ENTRIES])


def together(told: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Sentences once each, with all whom they are about in words: “2, 3, 4 and 50 more”."""
    about: dict[str, list[str]] = {}
    for sentence, whom in told:
        about.setdefault(sentence, []).append(whom)
    return [(sentence, named(whom) if all(whom) else "") for sentence, whom in about.items()]


def _looked_at(update: EmployeeUpdate) -> dict[str, Any]:
    """What needs the rows themselves, as far as the page shows it now: warnings to accept, leavers to count."""
    warnings: list[tuple[str, str]] = []
    if update.warning_count and not update.is_accepted and not update.error_count and update.is_open:
        found = stored_updates.analyse(update).checked.warnings
        warnings = together((warning.sentence, str(warning.row or "")) for warning in found)
    guard = None
    if update.leaver_count and update.is_open and update.is_tried():
        guard = update_rules.guard_of(update)
    return {
        "warnings": warnings[:SHOWN_WARNINGS],
        "more_warnings": max(0, len(warnings) - SHOWN_WARNINGS),
        "guard": guard,
    }
