"""A clock to set, in place of the database's."""

from datetime import datetime


class EngineClock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def seconds(self) -> float:
        return self.at.timestamp()
