"""“Prove this file”: where exactly these bytes came from."""

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


def _hashed_while_it_comes(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Nothing of an upload is stored, however large: put in place before anybody reads the form."""

    @wraps(view)
    def hashed(request: HttpRequest, **arguments: Any) -> HttpResponse:
        request.upload_handlers = [Hashing(request)]
        return view(request, **arguments)

    return hashed


# The token is in the form, which can be read only once the handler is in place: so it is checked inside.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.VIEW_AUDIT)
@_hashed_while_it_comes
@csrf_protect
def audit_prove(request: TeamRequest) -> HttpResponse:
    form = ProofForm(request.POST or None, request.FILES or None)
    found = None
    if request.method == "POST" and form.is_valid():
        found = provenance.find(request.team, form.hash, describe=wording.lines_of_run)
        audit.record(
            Action.FILE_PROVED,
            request.team,
            by=request.user,
            sha256=found.sha256,
            found=[origin.result.name for origin in found.origins]
            + [str(update) for update in found.updates],
        )
    return render(request, "exports/proof.html", {"form": form, "found": found})
