from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.audit import export as audit_files
from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.door import TeamRequest, team_view
from accounts.forms.audit import AuditFilterForm, SavedViewForm
from accounts.models import SavedAuditView
from accounts.paging import page_of
from accounts.permissions import Permission


@require_safe
@team_view(Permission.VIEW_AUDIT)
def audit_list(request: TeamRequest) -> HttpResponse:
    form = _filters(request)
    page = page_of(form.apply(request.team.audit_entries.all()), request.GET, **form.order)
    kind, _, number = form.cleaned_data.get("object", "").partition("-")
    about = request.team.audit_entries.filter(target_type=kind, target_id=number).first() if number else None
    context = {
        "form": form,
        "page": page,
        "about": about.target_name if about else form.cleaned_data.get("object"),
        "views": _views(request).select_related("user"),
        "view_form": SavedViewForm(team=request.team, initial={"query": form.query}),
    }
    return render(request, "accounts/audit_list.html", context)


@require_safe
@team_view(Permission.VIEW_AUDIT)
def audit_export(request: TeamRequest, kind: str) -> HttpResponseBase:
    """The filtered entries as a file; the export itself is recorded as the newest entry."""
    form = _filters(request)
    write, content_type = audit_files.KINDS[kind]
    name = f"audit-{request.team.slug}-{timezone.localdate():%Y-%m-%d}.{kind}"
    if request.method == "HEAD":
        return HttpResponse(content_type=content_type)
    audit.record(Action.AUDIT_EXPORTED, request.team, by=request.user, file=name, filter=form.query)
    lines = write(form.apply(request.team.audit_entries.all()), request.team, form.order)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(lines, content_type=content_type, headers=headers)


@require_POST
@team_view(Permission.VIEW_AUDIT)
def audit_view_save(request: TeamRequest) -> HttpResponse:
    form = SavedViewForm(request.POST, team=request.team)
    if not form.is_valid():
        sentences = [str(sentence) for errors in form.errors.values() for sentence in errors]
        messages.error(request, "The view was not saved. " + " ".join(sentences))
        return redirect("accounts:audit-list", request.team.slug)
    view = SavedAuditView(team=request.team, user=request.user, **form.cleaned_data)
    try:
        with transaction.atomic():
            view.save()
            audit.record(Action.AUDIT_VIEW_SAVED, view, by=request.user, filter=view.query, is_shared=view.is_shared)
    except IntegrityError:
        messages.error(request, f"You have a view “{view}” already. Choose another name, or remove that one.")
    return redirect(f"{reverse('accounts:audit-list', args=[request.team.slug])}?{view.query}")


@require_POST
@team_view(Permission.VIEW_AUDIT)
def audit_view_remove(request: TeamRequest, view_id: int) -> HttpResponse:
    """Remove a view: one's own, or as an Admin also a shared one."""
    view = get_object_or_404(_views(request).select_related("user"), pk=view_id)
    if view.user != request.user and not request.membership.may(Permission.MANAGE_TEAM):
        messages.error(request, f"This view stays: only {view.user} or an Admin may remove it.")
        return redirect("accounts:audit-list", request.team.slug)
    with transaction.atomic():
        audit.record(Action.AUDIT_VIEW_REMOVED, view, by=request.user, filter=view.query)
        view.delete()
    return redirect("accounts:audit-list", request.team.slug)


def _filters(request: TeamRequest) -> AuditFilterForm:
    form = AuditFilterForm(request.GET, team=request.team)
    form.is_valid()  # invalid fields are marked in the form; the others apply
    return form


def _views(request: TeamRequest) -> QuerySet[SavedAuditView]:
    return request.team.savedauditviews.filter(Q(user=request.user) | Q(is_shared=True))
