"""A receipt as CSV for spreadsheets: each text as text, whatever an HR system or Expensify wrote into it."""

from collections.abc import Iterator

from accounts.spreadsheets import MARK, line
from exports.employee_updates.feed.answers import OUTCOMES, Receipt

HEADINGS = ("Row", "Person", "Outcome", "What Expensify says", "Reason as given", "What to do")


def lines_of(receipt: Receipt) -> Iterator[str]:
    """The lines of the file, those who have no row and the warnings last."""
    yield MARK + line(HEADINGS)
    for each in receipt.lines:
        outcome = OUTCOMES[each.outcome][0 if receipt.dry_run else 1]
        yield line([str(each.row), each.email, outcome, each.sentence, each.reason, each.fix])
    for other in receipt.others:
        yield line(["", other.email, "No row", other.sentence, "", ""])
    for warning in receipt.warnings:
        yield line(["", "", "About all of it", warning, "", ""])
