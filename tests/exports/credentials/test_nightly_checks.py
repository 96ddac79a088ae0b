"""What the portal looks at every night."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from django_scopes import scope

from accounts.credentials import actions as credentials
from accounts.models import Credential, Notice, Team, User
from exports.credentials import nightly_checks
from tests.factories import make_export, make_policy


@pytest.fixture(autouse=True)
def open_team(acme: Team) -> Iterator[None]:
    with scope(team=acme):
        yield


def reach(credential: Credential, *names: str) -> None:
    for name in names:
        make_policy(credential, name[:2], name)


def test_lost_workspaces_are_told_once_with_the_exports_that_will_be_short(credential: Credential, alice: User) -> None:
    reach(credential, "Sales", "Travel")
    make_export(credential, alice, "Travel only", policy_ids=["Tr"], report_ids=[], period="last_month")
    credentials._store_lost_policies(credential, {"Sa"})

    nightly_checks.tell_of_lost_policies()
    nightly_checks.tell_of_lost_policies()

    (notice,) = Notice.objects.all()
    assert notice.subject == "“Main” has lost access to 1 workspace"
    assert "no longer reaches: Travel." in notice.text
    assert "These exports will be short: Travel only." in notice.text


def test_a_workspace_that_came_back_is_not_told(credential: Credential) -> None:
    reach(credential, "Sales", "Travel")
    credentials._store_lost_policies(credential, {"Sa"})

    credentials._store_lost_policies(Credential.objects.get(pk=credential.pk), {"Sa", "Tr"})
    nightly_checks.tell_of_lost_policies()

    assert not Notice.objects.exists()


def test_every_working_credential_is_tested_and_no_other(credential: Credential) -> None:
    now = timezone.now()
    assert nightly_checks.ask_for_checks(now) == 1
    assert nightly_checks.ask_for_checks(now) == 0

    Credential.objects.update(status=Credential.Status.REFUSED, check_due_at=None)
    assert nightly_checks.ask_for_checks(now) == 0


def test_admins_are_reminded_of_an_old_pair_once_a_month(credential: Credential, alice: User) -> None:
    due = credential.paired_at + timedelta(days=credential.team.pair_days)

    told = [nightly_checks.remind_of_old_pairs(due + timedelta(days=days)) for days in (-1, 0, 1, 29, 30, 31)]

    assert told == [0, 1, 0, 0, 1, 0]
    assert set(Notice.objects.values_list("address", flat=True)) == {alice.email}
