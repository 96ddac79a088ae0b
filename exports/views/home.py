from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.door import team_view
from accounts.models import Credential
from accounts.permissions import Permission
from exports import meters
from exports.views.queue import find_places

SHOWN = 10


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def home(request: HttpRequest) -> HttpResponse:
    """What needs somebody, what goes on, what came of it, and what may still be called."""
    team = request.team
    runs = team.runs.select_related("export", "update", "credential").brief()
    attention = list(runs.needing_attention().order_by("-id")[: SHOWN + 1])
    unfinished = list(runs.unfinished().order_by("id")[: SHOWN + 1])
    find_places(unfinished)
    budgets = meters.read(team.credentials.all())
    return render(
        request,
        "exports/home.html",
        {
            "attention": attention[:SHOWN],
            "more_attention": len(attention) > SHOWN,
            "refused": [each for each in budgets["credentials"] if each.status == Credential.Status.REFUSED],
            "unfinished": unfinished[:SHOWN],
            "more_unfinished": len(unfinished) > SHOWN,
            "latest": team.results.select_related("run__export")[:5],
            "has_exports": team.exports.live().exists(),
            "named": True,
            **budgets,
        },
    )


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def budget(request: HttpRequest) -> HttpResponse:
    """The meters alone, for a page that asks again every few seconds."""
    return render(
        request, "exports/_meters.html", {**meters.read(request.team.credentials.all()), "named": True}
    )


@require_safe
@team_view(Permission.VIEW_CREDENTIALS)
def credential_budget(request: HttpRequest, credential: int) -> HttpResponse:
    """The meters of one credential."""
    found = get_object_or_404(request.team.credentials, pk=credential)
    return render(request, "exports/_meters.html", meters.read([found]))
