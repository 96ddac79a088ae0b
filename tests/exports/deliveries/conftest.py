from collections.abc import Iterator

import pytest
from django_scopes import scope

from accounts.models import Team, User
from exports.deliveries.settings import MailSettings
from exports.models import Occurrence, Run, SavedExport
from tests.factories import make_occurrence, make_result, make_run, make_schedule


@pytest.fixture
def occurrence(acme: Team, export: SavedExport, alice: User) -> Iterator[Occurrence]:
    """Alice's schedule has run, and Acme may mail to partner.example."""
    acme.recipient_domains = "partner.example"
    acme.save()
    schedule = make_schedule(export, alice, "Month end", mail=MailSettings(fallback="alice@acme.example"))
    run = make_run(export, alice, Run.Status.SUCCEEDED)
    make_result(run, b"a,b\n", "all.csv")
    with scope(team=acme):
        yield make_occurrence(schedule, run=run)
