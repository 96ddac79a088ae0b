"""Java's DecimalFormat patterns, such as `0.00` and `#,##0.##`, in the locale en_US.

Numbers are rounded half to even. A float is rounded by its exact binary value, as in Java since version 8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)
from functools import lru_cache
from typing import NamedTuple

from expensify.freemarker.errors import RenderError
from expensify.freemarker.values import Number, number_of

MAX_FRACTION = 400
"""The largest number of digits of a pattern before the point, and after it."""

_WIDE = Context(prec=5000, Emin=-999999, Emax=999999)
_ROUNDINGS = {
    "up": ROUND_UP, "down": ROUND_DOWN, "ceiling": ROUND_CEILING, "floor": ROUND_FLOOR,
    "halfUp": ROUND_HALF_UP, "halfDown": ROUND_HALF_DOWN, "halfEven": ROUND_HALF_EVEN,
}  # fmt: skip
_DIRECTED = frozenset({ROUND_UP, ROUND_DOWN, ROUND_CEILING, ROUND_FLOOR})
_OTHER_SIDE = {ROUND_CEILING: ROUND_FLOOR, ROUND_FLOOR: ROUND_CEILING}
_NUMBER_PART = re.compile(r"([#,]*)([0,]*)(?:(\.)(0*)(#*))?(?:E(0+))?\Z")
_OPTION = re.compile(r"\s*([A-Za-z]+)\s*=\s*(?:'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\"|([^\s,'\"]+))\s*,?")


@dataclass(frozen=True)
class DecimalFormat:
    """A parsed pattern. Affixes are final text; the negative ones include the sign."""

    prefix: str
    suffix: str
    negative_prefix: str
    negative_suffix: str
    minimum_integers: int
    maximum_integers: int
    minimum_decimals: int
    maximum_decimals: int
    group: int
    multiplier: int
    shows_point: bool
    exponent_digits: int
    rounding: str = ROUND_HALF_EVEN
    point: str = "."
    separator: str = ","
    quantum: Decimal = field(init=False, repr=False)
    """The unit to round to: 0.01 for two decimals."""
    is_plain: bool = field(init=False, repr=False)
    """Whether a whole number prints as Python prints it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "quantum", Decimal(1).scaleb(-self.maximum_decimals))
        object.__setattr__(self, "is_plain", self._prints_integers_plainly())

    def __call__(self, value: Number) -> str:
        """Format a number."""
        if type(value) is int and self.is_plain:
            return str(number_of(value))
        if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            return self._special(value)
        number, negative = self._scaled(value)
        rounded = number if self.exponent_digits else self._rounded(number, negative)
        body = self._scientific(number) if self.exponent_digits else self._fixed(rounded)
        if negative:
            return f"{self.negative_prefix}{body}{self.negative_suffix}"
        return f"{self.prefix}{body}{self.suffix}"

    def _prints_integers_plainly(self) -> bool:
        return (
            self.minimum_decimals == 0
            and self.minimum_integers <= 1
            and not self.group
            and self.multiplier == 1
            and not self.exponent_digits
            and not self.shows_point
            and self.negative_prefix == "-"
            and not (self.prefix or self.suffix or self.negative_suffix)
        )

    def _special(self, value: float) -> str:
        if value != value:
            return "NaN"
        if value < 0:
            return f"{self.negative_prefix}∞{self.negative_suffix}"
        return f"{self.prefix}∞{self.suffix}"

    def _scaled(self, value: Number) -> tuple[Decimal, bool]:
        """The absolute value to print, and whether it is negative."""
        if isinstance(value, float):
            value *= self.multiplier
            shortest = Decimal(repr(value))
            # Print the shortest form if it fits; otherwise round the exact binary value.
            if self.exponent_digits:
                fits = len(shortest.as_tuple().digits) <= self.maximum_integers + self.maximum_decimals
            else:
                fits = -int(shortest.as_tuple().exponent) <= self.maximum_decimals
            number = shortest if fits else Decimal(value)
            negative = number.is_signed()
        else:
            number = Decimal(number_of(value))
            if self.multiplier != 1:
                number = _WIDE.multiply(number, Decimal(self.multiplier))
            negative = number < 0
        return number.copy_abs(), negative

    def _rounded(self, number: Decimal, negative: bool) -> Decimal:
        rounding = self.rounding
        if rounding in _DIRECTED:
            if number.adjusted() < -self.maximum_decimals - 1:
                # Java returns zero here even when it should round up.
                return Decimal(0).quantize(self.quantum)
            rounding = _OTHER_SIDE.get(rounding, rounding) if negative else rounding
        return number.quantize(self.quantum, rounding, _WIDE)

    def _fixed(self, number: Decimal) -> str:
        whole, _, decimals = f"{number:f}".partition(".")
        if self.minimum_decimals != self.maximum_decimals:
            decimals = decimals.rstrip("0").ljust(self.minimum_decimals, "0")
        if self.minimum_integers != 1:
            whole = whole.lstrip("0").rjust(self.minimum_integers, "0")
        if not whole and not decimals:
            whole = "0"
        if self.group:
            whole = _group_digits(whole, self.group, self.separator)
        point = self.point if decimals or self.shows_point else ""
        return f"{whole}{point}{decimals}"

    def _scientific(self, number: Decimal) -> str:
        significant = self.maximum_integers + self.maximum_decimals
        digits, point_at = _digits(number, significant, self.rounding)
        exponent = point_at
        least = self.minimum_integers
        if self.maximum_integers > 1 and self.maximum_integers > self.minimum_integers:
            size = self.maximum_integers
            exponent = (exponent - 1) // size * size if exponent >= 1 else int((exponent - size) / size) * size
            least = 1
        else:
            exponent -= least
        integers = point_at - exponent if digits else least
        if not digits:
            exponent = 0
        total = max(len(digits), self.minimum_integers + self.minimum_decimals, integers)
        padded = digits.ljust(total, "0")
        whole, decimals = padded[:integers], padded[integers:]
        point = self.point if decimals or self.shows_point else ""
        power = str(abs(exponent)).rjust(self.exponent_digits, "0")
        return f"{whole}{point}{decimals}E{'-' if exponent < 0 else ''}{power}"


@lru_cache(maxsize=500)
def decimal_format(pattern: str) -> DecimalFormat:
    """Parse a Java pattern with FreeMarker's `;;` options; RenderError when it is not one."""
    standard, _, options = pattern.partition(";;")
    positive, negative = _split_halves(_read_marks(standard), pattern)
    prefix, body, suffix = _split_affixes(positive, pattern)
    match = _NUMBER_PART.match(body)
    if match is None:
        raise RenderError(f"{pattern!r} is not a number format; write it like 0.00 or #,##0.##")
    optional, fixed, point, zeros, hashes, power = (part or "" for part in match.groups())
    integers = optional + fixed
    group = len(integers) - integers.rfind(",") - 1 if "," in integers else 0
    if "," in integers and group == 0:
        raise RenderError(f"{pattern!r} is not a number format: it ends its thousands with a comma")
    least = fixed.count("0")
    if standard == "":
        group, hashes = 3, "#" * MAX_FRACTION
    elif point and not least and not zeros:
        # In a pattern without a 0, Java reads the # next to the point as one: #.# is 0.#, and .# is .0
        least = 1 if "#" in optional else 0
        optional = optional.replace("#", "", 1)
        zeros, hashes = ("", hashes) if least or not hashes else ("0", hashes[1:])
    if max(len(integers), len(zeros) + len(hashes)) > MAX_FRACTION:
        raise RenderError(f"this number format asks for more than {MAX_FRACTION} digits")
    percent = 100 if _Mark("%", False) in positive else 1000 if _Mark("\u2030", False) in positive else 1
    before, after = _literal(prefix), _literal(suffix)
    negative_before, negative_after = "-" + before, after
    if negative is not None:
        first, _body, last = _split_affixes(negative, pattern)
        if (first, last) != (prefix, suffix):
            negative_before, negative_after = _literal(first), _literal(last)
    result = DecimalFormat(
        prefix=before,
        suffix=after,
        negative_prefix=negative_before,
        negative_suffix=negative_after,
        minimum_integers=least,
        maximum_integers=optional.count("#") + least if power else 10**9,
        minimum_decimals=len(zeros),
        maximum_decimals=len(zeros) + len(hashes),
        group=group,
        multiplier=percent,
        shows_point=bool(point) and not zeros and not hashes,
        exponent_digits=len(power) if power else 0,
    )
    return _apply_options(result, options, pattern) if options.strip() else result


def _apply_options(result: DecimalFormat, options: str, pattern: str) -> DecimalFormat:
    at = 0
    while at < len(options.rstrip()):
        option = _OPTION.match(options, at)
        if option is None:
            raise RenderError(f"cannot read the options of the number format {pattern!r}")
        name, value = option[1], option[2] or option[3] or option[4] or ""
        if name == "roundingMode" and value in _ROUNDINGS:
            result = replace(result, rounding=_ROUNDINGS[value])
        elif name == "multiplier" and re.fullmatch(r"[0-9]{1,6}", value):
            result = replace(result, multiplier=int(value))
        elif name in ("decimalSeparator", "monetaryDecimalSeparator") and len(value) == 1:
            result = replace(result, point=value)
        elif name == "groupingSeparator" and len(value) == 1:
            result = replace(result, separator=value)
        elif name == "minusSign" and len(value) == 1:
            result = replace(result, negative_prefix=result.negative_prefix.replace("-", value, 1))
        else:
            raise RenderError(f"the option {name}={value} of a number format is not supported")
        at = option.end()
    return result


class _Mark(NamedTuple):
    """A character of a pattern; a quoted one has no meaning."""

    character: str
    is_quoted: bool


def _read_marks(pattern: str) -> list[_Mark]:
    """Read the characters without the quotes around them; two quotes are one, anywhere."""
    marks: list[_Mark] = []
    quoted = False
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if character != "'":
            marks.append(_Mark(character, quoted))
        elif pattern.startswith("''", at):
            marks.append(_Mark("'", True))
            at += 1
        else:
            quoted = not quoted
        at += 1
    if quoted:
        raise RenderError(f"{pattern!r} is not a number format: a quote is not closed")
    return marks


def _split_halves(marks: list[_Mark], pattern: str) -> tuple[list[_Mark], list[_Mark] | None]:
    """Split into the positive and the negative half; a quoted semicolon does not divide."""
    for at, mark in enumerate(marks):
        if mark == (";", False):
            if any(other == (";", False) for other in marks[at + 1 :]):
                raise RenderError(f"{pattern!r} is not a number format: it has more than two halves")
            return marks[:at], marks[at + 1 :]
    return marks, None


def _split_affixes(marks: list[_Mark], pattern: str) -> tuple[list[_Mark], str, list[_Mark]]:
    """Split into prefix, number and suffix."""
    digits = [at for at, mark in enumerate(marks) if not mark.is_quoted and mark.character in "#0,."]
    if not digits:
        return marks, "", []
    start = end = digits[0]
    while end < len(marks) and not marks[end].is_quoted and _is_number_part(marks, end):
        end += 1
    if digits[-1] >= end or marks[end : end + 1] == [("E", False)]:
        raise RenderError(f"{pattern!r} is not a number format: its digits are not in one piece")
    return marks[:start], "".join(mark.character for mark in marks[start:end]), marks[end:]


def _is_number_part(marks: list[_Mark], at: int) -> bool:
    return marks[at].character in "#0,." or (marks[at].character == "E" and marks[at + 1 : at + 2] == [("0", False)])


def _literal(affix: list[_Mark]) -> str:
    """Return an affix as it prints, with the currency for its sign."""
    text = "".join(m.character if m.is_quoted or m.character != "\u00a4" else "\ue000" for m in affix)
    return text.replace("\ue000\ue000", "USD").replace("\ue000", "$")


def _group_digits(digits: str, size: int, separator: str) -> str:
    head = len(digits) % size
    parts = [digits[:head]] if head else []
    parts.extend(digits[at : at + size] for at in range(head, len(digits), size))
    return separator.join(parts)


def _digits(number: Decimal, significant: int, rounding: str) -> tuple[str, int]:
    """Return the significant digits without trailing zeros, and the position of the point relative to them."""
    if not number:
        return "", 0
    if significant:
        places = significant - number.adjusted() - 1
        number = number.quantize(Decimal(1).scaleb(-places), rounding, _WIDE)
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    return digits, number.adjusted() + 1
