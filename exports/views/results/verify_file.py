"""Verify a file: find the run whose result has exactly these bytes."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.door import TeamRequest, team_view
from accounts.permissions import Permission
from exports.forms.results import Hashing, ProofForm
from exports.results import provenance
from exports.saved_exports import wording


def _hash_upload(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Hash uploads without storing them. The handler must be set before the form is read."""

    @wraps(view)
    def with_hashing(request: HttpRequest, **arguments: Any) -> HttpResponse:
        request.upload_handlers = [Hashing(request)]
        return view(request, **arguments)

    return with_hashing


# The CSRF token is in the form, which must not be read before the upload handler is set: hence the inner check.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.VIEW_AUDIT)
@_hash_upload
@csrf_protect
def audit_prove(request: TeamRequest) -> HttpResponse:
    form = ProofForm(request.POST or None, request.FILES or None)
    match = None
    if request.method == "POST" and form.is_valid():
        match = provenance.find(request.team, form.hash, describe=wording.lines_of_run)
        audit.record(
            Action.FILE_PROVED,
            request.team,
            by=request.user,
            sha256=match.sha256,
            found=[origin.result.name for origin in match.origins] + [str(update) for update in match.updates],
        )
    return render(request, "exports/proof.html", {"form": form, "found": match})
