"""The kinds of runs, and what each does.

A new kind is one member of `Kind` and one row of `KINDS`. It also needs:

1. a migration: the choices and constraints of `Run` name the kinds (`OF_EXPORTS`, `OF_UPDATES`, `MAY_MARK`, …);
2. for a new call, an entry in `CALLS` of `exports.runs.steps`;
3. a function that creates its runs, in `exports.runs.actions` or `exports.employee_updates.actions`;
4. a line in `tests/chaos/kinds.py`.
"""

from dataclasses import dataclass

from django.db import models


class Kind(models.TextChoices):
    EXPORT = "export", "Export"
    LISTED_EXPORT = "listed_export", "Export of listed reports"
    MARKED_LAST = "marked_last", "Export whose reports are marked last"
    SAME_REPORTS = "same_reports", "Export of the same reports"
    MARKING = "marking", "Marking"
    TRIAL = "trial", "Trial of a new key pair"
    MEMBERS = "members", "Members of policies"
    DRY_RUN = "dry_run", "Dry run of an employee update"
    APPLY = "apply", "Employee update"


@dataclass(frozen=True)
class RunKind:
    """What a run of this kind does, whatever its settings."""

    # Its API calls in order, keys of `exports.runs.steps.CALLS`.
    calls: tuple[str, ...]
    # It is about the reports that an earlier run listed, not about a period.
    of_batch: bool = False
    of_update: bool = False
    # Its settings may make it mark reports, upload the file or change people by a call that must not be repeated.
    may_mark: bool = False

    @property
    def selects(self) -> bool:
        """It lists the reports first, and exports exactly those."""
        return "list" in self.calls

    @property
    def marks_last(self) -> bool:
        """It marks the listed reports by a call of its own, when the file is stored."""
        return "mark" in self.calls


# A kind of a newer version, during a rollout: this version makes no call of it.
UNKNOWN = RunKind(calls=())
KINDS = {
    Kind.EXPORT: RunKind(("generate", "download"), may_mark=True),
    Kind.LISTED_EXPORT: RunKind(("select", "list", "generate_listed", "download"), may_mark=True),
    Kind.MARKED_LAST: RunKind(("select", "list", "generate_listed", "download", "mark"), may_mark=True),
    Kind.SAME_REPORTS: RunKind(("generate", "download"), of_batch=True, may_mark=True),
    Kind.MARKING: RunKind(("mark",), of_batch=True),
    Kind.TRIAL: RunKind(("generate", "download"), of_batch=True),
    Kind.MEMBERS: RunKind(("members",), of_update=True),
    Kind.DRY_RUN: RunKind(("dry_run",), of_update=True),
    Kind.APPLY: RunKind(("apply",), of_update=True, may_mark=True),
}


def traits_of(kind: str) -> RunKind:
    return KINDS[Kind(kind)] if kind in Kind.values else UNKNOWN


OF_EXPORTS = sorted(kind.value for kind, row in KINDS.items() if not row.of_update)
OF_UPDATES = sorted(kind.value for kind, row in KINDS.items() if row.of_update)
OF_PERIODS = sorted(kind.value for kind, row in KINDS.items() if not row.of_update and not row.of_batch)
MARKING_LAST = sorted(kind.value for kind, row in KINDS.items() if row.marks_last)
MAY_MARK = sorted(kind.value for kind, row in KINDS.items() if row.may_mark)
