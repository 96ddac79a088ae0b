"""Create and edit a schedule, with a preview of its next times beside the form."""

from functools import partial
from typing import Any, NamedTuple

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.forms import BaseForm
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.door import TeamRequest, team_view
from accounts.models import Team
from accounts.numbers import whole_number
from accounts.permissions import Permission
from exports.columns.layout import layout_from_json
from exports.columns.writing import headings_of
from exports.deliveries import recipients, split_by_recipient
from exports.forms.schedules.mail import PLACEHOLDERS, MailForm
from exports.forms.schedules.rule import RuleForm
from exports.forms.schedules.schedule import ScheduleForm
from exports.models import Schedule
from exports.schedules import actions as schedule_actions
from exports.schedules.rules import words
from exports.schedules.rules.rule import Rule
from exports.views.schedules.pages import coming


class Forms(NamedTuple):
    schedule: ScheduleForm
    rule: RuleForm
    mail: MailForm

    def are_valid(self) -> bool:
        """Validates every form, so that all errors show at once."""
        results = [form.is_valid() for form in self]
        return all(results)


@sensitive_post_parameters("zip_password")
@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.MANAGE_SCHEDULES)
def schedule_new(request: TeamRequest) -> HttpResponse:
    return _edit(request, Schedule(team=request.team))


@sensitive_post_parameters("zip_password")
@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.MANAGE_SCHEDULES)
def schedule_edit(request: TeamRequest, schedule_id: int) -> HttpResponse:
    return _edit(request, get_object_or_404(request.team.schedules.live(), pk=schedule_id))


@sensitive_post_parameters("zip_password")
@require_POST
@team_view(Permission.MANAGE_SCHEDULES)
def schedule_preview(request: TeamRequest) -> HttpResponse:
    """The rule in words and its next times; if the export was changed, its columns too."""
    context = _describe_rule(request, RuleForm(request.POST, team=request.team)) | {"is_partial": True}
    if request.headers.get("HX-Trigger-Name") == "export":
        mail = _mail_form(request, Schedule(team=request.team), request.POST, bound=False)
        context |= {"mail": mail, "with_columns": True}
    return render(request, "exports/schedules/_coming.html", context)


def _edit(request: TeamRequest, schedule: Schedule) -> HttpResponse:
    # Validation changes the schedule's name, which the page shows as it is saved.
    page = partial(_render, request, schedule, name=schedule.name)
    if request.method != "POST":
        return page(_forms(request, schedule, None))
    if request.POST.get("do") == "dates":
        bound = _forms(request, schedule, request.POST)
        unbound = _forms(request, schedule, request.POST, bound=False)
        return page(unbound._replace(rule=bound.rule))
    forms = _forms(request, schedule, request.POST)
    if not forms.are_valid():
        return page(forms)
    try:
        with transaction.atomic():
            saved, notes = _save(request, schedule, forms)
    except IntegrityError:
        # Two people may save the same name at once; only the database can tell.
        forms.schedule.add_error("name", forms.schedule.taken())
        return page(forms)
    except recipients.CannotReach as error:
        for sentence in error.problems.values():
            forms.mail.add_error("addresses", sentence)
        return page(forms)
    for note in notes:
        messages.warning(request, note)
    messages.success(request, f"“{saved}” is saved.")
    return redirect(saved)


def _save(request: TeamRequest, schedule: Schedule, forms: Forms) -> tuple[Schedule, list[str]]:
    values = forms.schedule.cleaned_data
    fields: dict[str, Any] = {
        "name": values["name"],
        "rule": forms.rule.rule,
        "mail": forms.mail.settings,
        "zip_password": forms.mail.new_zip_password,
        "after_outage": values["after_outage"],
        "pause_after": values["pause_after"],
        "owner": forms.schedule.chosen_owner,
        "by": request.user,
    }
    if schedule.pk is None:
        saved = schedule_actions.create(values["export"], **fields)
    else:
        saved = schedule_actions.change(schedule, **fields)
    notes = recipients.set_by_hand(
        saved, members=forms.mail.chosen_members, addresses=forms.mail.chosen_addresses, by=request.user
    )
    return saved, notes


def _render(request: TeamRequest, schedule: Schedule, forms: Forms, name: str) -> HttpResponse:
    rule = forms.rule
    if not rule.is_bound:
        rule = RuleForm(_as_post_data(rule), team=request.team)
    # Another export has other columns to split by.
    forms.schedule.export_field.widget.attrs |= {
        "hx-post": reverse("exports:schedule-preview", args=[request.team.slug]),
        "hx-target": "#coming",
    }
    context = {
        "schedule": schedule,
        "saved_name": name,
        "form": forms.schedule,
        "rule": forms.rule,
        "mail": forms.mail,
        "has_problems": any(form.is_bound and form.errors for form in forms),
        "placeholders": PLACEHOLDERS,
        "has_exports": forms.schedule.exports.exists(),
    }
    return render(request, "exports/schedules/schedule_form.html", context | _describe_rule(request, rule))


def _describe_rule(request: TeamRequest, form: RuleForm) -> dict[str, Any]:
    if not form.is_valid() or form.rule is None:
        return {"problems": form.problems()}
    times = coming(request, form.rule)
    return {"in_words": words.in_words(form.rule), "coming": times, "zone": form.rule.zone, "is_over": not times}


def _forms(request: TeamRequest, schedule: Schedule, sent: QueryDict | None, *, bound: bool = True) -> Forms:
    """The three forms of the page. If not `bound`, they show what was `sent` without validating it."""
    team = request.team
    stored = Rule.from_json(schedule.rule) if schedule.pk else None
    first: dict[str, Any] = {}
    if schedule.pk is None and (export_id := whole_number(request.GET.get("export", ""))):
        first["export"] = str(export_id)
    make_schedule = partial(ScheduleForm, team=team, by=request.user, instance=schedule)
    make_rule = partial(RuleForm, team=team)
    mail = _mail_form(request, schedule, sent, bound=bound)
    if sent is None:
        return Forms(make_schedule(initial=first), make_rule(initial=RuleForm.initial_of(stored, team)), mail)
    forms = Forms(make_schedule(sent), make_rule(sent), mail)
    if bound:
        return forms
    return Forms(make_schedule(initial=_entered(forms.schedule)), make_rule(initial=_entered(forms.rule)), mail)


def _mail_form(request: TeamRequest, schedule: Schedule, sent: QueryDict | None, *, bound: bool = True) -> MailForm:
    chosen = str(schedule.export_id or (request.GET if sent is None else sent).get("export", ""))
    make = partial(MailForm, team=request.team, schedule=schedule, headings=_headings(request.team, chosen))
    if sent is None:
        people = list(schedule.recipients.all()) if schedule.pk else []
        return make(initial=MailForm.initial_of(schedule, people, request.user))
    form = make(sent)
    return form if bound else make(initial=_entered(form) | {"bands": [("", None, None)] * form.band_count})


def _entered(form: BaseForm) -> dict[str, Any]:
    """The form's values without secrets, to show it again without errors."""
    return {name: form[name].value() for name in form.fields if name != "zip_password"}


def _as_post_data(form: RuleForm) -> QueryDict:
    """An unbound form's values as POST data."""
    data = QueryDict(mutable=True)
    for bound in form:
        value = bound.field.prepare_value(bound.value())
        if isinstance(value, list):
            data.setlist(bound.name, [str(item) for item in value])
        elif value is not None:
            data[bound.name] = str(value)
    return data


def _headings(team: Team, chosen: str) -> list[str]:
    """The columns of an export's file: those of its layout, else of its newest file."""
    export_id = whole_number(chosen)
    if export_id is None:
        return []
    export = team.exports.select_related("version").filter(pk=export_id).first()
    if export is None:
        return []
    if export.version is not None and export.version.columns:
        return headings_of(layout_from_json(export.version.columns))
    last = team.results.filter(run__export=export, rows__gt=0, purged_at=None).first()
    return split_by_recipient.headings(last) if last is not None else []
