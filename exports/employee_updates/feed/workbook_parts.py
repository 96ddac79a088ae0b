"""Unpack and parse the XML parts of a workbook, with limits and without entities."""

import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from lzma import LZMAError
from posixpath import normpath
from xml.parsers import expat

from exports.employee_updates.feed.findings import UnreadableFile
from exports.employee_updates.feed.sheet import MOST_ROWS

MOST_UNPACKED = 100 * 1024**2
MOST_PARTS = 2000
CHUNK = 1024 * 1024
DAMAGED = "This workbook is damaged and cannot be read. Open it in a spreadsheet program, save it anew, upload that."
TOO_LARGE = (
    f"This workbook unpacks to more than {MOST_UNPACKED // 1024**2} MB, far more than {MOST_ROWS:,} rows need. Save "
    "the one sheet with the employees as a workbook of its own, or as CSV."
)

Attributes = dict[str, str]


def parts_of(content: bytes) -> dict[str, bytes]:
    """The XML parts. The size limit counts the unpacked bytes, not the sizes that the archive claims."""
    parts: dict[str, bytes] = {}
    left = MOST_UNPACKED
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_PARTS:
                raise UnreadableFile(TOO_LARGE)
            names = {entry.filename for entry in entries}
            if "mimetype" in names or "xl/workbook.bin" in names:
                raise UnreadableFile(
                    "This is another kind of workbook. Save it as “Excel workbook (.xlsx)”, or as CSV."
                )
            for entry in entries:
                if not entry.filename.lower().endswith((".xml", ".rels")):
                    continue
                if entry.flag_bits & 0x1:
                    raise UnreadableFile("This workbook has a password. Save it without one, and upload that.")
                unpacked = bytearray()
                # Read in chunks: one read would unpack everything before it cuts to the claimed size.
                with archive.open(entry) as part:
                    while chunk := part.read(CHUNK):
                        unpacked += chunk
                        if len(unpacked) > left:
                            raise UnreadableFile(TOO_LARGE)
                left -= len(unpacked)
                parts[path_of(entry.filename)] = bytes(unpacked)
    except (zipfile.BadZipFile, zlib.error, LZMAError, RuntimeError, EOFError, OSError, ValueError):
        raise UnreadableFile(DAMAGED) from None
    return parts


def path_of(name: str) -> str:
    return normpath(name.replace("\\", "/")).lstrip("/").lower()


def parse(
    part: bytes,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Call the handlers for the elements of the part, with names without the prefix. Raises UnreadableFile.

    Refuse a document type before any entity is read: no workbook has one, an attack with entities needs one.
    """
    parser = expat.ParserCreate()

    def root(name: str, attributes: Attributes) -> None:
        if ":" in name:
            _strip_prefixes(parser, start, end)
            start(name.rpartition(":")[2], attributes)
        else:
            parser.StartElementHandler = start
            parser.EndElementHandler = end
            start(name, attributes)

    def refuse(*_: object) -> None:
        raise UnreadableFile(DAMAGED)

    parser.buffer_text = True
    parser.StartElementHandler = root
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(part, True)
    except expat.ExpatError:
        raise UnreadableFile(DAMAGED) from None


def _strip_prefixes(
    parser: expat.XMLParserType, start: Callable[[str, Attributes], None], end: Callable[[str], None] | None
) -> None:
    """For the few programs that prefix every name; doing it for all files would double the time."""
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    if end is not None:
        ended = end
        parser.EndElementHandler = lambda name: ended(name.rpartition(":")[2])
