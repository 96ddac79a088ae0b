"""What the mails of a schedule contain: values, stored as JSON in the schedule's row."""

from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Content(StrEnum):
    ORIGINAL = "original"
    WORKBOOK = "workbook"
    BOTH = "both"
    ZIP = "zip"
    SEALED_ZIP = "sealed_zip"


class OnEmpty(StrEnum):
    SKIP = "skip"
    SAY = "say"


@dataclass(frozen=True)
class MailSettings:
    """`subject` and `text` may contain {period}, {rows}, {totals}, {link}, {export}, {team}, {date}.

    With `split_by`, a heading of the file, each address in that column gets its own rows, and `fallback` the rows
    without an address. Mails are held until somebody releases them if the number of rows, or the total in a currency
    of `totals_from` and `totals_to`, is out of range.
    """

    content: Content = Content.ORIGINAL
    always_link: bool = False
    split_by: str = ""
    fallback: str = ""
    subject: str = "{export}: {period}"
    text: str = ""
    first_rows: int = 5
    on_empty: OnEmpty = OnEmpty.SAY
    rows_from: int | None = None
    rows_to: int | None = None
    totals_from: dict[str, Decimal] = field(default_factory=dict)
    totals_to: dict[str, Decimal] = field(default_factory=dict)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "MailSettings":
        """Read what `to_json` wrote. Unknown keys, of a newer version, are ignored; missing ones get the default."""
        names = {setting.name for setting in fields(cls)}
        values = {name: value for name, value in stored.items() if name in names}
        if "content" in values:
            values["content"] = Content(values["content"])
        if "on_empty" in values:
            values["on_empty"] = OnEmpty(values["on_empty"])
        for name in ("totals_from", "totals_to"):
            values[name] = {currency: Decimal(amount) for currency, amount in values.get(name, {}).items()}
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        stored = asdict(self)
        for name in ("totals_from", "totals_to"):
            stored[name] = {currency: str(amount) for currency, amount in stored[name].items()}
        return stored
