"""Read a file or a pasted text as a table to map, or as a JSON feed, which needs no mapping."""

import re
from dataclasses import replace
from itertools import islice

from accounts.delimited import encoding_of
from expensify.foreign_text import writable
from exports.employee_updates.feed.delimited import decode, read_delimited
from exports.employee_updates.feed.feed_json import read_feed
from exports.employee_updates.feed.findings import UnreadableFile, quoted
from exports.employee_updates.feed.sheet import Feed, Note, Sheet

MOST_BYTES = 20 * 1024**2
MOST_EXAMPLES = 5
MOST_PASTED = 5 * 1024**2  # characters

_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_KINDS = (
    (b"%PDF", "a PDF"),
    (b"{\\rtf", "a text document"),
    (b"\x1f\x8b", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"),
    (b"Rar!", "a compressed file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)


def read_file(content: bytes, *, limits_in_cents: bool = True) -> Sheet | Feed:
    """The table in an uploaded file: CSV of any kind, XLSX or JSON, detected by content and not by file name.

    Raises UnreadableFile, with a message for people, for a damaged or too large file and for other kinds.
    """
    if len(content) > MOST_BYTES:
        raise UnreadableFile(
            f"This file has more than {MOST_BYTES // 1024**2} MB. Leave out what is not about employees, or split it."
        )
    if not content.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        raise UnreadableFile("This file is empty.")
    if content.startswith(_OLD_WORKBOOK):
        raise UnreadableFile(
            "This is an old Excel workbook (.xls), or one with a password. Save it as “Excel workbook (.xlsx)” without "
            "a password, or as CSV, and upload that."
        )
    if content.startswith(b"PK"):
        # Imported here because it needs openpyxl; tests/test_process_imports.py has the reason.
        from exports.employee_updates.feed.workbook import read_workbook

        return read_workbook(content)
    for mark, kind in _OTHER_KINDS:
        if content.startswith(mark):
            raise UnreadableFile(f"This is {kind}. Save the table with the employees as XLSX or CSV and upload that.")
    text, encoding = decode(content)
    table = _read_text(text, encoding, limits_in_cents)
    if isinstance(table, Sheet) and encoding_of(content, is_whole=True).is_guess:
        table = replace(table, notes=(*table.notes, *_guessed_letters(table, encoding)))
    return table


def _guessed_letters(sheet: Sheet, encoding: str) -> list[Note]:
    """A warning that the letters of the file are a guess, with values to look at."""
    cells = (cell.strip() for line in sheet.lines for cell in line.cells if not cell.isascii())
    examples = [quoted(cell) for cell in islice(dict.fromkeys(cells), MOST_EXAMPLES)]
    if not examples:
        return []
    sentence = (
        f"The file does not say in which encoding its letters are, so they are a guess: {encoding}. Look at "
        f"{', '.join(examples)}. If letters are wrong, save the file as “CSV UTF-8” or as XLSX, and read it again."
    )
    return [Note(None, None, "warning", "letters_guessed", sentence)]


def read_pasted(text: str, *, limits_in_cents: bool = True) -> Sheet | Feed:
    """The rows in a pasted text: cells of a spreadsheet, lines of a CSV, or a JSON feed. Raises UnreadableFile."""
    if len(text) > MOST_PASTED:
        raise UnreadableFile("This text is too long to be pasted. Upload it as a file.")
    if not text.strip():
        raise UnreadableFile("Nothing was pasted.")
    return _read_text(text, "Pasted", limits_in_cents)


def _read_text(text: str, source: str, limits_in_cents: bool) -> Sheet | Feed:
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        raise UnreadableFile(
            "This is a web page or XML, whatever its name says. Open it in a spreadsheet program and save it as XLSX."
        )
    # A table never starts with a bracket and never has a quoted name before a colon.
    if start.startswith(("{", "[")) or re.search(r"""["'“”](?:employeeEmail|Employees)["'“”]\s*:""", text):
        return read_feed(text, limits_in_cents=limits_in_cents)
    return read_delimited(writable(text), source)
