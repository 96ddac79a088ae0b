"""Time to process a feed of 20,000 people, from the file to findings, differences and hash.

    python -m benchmarks.employees              a clean feed and one with errors, three times each
    python -m benchmarks.employees --rows 5000

One process, no database. The clean feed fills 16 of the 18 fields; each manager has 8 reports; present members and the
last feed are the same people. In the other feed one row of 20 has a wrong number, manager or word.
"""

import argparse
import csv
import io
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from openpyxl import Workbook

from exports.employee_updates.feed.cells import FeedRow, rows_of
from exports.employee_updates.feed.changes import changes, not_in_feed
from exports.employee_updates.feed.checking import Checked, check_rows
from exports.employee_updates.feed.fields import FIELDS, Employee
from exports.employee_updates.feed.known import Known
from exports.employee_updates.feed.leaving import check_leaver_limit, find_leavers
from exports.employee_updates.feed.mapping import mapped, suggest
from exports.employee_updates.feed.reading import read_file
from exports.employee_updates.feed.settings import UpdateSettings, content_hash
from exports.employee_updates.feed.sheet import Feed

POLICY = "0123456789ABCDEF"
TIMES = 3


def company(size: int) -> list[Employee]:
    def email(number: int) -> str:
        return f"person.number{number}@acme.example"

    return [
        Employee(
            email=email(number),
            manager=email(number // 8),
            employee_id=f"E-{number:06d}",
            policy=POLICY,
            first_name=f"Ada{number}",
            last_name="Byron",
            custom_field_1=f"E-{number:06d}",
            custom_field_2=f"CC-{number % 40}",
            role="user",
            approval_limit=Decimal(500) if 0 < number < size // 8 else None,
            over_limit_approver=email(0) if 0 < number < size // 8 else "",
            is_terminated=False,
            worker_status="Active",
            domain_group="407184",
            default_tags=("Engineering", "Berlin"),
        )
        for number in range(size)
    ]


def with_errors(people: list[Employee]) -> list[Employee]:
    changed = list(people)
    for number in range(10, len(people), 20):
        person = changed[number]
        match number // 20 % 5:
            case 0:
                changed[number] = replace(person, employee_id="1.2E+10")
            case 1:
                changed[number] = replace(person, manager=f"nobody{number}@acme.example")
            case 2:
                changed[number] = replace(person, manager=people[min(number * 8, len(people) - 1)].email)
            case 3:
                changed[number] = replace(person, is_terminated=True)
            case _:
                changed[number] = replace(person, employee_id=people[number - 1].employee_id)
    return changed


def as_csv(rows: list[FeedRow]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow([field.key for field in FIELDS.values()])
    writer.writerows([row.cells.get(name, "") for name in FIELDS] for row in rows)
    return text.getvalue().encode()


def as_xlsx(rows: list[FeedRow]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Employees")
    sheet.append([field.key for field in FIELDS.values()])
    for row in rows:
        sheet.append([row.cells.get(name) for name in FIELDS])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def timed(name: str, work: Callable[[], Any]) -> Any:
    """Print the shortest time by the clock and by the processor; other work on the machine only affects the clock."""
    times = []
    for _ in range(TIMES):
        clock_start, processor_start = time.perf_counter(), time.process_time()
        result = work()
        times.append((time.perf_counter() - clock_start, time.process_time() - processor_start))
    clock, processor = (min(column) for column in zip(*times, strict=True))
    print(f"  {name:<40}{clock:>8.2f} s{processor:>8.2f} s")
    return result


def measure(name: str, people: list[Employee], known: Known) -> None:
    settings = UpdateSettings()
    rows = rows_of(people)
    files = {"CSV": as_csv(rows), "XLSX": as_xlsx(rows)}
    print(f"{f'{name}, {len(rows):,} rows':<42}{'clock':>10}{'processor':>10}")
    for kind, content in files.items():
        sheet = timed(f"read {kind} ({len(content) / 1024**2:.1f} MB)", partial(read_file, content))
        assert not isinstance(sheet, Feed)
    fields = [suggestion.field for suggestion in suggest(sheet)]
    feed_rows, findings = timed("apply the mapping", lambda: mapped(sheet, fields))
    checked: Checked = timed("check", lambda: check_rows(feed_rows, known, settings, findings))
    diff = timed("compare with members and last feed", lambda: changes(checked.numbered, known))
    timed(
        "leavers: find_leavers, check_leaver_limit",
        lambda: (find_leavers(checked.numbered, diff, known), check_leaver_limit(diff, known)),
    )
    timed("who is missing", lambda: not_in_feed(checked.numbered, known))
    timed("hash", lambda: content_hash(checked.people, settings))
    print(f"  {len(checked.findings):,} findings, {len(checked.errors):,} of them errors\n")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=20_000)
    people = company(options.parse_args().rows)
    known = Known(
        policies={POLICY: "Acme GmbH"},
        members={POLICY: tuple(replace(person, first_name="", last_name="") for person in people)},
        last_feed=tuple(people),
    )
    measure("Clean feed", people, known)
    measure("Feed with errors", with_errors(people), known)


if __name__ == "__main__":
    main()
