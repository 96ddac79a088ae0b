from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.door import TeamRequest, team_view
from accounts.models import Credential
from accounts.permissions import Permission
from exports.deliveries import summary
from exports.models import EmployeeUpdate
from exports.runs import budget_usage
from exports.views.runs.queue import add_positions

SHOWN = 10
NEXT = 5


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def home(request: TeamRequest) -> HttpResponse:
    """What needs attention, unfinished runs, recent results and the API limit."""
    team = request.team
    runs = team.runs.seen_by(request.membership).select_related("export", "update", "credential").brief()
    attention = list(runs.needing_attention().order_by("-id")[: SHOWN + 1])
    waiting = _waiting(request)
    unfinished = list(runs.unfinished().order_by("id")[: SHOWN + 1])
    add_positions(unfinished)
    credentials = list(team.credentials.exclude(status=Credential.Status.WIPED).select_related("team"))
    paused = list(team.schedules.paused()[: SHOWN + 1])
    troubles = summary.troubles(team, timezone.now(), SHOWN + 1)
    return render(
        request,
        "exports/home.html",
        {
            "attention": attention[:SHOWN],
            "more_attention": len(attention) > SHOWN,
            "waiting": waiting[:SHOWN],
            "more_waiting": len(waiting) > SHOWN,
            "refused": [c for c in credentials if c.status == Credential.Status.REFUSED],
            "due": [c for c in credentials if c.is_due],
            "unfinished": unfinished[:SHOWN],
            "more_unfinished": len(unfinished) > SHOWN,
            "paused": paused[:SHOWN],
            "more_paused": len(paused) > SHOWN,
            "troubles": troubles[:SHOWN],
            "more_troubles": len(troubles) > SHOWN,
            "coming": team.schedules.filter(next_at__isnull=False).select_related("export").order_by("next_at")[:NEXT],
            "latest": team.results.whole().select_related("run__export")[:5],
            "has_exports": team.exports.live().exists(),
            "named": True,
            "credentials": credentials,
            **budget_usage.read(credentials),
        },
    )


def _waiting(request: TeamRequest) -> list[EmployeeUpdate]:
    """Employee updates that wait for approval. Unconfirmed ones are among the runs that need attention."""
    if not request.membership.may(Permission.VIEW_UPDATES):
        return []
    updates = request.team.employee_updates.waiting().without_people().select_related("applied_by_run")
    return list(updates[: SHOWN + 1])


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def budget(request: TeamRequest) -> HttpResponse:
    """The meters of the API limit, polled every few seconds."""
    return render(request, "exports/_meters.html", {**budget_usage.read(request.team.credentials.all()), "named": True})


@require_safe
@team_view(Permission.VIEW_CREDENTIALS)
def credential_budget(request: TeamRequest, credential_id: int) -> HttpResponse:
    """The meters of one credential, polled."""
    credential: Credential = get_object_or_404(request.team.credentials, pk=credential_id)
    return render(request, "exports/_meters.html", budget_usage.read([credential]))
