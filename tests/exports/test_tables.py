import io
from pathlib import Path

import pytest

from exports import tables


def read(content: bytes) -> list[list[str]]:
    with tables.opened(io.BytesIO(content)) as text:
        return list(tables.rows_of(text))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found_out(delimiter: str) -> None:
    lines = [["Merchant", "Amount"], ["Zoë, the baker", "1,50"], ["B", "2"]]
    content = "\r\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)

    assert read(content.encode()) == lines


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encoding_is_found_out(encoding: str) -> None:
    assert read("Händler,Betrag €\nZoë,1\n".encode(encoding)) == [["Händler", "Betrag €"], ["Zoë", "1"]]


def test_character_cut_by_the_end_of_the_sample_does_not_change_the_encoding() -> None:
    content = ("a" * (tables.SAMPLE - 1) + "é,b\n").encode()

    assert tables.encoding_of(content[: tables.SAMPLE]) == "utf-8"


def test_line_breaks_inside_quotes_do_not_end_a_row() -> None:
    assert read(b'a,b\n"two\nlines",1\n') == [["a", "b"], ["two\nlines", "1"]]


def test_blank_lines_are_no_rows() -> None:
    assert read(b"\na,b\n\n1,2\n\n") == [["a", "b"], ["1", "2"]]


def test_one_column_is_a_table_too() -> None:
    assert read(b"Merchant\nA\nB\n") == [["Merchant"], ["A"], ["B"]]


def test_file_without_a_byte_has_no_rows() -> None:
    assert read(b"") == []


@pytest.mark.parametrize(
    ("content", "rows"),
    [(b"", 0), (b"a,b\n", 1), (b"a,b\n1,2", 2), (b'a,b\n"1\n2",3\n\n', 2), (b"a;b\n" * 1000, 1000)],
)
def test_rows_of_a_csv_are_counted_with_the_heading(content: bytes, rows: int, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(content)

    assert tables.count_rows(path, "csv") == rows


def test_other_files_have_no_rows(tmp_path: Path) -> None:
    assert tables.count_rows(tmp_path / "export.json", "json") is None
