"""What is typed when an employee update is approved or applied."""

MOST_DIGITS = 9


def typed_number(text: str) -> int | None:
    """A number as people type it, with the separators of thousands of any country; None for anything else."""
    digits = "".join(char for char in text if char not in " \u00a0\u202f.,'’")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS else None
