"""What stands in an employee update: its rows, what is known besides, and what comes of them. Reads only."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from accounts.credentials.keyring import unseal
from expensify.answers import EmployeeAnswer, read_employee_answer
from expensify.jobs.employees import FeedSftp, FeedUrl
from exports.employee_updates.feed import answers, checking, fields, leaving
from exports.employee_updates.feed import cells as feed_cells
from exports.employee_updates.feed import changes as feed_changes
from exports.employee_updates.feed import settings as feed_settings
from exports.employee_updates.feed.answers import Receipt
from exports.employee_updates.feed.cells import FeedRow
from exports.employee_updates.feed.changes import Change
from exports.employee_updates.feed.checking import Checked
from exports.employee_updates.feed.fields import Employee
from exports.employee_updates.feed.findings import RowFinding
from exports.employee_updates.feed.known import Known
from exports.employee_updates.feed.leaving import Guard, Leaver
from exports.employee_updates.feed.settings import UpdateSettings
from exports.employee_updates.feed.sheet import Note, Sheet, SheetRow
from exports.models import EmployeeUpdate


@dataclass(frozen=True)
class Analysis:
    """An update's rows, checked and compared with what is known; what costs more is worked out when it is asked for."""

    checked: Checked
    known: Known
    settings: UpdateSettings

    @cached_property
    def changes(self) -> list[Change]:
        return feed_changes.changes(self.checked.numbered, self.known)

    @cached_property
    def leavers(self) -> list[Leaver]:
        return leaving.readiness(self.checked.numbered, self.changes, self.known)

    @cached_property
    def missing(self) -> list[Employee]:
        """People of the last feed who have no row now."""
        return feed_changes.not_in_feed(self.checked.numbered, self.known)

    def policy_name(self, policy: str) -> str:
        return (self.known.policies or {}).get(policy, policy)

    @cached_property
    def findings_of(self) -> dict[int | None, list[RowFinding]]:
        """The findings by the numbers of their rows; None for the feed as a whole."""
        found: dict[int | None, list[RowFinding]] = {}
        for finding in self.checked.findings:
            found.setdefault(finding.row, []).append(finding)
        return found

    @cached_property
    def fields_in_use(self) -> set[str]:
        """The fields that have a value in some row, or a finding."""
        used = {name for row in self.checked.rows for name, text in row.cells.items() if text}
        return used | {finding.field for finding in self.checked.findings}

    def guard(self, *, most_percent: int, most_people: int) -> Guard:
        return leaving.guard(self.changes, self.known, most_share=most_percent / 100, most_people=most_people)


def rows_of(update: EmployeeUpdate) -> list[FeedRow]:
    """The rows as they stand, in order; empty when Expensify fetches them elsewhere, or when they were wiped."""
    return [feed_cells.row_from_json(row) for row in unseal(update, "rows") or []]


def already_found(update: EmployeeUpdate) -> list[RowFinding]:
    """What was found when the file was read."""
    return [RowFinding(**finding) for finding in unseal(update, "found") or []]


def settings_of(update: EmployeeUpdate) -> UpdateSettings:
    return feed_settings.settings_from_json(update.settings)


def feed_of(update: EmployeeUpdate) -> FeedUrl | FeedSftp | None:
    """Where Expensify fetches the rows; None when they are in the portal."""
    stored = unseal(update, "feed")
    if stored is None:
        return None
    given = {name: value for name, value in stored.items() if name != "source"}
    return FeedUrl(**given) if stored["source"] == FeedUrl.source else FeedSftp(**given)


def sheet_of(update: EmployeeUpdate) -> Sheet | None:
    """The uploaded table while its columns have no names yet."""
    stored = unseal(update, "sheet")
    if stored is None:
        return None
    return Sheet(
        stored["source"],
        tuple(stored["headings"]),
        tuple(SheetRow(number, tuple(cells)) for number, cells in stored["lines"]),
        tuple(Note(*note) for note in stored["notes"]),
        stored["has_headings"],
    )


def sheet_as_json(sheet: Sheet) -> dict[str, Any]:
    return {
        "source": sheet.source,
        "headings": list(sheet.headings),
        "lines": [[line.number, list(line.cells)] for line in sheet.lines],
        "notes": [[note.row, note.column, note.severity, note.code, note.sentence] for note in sheet.notes],
        "has_headings": sheet.has_headings,
    }


def known_of(update: EmployeeUpdate) -> Known:
    """Policies that the credential reaches, their members if they were read, and the last feed that was applied."""
    settings = settings_of(update)
    policies = dict(update.credential.policies.values_list("policy_id", "name"))
    before: dict[str, list[dict[str, Any]]] = unseal(update, "before") or {}
    return Known(
        policies=policies or None,
        members={
            policy: fields.members_of(policy, entries, limits_in_cents=settings.limits_in_cents)
            for policy, entries in before.items()
        },
        last_feed=_last_feed(update),
    )


def members_after(update: EmployeeUpdate) -> dict[str, tuple[Employee, ...]] | None:
    """The members by policy as they were read after the update was sent; None when they were not read."""
    after: dict[str, list[dict[str, Any]]] | None = unseal(update, "after")
    if after is None:
        return None
    in_cents = settings_of(update).limits_in_cents
    return {
        policy: fields.members_of(policy, entries, limits_in_cents=in_cents)
        for policy, entries in after.items()
    }


def analyse(update: EmployeeUpdate) -> Analysis:
    """The update looked at. The last few are kept in memory, since people look at one page after the other."""
    return _analyse(_Key(update))


def look_again(update: EmployeeUpdate) -> list[str]:
    """Count anew what is wrong, odd and changed, after a change of the rows or of what is known; the fields set.

    Before it is saved: what is sealed only when it is saved is sealed here.
    """
    update.seal_now()
    analysis = analyse(update)
    update.row_count = len(analysis.checked.rows)
    update.error_count = len(analysis.checked.errors)
    update.warning_count = len(analysis.checked.warnings)
    update.leaver_count = sum("leaver" in change.kinds for change in analysis.changes)
    update.kinds = feed_changes.counts(analysis.changes)
    return ["row_count", "error_count", "warning_count", "leaver_count", "kinds"]


def answer_of(update: EmployeeUpdate, name: str) -> EmployeeAnswer | None:
    """What Expensify answered to the dry run (`tried_answer`) or to the update itself (`applied_answer`)."""
    stored = unseal(update, name)
    return None if stored is None else read_employee_answer(stored)


def receipt_of(update: EmployeeUpdate, name: str) -> Receipt | None:
    """The answer of that name laid on the rows; None without an answer, or when the rows were wiped."""
    answer = answer_of(update, name)
    if answer is None:
        return None
    analysis = analyse(update)
    return answers.receipt(
        analysis.changes, answer, dry_run=name == "tried_answer", policies=analysis.known.policies or {}
    )


def last_applied(update: EmployeeUpdate) -> EmployeeUpdate | None:
    """The last update that was applied with the same credential before this one, if its rows are still there."""
    applied = EmployeeUpdate.objects.filter(
        credential=update.credential_id, applied_at__isnull=False, rows__isnull=False
    )
    return applied.exclude(pk=update.pk).order_by("-applied_at").first()


def _last_feed(update: EmployeeUpdate) -> tuple[Employee, ...]:
    last = last_applied(update)
    if last is None:
        return ()
    return tuple(feed_cells.person_of(row)[0] for row in rows_of(last))


class _Key:
    """An update for the cache: equal while nothing that its analysis rests on has changed."""

    def __init__(self, update: EmployeeUpdate) -> None:
        self.update = update
        last = last_applied(update)
        sealed = (update.rows, update.found, update.before)
        self.of = (
            update.seal,
            *(part and hashlib.sha256(part.token).digest() for part in sealed),
            json.dumps(update.settings, sort_keys=True),
            update.credential.checked_at,
            last and last.pk,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.of == other.of

    def __hash__(self) -> int:
        return hash(self.of)


@lru_cache(maxsize=4)
def _analyse(key: _Key) -> Analysis:
    update = key.update
    known, settings = known_of(update), settings_of(update)
    checked = checking.check_rows(
        rows_of(update),
        known,
        settings,
        already_found(update),
        # A file of the HR system has everybody in it; a few rows typed in need not.
        is_whole_feed=update.mapping is not None,
    )
    return Analysis(checked, known, settings)
