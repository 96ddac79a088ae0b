"""From what people bring to the rows of an employee update: a file, a pasted text, a policy's present members."""

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
    """A new update, and what people should know of how its columns were found."""

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
    """A new update of this content. The profile names the columns of a table, as long as its headings still fit."""
    if isinstance(content, Feed):
        # Kept among the findings, what was repaired stays to be seen for whoever looks at the update later.
        repaired = (RowFinding(None, "", "notice", "repaired", sentence) for sentence in content.repairs)
        content = replace(content, findings=(*repaired, *content.findings))
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


def name_of(profile: FeedProfile, at: datetime) -> str:
    """What an update is called that nobody named: after its profile and the day."""
    return f"{profile.name[:80]}, {at.day} {at:%b %Y}"


def members_of(update: EmployeeUpdate) -> list[feed_fields.Employee]:
    """The members that were read for this update, in the order of their policies."""
    members = stored_updates.analyse(update).known.members
    return [person for policy in sorted(members) for person in members[policy]]


def take_members(update: EmployeeUpdate, *, by: User) -> int:
    """Put the members that were read into an update without rows; how many they are. Raises Cannot."""
    if update.row_count:
        raise Cannot("This update has rows already. Start a new one from the members.")
    people = members_of(update)
    if not people:
        raise Cannot("The policy has no members, so there is nothing to start from.")
    employee_updates.change_rows(update, by=by, added=[row.cells for row in cells.rows_of(people)])
    return len(people)


def keep_changed(update: EmployeeUpdate, *, by: User) -> int:
    """Take out the rows that give nothing but what the policy says already; how many they were. Raises Cannot."""
    same = same_rows(update)
    if len(same) == update.row_count:
        raise Cannot(
            "No row differs from what the policy says, so nothing would be left. Change a row first."
        )
    if same:
        employee_updates.change_rows(update, by=by, removed=same)
    return len(same)


def same_rows(update: EmployeeUpdate) -> list[int]:
    """The numbers of the rows that are as the members are."""
    analysis = stored_updates.analyse(update)
    return changes.same_as_members(analysis.checked.numbered, analysis.known)


def paste(update: EmployeeUpdate, text: str, *, columns: Sequence[str], by: User) -> tuple[int, list[str]]:
    """Add the rows of a pasted text: how many, and what was left out or odd. Raises Unreadable, Cannot.

    Cells without headings are taken in the order of `columns`, the fields as the page shows them.
    """
    limits_in_cents = stored_updates.settings_of(update).limits_in_cents
    content = reading.read_pasted(text, limits_in_cents=limits_in_cents)
    if isinstance(content, Feed):
        rows, found, notes = list(content.rows), list(content.findings), list(content.repairs)
    else:
        fields, notes = _fields(content, columns)
        rows, found = feed_mapping.mapped(content, fields)
    notes += [
        f"Pasted row {each.row}: {each.sentence}" if each.row else each.sentence
        for each in found
        if each.severity != "notice"
    ]
    employee_updates.change_rows(update, by=by, added=[row.cells for row in rows if row.cells])
    return len(rows), notes


def _fields(sheet: Sheet, columns: Sequence[str]) -> tuple[list[str], list[str]]:
    """The field of each pasted column, and sentences about those that are left out."""
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
    left_out = [each.heading for each in suggestions if not each.field and each.heading]
    notes = [f"Left out: the column “{heading}”." for heading in left_out]
    return [suggestion.field for suggestion in suggestions], notes
