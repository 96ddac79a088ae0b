"""Make rows of an employee update from a file, a pasted text or the present members of a policy."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from accounts.audit.record import Actor
from accounts.models import Credential, User
from expensify.jobs.employees import FeedSftp, FeedUrl
from exports.employee_updates import actions as employee_updates
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed import cells, changes, reading
from exports.employee_updates.feed import fields as feed_fields
from exports.employee_updates.feed import mapping as feed_mapping
from exports.employee_updates.feed.cells import FeedRow
from exports.employee_updates.feed.findings import RowFinding, UnreadableFile
from exports.employee_updates.feed.sheet import Feed, Sheet
from exports.employee_updates.rules import Cannot
from exports.models import EmployeeUpdate, FeedProfile

Content = Sheet | Feed | Sequence[FeedRow] | FeedUrl | FeedSftp


class PreparedUpdate(NamedTuple):
    """A new update, and sentences about how its columns were mapped."""

    update: EmployeeUpdate
    sentences: tuple[str, ...] = ()


@transaction.atomic
def prepare(
    credential: Credential,
    name: str,
    content: Content,
    *,
    by: User | Actor,
    profile: FeedProfile | None = None,
    submits_itself: bool = False,
) -> PreparedUpdate:
    """Create an update with this content. A profile whose headings still fit maps the columns of a table."""
    if isinstance(content, Feed):
        # Store repairs as findings, so that the pages of the update show them later.
        repair_findings = (RowFinding(None, "", "notice", "repaired", sentence) for sentence in content.repairs)
        content = replace(content, findings=(*repair_findings, *content.findings))
    update = employee_updates.prepare(
        credential, name, by=by, content=content, profile=profile, submits_itself=submits_itself
    )
    if profile is None or not isinstance(content, Sheet):
        return PreparedUpdate(update)
    mapping = feed_mapping.mapping_from_json(profile.mapping)
    placed = feed_mapping.place(mapping, content)
    if placed.fits:
        update = employee_updates.name_columns(update, mapping, by=by)
    return PreparedUpdate(update, placed.sentences)


def default_name(profile: FeedProfile, at: datetime) -> str:
    """The name of an update that a person did not name: its profile and the day."""
    return f"{profile.name[:80]}, {at.day} {at:%b %Y}"


def members_of(update: EmployeeUpdate) -> list[feed_fields.Employee]:
    """The members that were read for this update, ordered by policy."""
    members = stored_updates.analyse(update).known.members
    return [person for policy in sorted(members) for person in members[policy]]


def take_members(update: EmployeeUpdate, *, by: User) -> int:
    """Add the members that were read to an update without rows; returns their number. Raises Cannot."""
    if update.row_count:
        raise Cannot("This update has rows already. Start a new one from the members.")
    people = members_of(update)
    if not people:
        raise Cannot("The policy has no members, so there is nothing to start from.")
    employee_updates.change_rows(update, by=by, added=[row.cells for row in cells.rows_of(people)])
    return len(people)


def keep_changed(update: EmployeeUpdate, *, by: User) -> int:
    """Remove the rows that change nothing; returns their number. Raises Cannot."""
    same = same_rows(update)
    if len(same) == update.row_count:
        raise Cannot("No row differs from what the policy says, so nothing would be left. Change a row first.")
    if same:
        employee_updates.change_rows(update, by=by, removed=same)
    return len(same)


def same_rows(update: EmployeeUpdate) -> list[int]:
    """The numbers of the rows that equal the present members."""
    analysis = stored_updates.analyse(update)
    return changes.same_as_members(analysis.checked.numbered, analysis.known)


def paste(update: EmployeeUpdate, text: str, *, columns: Sequence[str], by: User) -> tuple[int, list[str]]:
    """Add the rows of a pasted text; returns their number and notes. Raises UnreadableFile, Cannot.

    Cells without headings are in the order of `columns`, the fields on the page.
    """
    limits_in_cents = stored_updates.settings_of(update).limits_in_cents
    content = reading.read_pasted(text, limits_in_cents=limits_in_cents)
    if isinstance(content, Feed):
        rows, findings, notes = list(content.rows), list(content.findings), list(content.repairs)
    else:
        fields, notes = _map_pasted_columns(content, columns)
        rows, findings = feed_mapping.mapped(content, fields)
    notes += [
        f"Pasted row {finding.row}: {finding.sentence}" if finding.row else finding.sentence
        for finding in findings
        if finding.severity != "notice"
    ]
    employee_updates.change_rows(update, by=by, added=[row.cells for row in rows if row.cells])
    return len(rows), notes


def _map_pasted_columns(sheet: Sheet, columns: Sequence[str]) -> tuple[list[str], list[str]]:
    """The field of each pasted column, and sentences about columns without a field."""
    if not sheet.has_headings:
        width = len(sheet.headings)
        if width > len(columns):
            raise UnreadableFile(
                f"The pasted rows have {width} columns, and the table has {len(columns)}. Paste them with their "
                "headings, or add the missing columns to the table first."
            )
        return list(columns[:width]), []
    suggestions = feed_mapping.suggest(sheet)
    if not any(suggestion.field for suggestion in suggestions):
        raise UnreadableFile(
            "None of the pasted headings is understood. Paste the rows without headings, in the order of the "
            "table's columns."
        )
    notes = [
        f"Left out: the column “{suggestion.heading}”."
        for suggestion in suggestions
        if not suggestion.field and suggestion.heading
    ]
    return [suggestion.field for suggestion in suggestions], notes
