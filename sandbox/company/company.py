"""A made-up group of companies, the same for the same day and seed."""

import pickle
import random
import threading
from datetime import date, datetime, time
from functools import lru_cache

from sandbox.company.model import Card, Person, Policy, Report
from sandbox.company.policies import make_cards, make_policies
from sandbox.company.reports import ReportMaker, new_report_id

DEMO_PAIRS = {
    "aa_demo_acme_example": "ac3e" * 10,
    "aa_demo_umbrella_example": "0b5e" * 10,
}
"""Made-up pairs, in the form real ones have, that every stand-in lets in."""

DEMO_ACCOUNTS = {
    "aa_demo_acme_example": "demo@acme.example",
    "aa_demo_umbrella_example": "demo@umbrella.example",
}


SEED = 20160
_UNPICKLING = threading.Lock()


class Company:
    """Acme and Umbrella: seven policies, 71 people, 393 reports with some 3,800 expenses.

    Reports reach from thirteen months before `today` up to `today`, so the last and the current month are
    never empty. The random numbers are drawn for looks and have nothing to hide.
    """

    def __init__(self, today: date | None = None, seed: int = SEED) -> None:
        self.today = today or datetime.now().astimezone().date()
        self.seed = seed
        self._rng = random.Random(seed)  # noqa: S311
        self.people: dict[str, Person]
        self.policies: dict[str, Policy]
        self.people, self.policies = make_policies(self._rng)
        now = datetime.combine(self.today, time(12))
        self.cards: list[Card] = make_cards(self._rng, self.policies, self.people, now)
        by_holder = {card.email: card for card in self.cards}
        maker = ReportMaker(self._rng, self.today, self.policies, self.people, by_holder)
        self._reports: dict[str, Report] | bytes = {report.id: report for report in maker.all()}
        self.expenses = maker.expenses
        for card in self.cards:
            policy = next(policy for policy in self.policies.values() if card.email in policy.members)
            for _ in range(self._rng.randrange(4)):
                card.lines.append(self.expenses.make(policy, "0", self.today, card))

    @staticmethod
    def untouched(today: date | None = None, seed: int = SEED) -> "Company":
        """As `Company`; from the second on in a tenth of the time, and as much again when its reports are needed."""
        day = today or datetime.now().astimezone().date()
        rest, reports = _pickled(day, seed)
        company: Company = pickle.loads(rest)  # noqa: S301 # our own, a moment old
        company._reports = reports
        return company

    @property
    def reports(self) -> dict[str, Report]:
        if isinstance(self._reports, bytes):
            with _UNPICKLING:
                if isinstance(self._reports, bytes):
                    self._reports = pickle.loads(self._reports)  # noqa: S301 # our own, a moment old
        assert not isinstance(self._reports, bytes)
        return self._reports

    def again(self) -> "Company":
        """The same company, untouched."""
        return Company.untouched(self.today, self.seed)

    def account_of(self, pair: str) -> str:
        """The account behind a demo pair."""
        return DEMO_ACCOUNTS[pair]

    def person(self, email: str) -> Person:
        """Whoever has that address now or had it before; a nameless person for an address nobody knows."""
        if email in self.people:
            return self.people[email]
        for person in self.people.values():
            if email in person.secondary_logins:
                return person
        return Person(email, "", "", 0)

    def new_policy_id(self) -> str:
        return f"{self._rng.getrandbits(64):016X}"

    def new_report_id(self) -> str:
        return new_report_id(self._rng)

    def new_account_id(self) -> int:
        return max(person.account_id for person in self.people.values()) + 37


@lru_cache(maxsize=2)
def _pickled(today: date, seed: int) -> tuple[bytes, bytes]:
    """A company without its reports, and the reports, by far the larger part."""
    company = Company(today, seed)
    reports, company._reports = pickle.dumps(company.reports), b""
    return pickle.dumps(company), reports
