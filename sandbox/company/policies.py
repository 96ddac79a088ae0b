"""The group's policies and the people in them."""

import random
import unicodedata
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sandbox.company.model import Card, Member, Person, Policy, TagLevel
from sandbox.company.words import FIRST_NAMES, LAST_NAMES, TRADES


class Plan(NamedTuple):
    """The plan of one policy; `employees` does not count the managers."""

    domain: str
    name: str
    type: str
    currency: str
    employees: int
    tags: str
    tax: dict[str, Any]


VAT_DE = {
    "default": "id_TAX_RATE_1",
    "name": "USt",
    "rates": [
        {"name": "Regelsteuersatz", "rate": 19, "rateID": "id_TAX_RATE_1"},
        {"name": "Ermäßigt", "rate": 7, "rateID": "id_TAX_RATE_2"},
        {"name": "Steuerfrei", "rate": 0, "rateID": "id_TAX_RATE_0"},
    ],
}
VAT_UK = {
    "default": "id_TAX_OPTION_16",
    "name": "VAT",
    "rates": [
        {"name": "Standard", "rate": 20, "rateID": "id_TAX_OPTION_16"},
        {"name": "Zero", "rate": 0, "rateID": "id_TAX_OPTION_0"},
    ],
}

PLANS = (
    Plan("acme.example", "Acme Deutschland GmbH", "corporate", "EUR", 14, "flat", VAT_DE),
    Plan("acme.example", "Acme Österreich, \"Wien\"", "corporate", "EUR", 7, "levels", VAT_DE),
    Plan("acme.example", "Acme Inc.", "control", "USD", 12, "levels", {}),
    Plan("acme.example", "Acme UK Ltd", "corporate", "GBP", 7, "flat", VAT_UK),
    Plan("acme.example", "Acme Garage", "team", "USD", 2, "none", {}),
    Plan("umbrella.example", "Umbrella Europe", "corporate", "EUR", 8, "flat", VAT_DE),
    Plan("umbrella.example", "Umbrella Labs, Inc.", "corporate", "USD", 5, "levels", {}),
)  # fmt: skip

DEPARTMENTS = (("Engineering", "7000"), ("Sales", "7100"), ("R&D: Basic", "7200"), ("Verwaltung", "7300"))
PLACES = (("Berlin", "1"), ("Wien", "2"), ("New York", "3"), ("London", "4"))
COST_CENTERS = ("4711", "4712", "4713")
FOUNDED = datetime(2019, 4, 1, 9, 30)  # noqa: DTZ001 (the API's times carry no zone)


def make_policies(rng: random.Random) -> tuple[dict[str, Person], dict[str, Policy]]:
    """Return people by address and policies by ID; each domain has a boss, an auditor and a demo account."""
    people: dict[str, Person] = {}
    policies: dict[str, Policy] = {}
    officers: dict[str, tuple[str, str, str]] = {}
    names = [(first, last) for first in FIRST_NAMES for last in LAST_NAMES]
    rng.shuffle(names)

    def hire(domain: str) -> str:
        first, last = names.pop()
        email = f"{_to_ascii(first)}.{_to_ascii(last)}@{domain}"
        people[email] = Person(email, first, last, 1_200_000 + len(people) * 37)
        return email

    for plan in PLANS:
        if plan.domain not in officers:
            demo = f"demo@{plan.domain}"
            people[demo] = Person(demo, "Demo", "Account", 1_100_000 + len(officers))
            officers[plan.domain] = hire(plan.domain), hire(plan.domain), demo
        boss, auditor, demo = officers[plan.domain]
        policy = _make_policy(rng, plan, owner=boss)
        policies[policy.id] = policy
        managers = [hire(plan.domain) for _ in range(1 + plan.employees // 8)]
        staff = [hire(plan.domain) for _ in range(plan.employees)]
        for email, role in ((boss, "admin"), (auditor, "auditor"), (demo, "admin")):
            policy.members[email] = Member(email, role, submits_to=boss)
        for manager in managers:
            policy.members[manager] = Member(
                manager, submits_to=boss, forwards_to=boss, approval_limit=100_000, over_limit_forwards_to=boss
            )
        for email in staff:
            policy.members[email] = Member(email, submits_to=rng.choice(managers))
        for email in managers + staff:
            _set_numbers(rng, policy.members[email], people[email])
    return people, policies


def make_cards(rng: random.Random, policies: dict[str, Policy], people: dict[str, Person], now: datetime) -> list[Card]:
    """Return a company card for every third employee; its domain is the holder's."""
    holders = [email for policy in policies.values() for email in policy.members if email in people]
    holders = sorted({email for email in holders if not email.startswith("demo@")})[::3]
    cards = []
    for number, email in enumerate(holders):
        digits = f"{rng.randrange(10_000):04d}"
        cards.append(
            Card(
                id=5_300_001 + number,
                bank=rng.choice(("vcf", "examplebank.com", "amex.example")),
                name=f"{people[email].full_name} - {digits}",
                number=f"5555XXXXXXXX{digits}",
                email=email,
                created=FOUNDED + timedelta(days=rng.randrange(1500)),
                last_import=now - timedelta(hours=9),
            )
        )
    return cards


def _make_policy(rng: random.Random, plan: Plan, owner: str) -> Policy:
    categories: list[dict[str, Any]] = [
        {"name": trade.category, "enabled": True, "areCommentsRequired": trade.category == "Client Gifts",
         "glCode": trade.gl_code, "payrollCode": f"P-{trade.gl_code[-2:]}"}
        for trade in TRADES
    ]  # fmt: skip
    categories.append({"name": "Other", "enabled": False})
    return Policy(
        id=f"{rng.getrandbits(64):016X}",
        name=plan.name,
        type=plan.type,
        currency=plan.currency,
        owner=owner,
        created=FOUNDED,
        categories=[] if plan.tags == "none" else categories,
        report_fields=[] if plan.tags == "none" else _report_fields(),
        tag_levels=_tag_levels(plan.tags),
        tax=plan.tax,
    )


def _report_fields() -> list[dict[str, Any]]:
    return [
        {"name": "title", "type": "formula", "values": []},
        {"name": "Cost center", "type": "dropdown", "values": list(COST_CENTERS)},
        {"name": "Reason of trip", "type": "text", "values": []},
        {"name": "Trip start", "type": "date", "values": []},
    ]


def _tag_levels(kind: str) -> list[TagLevel]:
    departments = [{"name": name, "glCode": code, "enabled": True} for name, code in DEPARTMENTS]
    places = [{"name": name, "glCode": code, "enabled": True} for name, code in PLACES]
    if kind == "flat":
        return [TagLevel("Department", departments)]
    if kind == "levels":
        return [TagLevel("Department", departments, required=True), TagLevel("Place", places)]
    return []


def _set_numbers(rng: random.Random, member: Member, person: Person) -> None:
    serial = person.account_id % 10_000
    member.employee_id = member.custom_field_1 = f"E-{serial:04d}"
    member.custom_field_2 = f"CC-{rng.choice(COST_CENTERS)}"
    member.user_id = f"U-{serial:04d}"
    member.payroll_id = f"PAY-{serial}" if rng.random() < 0.8 else ""


def _to_ascii(name: str) -> str:
    for letter, replacement in (("ß", "ss"), ("ø", "o"), ("Ł", "L"), ("ł", "l")):
        name = name.replace(letter, replacement)
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(letter for letter in ascii_name.lower() if letter.isalnum())
