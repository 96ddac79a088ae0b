"""Read a JSON feed, an array or an `Employees` object, as rows; reports repairs."""

from collections import Counter
from typing import Any

from expensify.foreign_text import SENTENCE, is_writable, writable_value
from exports.employee_updates.feed.cells import PLAIN_BOOLEANS, FeedRow, text_of
from exports.employee_updates.feed.fields import FIELDS, KEYS, EmployeeField, amount_of
from exports.employee_updates.feed.findings import RowFinding, Severity, UnreadableFile, quoted
from exports.employee_updates.feed.headings import EXACT, plain
from exports.employee_updates.feed.repairing import Number, Object, RepairedValue, Repairs, values_in
from exports.employee_updates.feed.sheet import MOST_ROWS, Feed, too_many


def read_feed(text: str, *, limits_in_cents: bool) -> Feed:
    """The rows of a pasted or uploaded feed; its amounts are in the unit that Expensify expects.

    Raises UnreadableFile for errors that cannot be repaired without guessing, and for a text without a feed.
    """
    repairs = Repairs()
    records, shape = _records(values_in(text, repairs), repairs)
    if not is_writable(records):
        repairs.add(SENTENCE)
        records = writable_value(records)
    if not records:
        raise UnreadableFile("The feed is empty: it has no record.")
    if len(records) > MOST_ROWS:
        raise UnreadableFile(too_many())
    reader = _RecordReader(repairs, limits_in_cents)
    rows = tuple(reader.row(number, record) for number, record in enumerate(records, start=1))
    for key, count in reader.unknown.items():
        where = "" if count == 1 else f", in {count:,} records"
        repairs.add(f"{quoted(key)} is no field of an employee and was left out{where}.")
    return Feed(f"JSON, {shape}", rows, tuple(reader.findings), repairs.summary())


def _records(values: list[RepairedValue], repairs: Repairs) -> tuple[list[Any], str]:
    feeds: list[tuple[list[Any], str]] = []
    for repaired in values:
        value = repaired.value
        lines = f"line {repaired.first_line}" if repaired.first_line == repaired.last_line else (
            f"lines {repaired.first_line} to {repaired.last_line}"
        )  # fmt: skip
        if isinstance(value, list):
            feeds.append((value, "an array"))
        elif (key := next((key for key in value if key.lower() == "employees"), None)) is not None:
            if not isinstance(value[key], list):
                raise UnreadableFile("The “Employees” in this feed are no list. Put the records into square brackets.")
            feeds.append((value[key], "an Employees object"))
        elif any(_field(key) for key in value):
            repairs.add(f"A single record, in {lines}, was put into a list.")
            feeds.append(([value], "a single record"))
        else:
            repairs.add(
                f"The job description in {lines} was passed over: settings are chosen on the page, and credentials "
                "are never taken from a text."
            )
    if not feeds:
        raise UnreadableFile(
            "There is no feed in this text. A feed is a list of records in square brackets, or an object with such a "
            "list under “Employees”."
        )
    if len(feeds) > 1 and all(shape == "a single record" for _, shape in feeds):
        return [record for records, _ in feeds for record in records], "single records"
    if len(feeds) > 1:
        raise UnreadableFile("There are several feeds in this text. Paste one at a time.")
    return feeds[0]


def _field(key: str) -> EmployeeField | None:
    if key in KEYS:
        return KEYS[key]
    name = EXACT.get(plain(key))
    return FIELDS[name] if name else None


class _RecordReader:
    def __init__(self, repairs: Repairs, limits_in_cents: bool) -> None:
        self.findings: list[RowFinding] = []
        self.unknown: Counter[str] = Counter()
        self._repairs = repairs
        self._in_cents = limits_in_cents
        self._number = 0

    def row(self, number: int, record: Any) -> FeedRow:
        self._number = number
        if not isinstance(record, Object):
            self._add_finding("", "error", "no_record", "This entry of the feed is no record in braces. Take it out.")
            return FeedRow(number, {})
        cells: dict[str, str] = {}
        for key, value in record.items():
            field = _field(key)
            if field is None:
                self.unknown[key] += 1
                continue
            if field.key != key:
                self._repairs.add(f"Record {number}: {quoted(key)} was read as {quoted(field.key)}.")
            text = self._text(field, value)
            if key in record.twice or (cells.get(field.name) or text) != text:
                sentence = f"The record has {quoted(field.key)} more than once. See which value is right."
                self._add_finding(field.name, "error", "key_twice", sentence)
            if text:
                cells[field.name] = text
        return FeedRow(number, cells)

    def _text(self, field: EmployeeField, value: Any) -> str:
        if value is None:
            return ""
        if field.kind == "money":
            return self._amount(field, value)
        if field.is_list and isinstance(value, list):
            if all(isinstance(item, str) for item in value):
                if any(isinstance(item, Number) for item in value):
                    self._warn_unquoted_number(field)
                return text_of(field, tuple(str(item) for item in value if item))
        elif isinstance(value, bool):
            return "yes" if value else "no"
        elif isinstance(value, Number):
            if field.kind == "identifier":
                self._warn_unquoted_number(field)
            return str(value)
        elif isinstance(value, str):
            if field.kind == "boolean" and (word := value.strip().lower()) in PLAIN_BOOLEANS:
                self._repair(
                    field,
                    "text_boolean",
                    f"the text {quoted(value)} was read as {'yes' if word in ('true', 'yes') else 'no'}, and is sent "
                    "as a boolean: nobody knows how Expensify reads the text",
                )
            return value
        self._add_finding(
            field.name, "error", "unreadable_value", f"What stands here is no value of “{field.heading}”. Enter it."
        )
        return ""

    def _warn_unquoted_number(self, field: EmployeeField) -> None:
        self._add_finding(
            field.name,
            "warning",
            "number_for_text",
            "Written as a number, without quotation marks. If it began with zeros, they are lost; compare it.",
        )

    def _amount(self, field: EmployeeField, value: Any) -> str:
        if isinstance(value, str) and not isinstance(value, Number) and value.strip():
            self._repair(field, "text_amount", f"the text {quoted(value)} was read as a number")
        elif isinstance(value, str) and not value.strip():
            return ""
        amount = amount_of(value)
        if amount is None:
            self._add_finding(field.name, "error", "unreadable_amount", "What stands here is no amount. Enter it.")
            return ""
        if not self._in_cents:
            return text_of(field, amount)
        shown = text_of(field, amount / 100)
        self._add_finding(
            field.name,
            "notice",
            "limit_in_cents",
            f"{quoted(str(value))} in the feed is in cents, as Expensify is thought to take it: {shown}.",
        )
        return shown

    def _repair(self, field: EmployeeField, code: str, what: str) -> None:
        self._repairs.add(f"Record {self._number}, {field.key}: {what}.")
        self._add_finding(field.name, "notice", code, f"{what[0].upper()}{what[1:]}.")

    def _add_finding(self, name: str, severity: Severity, code: str, sentence: str) -> None:
        self.findings.append(RowFinding(self._number, name, severity, code, sentence))
