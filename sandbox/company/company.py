"""A made-up group of companies, always the same for the same day and seed."""

import pickle
import random
import threading
from datetime import date, datetime, time
from functools import lru_cache

from sandbox.company.model import Card, Person, Policy, Report
from sandbox.company.policies import make_cards, make_policies
from sandbox.company.reports import ReportMaker, new_report_id

DEMO_PAIRS = {"aa_demo_acme_example": "ac3e" * 10, "aa_demo_umbrella_example": "0b5e" * 10}
"""Made-up key pairs in the format of real ones, which every sandbox accepts."""

DEMO_ACCOUNTS = {"aa_demo_acme_example": "demo@acme.example", "aa_demo_umbrella_example": "demo@umbrella.example"}


SEED = 20160
_UNPICKLING = threading.Lock()


class Company:
    """Acme and Umbrella: seven policies, 71 people, 393 reports with some 3,800 expenses.

    Reports date from thirteen months before `today` up to `today`, so the last and the current month are
    never empty. The random numbers need not be secure.
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
        """Return a fresh `Company`, from a cache: the second one takes a tenth of the time, its reports another."""
        day = today or datetime.now().astimezone().date()
        without_reports, reports = _pickle_company(day, seed)
        company: Company = pickle.loads(without_reports)  # noqa: S301 # our own data
        company._reports = reports
        return company

    @property
    def reports(self) -> dict[str, Report]:
        if isinstance(self._reports, bytes):
            with _UNPICKLING:
                if isinstance(self._reports, bytes):
                    self._reports = pickle.loads(self._reports)  # noqa: S301 # our own data
        assert not isinstance(self._reports, bytes)
        return self._reports

    def again(self) -> "Company":
        """Return the same company in its initial state."""
        return Company.untouched(self.today, self.seed)

    def account_of(self, pair: str) -> str:
        """Return the account of a demo key pair."""
        return DEMO_ACCOUNTS[pair]

    def person(self, email: str) -> Person:
        """Return the person with this current or former address; a person without a name if there is none."""
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


@lru_cache(maxsize=2)
def _pickle_company(today: date, seed: int) -> tuple[bytes, bytes]:
    """Return a pickled company without its reports, and the reports, which are by far the larger part."""
    company = Company(today, seed)
    reports, company._reports = pickle.dumps(company.reports), b""
    return pickle.dumps(company), reports
