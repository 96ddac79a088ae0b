"""What is typed when an employee update is approved or applied."""

from accounts.numbers import whole_number

MOST_DIGITS = 9


def typed_number(text: str) -> int | None:
    """A number as people type it, with the separators of thousands of any country; None for anything else."""
    digits = "".join(char for char in text if char not in " \u00a0\u202f.,'’")
    return whole_number(digits, MOST_DIGITS)
