"""Response time of a preview of 200 expenses, from the browser's POST to the answer.

    python -m benchmarks.preview              every preset as columns, both starters as text (with lint), 30 times each
    python -m benchmarks.preview --times 100

The whole stack answers (middleware, door, builder or lint, rendering, page), with its own database. People notice
300 ms; the page waits 250 ms after the last key before it sends the request.
"""

import argparse
import os
import time
from statistics import quantiles
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()


from django.test import Client
from django.test.utils import setup_databases, setup_test_environment, teardown_databases

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from exports.columns.layout import Layout
from exports.columns.presets import PRESETS
from exports.samples import choose, company
from exports.saved_exports.starter_templates import STARTERS

EXPENSES = 200


def many_reports() -> list[dict[str, Any]]:
    """The company's reports, repeated until there are enough expenses."""
    reports: list[dict[str, Any]] = []
    while sum(len(report["transactionList"]) for report in reports) < EXPENSES:
        reports += company.reports()
    return reports


def posted(layout: Layout) -> dict[str, Any]:
    """The builder's fields for these columns, as a browser posts them."""
    fields: dict[str, Any] = {
        "written": "columns",
        "columns": len(layout.columns),
        "rows": layout.rows,
        "kind": layout.kind,
        "heading": "on",
        "guard": "on",
    }
    for number, column in enumerate(layout.columns, start=1):
        values = {
            "source": column.source,
            "name": column.name,
            "heading": column.heading,
            "text": column.text,
            "format": column.format,
            "yes": column.words[0],
            "no": column.words[1],
            "fallback": column.fallback,
        }
        fields |= {f"column-{number}-{name}": value for name, value in values.items()}
        if column.excel_text:
            fields[f"column-{number}-excel_text"] = "on"
    return fields


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--times", type=int, default=30)
    times = options.parse_args().times
    choose.SAMPLES["many"] = ("200 expenses", many_reports)
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        measure(times)
    finally:
        teardown_databases(databases, verbosity=0)


def measure(times: int) -> None:
    team = Team.objects.create(name="Acme", slug="acme", time_zone="Europe/Berlin")
    user = User.objects.create_user("erin@acme.example", "password")
    Membership.objects.create(team=team, user=user, role=Role.EDITOR)
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    posts = {f"columns: {preset.name}": posted(preset.layout) for preset in PRESETS.values()}
    posts |= {f"text: {starter.name}": {"template": starter.template} for starter in STARTERS.values()}
    print(f"{'preview of 200 expenses':<40}{'p50':>10}{'p95':>10}")
    for name, fields in posts.items():
        cuts = quantiles([seconds(client, fields | {"sample": "many"}) for _ in range(times + 1)][1:], n=20)
        print(f"{name:<40}{cuts[9] * 1000:>7.0f} ms{cuts[18] * 1000:>7.0f} ms")


def seconds(client: Client, fields: dict[str, Any]) -> float:
    start = time.perf_counter()
    response = client.post("/t/acme/exports/preview/", fields)
    elapsed = time.perf_counter() - start
    assert response.context["tryout"].is_made
    return elapsed


if __name__ == "__main__":
    main()
