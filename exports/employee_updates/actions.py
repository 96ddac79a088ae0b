"""The actions on employee updates: prepare, change, dry run, submit, approve, apply, discard, reverse.

An approval and a dry run are valid for one content: `_save_change` removes both with every change.
An action raises Cannot when a rule of `exports.employee_updates.rules` refuses it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.audit import record as audit
from accounts.audit.record import Action, Actor
from accounts.models import Credential, Membership, User
from expensify.jobs.employees import FeedSftp, FeedUrl
from exports.employee_updates import profiles
from exports.employee_updates import rules as update_rules
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed import cells as feed_cells
from exports.employee_updates.feed import mapping as feed_mapping
from exports.employee_updates.feed import settings as feed_settings
from exports.employee_updates.feed import sheet as feed_sheet
from exports.employee_updates.feed.cells import FeedRow
from exports.employee_updates.feed.mapping import ColumnMapping
from exports.employee_updates.feed.settings import UpdateSettings
from exports.employee_updates.feed.sheet import Feed, Sheet
from exports.employee_updates.rules import Cannot
from exports.models import EmployeeUpdate, FeedProfile, Run
from exports.runs import tasks

Kind = Run.Kind

_APPROVAL_FIELDS = (
    "submitted_at", "approved_at", "approved_by", "typed_leavers", "approved_hash", "approved_by_name",
)  # fmt: skip

# ------------------------------------------------------------ rows and settings


@transaction.atomic
def prepare(
    credential: Credential,
    name: str,
    *,
    by: User | Actor,
    content: Sheet | Feed | Sequence[FeedRow] | FeedUrl | FeedSftp,
    settings: UpdateSettings | None = None,
    profile: FeedProfile | None = None,
    reverse_of: EmployeeUpdate | None = None,
    submits_itself: bool = False,
) -> EmployeeUpdate:
    """Create an update from an unmapped table, from rows, or from a feed that Expensify fetches."""
    settings = settings or (feed_settings.settings_from_json(profile.settings) if profile else UpdateSettings())
    update = EmployeeUpdate(
        team=credential.team,
        credential=credential,
        name=name,
        profile=profile,
        reverse_of=reverse_of,
        author=by if isinstance(by, User) else None,
        author_name=_name(by),
        settings=settings.as_json(),
        submits_itself=submits_itself,
    )
    match content:
        case Sheet():
            update.source, update.sheet = content.source[:255], stored_updates.sheet_as_json(content)
        case Feed():
            update.source = content.source[:255]
            update.rows = _as_json(content.rows)
            update.found = [asdict(finding) for finding in content.findings]
        case FeedUrl() | FeedSftp():
            update.source = "Fetched by Expensify"
            update.feed = {"source": content.source, **asdict(content)}
        case rows:
            update.source, update.rows = "Typed in", _as_json(rows)
    if update.sheet is None:
        _check_and_hash(update)
    update.save()
    audit.record(
        Action.UPDATE_PREPARED,
        update,
        by=by,
        credential=credential.name,
        source=update.source,
        rows=update.row_count,
        content_hash=update.content_hash,
    )
    return update


@transaction.atomic
def name_columns(
    update: EmployeeUpdate, mapping: ColumnMapping, *, by: User | Actor, profile_name: str = ""
) -> EmployeeUpdate:
    """Turn the uploaded table into rows by these columns; with `profile_name`, save them as a feed profile."""
    update = _lock_open(update)
    sheet = stored_updates.sheet_of(update)
    if sheet is None:
        raise Cannot("The columns of this update have their names already.")
    placed = feed_mapping.place(mapping, sheet)
    rows, findings = feed_mapping.mapped(sheet, placed.fields, mapping.constants)
    update.mapping, update.rows = mapping.as_json(), _as_json(rows)
    update.found, update.sheet = [asdict(finding) for finding in findings], None
    if profile_name:
        update.profile = profiles.save(update, profile_name, mapping, by=by)
    _save_change(update, by, columns=[f"{column.heading}: {column.field}" for column in mapping.columns])
    return update


@transaction.atomic
def change_rows(
    update: EmployeeUpdate,
    *,
    by: User,
    changed: Mapping[int, Mapping[str, str]] | None = None,
    added: Sequence[Mapping[str, str]] = (),
    removed: Sequence[int] = (),
) -> EmployeeUpdate:
    """Change cells of rows by their numbers, add rows at the end, remove rows.

    Removes the file's findings about the changed rows.
    """
    update = _lock_open(update)
    if update.sheet is not None:
        raise Cannot("The columns of this update have no names yet. Choose them first.")
    changed = changed or {}
    rows = {row.number: row for row in stored_updates.rows_of(update)}
    for number, cells in changed.items():
        if number in rows:
            rows[number] = FeedRow(number, {**rows[number].cells, **cells})
    for number in removed:
        rows.pop(number, None)
    next_number = max(rows, default=0) + 1
    for number, cells in enumerate(added, start=next_number):
        rows[number] = FeedRow(number, dict(cells))
    if len(rows) > feed_sheet.MOST_ROWS:
        raise Cannot(f"An update has at most {feed_sheet.MOST_ROWS:,} rows. Split it.")
    update.rows = _as_json(list(rows.values()))
    update.found = [
        asdict(finding) for finding in stored_updates.file_findings(update) if finding.row not in {*changed, *removed}
    ]
    _save_change(update, by, rows_changed=len(changed), rows_added=len(added), rows_removed=len(removed))
    return update


@transaction.atomic
def change_settings(update: EmployeeUpdate, settings: UpdateSettings, *, by: User, name: str = "") -> EmployeeUpdate:
    """Change the settings or the name of an update."""
    update = _lock_open(update)
    before = {"name": update.name, **update.settings}
    update.settings, update.name = settings.as_json(), name or update.name
    changes = audit.changes(before, {"name": update.name, **update.settings})
    if changes.keys() - {"name"}:
        _save_change(update, by, **changes)
    elif changes:
        update.save(update_fields=["name"])
        audit.record(Action.UPDATE_CHANGED, update, by=by, **changes)
    return update


@transaction.atomic
def accept_warnings(update: EmployeeUpdate, *, by: User | Actor, content_hash: str) -> None:
    """Accept all warnings of this content."""
    update = _lock_open(update, content_hash)
    update.accepted_hash, update.accepted_by_name = update.content_hash, _name(by)
    update.save(update_fields=["accepted_hash", "accepted_by_name"])
    warnings = stored_updates.analyse(update).checked.warnings
    audit.record(
        Action.UPDATE_WARNINGS_ACCEPTED,
        update,
        by=by,
        content_hash=update.content_hash,
        warnings=len(warnings),
        codes=sorted({warning.code for warning in warnings}),
    )


@transaction.atomic
def discard(update: EmployeeUpdate, *, by: User) -> None:
    """Close an update that is not applied. Its data stays until retention deletes it."""
    update = _lock_open(update)
    update.discarded_at = timezone.now()
    update.save(update_fields=["discarded_at"])
    audit.record(Action.UPDATE_DISCARDED, update, by=by, content_hash=update.content_hash)


def prepare_reverse(update: EmployeeUpdate, *, by: User) -> EmployeeUpdate:
    """Prepare an update that restores the values before this one, as far as rows can."""
    if update.applied_at is None or update.wiped_at is not None:
        raise Cannot("Only an update that was applied, and whose rows are still there, can be reversed.")
    rows = feed_cells.rows_of(stored_updates.reversal_of(update).people)
    if not rows:
        raise Cannot("Nothing of this update can be taken back by another; its page says why of each person.")
    return prepare(
        update.credential,
        f"Reverse of {update.name}"[:100],
        by=by,
        content=rows,
        settings=stored_updates.settings_of(update),
        reverse_of=update,
    )


# ------------------------------------------------------------ calls, approval


def read_members(update: EmployeeUpdate, *, by: User | Actor, policies: Sequence[str] = ()) -> Run:
    """Start a run that reads the members of these policies.

    Without `policies`, of those that the rows name; if they name none, of all that the credential reaches.
    """
    if update.discarded_at or update.wiped_at:
        raise Cannot("This employee update is closed.")
    named = {
        policy for _, person in stored_updates.analyse(update).checked.numbered for policy in person.policies if policy
    }
    reached = set(update.credential.policies.values_list("policy_id", flat=True))
    policies = policies or sorted(named & reached if reached else named) or sorted(reached)
    if not policies:
        raise Cannot("The rows name no policy that the credential reaches, so there are no members to read.")
    return _start(update, Kind.MEMBERS, {"type": "get", "policies": list(policies)}, by=by)


def try_out(update: EmployeeUpdate, *, by: User | Actor) -> Run:
    """Start a dry run of the present content."""
    with transaction.atomic():
        update = _lock_open(update)
        update_rules.refuse_errors(update)
        job = stored_updates.settings_of(update).job(dry_run=True, feed=stored_updates.feed_of(update))
        return _start(update, Kind.DRY_RUN, job.without_secrets() | {"content_hash": update.content_hash}, by=by)


@transaction.atomic
def submit(update: EmployeeUpdate, *, by: User, content_hash: str) -> None:
    """Ask another person for approval."""
    update = _lock_open(update, content_hash)
    update_rules.may_submit(update)
    update.submitted_at = timezone.now()
    update.save(update_fields=["submitted_at"])
    audit.record(Action.UPDATE_SUBMITTED, update, by=by, content_hash=update.content_hash)


@transaction.atomic
def approve(update: EmployeeUpdate, *, by: Membership, content_hash: str, typed_leavers: int | None = None) -> None:
    """Approve the content with this hash, as another person than the author."""
    update = _lock_open(update, content_hash)
    update_rules.may_approve(update, by)
    update_rules.refuse_leavers(update, by, typed_leavers)
    update.approved_hash, update.approved_at = update.content_hash, timezone.now()
    update.approved_by, update.approved_by_name = by.user, str(by.user)
    update.typed_leavers = typed_leavers
    update.save(update_fields=_APPROVAL_FIELDS)
    audit.record(
        Action.UPDATE_APPROVED,
        update,
        by=by.user,
        content_hash=update.content_hash,
        rows=update.row_count,
        leavers=update.leaver_count,
        typed_leavers=typed_leavers,
    )


@transaction.atomic
def withdraw(update: EmployeeUpdate, *, by: User) -> None:
    """Withdraw the request for approval or the approval."""
    update = _lock_open(update)
    _clear_approval(update)
    update.save(update_fields=_APPROVAL_FIELDS)
    audit.record(Action.UPDATE_VOIDED, update, by=by, content_hash=update.content_hash)


def apply(update: EmployeeUpdate, *, by: Membership, content_hash: str, typed_leavers: int | None = None) -> Run:
    """Start the run that applies the update, once: after a dry run, and an approval where the team requires it."""
    with transaction.atomic():
        update = _lock_open(update, content_hash)
        update_rules.may_apply(update)
        if not update.team.two_people:
            update_rules.refuse_leavers(update, by, typed_leavers)
        job = stored_updates.settings_of(update).job(dry_run=False, feed=stored_updates.feed_of(update))
        audit_fields = {
            "content_hash": update.content_hash,
            "two_people": update.team.two_people,
            "approved_by": update.approved_by_name,
        }
        run = _start(update, Kind.APPLY, job.without_secrets() | audit_fields, by=by.user)
        update.applied_by_run = run
        update.save(update_fields=["applied_by_run"])
    return run


# ------------------------------------------------------------ shared steps


def _lock_open(update: EmployeeUpdate, content_hash: str | None = None) -> EmployeeUpdate:
    """Lock the update for this transaction. Raises Cannot when it is closed, or has another content hash."""
    rows = EmployeeUpdate.objects.select_for_update(of=("self",)).select_related("team", "credential")
    update = rows.get(pk=update.pk)
    update_rules.refuse_closed(update)
    if content_hash is not None:
        update_rules.refuse_other(update, content_hash)
    return update


def _save_change(update: EmployeeUpdate, by: User | Actor, **audit_fields: Any) -> None:
    """Save changed rows or settings; remove the dry run, the approval and accepted warnings of the old content."""
    was_submitted = update.submitted_at is not None
    update.revision += 1
    _check_and_hash(update)
    _clear_approval(update)
    update.tried_hash, update.tried_at, update.tried_answer, update.accepted_hash = "", None, None, ""
    update.save()
    audit.record(Action.UPDATE_CHANGED, update, by=by, content_hash=update.content_hash, **audit_fields)
    if was_submitted:
        audit.record(Action.UPDATE_VOIDED, update, by=by, content_hash=update.content_hash)


def _clear_approval(update: EmployeeUpdate) -> None:
    update.submitted_at = update.approved_at = update.approved_by = update.typed_leavers = None
    update.approved_hash = update.approved_by_name = ""


def _check_and_hash(update: EmployeeUpdate) -> None:
    """Check the rows and hash exactly what would be sent; rows with errors have no hash."""
    stored_updates.count_findings(update)
    if update.error_count:
        update.content_hash = ""
        return
    people = stored_updates.analyse(update).checked.people
    update.content_hash = feed_settings.content_hash(
        people, stored_updates.settings_of(update), feed=stored_updates.feed_of(update)
    )


def _start(update: EmployeeUpdate, kind: str, job: dict[str, Any], *, by: User | Actor) -> Run:
    """Enqueue a run for one call. Raises Cannot when the same call is running."""
    if not update.credential.can_call:
        raise Cannot(
            f"The credential “{update.credential}” is {update.credential.status_in_words}. "
            "An Admin has to put that right first; nothing was sent."
        )
    try:
        with transaction.atomic():
            run = Run.objects.create(
                team=update.team,
                kind=kind,
                update=update,
                credential=update.credential,
                job=job,
                template="",
                marks=kind == Kind.APPLY,
                source=Run.Source.PAGE if isinstance(by, User) else Run.Source.COMMAND,
                requested_by=by if isinstance(by, User) else None,
                requested_by_name=_name(by),
            )
            audit.record(
                Action.RUN_STARTED,
                run,
                by=by,
                employee_update=update.name,
                kind=kind,
                content_hash=update.content_hash,
                credential=update.credential.name,
            )
    except IntegrityError:
        raise Cannot("The same is under way already. Wait until it is done.") from None
    tasks.send_after_commit(tasks.enqueue_runs, run.pk)
    return run


def _name(by: User | Actor) -> str:
    return str(by) if isinstance(by, User) else by.name


def _as_json(rows: Sequence[FeedRow]) -> list[dict[str, Any]]:
    return [row.as_json() for row in rows]
