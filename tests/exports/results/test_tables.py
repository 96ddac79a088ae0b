import csv
import io
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.results import tables


def read(content: bytes) -> list[list[str]]:
    with tables.opened(io.BytesIO(content)) as text:
        return list(tables.rows_of(text))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found_out(delimiter: str) -> None:
    lines = [["Merchant", "Amount"], ["Zoë, the baker", "1,50"], ["B", "2"]]
    content = "\r\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)

    assert read(content.encode()) == lines


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encoding_is_found_out(encoding: str) -> None:
    assert read("Händler,Betrag €\nZoë,1\n".encode(encoding)) == [["Händler", "Betrag €"], ["Zoë", "1"]]


def test_character_cut_by_the_end_of_the_sample_does_not_change_the_encoding() -> None:
    content = ("a" * (tables.SAMPLE - 1) + "é,b\n").encode()

    assert tables.encoding_of(content[: tables.SAMPLE]).codec == "utf-8"


def test_line_breaks_inside_quotes_do_not_end_a_row() -> None:
    assert read(b'a,b\n"two\nlines",1\n') == [["a", "b"], ["two\nlines", "1"]]


def test_blank_lines_are_no_rows() -> None:
    assert read(b"\na,b\n\n1,2\n\n") == [["a", "b"], ["1", "2"]]


TABLE = [["Händler", "Betrag", "Währung"], ["Zoë", "1,50", "EUR"], ["B", "2,50", "EUR"]]
LINES = "Händler;Betrag;Währung\r\nZoë;1,50;EUR\r\nB;2,50;EUR\r\n"


def records(content: bytes) -> tuple[bytes, list[list[str]], list[bytes]]:
    found = tables.records_of(io.BytesIO(content), None)
    rows = list(found.rows)
    return found.mark, [found.headings, *[row.cells for row in rows]], [row.line for row in rows]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("above", ["", "sep=;\r\n", '"sep=;"\r\n', "Ausgaben, Oktober\r\nStand;2026-10-31\r\n\r\n"])
def test_what_stands_above_the_headings_is_no_row(encoding: str, above: str) -> None:
    content = (above + LINES).encode(encoding)

    mark, rows, lines = records(content)

    assert (read(content), rows) == (TABLE, TABLE)
    assert content.startswith(mark)
    assert content.endswith(b"".join(lines))


def test_parts_keep_the_line_that_names_the_delimiter() -> None:
    assert records(b"\xef\xbb\xbfsep=;\r\na;b\r\n1;2\r\n")[0] == b"\xef\xbb\xbfsep=;\r\n"


@pytest.mark.parametrize(
    "content",
    [
        b"Note\na;b\nc;d\n",
        b"Note\na, b\nc\n",
        b"Total\n1,50\n2,50\n",
        b"Note,Amount\nA; Inc,5.00\nB; 12,6.00\n",
        b"Name;;\nx;y;z\nx;y;z\n",
    ],
)
def test_a_line_is_a_title_only_if_that_is_clear(content: bytes) -> None:
    assert read(content)[0][0] in ("Note", "Total", "Name")


def test_letters_far_below_the_first_lines_decide_too() -> None:
    content = b"Merchant,Day\n" + b"abc,def\n" * tables.SAMPLE + "Zoë,x\n".encode("cp1252")

    assert records(content)[1][-1] == ["Zoë", "x"]


def test_one_column_is_a_table_too() -> None:
    assert read(b"Merchant\nA\nB\n") == [["Merchant"], ["A"], ["B"]]


def test_delimiter_is_one_under_which_quotes_surround_fields() -> None:
    assert read(b'"",";"\r\n";"\r\n') == [["", ";"], [";"]]


def test_file_without_a_byte_has_no_rows() -> None:
    assert read(b"") == []


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"", 0),
        (b"a,b\n", 0),
        (b"a,b\n1,2", 1),
        (b'a,b\n"1\n2",3\n\n', 1),
        (b"a;b\n" * 1000, 999),
        (b'"",";"\r\n";"\r\n', 1),
        (b"\xef\xbb\xbfsep=;\r\na;b\r\n1;2\r\n", 1),
        ("sep=;\r\na;b\r\n1;2\r\n".encode("utf-16"), 1),
        (b"Expenses, October\n\nDay;Amount\n2026-10-01;1,50\n2026-10-02;2,50\n", 2),
    ],
)
def test_rows_of_data_are_counted(content: bytes, rows: int, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(content)

    assert tables.count_rows(path, "csv") == rows


CELLS = st.text('a",;\n\r é', max_size=6)


@given(
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=30),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\r\n", "\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    block=st.sampled_from([1, 2, 7, 64, tables.BLOCK]),
)
def test_as_many_rows_are_counted_as_are_read_below_the_headings(
    rows: list[list[str]], delimiter: str, quoting: Any, end: str, encoding: str, block: int
) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)
    content = written.getvalue().encode(encoding)

    with NamedTemporaryFile() as file, pytest.MonkeyPatch.context() as small:
        small.setattr(tables, "BLOCK", block)
        file.write(content)
        file.flush()
        counted = tables.count_rows(Path(file.name), "csv")

    assert counted == max(0, len(read(content)) - 1)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b'Item,Size\npipe,5"\nrod,1\n', 3),
        (b'Item,Note\npipe 5",x\nrod,"two\nlines"\ncap,1\n', 4),
        (b'a,b\n"never closed,1\nx,2\n', 2),
        (b'a,b\n""\n1,2\n', 3),
        (b'a,b\r1,2\r"two\rlines",3\r', 3),
    ],
)
def test_odd_quotes_are_counted_as_they_are_read(content: bytes, rows: int, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(content)

    assert (tables.count_rows(path, "csv"), len(read(content))) == (rows - 1, rows)


def test_file_that_is_one_endless_line_has_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(b"x" * (tables.LONGEST_FIELD + tables.BLOCK + 1))

    assert tables.count_rows(path, "csv") is None


def test_endless_line_is_read_in_pieces() -> None:
    with tables.opened(io.BytesIO(b"x," * tables.LINE)) as text:
        first = next(tables.rows_of(text))

    assert len(first) == tables.LINE // 2 + 1


def test_other_files_have_no_rows(tmp_path: Path) -> None:
    assert tables.count_rows(tmp_path / "export.json", "json") is None
