"""Placeholder until stage two."""
from __future__ import annotations
import datetime as dt
from typing import Any

class DateFormats:
    def __init__(self, zone: dt.tzinfo) -> None:
        self.zone = zone
    def text(self, value: Any) -> str:
        return str(value)
