"""One file for each manager, with every row in exactly one of them, unchanged."""

import csv
import io
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Team, User
from exports.deliveries import split_by_recipient
from exports.deliveries.split_by_recipient import CannotSplit, address_in
from exports.models import Result, SavedExport
from exports.results import store as results
from exports.results import tables
from tests.factories import make_result, make_run

pytestmark = pytest.mark.django_db
CSV = (
    "Approver,Amount\r\n"
    'Ann@Acme.example,"1,00"\r\n'
    'ben@acme.example,"say ""x""\nand y"\r\n'
    " ann@acme.example ,3\r\n"
    "nobody,4\r\n"
)
FALLBACK = "finance@acme.example"

Made = Callable[..., Result]


@pytest.fixture
def made(acme_open: Team, export: SavedExport) -> Made:
    return lambda content, name="expenses.csv": make_result(make_run(export, status="succeeded"), content, name)


def read(part: Result) -> bytes:
    with default_storage.open(part.file.name) as file:
        return bytes(file.read())


def contents(found: list[Result]) -> dict[str, bytes]:
    return {part.part_value: read(part) for part in found}


def test_each_address_gets_its_rows_as_they_were_with_the_heading(made: Made) -> None:
    found = split_by_recipient.split(made(CSV.encode()), "Approver", FALLBACK)

    assert contents(found) == {
        "ann@acme.example": b'Approver,Amount\r\nAnn@Acme.example,"1,00"\r\n ann@acme.example ,3\r\n',
        "ben@acme.example": b'Approver,Amount\r\nben@acme.example,"say ""x""\nand y"\r\n',
        FALLBACK: b"Approver,Amount\r\nnobody,4\r\n",
    }
    assert [(part.name, part.rows) for part in found] == [
        ("expenses ann@acme.example.csv", 2),
        ("expenses ben@acme.example.csv", 1),
        (f"expenses {FALLBACK}.csv", 1),
    ]


def test_parts_become_results_of_the_run(made: Made) -> None:
    whole = made(CSV.encode())

    Result.objects.bulk_create(split_by_recipient.split(whole, "Approver", FALLBACK))

    stored = Result.objects.get(part_value="ben@acme.example")
    with stored.file.open() as file:
        content = file.read()
    assert (stored.of_run, stored.size, stored.rows) == (whole.run, len(content), 1)
    assert list(Result.objects.whole()) == [whole]


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("ann@acme.example", "ann@acme.example"),
        ("  ANN@acme.example\t", "ann@acme.example"),
        ("'ann@acme.example", "ann@acme.example"),
        ("Smith, Ann <ann@acme.example>", "ann@acme.example"),
        ('"Smith, Ann" <Ann@acme.example>', "ann@acme.example"),
        ("o'neil@acme.example", "o'neil@acme.example"),
        ("ann@acme.example; Ann@acme.example", "ann@acme.example"),
        ("ann@acme.example; ben@acme.example", ""),
        ("Ann <ann@acme.example>, Ben <ben@acme.example>", ""),
        ("ann@acme.example <ben@acme.example>", ""),
        ("write to ann@acme.example", ""),
        ("ann@acme.example\nBcc: eve@evil.example", ""),
        ("ann", ""),
        ("", ""),
        (f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.example", ""),
    ],
)
def test_the_one_address_of_a_cell(cell: str, address: str) -> None:
    assert address_in(cell) == address


def test_the_fallback_gets_one_part_with_its_own_rows_too(made: Made) -> None:
    found = split_by_recipient.split(made(CSV.encode()), "Approver", "Ben@acme.example")

    assert {part.part_value: part.rows for part in found} == {"ann@acme.example": 2, "ben@acme.example": 2}


def test_the_columns_of_a_builder_export_tell_the_delimiter_and_that_there_is_no_heading(
    acme_open: Team, export: SavedExport
) -> None:
    columns = [{"heading": "A,B"}, {"heading": "Approver"}]
    assert export.version is not None
    export.version.columns = {"columns": columns, "delimiter": "|", "heading": False}
    whole = make_result(make_run(export, status="succeeded"), b"1,2|ann@acme.example\n3,4|\n")

    assert split_by_recipient.headings(whole) == ["A,B", "Approver"]
    assert contents(split_by_recipient.split(whole, "Approver", FALLBACK)) == {
        "ann@acme.example": b"1,2|ann@acme.example\n",
        FALLBACK: b"3,4|\n",
    }


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"Boss,Amount\nx,1\n", "a.csv", "The file has no column “Approver”. It has: Boss, Amount."),
        (b"[]", "a.json", "“a.json” is no CSV, and only a CSV can be split by a column."),
    ],
)
def test_what_cannot_be_split_says_why(made: Made, content: bytes, name: str, sentence: str) -> None:
    with pytest.raises(CannotSplit) as error:
        split_by_recipient.split(made(content, name), "Approver", FALLBACK)

    assert str(error.value) == sentence


def test_rows_without_an_address_need_a_fallback(made: Made) -> None:
    with pytest.raises(CannotSplit, match="names no fallback"):
        split_by_recipient.split(made(CSV.encode()), "Approver", "")


@pytest.mark.parametrize("content", [b"", b"Approver,Amount\n"])
def test_a_file_without_rows_has_no_parts(made: Made, content: bytes) -> None:
    assert split_by_recipient.split(made(content), "Approver", FALLBACK) == []


def test_splitting_twice_leaves_the_same_files(made: Made) -> None:
    whole = made(CSV.encode())
    split_by_recipient.split(whole, "Approver", "old@acme.example")
    first = split_by_recipient.split(whole, "Approver", FALLBACK)

    again = split_by_recipient.split(whole, "Approver", FALLBACK)

    assert [(part.part_value, part.file, part.sha256) for part in again] == [
        (part.part_value, part.file, part.sha256) for part in first
    ]
    folder, names = split_by_recipient._folder(whole), default_storage.listdir(split_by_recipient._folder(whole))[1]
    assert {f"{folder}/{name}" for name in names} == {part.file.name for part in first}


def test_parts_outlast_the_clearing_of_the_runs_folder(made: Made) -> None:
    whole = made(CSV.encode())
    found = split_by_recipient.split(whole, "Approver", FALLBACK)

    results.clear(whole.of_run)

    assert all(default_storage.exists(part.file.name) for part in found)


def test_damaged_file_of_a_failed_attempt_is_replaced(made: Made) -> None:
    whole = made(CSV.encode())
    first, *_ = split_by_recipient.split(whole, "Approver", FALLBACK)
    with default_storage.open(first.file.name, "wb") as file:
        file.write(b"half")

    assert read(split_by_recipient.split(whole, "Approver", FALLBACK)[0]) != b"half"


# ------------------------------------------------------------ the sum of the parts is the whole

addresses = st.sampled_from(
    ["ann@acme.example", "ANN@ACME.example", "ben@acme.example", "Cem <cem@acme.example>", "", "?"]
)
cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00") | st.sampled_from(',;|\t"\r\n'), max_size=12)
rows = st.lists(st.tuples(addresses, cells, st.decimals(-999, 999, places=2).map(str)), max_size=30)


def written(rows: list[tuple[str, ...]], delimiter: str, ending: str, quoting: Any, encoding: str) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    writer.writerow(["Approver", "Text", "Amount"])
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


@given(
    rows=rows,
    delimiter=st.sampled_from(",;\t|"),
    ending=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_add_up_to_the_whole_file(
    acme_open: Team,
    export: SavedExport,
    rows: list[tuple[str, ...]],
    delimiter: str,
    ending: str,
    quoting: Any,
    encoding: str,
) -> None:
    whole = written(rows, delimiter, ending, quoting, encoding)
    with transaction.atomic():
        result = make_result(make_run(export, status="succeeded"), whole)
        found = split_by_recipient.split(result, "Approver", FALLBACK)
        transaction.set_rollback(True)

    pieces = [read(part) for part in found]
    heading = written([], delimiter, ending, quoting, encoding)
    assert all(piece.startswith(heading) for piece in pieces)
    assert sum(len(piece) - len(heading) for piece in pieces) == len(whole) - len(heading)
    back: Counter[tuple[str, ...]] = Counter()
    for piece in pieces:
        text = io.StringIO(piece.decode("utf-16" if encoding == "utf-16" else "utf-8-sig"), newline="")
        back.update(tuple(row) for row in list(csv.reader(text, delimiter=delimiter))[1:])
    assert back == Counter(rows)
    assert sum(part.rows for part in found) == len(rows)


@given(lines=st.lists(st.binary(max_size=20).map(lambda line: line.translate(None, b'\r\n"\x00')), max_size=20))
@settings(max_examples=60, deadline=None)
def test_no_byte_of_a_file_is_lost_whatever_its_encoding(lines: list[bytes]) -> None:
    content = b"a,b\n" + b"".join(b"x," + line + b"\n" for line in lines)

    records = tables.records_of(io.BytesIO(content), None)

    assert records.heading is not None
    assert records.heading.line + b"".join(record.line for record in records.rows) == content


@pytest.fixture(autouse=True)
def alice_is_there(alice: User) -> None:
    """The saved export is hers."""
