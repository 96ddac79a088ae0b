"""Read access to an employee update: its rows, settings and answers, and their analysis. Changes nothing."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from accounts.credentials.keyring import unseal
from expensify.answers import read_employee_answer
from expensify.jobs.employees import FeedSftp, FeedUrl
from exports.employee_updates.feed import answers, checking, fields, leaving, reverse
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
from exports.employee_updates.feed.leaving import Leaver
from exports.employee_updates.feed.settings import UpdateSettings
from exports.employee_updates.feed.sheet import Note, Sheet, SheetRow
from exports.models import EmployeeUpdate


@dataclass(frozen=True)
class Analysis:
    """The checked rows of an update; costly results are computed on first use."""

    checked: Checked
    known: Known
    settings: UpdateSettings

    @cached_property
    def changes(self) -> list[Change]:
        return feed_changes.changes(self.checked.numbered, self.known)

    @cached_property
    def leavers(self) -> list[Leaver]:
        return leaving.find_leavers(self.checked.numbered, self.changes, self.known)

    @cached_property
    def missing(self) -> list[Employee]:
        """People of the last feed who have no row now."""
        return feed_changes.not_in_feed(self.checked.numbered, self.known)

    def policy_name(self, policy: str) -> str:
        return (self.known.policies or {}).get(policy, policy)

    @cached_property
    def findings_of(self) -> dict[int | None, list[RowFinding]]:
        """The findings by row number; None for the whole feed."""
        findings: dict[int | None, list[RowFinding]] = {}
        for finding in self.checked.findings:
            findings.setdefault(finding.row, []).append(finding)
        return findings

    @cached_property
    def fields_in_use(self) -> set[str]:
        """The fields that have a value or a finding in some row."""
        used = {name for row in self.checked.rows for name, text in row.cells.items() if text}
        return used | {finding.field for finding in self.checked.findings}


def rows_of(update: EmployeeUpdate) -> list[FeedRow]:
    """The rows in order; empty when Expensify fetches them, or after retention deleted them."""
    return [feed_cells.row_from_json(row) for row in unseal(update, "rows") or []]


def file_findings(update: EmployeeUpdate) -> list[RowFinding]:
    """The findings from reading the file."""
    return [RowFinding(**finding) for finding in unseal(update, "found") or []]


def settings_of(update: EmployeeUpdate) -> UpdateSettings:
    return feed_settings.settings_from_json(update.settings)


def feed_of(update: EmployeeUpdate) -> FeedUrl | FeedSftp | None:
    """The URL or SFTP server from which Expensify fetches the rows; None when the portal has them."""
    stored = unseal(update, "feed")
    if stored is None:
        return None
    values = {name: value for name, value in stored.items() if name != "source"}
    return FeedUrl(**values) if stored["source"] == FeedUrl.source else FeedSftp(**values)


def sheet_of(update: EmployeeUpdate) -> Sheet | None:
    """The uploaded table, until its columns are mapped."""
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


def members_of(update: EmployeeUpdate, name: str) -> dict[str, tuple[Employee, ...]] | None:
    """The members by policy, read `before` or `after` the update was sent; None when they were not read."""
    stored: dict[str, list[dict[str, Any]]] | None = unseal(update, name)
    if stored is None:
        return None
    in_cents = settings_of(update).limits_in_cents
    return {policy: fields.members_of(policy, entries, limits_in_cents=in_cents) for policy, entries in stored.items()}


def analyse(update: EmployeeUpdate) -> Analysis:
    """The analysis of an update. A small cache serves a person who opens its pages one after the other."""
    last = _last_applied(update)
    encrypted = (update.rows, update.found, update.before)
    parts = (
        update.seal,
        *(part and hashlib.sha256(part.token).digest() for part in encrypted),
        json.dumps(update.settings, sort_keys=True),
        update.credential.checked_at,
        last and last.pk,
    )
    return _analyse(_CacheKey(parts, update))


def count_findings(update: EmployeeUpdate) -> list[str]:
    """Count the findings and changes again, after a change of the rows or the known members; returns the fields set.

    Call it before the save: it encrypts the assigned values itself.
    """
    update.seal_now()
    analysis = analyse(update)
    update.row_count = len(analysis.checked.rows)
    update.error_count = len(analysis.checked.errors)
    update.warning_count = len(analysis.checked.warnings)
    update.leaver_count = sum("leaver" in change.kinds for change in analysis.changes)
    update.kinds = feed_changes.counts(analysis.changes)
    return ["row_count", "error_count", "warning_count", "leaver_count", "kinds"]


def receipt_of(update: EmployeeUpdate, name: str) -> Receipt | None:
    """Expensify's answer to the dry run (`tried_answer`) or to the update (`applied_answer`), by row.

    None without an answer, or after retention deleted the rows.
    """
    stored = unseal(update, name)
    if stored is None:
        return None
    analysis = analyse(update)
    return answers.receipt(
        analysis.changes,
        read_employee_answer(stored),
        dry_run=name == "tried_answer",
        policies=analysis.known.policies or {},
    )


def reversal_of(update: EmployeeUpdate) -> reverse.Reverse:
    """The rows that undo the update, and what no row can undo; without the people that Expensify skipped."""
    analysis = analyse(update)
    receipt = receipt_of(update, "applied_answer")
    skipped = {line.row for line in receipt.lines if line.outcome == "skipped"} if receipt else set()
    return reverse.reverse([change for change in analysis.changes if change.row not in skipped], analysis.known)


def _last_applied(update: EmployeeUpdate) -> EmployeeUpdate | None:
    """The latest other update that was applied with the same credential and still has its rows."""
    applied = EmployeeUpdate.objects.filter(
        credential=update.credential_id, applied_at__isnull=False, rows__isnull=False
    )
    return applied.exclude(pk=update.pk).order_by("-applied_at").first()


@dataclass(frozen=True)
class _CacheKey:
    """An update as a cache key: equal as long as nothing changes that the analysis depends on."""

    parts: tuple[object, ...]
    update: EmployeeUpdate = field(compare=False)


@lru_cache(maxsize=4)
def _analyse(key: _CacheKey) -> Analysis:
    update = key.update
    settings, last = settings_of(update), _last_applied(update)
    known = Known(
        policies=dict(update.credential.policies.values_list("policy_id", "name")) or None,
        members=members_of(update, "before") or {},
        last_feed=tuple(feed_cells.person_of(row)[0] for row in rows_of(last)) if last else (),
    )
    checked = checking.check_rows(
        rows_of(update),
        known,
        settings,
        file_findings(update),
        # A file of the HR system contains everybody; typed rows may not.
        is_whole_feed=update.mapping is not None,
    )
    return Analysis(checked, known, settings)
