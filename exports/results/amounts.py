"""Read the amounts of a column: one reader for workbooks, totals and mails. Pure.

A cell alone does not say which amount it is: “1.234” is a thousand in one file and little more than one in another.
So a column is decided by all of its cells. It holds amounts if one decimal mark explains every cell; else it is text.
"""

import re
from collections.abc import Collection
from decimal import Decimal

POINT, COMMA = ".", ","
# Excel keeps 15 digits of a number. A longer one is an identifier.
MOST_DIGITS = 15
LONGEST_QUOTED = 30

AMOUNT_WORDS = {"amount", "total", "sum", "net", "gross", "tax", "vat", "price"}
# With one of these in the heading, digits are a name: “Tax code”, “VAT number”, “Total ID”.
IDENTIFIER_WORDS = {
    *("id", "ids", "no", "nr", "number", "numbers", "code", "codes", "key", "ref", "reference", "account", "name"),
    *("type", "date", "day", "currency", "registration", "rate", "category", "label", "status", "terms", "country"),
}


def _pattern(mark: str, other: str) -> re.Pattern[str]:
    # Leading zeros belong to identifiers. Swiss and French programs group by apostrophes and spaces.
    grouped = rf"[1-9][0-9]{{0,2}}([{other}'\u2019 \u00a0\u202f])[0-9]{{3}}(?:\1[0-9]{{3}})*"
    return re.compile(rf"(?:{grouped}|0|[1-9][0-9]*)?(?:[{mark}][0-9]+)?")


_PATTERNS = {POINT: _pattern(POINT, COMMA), COMMA: _pattern(COMMA, POINT)}
_SIGNED = re.compile(r"([-+\u2212]?) ?([^-+()]*[0-9])|([^-+()]*[0-9]) ?([-+\u2212])|\( ?([^-+()]*[0-9]) ?\)")
_DIGIT = re.compile("[0-9]")


def amount_in(text: str, mark: str) -> Decimal | None:
    """The amount in a cell with this decimal mark; None if the cell is not written as one.

    Negative amounts have their sign in front or behind, or stand in brackets. An apostrophe in front only marks text.
    """
    signed = _SIGNED.fullmatch(text.strip().removeprefix("'"))
    if signed is None:
        return None
    digits = signed[2] or signed[3] or signed[5]
    sign = signed[1] or signed[4] or ("-" if signed[5] else "")
    if not _PATTERNS[mark].fullmatch(digits) or len(_DIGIT.findall(digits)) > MOST_DIGITS:
        return None
    plain = re.sub(rf"[^0-9{mark}]", "", digits).replace(mark, ".")
    return Decimal(plain) if sign in ("", "+") else -Decimal(plain)


def is_amount_heading(heading: str) -> bool:
    """Whether a heading of a hand-written template says that amounts stand below it."""
    words = set(re.findall("[a-z]+", heading.casefold()))
    return not AMOUNT_WORDS.isdisjoint(words) and IDENTIFIER_WORDS.isdisjoint(words)


class AmountColumn:
    """Finds the decimal mark that explains every cell of a column. `blanks` are texts that stand for no amount."""

    def __init__(self, heading: str, marks: Collection[str] = (POINT, COMMA), blanks: Collection[str] = ()) -> None:
        self.heading = heading
        self._marks = list(marks)
        self._blanks = {"", *(blank.strip().removeprefix("'") for blank in blanks)}
        self._odd = self._ambiguous = ""
        self._has_amounts = self._has_odd_digits = False
        self._decimals = dict.fromkeys(marks, 0)

    def is_blank(self, cell: str) -> bool:
        return cell.strip().removeprefix("'") in self._blanks

    def see(self, cell: str) -> dict[str, Decimal]:
        """Note a cell. Returns its amount under each mark that is still possible; nothing for a blank cell."""
        if self.is_blank(cell):
            return {}
        amounts = {mark: amount for mark in self._marks if (amount := amount_in(cell, mark)) is not None}
        if not amounts:
            self._odd = self._odd or _quote(cell)
            self._has_odd_digits = self._has_odd_digits or bool(_DIGIT.search(cell))
            return {}
        self._has_amounts = True
        if not self._odd:
            self._marks = list(amounts)
        if len(set(amounts.values())) > 1:
            self._ambiguous = self._ambiguous or _quote(cell)
        for mark, amount in amounts.items():
            self._decimals[mark] = max(self._decimals[mark], -int(amount.as_tuple().exponent))
        return amounts

    @property
    def mark(self) -> str | None:
        """The decimal mark, if the column is certain to hold amounts; else None."""
        if self._odd or not self._marks or (len(self._marks) > 1 and self._ambiguous):
            return None
        return self._marks[0]

    @property
    def decimals(self) -> int:
        """The most digits behind the decimal mark."""
        return self._decimals[self.mark] if self.mark else 0

    @property
    def doubt(self) -> str:
        """Why the column, although it has amounts or looks like it, is not certain; "" if it is, or is plain text."""
        if self.mark is not None or not (self._has_amounts or self._has_odd_digits):
            return ""
        if self._odd:
            return (
                f"the column “{self.heading}” also holds “{self._odd}”, which is not written as its other amounts are"
            )
        return f"“{self._ambiguous}” in the column “{self.heading}” may be a thousand or a decimal"


def _quote(cell: str) -> str:
    text = " ".join(cell.encode("utf-8", "replace").decode().split())
    return text if len(text) <= LONGEST_QUOTED else text[: LONGEST_QUOTED - 1] + "…"
