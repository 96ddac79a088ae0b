"""A file or a pasted text as a table to be mapped, or as a feed whose fields have names already."""

import re

from exports.employee_updates.feed.delimited import decoded, read_delimited
from exports.employee_updates.feed.feed_json import read_feed
from exports.employee_updates.feed.findings import UnreadableFile
from exports.employee_updates.feed.sheet import Feed, Sheet

MOST_BYTES = 20 * 1024**2
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
    """The table in an uploaded file, told by its content and not by its name: CSV of any kind, XLSX, or JSON.

    Raises Unreadable, whose message is for people: for what is damaged, too large, or another kind of file.
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
        # Imported here: tests/test_process_imports.py tells why. It needs openpyxl.
        from exports.employee_updates.feed.workbook import read_workbook

        return read_workbook(content)
    for mark, kind in _OTHER_KINDS:
        if content.startswith(mark):
            raise UnreadableFile(
                f"This is {kind}. Save the table with the employees as XLSX or CSV and upload that."
            )
    text, encoding = decoded(content)
    return _read_text(text, encoding, limits_in_cents)


def read_pasted(text: str, *, limits_in_cents: bool = True) -> Sheet | Feed:
    """The rows that somebody pasted: cells of a spreadsheet, lines of a CSV, or a feed in JSON. Raises Unreadable."""
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
    # A table never has a name in quotes with a colon behind it, nor begins with a bracket.
    if start.startswith(("{", "[")) or re.search(r"""["'“”](?:employeeEmail|Employees)["'“”]\s*:""", text):
        return read_feed(text, limits_in_cents=limits_in_cents)
    return read_delimited(text, source)
