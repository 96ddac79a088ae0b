"""The data behind the stand-in: people, policies, cards, reports and expenses."""

from sandbox.company.company import DEMO_PAIRS, Company
from sandbox.company.model import Expense, Member, Person, Policy, Report

__all__ = ["DEMO_PAIRS", "Company", "Expense", "Member", "Person", "Policy", "Report"]
