from django.contrib import messages
from django.db import IntegrityError
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.credentials import actions as credentials
from accounts.door import TeamRequest, team_view
from accounts.forms.credentials import NameForm, NewCredentialForm
from accounts.models import AuditEntry, Credential, Rotation
from accounts.permissions import Permission

# htmx swaps this answer in and stops polling.
STOP_POLLING = 286


@require_safe
@team_view(Permission.VIEW_CREDENTIALS)
def credential_list(request: TeamRequest) -> HttpResponse:
    live = Count("exports", filter=Q(exports__archived_at=None))
    found = request.team.credentials.annotate(live_exports=live).order_by("name", "pk")
    audit.record_reading(Action.CREDENTIALS_LISTED, request.team, by=request.user)
    return render(request, "accounts/credential_list.html", {"credentials": found})


@sensitive_post_parameters("partner_user_id", "partner_user_secret")
@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def credential_new(request: TeamRequest) -> HttpResponse:
    form = NewCredentialForm(request.POST or None, team=request.team)
    if request.method == "POST" and form.is_valid():
        try:
            credential = credentials.add(
                request.team, form.cleaned_data["name"], form.pair(), by=request.user
            )
        except IntegrityError:
            form.add_error("name", form.taken())
        else:
            return redirect(credential)
    return render(request, "accounts/credential_new.html", {"form": form})


@require_safe
@team_view(Permission.VIEW_CREDENTIALS)
def credential(request: TeamRequest, credential: int) -> HttpResponse:
    found = get_object_or_404(request.team.credentials, pk=credential)
    audit.record_reading(Action.CREDENTIAL_VIEWED, found, by=request.user)
    return render(
        request,
        "accounts/credential.html",
        {
            "credential": found,
            "policies": found.policies.all(),
            "calls": found.calls.order_by("-pk")[:10],
            "rotation": _rotation_that_matters(found),
            "touched": _touched(request, found),
        },
    )


@require_safe
@team_view(Permission.VIEW_CREDENTIALS)
def credential_status(request: TeamRequest, credential: int) -> HttpResponse:
    """Polled while a test is under way: nothing new (204) until it is over."""
    found = get_object_or_404(request.team.credentials, pk=credential)
    if found.is_being_checked:
        return HttpResponse(status=204)
    context = {"credential": found, "policies": found.policies.all()}
    return render(request, "accounts/_credential_standing.html", context, status=STOP_POLLING)


@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def credential_rename(request: TeamRequest, credential: int) -> HttpResponse:
    found = get_object_or_404(request.team.credentials, pk=credential)
    form = NameForm(request.POST or None, team=request.team, kept=found.pk, initial={"name": found.name})
    if request.method == "POST" and form.is_valid():
        try:
            credentials.rename(found, form.cleaned_data["name"], by=request.user)
        except IntegrityError:
            form.add_error("name", form.taken())
        else:
            return redirect(found)
    return render(request, "accounts/credential_rename.html", {"form": form, "credential": found})


@require_POST
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def credential_check(request: TeamRequest, credential: int) -> HttpResponse:
    found = get_object_or_404(request.team.credentials, pk=credential)
    if not credentials.ask_for_check(found, by=request.user):
        messages.info(request, "This credential was wiped: there is nothing left to test.")
    return redirect(found)


@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def credential_wipe(request: TeamRequest, credential: int) -> HttpResponse:
    found = get_object_or_404(request.team.credentials, pk=credential)
    if request.method == "POST":
        if credentials.wipe(found, by=request.user):
            messages.success(request, "The pair is deleted. Make a new pair at Expensify if this one leaked.")
        else:
            messages.info(request, "This credential was wiped already.")
        return redirect(found)
    context = {
        "credential": found,
        "exports": request.team.exports.live().filter(credential=found),
        "unfinished_runs": found.runs.unfinished().count(),
    }
    return render(request, "accounts/credential_wipe.html", context)


def _rotation_that_matters(credential: Credential) -> Rotation | None:
    """The rotation under way, or the last one as long as it can be undone."""
    states = [Rotation.Status.TESTING, Rotation.Status.READY, Rotation.Status.SWITCHED]
    return credential.rotations.filter(status__in=states).first()


def _touched(request: TeamRequest, credential: Credential) -> list[AuditEntry]:
    """What people did to it lately, for those who may read the audit log."""
    if not request.membership.may(Permission.VIEW_AUDIT):
        return []
    entries = request.team.audit_entries.filter(target_type="credential", target_id=credential.pk)
    done = entries.exclude(actor_id=None).exclude(action=Action.CREDENTIAL_VIEWED)
    return list(done.order_by("-number")[:5])
