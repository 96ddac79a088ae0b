"""Files go when their time is over; what they were stays."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.audit.record import Action
from accounts.models import AuditEntry, Team, User
from exports.deliveries import split_by_recipient
from exports.models import Result, SavedExport
from exports.results import retention
from tests.factories import make_result, make_run

pytestmark = pytest.mark.django_db


def test_a_file_and_its_parts_go_when_the_teams_days_are_over(
    acme_open: Team, alice: User, export: SavedExport
) -> None:
    whole = make_result(make_run(export, status="succeeded"), b"Boss\nann@acme.example\nben@acme.example\n")
    Result.objects.bulk_create(split_by_recipient.split(whole, "Boss", ""))
    later = timezone.now() + timedelta(days=731)

    assert retention.purge_results(timezone.now() + timedelta(days=729)) == 0
    assert retention.purge_results(later) == 1
    assert retention.purge_results(later) == 0

    assert [default_storage.exists(each.file.name) for each in Result.objects.all()] == [False] * 3
    assert {each.purged_at for each in Result.objects.all()} == {later}
    assert AuditEntry.objects.get(action=Action.RESULT_PURGED).data["parts"] == 2
