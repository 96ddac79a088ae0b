from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.door import TeamRequest, team_view
from accounts.models import Credential
from accounts.permissions import Permission
from exports.deliveries import summary
from exports.models import EmployeeUpdate
from exports.runs import budget_usage
from exports.views.runs.queue import find_places

SHOWN = 10
NEXT = 5


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def home(request: HttpRequest) -> HttpResponse:
    """What needs somebody, what goes on, what came of it, and what may still be called."""
    team = request.team
    runs = team.runs.seen_by(request.membership).select_related("export", "update", "credential").brief()
    attention = list(runs.needing_attention().order_by("-id")[: SHOWN + 1])
    waiting = _waiting(request)
    unfinished = list(runs.unfinished().order_by("id")[: SHOWN + 1])
    find_places(unfinished)
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
            "refused": [each for each in credentials if each.status == Credential.Status.REFUSED],
            "due": [each for each in credentials if each.is_due],
            "unfinished": unfinished[:SHOWN],
            "more_unfinished": len(unfinished) > SHOWN,
            "paused": paused[:SHOWN],
            "more_paused": len(paused) > SHOWN,
            "troubles": troubles[:SHOWN],
            "more_troubles": len(troubles) > SHOWN,
            "coming": team.schedules.filter(next_at__isnull=False)
            .select_related("export")
            .order_by("next_at")[:NEXT],
            "latest": team.results.whole().select_related("run__export")[:5],
            "has_exports": team.exports.live().exists(),
            "named": True,
            "credentials": credentials,
            **budget_usage.read(credentials),
        },
    )


def _waiting(request: TeamRequest) -> list[EmployeeUpdate]:
    """Employee updates that wait for approval; an unconfirmed one is among the runs that need attention."""
    if not request.membership.may(Permission.VIEW_UPDATES):
        return []
    found = request.team.employee_updates.waiting().without_people().select_related("applied_by_run")
    return list(found[: SHOWN + 1])


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def budget(request: HttpRequest) -> HttpResponse:
    """The meters alone, for a page that asks again every few seconds."""
    return render(
        request, "exports/_meters.html", {**budget_usage.read(request.team.credentials.all()), "named": True}
    )


@require_safe
@team_view(Permission.VIEW_CREDENTIALS)
def credential_budget(request: HttpRequest, credential: int) -> HttpResponse:
    """The meters of one credential."""
    found = get_object_or_404(request.team.credentials, pk=credential)
    return render(request, "exports/_meters.html", budget_usage.read([found]))
