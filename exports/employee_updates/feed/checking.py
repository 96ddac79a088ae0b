"""Check a feed before anything is sent: errors and warnings, each on its cell."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from exports.employee_updates.feed.cells import FeedRow, person_of
from exports.employee_updates.feed.chain_checks import Tree, check_chains
from exports.employee_updates.feed.changes import before_of, not_in_feed
from exports.employee_updates.feed.fields import FIELDS, Employee
from exports.employee_updates.feed.findings import RowFinding, named, quoted
from exports.employee_updates.feed.identifiers import check_damage, check_duplicates, check_known_numbers
from exports.employee_updates.feed.known import Known
from exports.employee_updates.feed.settings import UpdateSettings

_ADDRESS = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])"
)
_LONGEST_ADDRESS = 254
_SHEET_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|NV|WERT!|BEZUG!|ZAHL!|#+)", re.IGNORECASE)
_ADDRESSES = tuple(name for name, field in FIELDS.items() if field.kind == "email")
_TEXTS = tuple(name for name, field in FIELDS.items() if field.kind in ("text", "identifier"))
_LISTS = tuple(name for name, field in FIELDS.items() if field.is_list)
_REQUIRED = tuple(name for name, field in FIELDS.items() if field.required)
_ORDER = {name: place for place, name in enumerate(("", *FIELDS))}
_SEVERITY_ORDER = {"error": 0, "warning": 1, "notice": 2}


@dataclass(frozen=True)
class Checked:
    """A checked feed: one of `people` for each row, findings in the order of the rows, errors first in a cell.

    Only a feed without errors is sent; a person must accept its warnings.
    """

    rows: tuple[FeedRow, ...]
    people: tuple[Employee, ...]
    findings: tuple[RowFinding, ...]
    trees: tuple[Tree, ...]

    @property
    def numbered(self) -> list[tuple[int, Employee]]:
        """The people with their row numbers."""
        return [(row.number, person) for row, person in zip(self.rows, self.people, strict=True)]

    @property
    def errors(self) -> list[RowFinding]:
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def warnings(self) -> list[RowFinding]:
        return [finding for finding in self.findings if finding.severity == "warning"]


def check_rows(
    rows: Sequence[FeedRow],
    known: Known,
    settings: UpdateSettings,
    file_findings: Sequence[RowFinding] = (),
    *,
    is_whole_feed: bool = False,
) -> Checked:
    """Read the cells and check them against each other and against the known members.

    `file_findings` come from reading the file and are part of the result. `is_whole_feed`: the rows contain everybody,
    as a file of the HR system does, so report people of the last feed without a row.
    """
    findings = list(file_findings)
    numbered: list[tuple[int, Employee]] = []
    for row in rows:
        person, cell_findings = person_of(row)
        numbered.append((row.number, person))
        findings += cell_findings
        unread = {finding.field for finding in cell_findings if finding.severity == "error"}
        findings += _check_row(row.number, person, known, settings, unread)
    findings += _check_domain_groups(numbered)
    findings += check_duplicates(numbered)
    findings += check_known_numbers(numbered, known)
    chain_findings, trees = check_chains(numbered, known, invites_managers=settings.fix_approval_chains)
    findings += chain_findings
    if is_whole_feed:
        findings += _check_absent_people(numbered, known)
    findings.sort(key=lambda finding: (finding.row or 0, _ORDER[finding.field], _SEVERITY_ORDER[finding.severity]))
    return Checked(tuple(rows), tuple(person for _, person in numbered), tuple(findings), tuple(trees))


def _check_row(
    number: int, person: Employee, known: Known, settings: UpdateSettings, unread: set[str]
) -> Iterator[RowFinding]:
    """Check one row; `unread` are fields that are empty because their cells are unreadable."""
    for name in _REQUIRED:
        if not person.value(name):
            yield RowFinding(number, name, "error", "missing", _missing_sentence(name, person))
    for name in _ADDRESSES:
        address = getattr(person, name)
        if address and not (len(address) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(address)):
            sentence = f"{quoted(address)} is no e-mail address. Write it like name@company.com."
            yield RowFinding(number, name, "error", "address", sentence)
    yield from check_damage(number, person)
    for name in _TEXTS:
        if text := getattr(person, name):
            yield from _check_formula(number, name, text)
    for name in _LISTS:
        for text in getattr(person, name):
            yield from _check_formula(number, name, text)
    yield from _check_limit(number, person, settings, known, unread)
    yield from _check_policies(number, person, known)
    yield from _check_access(number, person, known)


def _missing_sentence(name: str, person: Employee) -> str:
    if name == "manager":
        who = "Expensify asks for it for leavers too." if person.is_leaving else "Who has none names themselves."
        return f"The manager's address is missing. {who}"
    if name == "employee_id":
        return "The employee ID is missing. It tells that a new address belongs to the same person."
    if name == "policy":
        return "The policy ID is missing. Choose one for all rows, or fill the column."
    return "The person's address is missing."


def _check_formula(number: int, name: str, text: str) -> Iterator[RowFinding]:
    """Find text that a spreadsheet would run as a formula, or its error values. The portal never evaluates it."""
    if text[0] in "=@+-#\t":
        if text[0] == "=":
            sentence = f"{quoted(text)} is a formula, written as text, and is never worked out. Enter the value."
            yield RowFinding(number, name, "error", "formula_text", sentence)
        elif _SHEET_ERROR.fullmatch(text):
            sentence = f"A spreadsheet's error, {quoted(text)}, stands where a value should. Mend it there."
            yield RowFinding(number, name, "error", "cell_error", sentence)
        elif text[0] in "@+-" and len(text) > 1 and not text[1:].replace(" ", "").isdecimal():
            sentence = f"{quoted(text)} begins like a formula. It would be sent as text; see whether it is meant."
            yield RowFinding(number, name, "warning", "formula_like", sentence)


def _check_limit(
    number: int, person: Employee, settings: UpdateSettings, known: Known, unread: set[str]
) -> Iterator[RowFinding]:
    limit = person.approval_limit
    if limit is None:
        member = known.by_place.get((person.policy, person.email))
        if (
            person.over_limit_approver
            and "approval_limit" not in unread
            and not (member and member.has("approval_limit"))
        ):
            sentence = "An approver above the limit, but no limit. Enter the limit, or leave the approver out."
            yield RowFinding(number, "over_limit_approver", "warning", "approver_without_limit", sentence)
        return
    if limit < 0:
        yield RowFinding(number, "approval_limit", "error", "negative_limit", "A limit is not below zero.")
    elif limit * (100 if settings.limits_in_cents else 1) % 1:
        unit = "cents" if settings.limits_in_cents else "units"
        sentence = f"Expensify takes a limit in whole {unit}, so {limit:f} cannot be sent. Round it."
        yield RowFinding(number, "approval_limit", "error", "fraction", sentence)
    elif limit == 0:
        sentence = "With a limit of 0 every report goes on to the approver above the limit."
        yield RowFinding(number, "approval_limit", "warning", "zero_limit", sentence)
    if not person.over_limit_approver and "over_limit_approver" not in unread:
        sentence = "A limit needs an approver for reports above it. Enter the address, or leave the limit out."
        yield RowFinding(number, "over_limit_approver", "error", "limit_without_approver", sentence)


def _check_policies(number: int, person: Employee, known: Known) -> Iterator[RowFinding]:
    if known.policies is not None:
        for name in ("policy", "additional_policies"):
            value = person.value(name)
            for policy in value if isinstance(value, tuple) else (value,):
                if isinstance(policy, str) and policy and policy not in known.policies:
                    yield RowFinding(
                        number, name, "error", "unknown_policy", _unknown_policy_sentence(policy, known.policies)
                    )
    if person.policy in person.additional_policies:
        sentence = "The row's own policy stands among the further ones. It does no harm."
        yield RowFinding(number, "additional_policies", "notice", "own_policy_again", sentence)
    if person.is_leaving and person.additional_policies:
        sentence = "The person leaves the row's policy only; nobody knows whether Expensify then heeds further ones."
        yield RowFinding(number, "additional_policies", "warning", "leaver_with_policies", sentence)


def _unknown_policy_sentence(policy: str, policies: Mapping[str, str]) -> str:
    id_of_name = next((id_ for id_, name in policies.items() if name.casefold() == policy.casefold()), "")
    if id_of_name:
        return f"{quoted(policy)} is the name of a policy. Enter its identifier, {id_of_name}."
    if policy.upper() in policies:
        return f"There is no policy {quoted(policy)}. Did you mean {policy.upper()}?"
    return f"There is no policy {quoted(policy)} that this credential reaches. Choose one that it does."


def _check_access(number: int, person: Employee, known: Known) -> Iterator[RowFinding]:
    """Warn about access that the row gives or removes without showing it plainly."""
    member = known.by_place.get((person.policy, person.email))
    is_known = person.policy in known.members
    if person.is_leaving and is_known and member is None and not known.renamed_from(person):
        sentence = f"{person.email} is no member of the policy, so there is nothing to remove."
        yield RowFinding(number, "is_terminated", "warning", "leaver_unknown", sentence)
    before = before_of(person, known) if person.role == "admin" and not person.is_leaving else person
    if before is None or before.role != person.role:
        sentence = f"{person.email} becomes an admin of the policy, and can change it and its members."
        yield RowFinding(number, "role", "warning", "new_admin", sentence)
    if person.remove_from_others:
        others = [policy for policy in known.policies_of.get(person.email, ()) if policy not in person.policies]
        names = [(known.policies or {}).get(policy, policy) for policy in others]
        lost = f"Removes {person.email} from {named(names)}." if names else (
            "Removes the person from every policy that the row does not name, those included that this credential does "
            "not see."
        )  # fmt: skip
        yield RowFinding(number, "remove_from_others", "warning", "removes_elsewhere", lost)


def _check_domain_groups(rows: Sequence[tuple[int, Employee]]) -> Iterator[RowFinding]:
    """Warn about domain groups that only some rows have."""
    without = [number for number, person in rows if not person.domain_group]
    if without and len(without) < len(rows):
        have = len(rows) - len(without)
        sentence = (
            f"{have:,} of {len(rows):,} rows have a domain group. As far as is known, groups take effect only if every "
            "row has one. Fill the cell, or empty the column."
        )
        for number in without:
            yield RowFinding(number, "domain_group", "warning", "group_on_some", sentence)


def _check_absent_people(rows: Sequence[tuple[int, Employee]], known: Known) -> Iterator[RowFinding]:
    missing = [person.email for person in not_in_feed(rows, known)]
    if missing:
        have = (
            "1 person of the last feed has" if len(missing) == 1 else f"{len(missing):,} people of the last feed have"
        )
        sentence = f"{have} no row now: {named(missing)}. Nothing happens to them; who is to leave needs a row."
        yield RowFinding(None, "", "warning", "not_in_feed", sentence)
