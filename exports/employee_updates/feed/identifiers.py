"""Find identifiers that a spreadsheet has damaged, by their form and by the known employee IDs."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from exports.employee_updates.feed.fields import FIELDS, Employee
from exports.employee_updates.feed.findings import RowFinding, Severity, named, quoted
from exports.employee_updates.feed.known import Known

Damage = tuple[Severity, str, str]

_IDENTIFIERS = ("employee_id", "policy", "domain_group", "additional_policies")
_OFTEN_IDENTIFIERS = ("custom_field_1", "custom_field_2")

_SCIENTIFIC = re.compile(r"[0-9][.,][0-9]+[eE]\+?[0-9]{1,3}|[0-9]+[eE]\+[0-9]{1,3}")
_PERHAPS_SCIENTIFIC = re.compile(r"[1-9][eE][0-9]{1,3}")
_DECIMAL = re.compile(r"[0-9]+[.,]0+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T].*)?")


def find_damage(text: str) -> Damage | None:
    """The likely damage of an identifier by a spreadsheet: severity, code and sentence."""
    # A fast path: most identifiers of 20,000 rows are fine.
    if not text or (text.isalnum() and not _PERHAPS_SCIENTIFIC.fullmatch(text)):
        return None
    if _SCIENTIFIC.fullmatch(text):
        return (
            "error",
            "identifier_scientific",
            f"A spreadsheet has turned this into the number {quoted(text)}, and digits are lost. Make the column text "
            "there, enter the identifier again, and read the file again.",
        )
    if _DECIMAL.fullmatch(text):
        whole = re.split("[.,]", text)[0]
        return (
            "error",
            "identifier_decimal",
            f"A spreadsheet has turned this into the decimal number {quoted(text)}. It was probably {whole}; compare "
            "it, also for zeros in front.",
        )
    if _PERHAPS_SCIENTIFIC.fullmatch(text):
        sentence = f"{quoted(text)} may be a number that a spreadsheet has shortened. Compare it."
        return ("warning", "identifier_perhaps_scientific", sentence)
    if _DAY.fullmatch(text):
        sentence = f"A spreadsheet may have turned this into the date {quoted(text)}. Compare it."
        return ("warning", "identifier_date", sentence)
    if re.search(r"\s", text):
        return ("warning", "identifier_space", f"{quoted(text)} has a space within. Compare it.")
    return None


def check_damage(number: int, person: Employee) -> Iterator[RowFinding]:
    for name in _IDENTIFIERS:
        value = person.value(name)
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and (damage := find_damage(text)):
                yield RowFinding(number, name, *damage)
    for name in _OFTEN_IDENTIFIERS:
        value = person.value(name)
        if isinstance(value, str) and (damage := find_damage(value)) and damage[0] == "error":
            yield RowFinding(number, name, "warning", damage[1], damage[2])


def check_duplicates(rows: Sequence[tuple[int, Employee]]) -> Iterator[RowFinding]:
    """Find an employee ID with several addresses, an address with several IDs, and repeated people."""
    by_number: dict[str, list[tuple[int, Employee]]] = defaultdict(list)
    by_email: dict[str, list[tuple[int, Employee]]] = defaultdict(list)
    for number, person in rows:
        if person.employee_id:
            by_number[person.employee_id].append((number, person))
        if person.email:
            by_email[person.email].append((number, person))
    for group in by_number.values():
        first_of = {person.email: at for at, person in reversed(group)}
        if len(first_of) > 1:
            # Four entries are enough to name three others; there may be 20,000.
            some = list(first_of.items())[-4:][::-1]
            for at, person in group:
                others = [f"{email} (row {row})" for email, row in some if email != person.email]
                yield RowFinding(
                    at,
                    "employee_id",
                    "error",
                    "duplicate_number",
                    f"The same number stands with {named(others, total=len(first_of) - 1)}, and would join these "
                    "accounts. Find out whose it is.",
                )
    for group in by_email.values():
        if len(group) > 1:
            yield from _check_person(group)


def _check_person(rows: list[tuple[int, Employee]]) -> Iterator[RowFinding]:
    """Check the rows of one address: several IDs, or different rows for one policy, are errors."""
    number_in = {person.employee_id: at for at, person in reversed(rows) if person.employee_id}
    if len(number_in) > 1:
        some = list(number_in.items())[-4:][::-1]
        for at, person in rows:
            others = [f"{number} (row {row})" for number, row in some if number != person.employee_id]
            sentence = (
                f"The same address stands with the number {named(others, total=len(number_in) - 1)}. Find out "
                "which is right."
            )
            yield RowFinding(at, "email", "error", "duplicate_address", sentence)
    by_policy: dict[str, list[tuple[int, Employee]]] = defaultdict(list)
    for at, person in rows:
        by_policy[person.policy].append((at, person))
    for same in by_policy.values():
        yield from _check_repeated_rows(same)
    if len(by_policy) > 1 and len(number_in) == 1:
        for policy, same in by_policy.items():
            other = next(other for other in by_policy if other != policy)
            at, other_at = same[0][0], by_policy[other][0][0]
            sentence = f"The person also has row {other_at}, for another policy. Expensify gets both, in this order."
            yield RowFinding(at, "policy", "notice", "several_policies", sentence)


def _check_repeated_rows(rows: list[tuple[int, Employee]]) -> Iterator[RowFinding]:
    """Check the rows of one address in one policy: equal rows are a warning, different rows an error on each."""
    first_at, first = rows[0]
    if all(person == first for _, person in rows):
        for at, _ in rows[1:]:
            yield RowFinding(at, "", "warning", "twice", f"The same as row {first_at}. Take one of the two out.")
        return
    second = next(row for row in rows if row[1] != first)
    for at, person in rows:
        other_at, other = second if person == first else rows[0]
        differing = [FIELDS[name].heading for name in FIELDS if other.value(name) != person.value(name)]
        sentence = f"The person also has row {other_at}, with another {named(differing)}. Keep one of the two rows."
        yield RowFinding(at, "", "error", "twice_differently", sentence)


def check_known_numbers(rows: Sequence[tuple[int, Employee]], known: Known) -> Iterator[RowFinding]:
    """Find employee IDs that differ from the known one of the person, or that belong to another person."""
    without_zeros: dict[str, list[str]] = defaultdict(list)
    for known_number in known.address_of:
        if known_number.isdecimal():
            without_zeros[known_number.lstrip("0")].append(known_number)
    in_feed = {person.email for _, person in rows}
    for number, person in rows:
        if not person.employee_id or not person.email:
            continue
        before = known.number_as_known(person)
        if before and before != person.employee_id:
            yield _changed_number_finding(number, person, before)
        elif not before and person.employee_id not in known.address_of:
            similar = without_zeros.get(person.employee_id.lstrip("0"), []) if person.employee_id.isdecimal() else []
            if similar:
                sentence = (
                    f"{quoted(similar[0])} is known, of {known.address_of[similar[0]]}: the same but for zeros in "
                    "front. Compare it."
                )
                yield RowFinding(number, "employee_id", "warning", "similar_number", sentence)
        if old := known.renamed_from(person):
            yield _other_address_finding(number, person, old, before, old in in_feed)


def _changed_number_finding(number: int, person: Employee, before: str) -> RowFinding:
    new = person.employee_id
    if new.isdecimal() and before.isdecimal() and new.lstrip("0") == before.lstrip("0"):
        return RowFinding(
            number,
            "employee_id",
            "error",
            "zeros_lost",
            f"The person is known with {quoted(before)}: the zeros in front are not the same. Make the column text in "
            "the spreadsheet, or enter the number as it is known.",
        )
    return RowFinding(
        number,
        "employee_id",
        "warning",
        "changed_number",
        f"The person is known with {quoted(before)}. A number is to stay with a person, or a later change of address "
        "is not noticed. Compare it.",
    )


def _other_address_finding(number: int, person: Employee, old: str, before: str, old_in_feed: bool) -> RowFinding:
    if old_in_feed or before:
        other = f"{person.email} is known with another number" if before else f"{old} has a row of its own"
        return RowFinding(
            number,
            "employee_id",
            "error",
            "joins_accounts",
            f"{quoted(person.employee_id)} is the number of {old}, and {other}: this would join the accounts of two "
            "people. Find out whose number it is.",
        )
    return RowFinding(
        number,
        "email",
        "warning",
        "renames_login",
        f"This renames a person's login: {quoted(person.employee_id)} is known as {old}, and becomes {person.email}. "
        "The old address stays as a second login.",
    )
