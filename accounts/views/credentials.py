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
    rows = request.team.credentials.annotate(live_exports=live).order_by("name", "pk")
    audit.record_reading(Action.CREDENTIALS_LISTED, request.team, by=request.user)
    return render(request, "accounts/credential_list.html", {"credentials": rows})


@sensitive_post_parameters("partner_user_id", "partner_user_secret")
@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def credential_new(request: TeamRequest) -> HttpResponse:
    form = NewCredentialForm(request.POST or None, team=request.team)
    if request.method == "POST" and form.is_valid():
        try:
            credential = credentials.add(request.team, form.cleaned_data["name"], form.pair(), by=request.user)
        except IntegrityError:
            form.add_error("name", form.taken())
        else:
            return redirect(credential)
    return render(request, "accounts/credential_new.html", {"form": form})


@require_safe
@team_view(Permission.VIEW_CREDENTIALS)
def credential(request: TeamRequest, credential_id: int) -> HttpResponse:
    credential = get_object_or_404(request.team.credentials, pk=credential_id)
    audit.record_reading(Action.CREDENTIAL_VIEWED, credential, by=request.user)
    return render(
        request,
        "accounts/credential.html",
        {
            "credential": credential,
            "policies": credential.policies.all(),
            "calls": credential.calls.order_by("-pk")[:10],
            "rotation": _current_rotation(credential),
            "touched": _recent_entries(request, credential),
        },
    )


@require_safe
@team_view(Permission.VIEW_CREDENTIALS)
def credential_status(request: TeamRequest, credential_id: int) -> HttpResponse:
    """Polled during a test: 204 until it has ended."""
    credential = get_object_or_404(request.team.credentials, pk=credential_id)
    if credential.is_being_checked:
        return HttpResponse(status=204)
    context = {"credential": credential, "policies": credential.policies.all()}
    return render(request, "accounts/_credential_standing.html", context, status=STOP_POLLING)


@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def credential_rename(request: TeamRequest, credential_id: int) -> HttpResponse:
    credential = get_object_or_404(request.team.credentials, pk=credential_id)
    form = NameForm(request.POST or None, team=request.team, kept=credential.pk, initial={"name": credential.name})
    if request.method == "POST" and form.is_valid():
        try:
            credentials.rename(credential, form.cleaned_data["name"], by=request.user)
        except IntegrityError:
            form.add_error("name", form.taken())
        else:
            return redirect(credential)
    return render(request, "accounts/credential_rename.html", {"form": form, "credential": credential})


@require_POST
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def credential_check(request: TeamRequest, credential_id: int) -> HttpResponse:
    credential = get_object_or_404(request.team.credentials, pk=credential_id)
    if not credentials.ask_for_check(credential, by=request.user):
        messages.info(request, "This credential was wiped: there is nothing left to test.")
    return redirect(credential)


@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def credential_wipe(request: TeamRequest, credential_id: int) -> HttpResponse:
    credential = get_object_or_404(request.team.credentials, pk=credential_id)
    if request.method == "POST":
        if credentials.wipe(credential, by=request.user):
            messages.success(request, "The pair is deleted. Make a new pair at Expensify if this one leaked.")
        else:
            messages.info(request, "This credential was wiped already.")
        return redirect(credential)
    context = {
        "credential": credential,
        "exports": request.team.exports.live().filter(credential=credential),
        "unfinished_runs": credential.runs.unfinished().count(),
    }
    return render(request, "accounts/credential_wipe.html", context)


def _current_rotation(credential: Credential) -> Rotation | None:
    """The open rotation, or the last one while it can be rolled back."""
    states = [Rotation.Status.TESTING, Rotation.Status.READY, Rotation.Status.SWITCHED]
    return credential.rotations.filter(status__in=states).first()


def _recent_entries(request: TeamRequest, credential: Credential) -> list[AuditEntry]:
    """The latest actions of people on the credential, for those who may read the audit log."""
    if not request.membership.may(Permission.VIEW_AUDIT):
        return []
    entries = request.team.audit_entries.filter(target_type="credential", target_id=credential.pk)
    done = entries.exclude(actor_id=None).exclude(action=Action.CREDENTIAL_VIEWED)
    return list(done.order_by("-number")[:5])
