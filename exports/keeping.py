"""How long things are kept: what is personal about employee updates is wiped when the team's time is over."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts import audit
from accounts.audit import Action, Actor
from accounts.door import team_of
from accounts.models import Team, User
from exports.models import EmployeeUpdate
from exports.models.employee_update import Stage

# How many updates of a team are wiped at a time; the next round takes the next ones.
WIPE_BATCH = 200


@transaction.atomic
def wipe(update: EmployeeUpdate, *, by: User | Actor) -> bool:
    """Forget the rows and everything else about people; what was done, by whom and with which hash stays.

    False for one that was wiped before, or is being sent right now.
    """
    rows = EmployeeUpdate.objects.select_for_update(of=("self",)).select_related("team", "applied_by_run")
    update = rows.get(pk=update.pk)
    if update.wiped_at is not None or update.stage == Stage.APPLYING:
        return False
    personal = ["sheet", "rows", "found", "feed", "before", "after", "tried_answer", "applied_answer"]
    for field in personal:
        setattr(update, field, None)
    update.wiped_at = timezone.now()
    update.save(update_fields=[*personal, "wiped_at"])
    audit.record(Action.UPDATE_WIPED, update, by=by, content_hash=update.content_hash, rows=update.row_count)
    return True


def wipe_old(now: datetime) -> int:
    """Wipe of every team what it keeps no longer; how many updates that were."""
    with scopes_disabled():
        kept = list(Team.objects.values_list("pk", "updates_kept_days"))
        old = [
            pk
            for team, days in kept
            for pk in EmployeeUpdate.objects.filter(team=team)
            .done_before(now - timedelta(days=days))
            .values_list("pk", flat=True)[:WIPE_BATCH]
        ]
    wiped = 0
    for pk in old:
        with team_of(EmployeeUpdate, pk) as update:
            wiped += wipe(update, by=audit.PORTAL)
    return wiped
