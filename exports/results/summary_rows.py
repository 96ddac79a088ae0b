"""Rows of a table that add up the rows above them. Pure.

“Total,10.00,EUR” at the end of a file is no expense, and counting it doubles the total; but there is a merchant called
Total, too. A row with such a label that holds the sum of the rows above it, and nothing else, is left out. If only one
of the two is so, nobody knows.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

_WORDS = (
    r"(?:(?:grand|sub|over-?all|report|page|column|sum)[ -]?)?totals?|subtotal|sum|sums|"
    r"gesamt(?:summe|betrag)?|(?:zwischen|end)?summe|insgesamt|total général|sous-total|totale|subtotale|"
    r"suma|importe total|totaal|subtotaal|summa|delsumma|i alt|razem|total geral"
)
_LABEL = re.compile(rf"(?:{_WORDS})(?: amount)?(?:[ :]+[A-Z]{{3}}| (?:for|of|in|per) .*| ?\(.*\))?[ :]*", re.IGNORECASE)
_NUMBER = re.compile(r"[-+(]?[0-9][0-9.,]*\)?")


def _is_label(cell: str) -> bool:
    return _LABEL.fullmatch(cell) is not None


def may_add_up(others: Sequence[str]) -> bool:
    """Whether a row may add up others, by its cells beside amount and currency: one is a label, or all are empty."""
    return not any(others) or any(map(_is_label, others))


@dataclass
class Sums:
    """Amounts by currency, under one reading of the file. `doubt` says why they cannot be trusted."""

    totals: dict[str, Decimal] = field(default_factory=dict)
    left_out: int = 0
    doubt: str = ""
    # Since the last row that was left out: a subtotal adds up these.
    _group: dict[str, Decimal] = field(default_factory=dict)
    _has_other_cells: bool = False

    def add(self, currency: str, amount: Decimal, others: Sequence[str]) -> None:
        for sums in (self.totals, self._group):
            sums[currency] = sums.get(currency, Decimal(0)) + amount
        self._has_other_cells = self._has_other_cells or any(others)

    def add_or_leave_out(self, currency: str, amount: Decimal, others: Sequence[str]) -> None:
        """A row that `may_add_up` others: leave it out if it does, and note a doubt if that is not certain."""
        label = next(filter(_is_label, others), "")
        if not label and not self._has_other_cells:
            self.add(currency, amount, others)
            return
        if not currency and len(self.totals) == 1:
            (currency,) = self.totals
        is_sum = currency in self.totals and amount in (self.totals[currency], self._group.get(currency))
        is_bare = all(not cell or _is_label(cell) or _NUMBER.fullmatch(cell) for cell in others)
        if is_sum and is_bare:
            self.left_out += 1
            self._group.pop(currency, None)
        elif not currency:
            self.doubt = self.doubt or "a row without a currency may add up the others"
        elif label and (is_bare or is_sum):
            self.doubt = self.doubt or (
                f"a row is called “{label}”, and nobody can tell whether it adds up the rows above it"
            )
        else:
            self.add(currency, amount, others)

    @property
    def note(self) -> str:
        if not self.left_out:
            return ""
        if self.left_out == 1:
            return "One row of the file adds up the rows above it. It is not counted again."
        return f"{self.left_out} rows of the file add up rows above them. They are not counted again."
