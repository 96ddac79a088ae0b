"""Expensify's answer to an employee update, person by person, in plain words."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from expensify.answers import EmployeeAnswer
from exports.employee_updates.feed.changes import Change
from exports.employee_updates.feed.fields import KEYS
from exports.employee_updates.feed.findings import named, quoted, sentence

Outcome = Literal["skipped", "removed", "added", "updated", "unmentioned"]

OUTCOMES: dict[Outcome, tuple[str, str]] = {
    "skipped": ("Would be skipped", "Skipped"),
    "removed": ("Would be removed", "Removed"),
    "added": ("Would be added", "Added"),
    "updated": ("Would be updated", "Updated"),
    "unmentioned": ("Not mentioned", "Not mentioned"),
}
"""In words, for a dry run and for an update."""


@dataclass(frozen=True)
class ReceiptLine:
    """The outcome of a row. For a skipped row, `reason` is Expensify's own text and `fix` what to do about it."""

    row: int
    email: str
    outcome: Outcome
    sentence: str
    reason: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Other:
    """A person in the answer who has no row, such as an invited manager."""

    email: str
    sentence: str


@dataclass(frozen=True)
class Receipt:
    """The whole answer; `warnings` are about the answer as a whole."""

    lines: tuple[ReceiptLine, ...]
    others: tuple[Other, ...]
    warnings: tuple[str, ...]
    dry_run: bool

    def count(self, outcome: Outcome) -> int:
        return sum(line.outcome == outcome for line in self.lines)


def receipt(
    changes: Sequence[Change], answer: EmployeeAnswer, *, dry_run: bool, policies: Mapping[str, str]
) -> Receipt:
    """Match the answer to the rows that were sent. `policies` are names by identifier; `dry_run` is the request.

    The answer names who was added, removed or skipped, and only counts who was updated. The others are called updated
    only when that count equals the number of rows that were not skipped.
    """
    reader = _Reader(changes, answer, dry_run, policies)
    lines = tuple(map(reader.line, changes))
    return Receipt(lines, tuple(reader.others()), tuple(reader.warnings(lines)), dry_run)


def explain(reason: str) -> tuple[str, str]:
    """A reason for skipping a person, in plain words, and what to do."""
    for pattern, words, fix in _REASONS:
        if match := pattern.fullmatch(reason.strip().rstrip(".")):
            values = {name: quoted(text) for name, text in match.groupdict().items()}
            if "key" in values and (field := KEYS.get(match["key"])):
                values["key"] = f"“{field.heading}”"
            return words.format(**values), fix
    return "Expensify gives a reason that the portal does not know.", (
        "Read the reason, mend the row, and dry-run again. If it says nothing to you, ask Expensify's support."
    )


_REASONS = [
    (re.compile(pattern, re.IGNORECASE), words, fix)
    for pattern, words, fix in (
        # The first two are published [M]; the others are guesses at similar messages.
        (
            r"No policy found for '(?P<value>.*)'",
            "There is no policy {value} that this credential may change.",
            "Enter the identifier of a policy, not its name, and see that the credential's account is its admin.",
        ),
        (
            r"Invalid manager email address '(?P<value>.*)'",
            "The manager's address {value} is not valid.",
            "Mend the address, and look for spaces in it.",
        ),
        (
            r"Invalid (?:employee )?email(?: address)? '(?P<value>.*)'",
            "The address {value} is not valid.",
            "Mend the address, and look for spaces in it.",
        ),
        (r"Required field '(?P<key>.*)' is missing", "The field {key} is missing, and has to be there.", "Fill it in."),
        (r"Invalid role '(?P<value>.*)'", "{value} is no role.", "Write user, auditor or admin, or leave it empty."),
        (
            r"Invalid approval limit '(?P<value>.*)'",
            "The approval limit {value} is not valid.",
            "Enter a whole number of cents, from 0 on.",
        ),
        (r"Record malformed", "The row could not be read.", "Enter the row anew."),
    )
]


class _Reader:
    def __init__(
        self, changes: Sequence[Change], answer: EmployeeAnswer, dry_run: bool, policies: Mapping[str, str]
    ) -> None:
        self._answer = answer
        self._dry = dry_run
        self._names = policies
        self._rows = len(changes)
        self._emails = {change.email for change in changes}
        self._renamed = {old: change.email for change in changes if (old := renamed_from(change))}
        self._added = _by_email(answer.added)
        self._removed = _by_email(answer.removed)
        self._groups = _by_email(answer.groups)
        self._reasons: dict[str, list[str]] = defaultdict(list)
        for skipped in answer.skipped:
            self._reasons[skipped.email.strip().lower()].append(skipped.reason)
        self._rows_of: dict[str, list[Change]] = defaultdict(list)
        for change in changes:
            self._rows_of[change.email].append(change)
        skipped_rows = sum(bool(self._reason(change)) for change in changes)
        self._accounts_for_all = answer.updated == self._rows - skipped_rows

    def line(self, change: Change) -> ReceiptLine:
        if reason := self._reason(change):
            words, fix = explain(reason)
            return ReceiptLine(change.row, change.email, "skipped", words, reason, fix)
        added, removed = (self._of_row(change, by_email) for by_email in (self._added, self._removed))
        sentences = []
        if removed:
            sentences.append(sentence(f"{self._would('removed')} from {self._policies(removed)}"))
        if added:
            sentences.append(sentence(f"{self._would('added')} to {self._policies(added)}"))
        further_added, further_removed = (
            self._beyond_rows(change, by_email) for by_email in (self._added, self._removed)
        )
        if further_removed:
            where = self._policies(further_removed)
            sentences.append(f"{self._would('removed')} from {where} too, which no row names.")
        if further_added:
            why = "" if renamed_from(change) else ": somebody's chain of approvers goes there"
            sentences.append(f"{self._would('added')} to {self._policies(further_added)} too, which no row names{why}.")
        if old := (added or further_added) and renamed_from(change):
            sentences.append(f"The row renames the login {old}, so the new one takes its place.")
        removed, added = removed or further_removed, added or further_added
        if groups := self._groups.get(change.email):
            sentences.append(f"{self._would('put')} in the domain group {named(groups)}.")
        if change.person.is_leaving and change.person.policy not in removed:
            sentences.append("The row asks to remove the person, and the answer does not say that it was done.")
            return ReceiptLine(change.row, change.email, "unmentioned", " ".join(sentences))
        if removed or added:
            return ReceiptLine(change.row, change.email, "removed" if removed else "added", " ".join(sentences))
        if self._accounts_for_all:
            sentences.append(
                f"Counted among the {self._answer.updated:,} who {'would be' if self._dry else 'were'} updated; the "
                "answer does not name them."
            )
            return ReceiptLine(change.row, change.email, "updated", " ".join(sentences))
        return ReceiptLine(
            change.row,
            change.email,
            "updated" if groups else "unmentioned",
            " ".join(sentences) or "The answer says nothing about the person. Compare with the policy's members.",
        )

    @staticmethod
    def _policies_of(change: Change) -> set[str]:
        return {*change.person.policies, *change.removed}

    def _of_row(self, change: Change, by_email: Mapping[str, Sequence[str]]) -> list[str]:
        mine = self._policies_of(change)
        return [policy for policy in by_email.get(change.email, ()) if policy in mine]

    def _beyond_rows(self, change: Change, by_email: Mapping[str, Sequence[str]]) -> list[str]:
        """Policies in the answer that no row of the person names; reported on their first row."""
        rows = self._rows_of[change.email]
        if rows[0] is not change:
            return []
        named_in_rows = set().union(*map(self._policies_of, rows))
        return [policy for policy in by_email.get(change.email, ()) if policy not in named_in_rows]

    def others(self) -> list[Other]:
        sentences: dict[str, list[str]] = defaultdict(list)
        for word, by_email, joint in (("added", self._added, "to"), ("removed", self._removed, "from")):
            for email, policies in by_email.items():
                if email not in self._emails:
                    sentences[email].append(sentence(f"{self._would(word)} {joint} {self._policies(policies)}"))
        for old, new in self._renamed.items():
            if old in sentences:
                sentences[old].append(f"This is the former login of {new}.")
        for email, reasons in self._reasons.items():
            if email not in self._emails:
                sentences[email] += [
                    f"{self._would('skipped')}: {explain(reason)[0]} ({quoted(reason)})" for reason in reasons
                ]
        return [Other(email, " ".join(parts)) for email, parts in sorted(sentences.items())]

    def warnings(self, lines: Sequence[ReceiptLine]) -> list[str]:
        warnings = []
        if self._dry and self._answer.dry_run is False:
            warnings.append(
                "A dry run was asked for, and Expensify says that it has changed people. Compare with the policy's "
                "members at once."
            )
        elif not self._dry and self._answer.dry_run:
            warnings.append("Expensify says that this was a dry run, so nothing was changed.")
        if self._answer.updated is None:
            warnings.append("The answer does not say how many people it is about.")
        elif not self._accounts_for_all:
            skipped = sum(line.outcome == "skipped" for line in lines)
            warnings.append(
                f"{self._rows:,} rows were sent and {skipped:,} skipped, but Expensify counts {self._answer.updated:,} "
                "as updated. Look at those who are not mentioned."
            )
        return warnings

    def _reason(self, change: Change) -> str:
        """Why the row was skipped; among several rows of one person, match the values that the reason quotes."""
        reasons = self._reasons.get(change.email, [])
        rows = self._rows_of[change.email]
        if len(rows) < 2 or len(reasons) >= len(rows):
            return reasons[min(rows.index(change), len(reasons) - 1)] if reasons else ""
        for reason in reasons:
            if _quotes_value_of(reason, change):
                return reason
        is_about_a_row = any(_quotes_value_of(reason, row) for reason in reasons for row in rows)
        return reasons[0] if reasons and not is_about_a_row else ""

    def _would(self, done: str) -> str:
        return f"Would be {done}" if self._dry else done.capitalize()

    def _policies(self, policies: Sequence[str]) -> str:
        return named([self._names.get(policy, policy) for policy in policies], most=5)


def renamed_from(change: Change) -> str:
    """The login that the row renames; "" if it keeps the login, or is about somebody new."""
    return next((str(field.before) for field in change.fields if field.field == "email" and field.before), "")


def _quotes_value_of(reason: str, change: Change) -> bool:
    values = {*change.person.policies, change.person.manager, change.person.email}
    return any(text in values for text in re.findall("'([^']*)'", reason))


def _by_email(by_place: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    places: dict[str, list[str]] = defaultdict(list)
    for place, emails in by_place.items():
        for email in emails:
            places[email.strip().lower()].append(place)
    return dict(places)
