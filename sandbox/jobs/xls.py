"""Convert rendered rows to an xls workbook: BIFF8 records in a compound file."""

import struct
from collections.abc import Iterable, Iterator

from sandbox.answers import Refused
from sandbox.jobs.workbook import rows

SECTOR = 512
SMALLEST_STREAM = 4096  # shorter ones would belong in the mini stream
LONGEST_RECORD = 8224
LONGEST_TEXT = 4000  # so that no text needs two records
MOST_ROWS = 65_536
MOST_TABLES = 109  # the size of the list in the header; about 7 MB
END_OF_CHAIN, FAT_SECTOR, FREE = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF


def old_workbook(rendered: str) -> bytes:
    """Return an xls of one sheet, with at most 65,536 rows; Refused above 7 MB."""
    return _compound_file(_biff(rows(rendered)[:MOST_ROWS]))


def _biff(table: list[list[str | float]]) -> bytes:
    texts = dict.fromkeys(value[:LONGEST_TEXT] for row in table for value in row if isinstance(value, str))
    places = {text: place for place, text in enumerate(texts)}
    sheet = _bof(0x0010) + _record(0x0200, _dimensions(table))
    for row_number, row in enumerate(table):
        for column, value in enumerate(row[:256]):
            at = struct.pack("<HHH", row_number, column, 15)
            if isinstance(value, str):
                sheet += _record(0x00FD, at + struct.pack("<I", places[value[:LONGEST_TEXT]]))
            else:
                sheet += _record(0x0203, at + struct.pack("<d", value))
    sheet += _record(0x023E, struct.pack("<HHHHHHHI", 0x06B6, 0, 0, 64, 0, 0, 0, 0)) + _record(0x000A)
    before = _bof(0x0005) + _record(0x0042, struct.pack("<H", 1200))
    before += _record(0x003D, struct.pack("<9H", 0, 0, 16000, 9000, 0x38, 0, 0, 1, 600))
    font = struct.pack("<HHHHHBBBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0, 5, 0) + b"Arial"
    before += _record(0x0031, font) * 4
    before += _record(0x00E0, struct.pack("<HHH", 0, 0, 0xFFF5) + bytes(14)) * 15
    before += _record(0x00E0, struct.pack("<HHH", 0, 0, 0x0001) + bytes(14))
    before += _record(0x0293, struct.pack("<HBB", 0x8000, 0, 0xFF))
    after = b"".join(_shared_strings(list(texts), table)) + _record(0x000A)
    name = b"Export"
    sheet_record = 4 + 8 + len(name)
    start = len(before) + sheet_record + len(after)
    bound = _record(0x0085, struct.pack("<IHBB", start, 0, len(name), 0) + name)
    return bytes(before) + bound + after + bytes(sheet)


def _shared_strings(texts: list[str], table: list[list[str | float]]) -> Iterator[bytes]:
    """Yield records with each text once; a text that does not fit starts a new record."""
    total = sum(isinstance(value, str) for row in table for value in row[:256])
    kind, data = 0x00FC, struct.pack("<II", total, len(texts))
    for text in texts:
        encoded = text.encode("utf-16-le")
        entry = struct.pack("<HB", len(encoded) // 2, 1) + encoded
        if len(data) + len(entry) > LONGEST_RECORD:
            yield _record(kind, data)
            kind, data = 0x003C, b""
        data += entry
    yield _record(kind, data)


def _dimensions(table: list[list[str | float]]) -> bytes:
    return struct.pack("<IIHHH", 0, len(table), 0, max(map(len, table), default=0), 0)


def _bof(kind: int) -> bytearray:
    return bytearray(_record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0x41, 0x0606)))


def _record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _compound_file(stream: bytes) -> bytes:
    """Return a file with one stream, Workbook: first its sectors, then the directory, then the allocation table."""
    stream = stream.ljust(SMALLEST_STREAM, b"\0")
    content = stream.ljust(-(-len(stream) // SECTOR) * SECTOR, b"\0")
    directory = len(content) // SECTOR
    tables = 1
    while directory + 1 + tables > tables * SECTOR // 4:
        tables += 1
    if tables > MOST_TABLES:
        raise Refused(500, "The rows do not fit into an xls")
    first_table = directory + 1
    chain = [*range(1, directory), END_OF_CHAIN, END_OF_CHAIN, *[FAT_SECTOR] * tables]
    chain += [FREE] * (tables * SECTOR // 4 - len(chain))
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack("<HHHHH6xII", 0x3E, 3, 0xFFFE, 9, 6, 0, tables)
    header += struct.pack("<IIIIIII", directory, 0, SMALLEST_STREAM, END_OF_CHAIN, 0, END_OF_CHAIN, 0)
    header += _words([*range(first_table, first_table + tables), *[FREE] * (109 - tables)])
    entries = _entry("Root Entry", 5, child=1, start=END_OF_CHAIN, size=0)
    entries += _entry("Workbook", 2, child=FREE, start=0, size=len(stream))
    entries += _entry("", 0, child=FREE, start=0, size=0) * 2
    return header + content + entries + _words(chain)


def _entry(name: str, kind: int, *, child: int, start: int, size: int) -> bytes:
    encoded = name.encode("utf-16-le")
    length = len(encoded) + 2 if name else 0
    links = struct.pack("<HBBIII", length, kind, 1, FREE, FREE, child)
    return encoded.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", start, size)


def _words(numbers: Iterable[int]) -> bytes:
    return b"".join(struct.pack("<I", number) for number in numbers)
