"""Generate fourteen months of reports, up to today."""

import random
import string
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from sandbox.company.expenses import ExpenseMaker, convert
from sandbox.company.model import Card, Expense, Person, Policy, Report
from sandbox.company.policies import COST_CENTERS
from sandbox.company.words import CITIES, REPORT_TITLES

BASE_62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
MONTHS = 14
REPORTS_A_MONTH = 28
OLD_REPORT = "50352738"
"""The numeric ID in the help page's walk-through; the report belongs to Acme."""

STATES = ("OPEN", "SUBMITTED", "APPROVED", "REIMBURSED", "ARCHIVED")
EXPORT_LABELS = ("Datev", "ERP")
REMINDER = 'Please add the receipt, "original" if possible'


class ReportMaker:
    """Generates reports with no date after noon of `today`."""

    def __init__(
        self,
        rng: random.Random,
        today: date,
        policies: Mapping[str, Policy],
        people: Mapping[str, Person],
        cards: Mapping[str, Card],
    ) -> None:
        self._rng = rng
        self._now = datetime.combine(today, time(12))
        self._policies = list(policies.values())
        self._people = people
        self._cards = cards
        self.expenses = ExpenseMaker(rng)

    def all(self) -> list[Report]:
        """Return the reports, oldest first: every month has the same number, also the current one."""
        rng = self._rng
        reports = [self._old_report()]
        first = self._now.date().replace(day=1)
        for _ in range(MONTHS):
            last = min(_month_after(first) - timedelta(days=1), self._now.date())
            for _ in range(REPORTS_A_MONTH):
                day = first + timedelta(days=rng.randrange((last - first).days + 1))
                # Policies with more members have more reports.
                policy = rng.choices(self._policies, [len(policy.members) for policy in self._policies])[0]
                reports.append(self._report(policy, day))
            first = (first - timedelta(days=1)).replace(day=1)
        return sorted(reports, key=lambda report: (report.created, report.id))

    def _report(self, policy: Policy, day: date) -> Report:
        rng = self._rng
        submitter = rng.choice([email for email, member in policy.members.items() if member.employee_id])
        created = datetime.combine(day, time(8)) + timedelta(minutes=rng.randrange(230))
        report = Report(
            id=new_report_id(rng),
            name=rng.choice(REPORT_TITLES).format(city=rng.choice(CITIES), month=f"{day:%B}"),
            policy_id=policy.id,
            account_email=submitter,
            state="OPEN",
            created=created,
        )
        if policy.report_fields:
            report.custom_fields = {
                "Cost_center": rng.choice(COST_CENTERS),
                "Reason_of_trip": rng.choice(("Sales visit", 'Messe, "Hannover"', "")),
                "Trip_start": (day - timedelta(days=7)).isoformat(),
            }
        card = self._cards.get(submitter)
        for _ in range(rng.choice((1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20))):
            swiped = card if card and rng.random() < 0.5 else None
            report.expenses.append(self.expenses.make(policy, report.id, day, swiped))
        if rng.random() < 0.02:
            report.expenses.clear()
        self._act(report, "CREATED", submitter, created, "created this report")
        self._advance(report, policy, rng.choices(STATES, (8, 12, 20, 50, 10))[0])
        return report

    def _advance(self, report: Report, policy: Policy, until: str) -> None:
        """Move the report through its states up to `until`, or to the last one before now."""
        rng = self._rng
        chain = approval_chain(policy, report.account_email, report.total)
        submitted = report.created + timedelta(days=rng.randrange(6), minutes=17)
        if until == "OPEN" or submitted > self._now:
            return
        report.state, report.submitted, report.next_approver = "SUBMITTED", submitted, chain[0]
        self._act(report, "SUBMITTED", report.account_email, submitted, "submitted this report")
        if rng.random() < 0.15:
            self._act(report, "COMMENT", chain[0], submitted, REMINDER)
        if until == "SUBMITTED":
            return
        at = submitted
        for approver in chain:
            at += timedelta(days=rng.randrange(4), minutes=41)
            if at > self._now:
                report.next_approver = approver
                return
            report.approvals.append((approver, at))
            self._act(report, "APPROVED", approver, at, "approved this report")
        report.state, report.approved, report.next_approver = "APPROVED", at, ""
        paid = at + timedelta(days=1 + rng.randrange(6))
        if until == "ARCHIVED":
            report.state = "ARCHIVED"
        elif until == "REIMBURSED" and paid <= self._now:
            report.state, report.reimbursed = "REIMBURSED", paid
            report.is_ach = policy.currency == "USD"
            report.entry_id = str(rng.randrange(10**14, 10**15))
            self._act(report, "REIMBURSED", chain[-1], paid, "reimbursed this report")
            report.actions[-1]["details"]["expectedDate"] = (paid + timedelta(days=5)).date().isoformat()
        if rng.random() < 0.3:
            report.labels.add(rng.choice(EXPORT_LABELS))

    def _act(self, report: Report, action: str, email: str, at: datetime, words: str) -> None:
        name = self._people[email].full_name if email in self._people else email
        report.actions.append(
            {
                "action": action,
                "accountEmail": email,
                "created": f"{at:%Y-%m-%d %H:%M:%S}",
                "details": {"message": f"{name} {words}" if action != "COMMENT" else words},
            }
        )

    def _old_report(self) -> Report:
        """Return the report with five known expenses in last month: edited, converted, refunded, quoted, plain."""
        policy = self._policies[0]
        day = self._now.date().replace(day=1) - timedelta(days=12)
        submitter = next(email for email, member in policy.members.items() if member.employee_id)
        report = Report(
            id=OLD_REPORT,
            name="Old numbering, new trip",
            policy_id=policy.id,
            account_email=submitter,
            state="OPEN",
            created=datetime.combine(day, time(9, 31, 22)),
        )
        edits: tuple[tuple[str, int, str, Expense], ...] = (
            ("Cafe Central", 1234, "EUR", {}),
            ("CAFE CENTRAL 0112", 2500, "EUR", {"modifiedMerchant": "Cafe Central Wien", "modifiedAmount": 2650}),
            ("Joe's Diner, Pier 39", 4180, "USD", {"comment": "Dinner with client"}),
            ('Bürobedarf "Müller"', 999, "EUR", {"modifiedCreated": (day - timedelta(days=2)).isoformat()}),
            ("DB Bahn", -8900, "EUR", {"comment": "Refund"}),
        )
        for number, (merchant, amount, currency, edit) in enumerate(edits):
            spent_on = day - timedelta(days=5 - number)
            expense = self.expenses.blank(report.id, merchant, spent_on, amount, currency) | edit
            expense["modified"] = any(name.startswith("modified") for name in edit)
            convert(expense, policy.currency)
            report.expenses.append(expense)
        self._act(report, "CREATED", submitter, report.created, "created this report")
        self._advance(report, policy, "APPROVED")
        return report


def new_report_id(rng: random.Random) -> str:
    return "R00" + "".join(rng.choices(BASE_62, k=9))


def approval_chain(policy: Policy, submitter: str, total: int) -> list[str]:
    """Return the approvers in order: the manager, and above the manager's limit the approver set for that."""
    manager = policy.members[submitter].submits_to
    member = policy.members.get(manager)
    chain = [manager]
    if member and member.approval_limit is not None and total > member.approval_limit:
        chain.append(member.over_limit_forwards_to)
    return [email for number, email in enumerate(chain) if email and email not in chain[:number]]


def _month_after(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
