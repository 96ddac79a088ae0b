"""Parse numbers from untrusted URLs and forms."""


def whole_number(text: str, digits: int = 17) -> int | None:
    """The number in ASCII digits; None for anything else, and for more digits than a database column holds."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None
