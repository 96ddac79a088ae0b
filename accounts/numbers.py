"""Numbers in addresses and forms, written by who knows whom."""


def whole_number(text: str, digits: int = 17) -> int | None:
    """The number that these ASCII digits write; None for anything else, and for more digits than a column holds."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None
