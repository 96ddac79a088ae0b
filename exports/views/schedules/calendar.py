from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST, require_safe

from accounts.door import TeamRequest, team_view
from accounts.permissions import Permission
from exports.forms.schedules.calendar import DaysFileForm, FreezeForm, HolidayForm, NationalForm, StrikeForm
from exports.schedules import calendar as schedule_calendar
from exports.schedules import forecast
from exports.schedules.rules.countries import country_name
from exports.schedules.rules.words import day_in_words
from exports.schedules.rules.working_days import is_known, national_days

WEEKS = timedelta(days=forecast.DAYS)
FARTHEST = timedelta(days=366)
YEARS_AHEAD = 5


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def calendar(request: TeamRequest) -> HttpResponse:
    """What runs when in the four weeks from `?from=<day>`, or from today."""
    today = timezone.localdate()
    try:
        first = parse_date(request.GET.get("from", "")) or today
    except ValueError:
        first = today
    first = min(max(first, today), today + FARTHEST)
    weeks = forecast.weeks(request.team, first, timezone.now())
    return render(
        request,
        "exports/calendar/calendar.html",
        {
            **weeks._asdict(),
            "first": first,
            "last": first + WEEKS - timedelta(days=1),
            "earlier": max(first - WEEKS, today) if first > today else None,
            "later": first + WEEKS if first + WEEKS <= today + FARTHEST else None,
            "busy": [day for day in weeks.days if day.lines or day.holiday or day.freeze],
            "has_schedules": request.team.schedules.live().exists(),
        },
    )


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def holiday_list(request: TeamRequest) -> HttpResponse:
    return _render_holidays(request)


@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def holiday_add(request: TeamRequest) -> HttpResponse:
    form = HolidayForm(request.POST)
    if not form.is_valid():
        return _render_holidays(request, form=form)
    on, name = form.cleaned_data["on"], form.cleaned_data["name"]
    schedule_calendar.set_days(request.team, {on: (name, True)}, by=request.user)
    messages.success(request, f"{day_in_words(on)} is a day off: {name}.")
    return redirect("exports:holiday-list", request.team.slug)


@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def holiday_strike(request: TeamRequest) -> HttpResponse:
    """Make a national holiday a working day."""
    form = StrikeForm(request.POST)
    if form.is_valid() and schedule_calendar.strike_out(request.team, form.cleaned_data["on"], by=request.user):
        messages.success(request, f"{day_in_words(form.cleaned_data['on'])} is worked.")
    else:
        messages.error(request, "That day is no holiday of the national calendar. Nothing was changed.")
    return redirect("exports:holiday-list", request.team.slug)


@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def holiday_remove(request: TeamRequest, holiday_id: int) -> HttpResponse:
    holiday = get_object_or_404(request.team.holidays, pk=holiday_id)
    schedule_calendar.remove_day(holiday, by=request.user)
    change = "is no day off of the team's own any more" if holiday.is_off else "is a holiday again"
    messages.success(request, f"{day_in_words(holiday.on)} ({holiday.name}) {change}.")
    return redirect("exports:holiday-list", request.team.slug)


@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def holiday_national(request: TeamRequest) -> HttpResponse:
    form = NationalForm(request.POST)
    if not form.is_valid():
        return _render_holidays(request, national=form)
    national = form.cleaned_data["national"]
    schedule_calendar.choose_national(request.team, national, by=request.user)
    messages.success(
        request,
        f"The holidays are those of {country_name(national)}." if national else "There is no national calendar now.",
    )
    return redirect("exports:holiday-list", request.team.slug)


@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def holiday_import(request: TeamRequest) -> HttpResponse:
    form = DaysFileForm(request.POST, request.FILES, today=timezone.localdate())
    if not form.is_valid():
        return _render_holidays(request, file=form)
    days = {on: (name, True) for on, name in form.imported.days.items()}
    number = schedule_calendar.set_days(request.team, days, by=request.user)
    summary = f"{len(days)} day{'' if len(days) == 1 else 's'} off in the file, {number} of them new or changed."
    messages.success(request, " ".join([summary, *form.imported.left_out]))
    return redirect("exports:holiday-list", request.team.slug)


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def freeze_list(request: TeamRequest) -> HttpResponse:
    return _render_freezes(request, FreezeForm())


@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def freeze_add(request: TeamRequest) -> HttpResponse:
    form = FreezeForm(request.POST)
    if not form.is_valid():
        return _render_freezes(request, form)
    freeze = schedule_calendar.add_freeze(request.team, **form.cleaned_data, by=request.user)
    messages.success(request, f"No schedule runs from {day_in_words(freeze.first)} to {day_in_words(freeze.last)}.")
    return redirect("exports:freeze-list", request.team.slug)


@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def freeze_remove(request: TeamRequest, freeze_id: int) -> HttpResponse:
    freeze = get_object_or_404(request.team.freezes, pk=freeze_id)
    schedule_calendar.remove_freeze(freeze, by=request.user)
    messages.success(request, f"“{freeze.reason}” is removed. Schedules run on these days again.")
    return redirect("exports:freeze-list", request.team.slug)


def _render_holidays(request: TeamRequest, **forms: Any) -> HttpResponse:
    """The days of a year, national and own, and the forms; `forms` replace the empty ones, to show their errors."""
    team, today = request.team, timezone.localdate()
    text = request.GET.get("year", "")
    year = int(text) if text.isdecimal() and len(text) == 4 else today.year
    year = min(max(year, today.year - 1), today.year + YEARS_AHEAD)
    own = {holiday.on: holiday for holiday in team.holidays.filter(on__year=year)}
    national = national_days(team.holidays_of, year)
    return render(
        request,
        "exports/calendar/holidays.html",
        {
            "year": year,
            "years": range(today.year - 1, today.year + YEARS_AHEAD + 1),
            "days": [
                {"on": on, "name": own[on].name if on in own else national[on], "own": own.get(on)}
                for on in sorted({*own, *national})
            ],
            "national_name": country_name(team.holidays_of),
            "is_unknown": bool(team.holidays_of) and not is_known(team.holidays_of),
            "national": NationalForm(initial={"national": team.holidays_of}),
            "form": HolidayForm(),
            "file": DaysFileForm(today=today),
            **forms,
        },
    )


def _render_freezes(request: TeamRequest, form: FreezeForm) -> HttpResponse:
    today = timezone.localdate()
    freezes = request.team.freezes.filter(last__gte=today - timedelta(days=365))
    return render(request, "exports/calendar/freezes.html", {"freezes": freezes, "form": form, "today": today})
