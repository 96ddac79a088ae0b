"""Identifiers that a spreadsheet has damaged: seen by their looks, and by what is known."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from exports.employees.fields import FIELDS, Person
from exports.employees.findings import Finding, Severity, named, quoted
from exports.employees.known import Known

Damage = tuple[Severity, str, str]

_IDENTIFIERS = ("employee_id", "policy", "domain_group", "additional_policies")
_OFTEN_IDENTIFIERS = ("custom_field_1", "custom_field_2")

_SCIENTIFIC = re.compile(r"[0-9][.,][0-9]+[eE]\+?[0-9]{1,3}|[0-9]+[eE]\+[0-9]{1,3}")
_PERHAPS_SCIENTIFIC = re.compile(r"[1-9][eE][0-9]{1,3}")
_DECIMAL = re.compile(r"[0-9]+[.,]0+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T].*)?")


def damage(text: str) -> Damage | None:
    """What a spreadsheet seems to have done to an identifier, as severity, code and sentence."""
    # Most identifiers are fine, and 20,000 rows have many of them.
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


def looks_damaged(number: int, person: Person) -> Iterator[Finding]:
    for name in _IDENTIFIERS:
        value = person.value(name)
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and (found := damage(text)):
                yield Finding(number, name, *found)
    for name in _OFTEN_IDENTIFIERS:
        value = person.value(name)
        if isinstance(value, str) and (found := damage(value)) and found[0] == "error":
            yield Finding(number, name, "warning", found[1], found[2])


def duplicates(rows: Iterable[tuple[int, Person]]) -> Iterator[Finding]:
    """One number under several addresses, one address with several numbers, and a person more than once."""
    by_number: dict[str, list[tuple[int, Person]]] = defaultdict(list)
    by_email: dict[str, list[tuple[int, Person]]] = defaultdict(list)
    for number, person in rows:
        if person.employee_id:
            by_number[person.employee_id].append((number, person))
        if person.email:
            by_email[person.email].append((number, person))
    for rows_ in by_number.values():
        if len({person.email for _, person in rows_}) > 1:
            for number, person in rows_:
                others = [f"{other.email} (row {at})" for at, other in rows_ if other.email != person.email]
                yield Finding(
                    number,
                    "employee_id",
                    "error",
                    "duplicate_number",
                    f"{named(others)} {'has' if len(others) == 1 else 'have'} the same number, which would join their "
                    "accounts. Find out whose it is.",
                )
    for rows_ in by_email.values():
        if len(rows_) > 1:
            yield from _one_person(rows_)


def _one_person(rows: list[tuple[int, Person]]) -> Iterator[Finding]:
    """Rows of one address: several numbers or two contents for one policy are errors."""
    for number, person in rows:
        others = [(at, other) for at, other in rows if at != number]
        numbers = sorted({other.employee_id for _, other in others} - {person.employee_id, ""})
        if person.employee_id and numbers:
            at = named(
                [f"{other.employee_id} in row {row}" for row, other in others if other.employee_id in numbers]
            )
            sentence = f"The same address has the number {at}. Find out which is right."
            yield Finding(number, "email", "error", "duplicate_address", sentence)
        same_place = [(at, other) for at, other in others if other.policy == person.policy]
        if same_place:
            at, other = same_place[0]
            differing = [FIELDS[name].heading for name in FIELDS if other.value(name) != person.value(name)]
            if differing:
                sentence = f"The person also has row {at}, with another {named(differing)}. Keep one of the two rows."
                yield Finding(number, "", "error", "twice_differently", sentence)
            elif number > at:
                sentence = f"The same as row {at}. Take one of the two out."
                yield Finding(number, "", "warning", "twice", sentence)
        elif others and not numbers:
            sentence = f"The person also has row {others[0][0]}, for another policy. Expensify gets both, in this order."
            yield Finding(number, "policy", "notice", "several_policies", sentence)


def against_known(rows: Iterable[tuple[int, Person]], known: Known) -> Iterator[Finding]:
    """A number that is not the one a person is known with, or that is known with somebody else."""
    rows = list(rows)
    without_zeros: dict[str, list[str]] = defaultdict(list)
    for number in known.address_of:
        if number.isdecimal():
            without_zeros[number.lstrip("0")].append(number)
    in_feed = {person.email for _, person in rows}
    for number, person in rows:
        if not person.employee_id or not person.email:
            continue
        before = known.number_of.get(person.email, "")
        if before and before != person.employee_id:
            yield _changed_number(number, person, before)
        elif not before and person.employee_id not in known.address_of:
            similar = (
                without_zeros.get(person.employee_id.lstrip("0"), [])
                if person.employee_id.isdecimal()
                else []
            )
            if similar:
                sentence = (
                    f"{quoted(similar[0])} is known, of {known.address_of[similar[0]]}: the same but for zeros in "
                    "front. Compare it."
                )
                yield Finding(number, "employee_id", "warning", "similar_number", sentence)
        if old := known.renamed_from(person):
            yield _other_address(number, person, old, before, old in in_feed)


def _changed_number(number: int, person: Person, before: str) -> Finding:
    given = person.employee_id
    if given.isdecimal() and before.isdecimal() and given.lstrip("0") == before.lstrip("0"):
        return Finding(
            number,
            "employee_id",
            "error",
            "zeros_lost",
            f"The person is known with {quoted(before)}: the zeros in front are not the same. Make the column text in "
            "the spreadsheet, or enter the number as it is known.",
        )
    return Finding(
        number,
        "employee_id",
        "warning",
        "changed_number",
        f"The person is known with {quoted(before)}. A number is to stay with a person, or a later change of address "
        "is not noticed. Compare it.",
    )


def _other_address(number: int, person: Person, old: str, before: str, old_in_feed: bool) -> Finding:
    if old_in_feed or before:
        other = f"{person.email} is known with another number" if before else f"{old} has a row of its own"
        return Finding(
            number,
            "employee_id",
            "error",
            "joins_accounts",
            f"{quoted(person.employee_id)} is the number of {old}, and {other}: this would join the accounts of two "
            "people. Find out whose number it is.",
        )
    return Finding(
        number,
        "email",
        "warning",
        "renames_login",
        f"This renames a person's login: {quoted(person.employee_id)} is known as {old}, and becomes {person.email}. "
        "The old address stays as a second login.",
    )
