import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.door import team_view
from accounts.paging import page_of
from accounts.permissions import Permission
from exports.deliveries import summary
from exports.forms.runs import RunFilter
from exports.models import Run
from exports.runs import actions as runs
from exports.runs import timeline
from exports.runs.actions import CannotStart
from exports.runs.report_list import ReportList
from exports.views.runs.queue import find_places

SHOWN_REPORTS = 100


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def run_list(request: HttpRequest) -> HttpResponse:
    form = RunFilter(request.GET, team=request.team)
    runs = request.team.runs.seen_by(request.membership)
    found = form.of(runs.select_related("export", "update").brief())
    page = page_of(found, request.GET, moment="created_at" if form.is_of_days else "")
    return render(request, "exports/run_list.html", {"form": form, "page": page})


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def run(request: HttpRequest, run: int) -> HttpResponse:
    shown = _run(request, run)
    job = json.dumps(shown.job, indent=2, ensure_ascii=False)
    return render(request, "exports/run.html", {**_course(shown), "job": job})


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def run_timeline(request: HttpRequest, run: int) -> HttpResponse:
    """The part of a run's page that changes. `?was=<status>` is what the reader saw last: only news are announced."""
    shown = _run(request, run)
    is_news = request.GET.get("was") != shown.status
    return render(request, "exports/_run_timeline.html", {**_course(shown), "is_news": is_news})


@require_POST
@team_view(Permission.RUN_EXPORTS)
def export_run(request: HttpRequest, export_id: int) -> HttpResponse:
    export = get_object_or_404(request.team.exports.select_related("credential", "version"), pk=export_id)
    try:
        return redirect(runs.start_by_click(export, by=request.user))
    except CannotStart as reason:
        messages.error(request, str(reason))
        return redirect(export)


@require_POST
@team_view(Permission.RUN_EXPORTS)
def run_cancel(request: HttpRequest, run: int) -> HttpResponse:
    run = get_object_or_404(request.team.runs, pk=run)
    if not runs.cancel(run, by=request.user):
        messages.info(request, "This run could not be cancelled: its call is under way, or it has finished.")
    return redirect(run)


@require_POST
@team_view(Permission.RUN_EXPORTS)
def run_again(request: HttpRequest, run: int) -> HttpResponse:
    return _repeat(request, run, runs.again)


@require_POST
@team_view(Permission.RUN_EXPORTS)
def run_same_reports(request: HttpRequest, run: int) -> HttpResponse:
    return _repeat(request, run, runs.same_reports_again)


@require_POST
@team_view(Permission.RUN_EXPORTS)
def run_mark_now(request: HttpRequest, run: int) -> HttpResponse:
    return _repeat(request, run, runs.mark_now)


@require_POST
@team_view(Permission.RUN_EXPORTS)
def run_looked_after(request: HttpRequest, run: int) -> HttpResponse:
    runs.look_after(get_object_or_404(request.team.runs, pk=run), by=request.user)
    return redirect(request.team)


def _repeat(request: HttpRequest, run: int, repeat: Callable[..., Run]) -> HttpResponse:
    """Make a new run of an old one in one of the ways of `runs`, and show it."""
    old = get_object_or_404(request.team.runs, pk=run)
    try:
        return redirect(repeat(old, by=request.user))
    except CannotStart as reason:
        messages.error(request, str(reason))
        return redirect(old)


def _run(request: HttpRequest, run: int) -> Run:
    rows = request.team.runs.seen_by(request.membership).select_related(
        "export__version", "update", "version", "credential", "result", "occurrence__schedule"
    )
    return get_object_or_404(rows.defer("selection"), pk=run)


def _course(run: Run) -> dict[str, Any]:
    queue_away = not find_places([run])
    calls = list(run.calls.all())
    again = list(run.again.values_list("pk", flat=True))
    steps, goes_on = timeline.steps(run, calls), not run.is_final
    occurrence = getattr(run, "occurrence", None)
    mails = None
    if occurrence is not None:
        mails = summary.mails_of([occurrence])[occurrence.pk]
        steps.append(timeline.delivered(run, occurrence, mails))
        goes_on = goes_on or steps[-1].state == "now"
    return {
        "run": run,
        "result": getattr(run, "result", None),
        "calls": calls,
        "steps": steps,
        "goes_on": goes_on,
        "occurrence": occurrence,
        "mails": mails,
        "again": again,
        "can_be_marked": runs.can_be_marked(run),
        # The list may be long: it is shown once, when the page stops asking.
        "listed": _listed(run) if run.is_final and run.report_count else None,
        "queue_away": queue_away,
    }


def _listed(run: Run) -> dict[str, Any]:
    """The reports of the run, late arrivals first, as many as a page takes."""
    reports = ReportList.from_json(run.selection or {}).reports
    late = [report for report in reports if report.is_late(run.late_before)]
    others = [report for report in reports if not report.is_late(run.late_before)]
    return {"reports": [*late, *others][:SHOWN_REPORTS], "late": {report.id for report in late}}
