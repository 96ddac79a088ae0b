"""The progress of an employee update on its page: its steps, the present one, and what blocks the next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from accounts.models import Membership
from accounts.permissions import Permission
from exports.employee_updates import rules as update_rules
from exports.employee_updates.rules import why_not
from exports.models import EmployeeUpdate
from exports.models.employee_update import Stage

Key = Literal["columns", "rows", "checks", "dry_run", "approval", "apply"]
State = Literal["done", "now", "ahead", "never", "unconfirmed"]

NAMES: dict[Key, str] = {
    "columns": "Columns named",
    "rows": "Rows",
    "checks": "Checked",
    "dry_run": "Dry run",
    "approval": "Approval by a second person",
    "apply": "Applied",
}
_WORDS: dict[State, str] = {
    "done": "done",
    "now": "now",
    "ahead": "still to come",
    "never": "not reached",
    "unconfirmed": "nobody knows whether it happened",
}


@dataclass(frozen=True)
class UpdateStep:
    """A step; its `state` is "never" when a discarded or deleted update did not reach it."""

    key: Key
    state: State
    at: datetime | None = None

    @property
    def name(self) -> str:
        return NAMES[self.key]

    @property
    def template(self) -> str:
        return f"exports/updates/steps/{self.key}.html"

    @property
    def state_in_words(self) -> str:
        return _WORDS[self.state]


def steps(update: EmployeeUpdate) -> list[UpdateStep]:
    """The steps; without columns to map or an approval when the update needs none."""
    keys: list[Key] = ["rows", "checks", "dry_run", "apply"]
    if update.needs_approval or update.approved_at:
        keys.insert(3, "approval")
    if update.mapping is not None or _is_unmapped(update):
        keys.insert(0, "columns")
    now = keys.index(_present_step(update, keys))
    times = {
        "rows": update.created_at,
        "dry_run": update.tried_at,
        "approval": update.approved_at,
        "apply": update.applied_at,
    }
    result = []
    for number, key in enumerate(keys):
        state: State = "done" if number < now else "ahead"
        if number == now:
            state = "now"
            if update.stage == Stage.APPLIED:
                state = "done"
            elif update.stage == Stage.UNCONFIRMED:
                state = "unconfirmed"
        if update.stage == Stage.DISCARDED and state in ("now", "ahead"):
            state = "never"
        result.append(UpdateStep(key, state, times.get(key) if state in ("done", "now") else None))
    return result


def _is_unmapped(update: EmployeeUpdate) -> bool:
    """Whether the columns of its table were never named, also if it was discarded before."""
    return update.stage == Stage.MAPPING or (update.sheet is not None and update.rows is None)


def _present_step(update: EmployeeUpdate, keys: list[Key]) -> Key:
    """The step that the update is at."""
    if update.applied_by_run_id is not None:
        return "apply"
    if _is_unmapped(update):
        return "columns"
    if not (update.row_count or update.is_hosted or update.wiped_at):
        return "rows"
    if update.error_count or not update.is_accepted:
        return "checks"
    if not update.is_tried():
        return "dry_run"
    return "approval" if "approval" in keys and not update.is_approved else "apply"


@dataclass(frozen=True)
class Standing:
    """For each action the sentence why this person may not do it now, "" when they may."""

    change: str
    submit: str
    approve: str
    apply: str
    try_out: str


def standing(update: EmployeeUpdate, by: Membership) -> Standing:
    if not by.may(Permission.PREPARE_UPDATES):
        sentence = "Your role lets you look at employee updates, not change them."
        return Standing(sentence, sentence, sentence, sentence, sentence)
    closed = why_not(update_rules.refuse_closed, update)
    return Standing(
        change=closed,
        submit=why_not(update_rules.may_submit, update),
        approve=why_not(update_rules.may_approve, update, by),
        apply=why_not(update_rules.may_apply, update),
        try_out=closed or why_not(update_rules.refuse_errors, update),
    )
