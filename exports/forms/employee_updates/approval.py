"""The number of leavers that a person types to approve or apply an employee update."""

from accounts.numbers import whole_number

MOST_DIGITS = 9


def typed_number(text: str) -> int | None:
    """A number with the thousands separators of any country; None for anything else."""
    digits = "".join(char for char in text if char not in " \u00a0\u202f.,'’")
    return whole_number(digits, MOST_DIGITS)
