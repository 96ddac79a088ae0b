"""Retention: wipe personal data from old employee updates, and delete the files of old results."""

from datetime import datetime, timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.audit import record as audit
from accounts.audit.record import Action, Actor
from accounts.door import team_of
from accounts.models import Team, User
from exports.models import EmployeeUpdate, Result
from exports.models.employee_update import Stage
from exports.results import store as results

# How many rows of a team are processed per round.
WIPE_BATCH = 200


@transaction.atomic
def wipe(update: EmployeeUpdate, *, by: User | Actor) -> bool:
    """Delete the rows and all other personal data; the record of who did what with which hash stays.

    False when it was wiped before, or is being applied.
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
    """Wipe the employee updates whose retention is over. Returns their number."""
    with scopes_disabled():
        days_by_team = list(Team.objects.values_list("pk", "updates_kept_days"))
        expired = [
            pk
            for team, days in days_by_team
            for pk in EmployeeUpdate.objects.filter(team=team)
            .done_before(now - timedelta(days=days))
            .values_list("pk", flat=True)[:WIPE_BATCH]
        ]
    wiped = 0
    for pk in expired:
        with team_of(EmployeeUpdate, pk) as update:
            wiped += wipe(update, by=audit.PORTAL)
    return wiped


def purge(result: Result, *, now: datetime) -> bool:
    """Delete the file of a run and all its parts; the rows stay. False when somebody else did.

    Files before rows: after a crash in between, the next round marks the row.
    """
    parts = list(result.parts.filter(purged_at=None))
    for stored in [*parts, result]:
        default_storage.delete(stored.file.name)
    results.delete_workbooks(result)
    with transaction.atomic():
        if not Result.objects.filter(pk=result.pk, purged_at=None).update(purged_at=now):
            return False
        Result.objects.filter(part_of=result, purged_at=None).update(purged_at=now)
        audit.record(Action.RESULT_PURGED, result, by=audit.PORTAL, **result.for_audit | {"parts": len(parts)})
    # A mail in progress may have created a workbook in the meantime.
    results.delete_workbooks(result)
    return True


def purge_results(now: datetime) -> int:
    """Delete the files of results whose retention is over. Returns the number of results."""
    with scopes_disabled():
        expired = [
            pk
            for team, days in Team.objects.values_list("pk", "results_kept_days")
            for pk in Result.objects.whole()
            .filter(team=team, purged_at=None, created_at__lt=now - timedelta(days=days))
            .order_by("created_at")
            .values_list("pk", flat=True)[:WIPE_BATCH]
        ]
    purged = 0
    for pk in expired:
        with team_of(Result, pk) as result:
            purged += purge(result, now=now)
    return purged
