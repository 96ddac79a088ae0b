from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.door import TeamRequest, team_view
from accounts.forms.audit import AuditFilterForm
from accounts.paging import page_of
from accounts.permissions import Permission


@require_safe
@team_view(Permission.VIEW_AUDIT)
def audit_list(request: TeamRequest) -> HttpResponse:
    form = AuditFilterForm(request.GET, team=request.team)
    form.is_valid()  # what cannot be understood is marked in the form, and the rest applies
    moment = "at" if form.is_of_days else ""
    page = page_of(form.apply(request.team.audit_entries.all()), request.GET, key="number", moment=moment)
    is_filtered = any(form.cleaned_data.values())
    return render(
        request, "accounts/audit_list.html", {"form": form, "page": page, "is_filtered": is_filtered}
    )
