"""The team's schedules: list, page, and actions on one schedule."""

from typing import Any

from django.contrib import messages
from django.db.models import Case, Count, OuterRef, Q, Subquery, Value, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.door import TeamRequest, team_view
from accounts.paging import page_of, part_of
from accounts.permissions import Permission
from exports.deliveries import recipients, summary
from exports.deliveries.settings import MailSettings
from exports.forms.schedules.mail import CONTENTS, ON_EMPTY
from exports.forms.schedules.schedule import AFTER_OUTAGE, PauseForm
from exports.models import Occurrence, Recipient, Schedule
from exports.schedules import actions as schedule_actions
from exports.schedules import calendar
from exports.schedules.rules import occurrences as rule_occurrences
from exports.schedules.rules.occurrences import Coming
from exports.schedules.rules.rule import Rule

COMING = 12
SHOWN_RECIPIENTS = 8
# Recipients that a person must act on come first.
NEEDS_SOMEBODY = Case(
    When(state=Recipient.State.UNCONFIRMED, then=Value(0)),
    When(state=Recipient.State.DROPPED, then=Value(1)),
    default=Value(2),
)
HISTORY = 12
# Recipients who get mail, or would after a confirmation.
ON_THE_LIST = Q(recipients__state__in=[Recipient.State.ACTIVE, Recipient.State.UNCONFIRMED])


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def schedule_list(request: TeamRequest) -> HttpResponse:
    """Sorted by name, by page; `?show=` filters paused or archived ones."""
    show = request.GET.get("show", "")
    rows = request.team.schedules.filter(archived_at__isnull=show != "archived")
    if show == "paused":
        rows = rows.exclude(paused_at=None)
    part = part_of(list(rows.values_list("pk", flat=True)), request.GET)
    return render(
        request,
        "exports/schedules/schedule_list.html",
        {"page": part.with_rows(_find_schedules(request, part.rows)), "show": show},
    )


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def schedule(request: TeamRequest, schedule_id: int) -> HttpResponse:
    schedule = get_object_or_404(
        request.team.schedules.select_related("export__credential", "export__version", "owner"), pk=schedule_id
    )
    people = schedule.recipients.exclude(state=Recipient.State.REMOVED)
    page = page_of(schedule.occurrences.select_related("run"), request.GET, size=HISTORY)
    add_outcomes(page.rows)
    mail = MailSettings.from_json(schedule.mail)
    return render(
        request,
        "exports/schedules/schedule.html",
        {
            "schedule": schedule,
            "coming": coming(request, Rule.from_json(schedule.rule)) if not schedule.is_archived else [],
            "mail": mail,
            "content": CONTENTS[mail.content],
            "on_empty": ON_EMPTY[mail.on_empty],
            "after_outage": AFTER_OUTAGE[Schedule.AfterOutage(schedule.after_outage)],
            "bands": _bands(mail),
            "people": people.order_by(NEEDS_SOMEBODY, "address")[:SHOWN_RECIPIENTS],
            "counts": _count_recipients(schedule),
            "page": page,
        },
    )


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def schedule_recipients(request: TeamRequest, schedule_id: int) -> HttpResponse:
    """All recipients, current and former, newest first."""
    schedule = get_object_or_404(request.team.schedules, pk=schedule_id)
    page = page_of(schedule.recipients.all(), request.GET, size=50)
    context = {"schedule": schedule, "page": page, "counts": _count_recipients(schedule)}
    return render(request, "exports/schedules/recipients.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.MANAGE_SCHEDULES)
def schedule_pause(request: TeamRequest, schedule_id: int) -> HttpResponse:
    schedule = get_object_or_404(request.team.schedules.live(), pk=schedule_id)
    form = PauseForm(request.POST if request.method == "POST" else None, team=request.team)
    if form.is_valid():
        schedule_actions.pause(schedule, by=request.user, **form.cleaned_data)
        messages.success(request, f"“{schedule}” is paused. Nothing of it runs until it is resumed.")
        return redirect(schedule)
    return render(request, "exports/schedules/schedule_pause.html", {"schedule": schedule, "form": form})


@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def schedule_resume(request: TeamRequest, schedule_id: int) -> HttpResponse:
    schedule = get_object_or_404(request.team.schedules.live(), pk=schedule_id)
    schedule_actions.resume(schedule, by=request.user)
    messages.success(request, f"“{schedule}” goes on with its next time. What was left out is not made up for.")
    return redirect(schedule)


@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def schedule_archive(request: TeamRequest, schedule_id: int) -> HttpResponse:
    schedule = get_object_or_404(request.team.schedules, pk=schedule_id)
    schedule_actions.archive(schedule, by=request.user)
    messages.success(request, f"“{schedule}” is archived: it does not run any more. Its history stays.")
    return redirect("exports:schedule-list", request.team.slug)


@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def schedule_confirm(request: TeamRequest, schedule_id: int) -> HttpResponse:
    """Confirm all recipients who wait for it."""
    schedule = get_object_or_404(request.team.schedules, pk=schedule_id)
    waiting = list(schedule.recipients.filter(state=Recipient.State.UNCONFIRMED))
    return _confirm(request, schedule, waiting)


@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def recipient_confirm(request: TeamRequest, recipient_id: int) -> HttpResponse:
    rows = Recipient.objects.select_related("schedule__team").filter(team=request.team)
    recipient = get_object_or_404(rows, pk=recipient_id)
    return _confirm(request, recipient.schedule, [recipient])


def _confirm(request: TeamRequest, schedule: Schedule, waiting: list[Recipient]) -> HttpResponse:
    problems = recipients.confirm(schedule, waiting, by=request.user)
    for sentence in problems:
        messages.error(request, sentence)
    if len(waiting) > len(problems):
        messages.success(request, "Confirmed. The next mail reaches them again.")
    return redirect(schedule)


def coming(request: TeamRequest, rule: Rule) -> list[Coming]:
    """The next times of a rule by the team's calendar, including those in a blackout period."""
    return rule_occurrences.occurrences(
        rule, timezone.now(), calendar.calendar_of(request.team), COMING, calendar.freezes_of(request.team)
    )


def add_outcomes(occurrences: list[Any]) -> None:
    """Set `mails` and `shown` of occurrences, for templates. Their runs should be selected along."""
    mails = summary.mails_of(occurrences)
    for occurrence in occurrences:
        occurrence.mails = mails[occurrence.pk]
        occurrence.shown = summary.outcome(occurrence, mails[occurrence.pk])


def _find_schedules(request: TeamRequest, keys: list[int]) -> list[Any]:
    """Schedules in the order of their keys, with `reached`, `last` and `is_split` for the list."""
    last = Occurrence.objects.filter(schedule=OuterRef("pk")).order_by("-due_at").values("pk")[:1]
    rows = (
        request.team.schedules.filter(pk__in=keys)
        .select_related("export")
        .annotate(reached=Count("recipients", filter=ON_THE_LIST), last_key=Subquery(last))
    )
    schedules: list[Any] = sorted(rows, key=lambda row: keys.index(row.pk))
    occurrences = Occurrence.objects.select_related("run").in_bulk([row.last_key for row in schedules if row.last_key])
    add_outcomes(list(occurrences.values()))
    for row in schedules:
        row.last = occurrences.get(row.last_key)
        row.is_split = bool(row.mail.get("split_by"))
    return schedules


def _count_recipients(schedule: Schedule) -> list[tuple[str, int]]:
    """How many recipients are in each state, without removed ones, as (state in words, count)."""
    rows = dict(schedule.recipients.order_by().values_list("state").annotate(Count("pk")))
    return [
        (state.label.lower(), rows[state])
        for state in Recipient.State
        if state in rows and state != Recipient.State.REMOVED
    ]


def _bands(mail: MailSettings) -> list[str]:
    """The expected ranges in words, as “Rows: at least 100 and at most 5,000”."""
    spans: list[tuple[str, Any, Any]] = [("Rows", mail.rows_from, mail.rows_to)]
    for currency in sorted(mail.totals_from.keys() | mail.totals_to.keys()):
        spans.append((f"Total in {currency}", mail.totals_from.get(currency), mail.totals_to.get(currency)))
    return [
        f"{name}:{'' if low is None else f' at least {low:,}'}"
        f"{' and' if low is not None and high is not None else ''}{'' if high is None else f' at most {high:,}'}"
        for name, low, high in spans
        if low is not None or high is not None
    ]
