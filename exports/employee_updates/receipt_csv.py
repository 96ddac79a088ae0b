"""A receipt as CSV. Spreadsheets show all text as text, even text that looks like a formula."""

from collections.abc import Iterator

from accounts.spreadsheets import MARK, line
from exports.employee_updates.feed.answers import OUTCOMES, Receipt

HEADINGS = ("Row", "Person", "Outcome", "What Expensify says", "Reason as given", "What to do")


def lines_of(receipt: Receipt) -> Iterator[str]:
    """The lines of the file; people without a row and warnings come last."""
    yield MARK + line(HEADINGS)
    for row in receipt.lines:
        outcome = OUTCOMES[row.outcome][0 if receipt.dry_run else 1]
        yield line([str(row.row), row.email, outcome, row.sentence, row.reason, row.fix])
    for other in receipt.others:
        yield line(["", other.email, "No row", other.sentence, "", ""])
    for warning in receipt.warnings:
        yield line(["", "", "About all of it", warning, "", ""])
