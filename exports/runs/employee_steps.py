"""The calls of employee updates: read the members, try the update, apply it. Each is one call and one step."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action
from expensify.answers import read_employee_answer
from expensify.client import Client
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed import answers, cells
from exports.employee_updates.feed import settings as feed_settings
from exports.models import EmployeeUpdate, Run
from exports.models.run import Status


class UpdateNotSent(Exception):
    """The update differs from the tried and approved one, so nothing was sent. The text says so to people."""


def read_members(run: Run, client: Client) -> None:
    """Read the members of the run's policies: before the update, or after it once it was sent."""
    policies: list[str] = run.job["policies"]
    details = client.policy(policies, ["employees"])
    members = {policy: list(details[policy].employees) for policy in policies if policy in details}
    with transaction.atomic():
        if not run.move(Status.READING, Status.SUCCEEDED, attempts=0, error_code="", error=""):
            return
        update = _load_update(run, lock=True)
        if update.applied_by_run_id is None:
            update.before, update.before_at = members, timezone.now()
            fields = ["before", "before_at", *stored_updates.count_findings(update)]
            # The members may cause new warnings, which nobody has accepted yet.
            update.accepted_hash = ""
            update.save(update_fields=[*fields, "accepted_hash"])
        else:
            update.after, update.after_at = members, timezone.now()
            update.save(update_fields=["after", "after_at"])
        audit.record(Action.RUN_SUCCEEDED, run, by=PORTAL, policies=policies, members=sum(map(len, members.values())))


def try_out(run: Run, client: Client) -> None:
    """Send the update as a dry run: Expensify answers what it would do."""
    answer = _send(run, client, dry_run=True)
    with transaction.atomic():
        if run.move(Status.UPDATING, Status.SUCCEEDED, attempts=0, error_code="", error=""):
            update = _load_update(run, lock=True)
            fields = ["tried_hash", "tried_at", "tried_answer"]
            update.tried_hash, update.tried_at = run.job["content_hash"], timezone.now()
            update.tried_answer = answer
            if update.submits_itself and update.is_tried() and update.is_accepted and not update.error_count:
                update.submitted_at = timezone.now()
                fields.append("submitted_at")
                audit.record(Action.UPDATE_SUBMITTED, update, by=PORTAL, content_hash=update.content_hash)
            update.save(update_fields=fields)
            audit.record(Action.RUN_SUCCEEDED, run, by=PORTAL, content_hash=run.job["content_hash"])


def apply(run: Run, client: Client) -> None:
    """Send the update. Never repeated: a lost answer leaves it unconfirmed."""
    update = _load_update(run)
    if update.applied_by_run_id != run.pk or update.discarded_at or update.wiped_at:
        raise UpdateNotSent("This employee update is no longer to be applied, so nothing was sent.")
    if run.job["two_people"] and update.approved_hash != run.job["content_hash"]:
        raise UpdateNotSent("The approval of this employee update is gone, so nothing was sent.")
    answer = _send(run, client, dry_run=False)
    with transaction.atomic():
        if run.move(Status.UPDATING, Status.SUCCEEDED, error_code="", error=""):
            update = _load_update(run, lock=True)
            update.applied_at, update.applied_answer = timezone.now(), answer
            update.summary = _summary(update, answer)
            update.save(update_fields=["applied_at", "applied_answer", "summary"])
            audit.record(Action.RUN_SUCCEEDED, run, by=PORTAL, content_hash=run.job["content_hash"], **update.summary)


def release(run: Run) -> None:
    """Allow an update that was certainly not applied to be changed and tried again."""
    EmployeeUpdate.objects.filter(applied_by_run=run).update(applied_by_run=None)


def _send(run: Run, client: Client, *, dry_run: bool) -> dict[str, Any]:
    """Send the update if its content still has the run's hash. Raises UpdateNotSent."""
    update = _load_update(run)
    settings, feed = stored_updates.settings_of(update), stored_updates.feed_of(update)
    people = [cells.person_of(row)[0] for row in stored_updates.rows_of(update)]
    if feed_settings.content_hash(people, settings, feed=feed) != run.job["content_hash"]:
        raise UpdateNotSent("The rows or settings were changed after this run was started, so nothing was sent.")
    job = settings.job(dry_run=dry_run, feed=feed)
    answer = client.update_employees(job, None if feed else feed_settings.records(people, settings))
    return answer.raw


def _summary(update: EmployeeUpdate, answer: dict[str, Any]) -> dict[str, int]:
    analysis = stored_updates.analyse(update)
    receipt = answers.receipt(
        analysis.changes, read_employee_answer(answer), dry_run=False, policies=analysis.known.policies or {}
    )
    return {outcome: receipt.count(outcome) for outcome in answers.OUTCOMES}


def _load_update(run: Run, *, lock: bool = False) -> EmployeeUpdate:
    assert run.update_id is not None
    rows = EmployeeUpdate.objects.select_related("team", "credential")
    return (rows.select_for_update() if lock else rows).get(pk=run.update_id)
