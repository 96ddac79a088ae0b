"""Making and changing a schedule, with its next times beside the form as it is edited."""

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
from exports.models import SavedExport, Schedule
from exports.schedules import actions as schedule_actions
from exports.schedules.rules import words
from exports.schedules.rules.rule import Rule
from exports.views.schedules.pages import coming


class Forms(NamedTuple):
    schedule: ScheduleForm
    rule: RuleForm
    mail: MailForm

    def are_valid(self) -> bool:
        """All of them are asked, so that every problem shows at once."""
        return [form.is_valid() for form in self] == [True] * len(self)


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
    """The rule in words and its next times, for what stands in the form; with another export, its columns too."""
    context = _shown(request, RuleForm(request.POST, team=request.team)) | {"is_partial": True}
    if request.headers.get("HX-Trigger-Name") == "export":
        mail = _mail_form(request, Schedule(team=request.team), request.POST, bound=False)
        context |= {"mail": mail, "with_columns": True}
    return render(request, "exports/schedules/_coming.html", context)


def _edit(request: TeamRequest, schedule: Schedule) -> HttpResponse:
    page = partial(_page, request, schedule, name=schedule.name)
    if request.method != "POST":
        return page(_forms(request, schedule, None))
    if request.POST.get("do") == "dates":
        sent = _forms(request, schedule, request.POST)
        calm = _forms(request, schedule, request.POST, bound=False)
        return page(calm._replace(rule=sent.rule))
    forms = _forms(request, schedule, request.POST)
    if not forms.are_valid():
        return page(forms)
    try:
        with transaction.atomic():
            saved, notes = _save(request, schedule, forms)
    except IntegrityError:
        # The rule that a name is taken once is the database's: two people may save the same one at once.
        forms.schedule.add_error("name", forms.schedule.taken())
        return page(forms)
    except recipients.CannotReach as refused:
        for sentence in refused.problems.values():
            forms.mail.add_error("addresses", sentence)
        return page(forms)
    for note in notes:
        messages.warning(request, note)
    messages.success(request, f"“{saved}” is saved.")
    return redirect(saved)


def _save(request: TeamRequest, schedule: Schedule, forms: Forms) -> tuple[Schedule, list[str]]:
    values = forms.schedule.cleaned_data
    asked: dict[str, Any] = {
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
        saved = schedule_actions.create(values["export"], **asked)
    else:
        saved = schedule_actions.change(schedule, **asked)
    notes = recipients.set_by_hand(
        saved, members=forms.mail.chosen_members, addresses=forms.mail.chosen_addresses, by=request.user
    )
    return saved, notes


def _page(request: TeamRequest, schedule: Schedule, forms: Forms, name: str) -> HttpResponse:
    rule = forms.rule
    if not rule.is_bound:
        rule = RuleForm(_as_sent(rule), team=request.team)
    # With another export come other columns to split by.
    forms.schedule.fields["export"].widget.attrs |= {
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
        "has_exports": forms.schedule.fields["export"].queryset.exists(),
    }
    return render(request, "exports/schedules/schedule_form.html", context | _shown(request, rule))


def _shown(request: TeamRequest, form: RuleForm) -> dict[str, Any]:
    if not form.is_valid() or form.rule is None:
        return {"problems": form.problems()}
    times = coming(request, form.rule)
    return {
        "in_words": words.in_words(form.rule),
        "coming": times,
        "zone": form.rule.zone,
        "is_over": not times,
    }


def _forms(request: TeamRequest, schedule: Schedule, sent: QueryDict | None, *, bound: bool = True) -> Forms:
    """The three forms of the page: with what was `sent`, or not `bound` to it, so that nothing complains."""
    team = request.team
    stored = Rule.from_json(schedule.rule) if schedule.pk else None
    first: dict[str, Any] = {}
    if schedule.pk is None and (asked := whole_number(request.GET.get("export", ""))):
        first["export"] = str(asked)
    make_schedule = partial(ScheduleForm, team=team, by=request.user, instance=schedule)
    make_rule = partial(RuleForm, team=team)
    mail = _mail_form(request, schedule, sent, bound=bound)
    if sent is None:
        return Forms(make_schedule(initial=first), make_rule(initial=RuleForm.initial_of(stored, team)), mail)
    forms = Forms(make_schedule(sent), make_rule(sent), mail)
    if bound:
        return forms
    return Forms(
        make_schedule(initial=_entered(forms.schedule)), make_rule(initial=_entered(forms.rule)), mail
    )


def _mail_form(
    request: TeamRequest, schedule: Schedule, sent: QueryDict | None, *, bound: bool = True
) -> MailForm:
    asked = request.GET if sent is None else sent
    chosen = str(schedule.export_id or asked.get("export", ""))
    make = partial(MailForm, team=request.team, schedule=schedule, headings=_headings(request.team, chosen))
    if sent is None:
        people = list(schedule.recipients.all()) if schedule.pk else []
        return make(initial=MailForm.initial_of(schedule, people, request.user))
    form = make(sent)
    return form if bound else make(initial=_entered(form) | {"bands": [("", None, None)] * form.band_count})


def _entered(form: BaseForm) -> dict[str, Any]:
    """What stands in the form's fields, to show it again without complaints. Secrets are not among it."""
    return {name: form[name].value() for name in form.fields if name != "zip_password"}


def _as_sent(form: RuleForm) -> QueryDict:
    """An unbound form's values as if somebody had sent them."""
    data = QueryDict(mutable=True)
    for bound in form:
        value = bound.field.prepare_value(bound.value())
        if isinstance(value, list):
            data.setlist(bound.name, [str(each) for each in value])
        elif value is not None:
            data[bound.name] = str(value)
    return data


def _headings(team: Team, chosen: str) -> list[str]:
    """The columns of an export's file: of the builder's layout, else of the last file that came."""
    exports = team.exports.select_related("version")
    export: SavedExport | None = exports.filter(pk=whole_number(chosen)).first()
    if export is None:
        return []
    if export.version is not None and export.version.columns:
        return headings_of(layout_from_json(export.version.columns))
    last = team.results.filter(run__export=export, rows__gt=0, purged_at=None).first()
    return split_by_recipient.headings(last) if last is not None else []
