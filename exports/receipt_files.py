"""A receipt as CSV for spreadsheets: each text as text, whatever an HR system or Expensify wrote into it."""

import csv
import io
from collections.abc import Iterator, Sequence

from exports.employees import OUTCOMES, Receipt

HEADINGS = ("Row", "Person", "Outcome", "What Expensify says", "Reason as given", "What to do")
# Excel reads a CSV as UTF-8 only when it starts with this mark.
MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def lines_of(receipt: Receipt) -> Iterator[str]:
    """The lines of the file, those who have no row and the warnings last."""
    yield MARK + _line(HEADINGS)
    for line in receipt.lines:
        outcome = OUTCOMES[line.outcome][0 if receipt.dry_run else 1]
        yield _line([str(line.row), line.email, outcome, line.sentence, line.reason, line.fix])
    for other in receipt.others:
        yield _line(["", other.email, "No row", other.sentence, "", ""])
    for warning in receipt.warnings:
        yield _line(["", "", "About all of it", warning, "", ""])


def guarded(text: str) -> str:
    """An apostrophe in front of what a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([guarded(cell) for cell in cells])
    return out.getvalue()
