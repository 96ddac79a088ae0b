import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.door import TeamRequest, team_view
from accounts.paging import page_of
from accounts.permissions import Permission
from exports.deliveries import summary
from exports.forms.runs import RunFilter
from exports.models import Run, SavedExport
from exports.runs import actions as runs
from exports.runs import download_again as downloads
from exports.runs import timeline
from exports.runs.actions import CannotStart
from exports.runs.report_list import ReportList
from exports.views.runs.queue import add_positions

SHOWN_REPORTS = 100


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def run_list(request: TeamRequest) -> HttpResponse:
    form = RunFilter(request.GET, team=request.team)
    visible = request.team.runs.seen_by(request.membership)
    filtered = form.filter(visible.select_related("export", "update").brief())
    page = page_of(filtered, request.GET, moment="created_at" if form.is_of_days else "")
    return render(request, "exports/run_list.html", {"form": form, "page": page})


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def run(request: TeamRequest, run_id: int) -> HttpResponse:
    run = _run(request, run_id)
    job = json.dumps(run.job, indent=2, ensure_ascii=False)
    return render(request, "exports/run.html", {**_progress(run), "job": job})


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def run_timeline(request: TeamRequest, run_id: int) -> HttpResponse:
    """The part of a run's page that changes. Changes since the status `?was=<status>` are announced."""
    run = _run(request, run_id)
    is_news = request.GET.get("was") != run.status
    return render(request, "exports/_run_timeline.html", {**_progress(run), "is_news": is_news})


@require_POST
@team_view(Permission.RUN_EXPORTS)
def export_run(request: TeamRequest, export_id: int) -> HttpResponse:
    exports = request.team.exports.select_related("credential", "version")
    saved_export: SavedExport = get_object_or_404(exports, pk=export_id)
    try:
        return redirect(runs.start_by_click(saved_export, by=request.user))
    except CannotStart as reason:
        messages.error(request, str(reason))
        return redirect(saved_export)


@require_POST
@team_view(Permission.RUN_EXPORTS)
def run_cancel(request: TeamRequest, run_id: int) -> HttpResponse:
    run: Run = get_object_or_404(request.team.runs, pk=run_id)
    if not runs.cancel(run, by=request.user):
        messages.info(request, "This run could not be cancelled: its call is under way, or it has finished.")
    return redirect(run)


@require_POST
@team_view(Permission.RUN_EXPORTS)
def run_again(request: TeamRequest, run_id: int) -> HttpResponse:
    return _repeat(request, run_id, runs.again)


@require_POST
@team_view(Permission.RUN_EXPORTS)
def run_same_reports(request: TeamRequest, run_id: int) -> HttpResponse:
    return _repeat(request, run_id, runs.same_reports_again)


@require_POST
@team_view(Permission.RUN_EXPORTS)
def run_download_again(request: TeamRequest, run_id: int) -> HttpResponse:
    return _repeat(request, run_id, downloads.download_again)


@require_POST
@team_view(Permission.RUN_EXPORTS)
def run_mark_now(request: TeamRequest, run_id: int) -> HttpResponse:
    return _repeat(request, run_id, runs.mark_now)


@require_POST
@team_view(Permission.RUN_EXPORTS)
def run_looked_after(request: TeamRequest, run_id: int) -> HttpResponse:
    runs.look_after(get_object_or_404(request.team.runs, pk=run_id), by=request.user)
    return redirect(request.team)


def _repeat(request: TeamRequest, run_id: int, repeat: Callable[..., Run]) -> HttpResponse:
    """Repeat or continue a run with one of the functions of `exports.runs`, and show the run that does it."""
    old: Run = get_object_or_404(request.team.runs, pk=run_id)
    try:
        return redirect(repeat(old, by=request.user))
    except CannotStart as reason:
        messages.error(request, str(reason))
        return redirect(old)


def _run(request: TeamRequest, run_id: int) -> Run:
    rows = request.team.runs.seen_by(request.membership).select_related(
        "export__version", "update", "version", "credential", "result", "occurrence__schedule"
    )
    run: Run = get_object_or_404(rows.defer("selection"), pk=run_id)
    return run


def _progress(run: Run) -> dict[str, Any]:
    queue_away = not add_positions([run])
    calls = list(run.calls.all())
    again = list(run.again.values_list("pk", flat=True))
    steps, polls = timeline.steps(run, calls), not run.is_final
    occurrence = getattr(run, "occurrence", None)
    mails = None
    if occurrence is not None:
        mails = summary.mails_of([occurrence])[occurrence.pk]
        steps.append(timeline.delivered(run, occurrence, mails))
        polls = polls or steps[-1].state == "now"
    return {
        "run": run,
        "result": getattr(run, "result", None),
        "calls": calls,
        "steps": steps,
        "goes_on": polls,
        "occurrence": occurrence,
        "mails": mails,
        "again": again,
        "can_download_again": downloads.can_download_again(run),
        "can_be_marked": runs.can_be_marked(run),
        # The list may be long: the page shows it when it stops polling.
        "listed": _listed(run) if run.is_final and run.report_count else None,
        "queue_away": queue_away,
    }


def _listed(run: Run) -> dict[str, Any]:
    """The reports of the run, late ones first, up to the page's limit."""
    reports = ReportList.from_json(run.selection or {}).reports
    late = [report for report in reports if report.is_late(run.late_before)]
    others = [report for report in reports if not report.is_late(run.late_before)]
    return {"reports": [*late, *others][:SHOWN_REPORTS], "late": {report.id for report in late}}
