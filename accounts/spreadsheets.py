"""CSV lines without formula injection: a spreadsheet reads every cell as text."""

import csv
import io
from collections.abc import Sequence

# Excel reads a CSV file as UTF-8 only when it starts with this byte order mark.
MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def guarded(text: str) -> str:
    """The text with an apostrophe in front if a spreadsheet would read it as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([guarded(cell) for cell in cells])
    return out.getvalue()
