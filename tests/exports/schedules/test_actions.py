"""Create, change, pause, resume and archive schedules, each with its audit entry."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from accounts import clock
from accounts.credentials.keyring import unseal
from accounts.models import AuditEntry, User
from exports.deliveries.settings import MailSettings
from exports.models import SavedExport, Schedule
from exports.schedules import actions as schedules
from exports.schedules import start_due
from tests.exports.schedules.scheduled import MONDAY, make_daily_schedule, rule

pytestmark = pytest.mark.usefixtures("acme_open")

DAY = timedelta(days=1)


def form(**fields: Any) -> dict[str, Any]:
    """What the form gives."""
    return {
        "name": "Managers",
        "rule": rule(),
        "mail": MailSettings(),
        "zip_password": None,
        "after_outage": Schedule.AfterOutage.RUN_LATE,
        "pause_after": 5,
    } | fields


@pytest.fixture
def schedule(export: SavedExport, alice: User) -> Schedule:
    return schedules.create(export, **form(owner=alice, by=alice))


def said(action: str) -> list[dict[str, Any]]:
    return [entry.data for entry in AuditEntry.objects.filter(action=action).order_by("number")]


def test_a_new_schedule_is_due_by_its_rule(schedule: Schedule, alice: User) -> None:
    now = clock.now()

    assert schedule.next_at is not None
    assert now < schedule.next_at <= now + DAY
    assert f"{schedule.next_at:%H:%M}" == "07:30"
    assert (schedule.owner, schedule.owner_name) == (alice, "Alice")
    (entry,) = said("schedule created")
    assert entry["name"] == {"before": None, "after": "Managers"}
    assert entry["when"] == {"before": None, "after": "Every day at 07:30 (UTC)"}


def test_a_rule_that_has_ended_is_never_due(export: SavedExport, alice: User) -> None:
    schedule = schedules.create(export, **form(rule=rule(ends_on="2020-01-01"), owner=alice, by=alice))

    assert schedule.next_at is None


def test_a_changed_rule_counts_from_now(schedule: Schedule, alice: User) -> None:
    schedule = schedules.change(schedule, **form(rule=rule(times=["21:15"]), owner=alice, by=alice))

    assert schedule.next_at is not None
    assert f"{schedule.next_at:%H:%M}" == "21:15"
    (entry,) = said("schedule changed")
    assert entry["when"] == {"before": "Every day at 07:30 (UTC)", "after": "Every day at 21:15 (UTC)"}


def test_change_of_the_mail_keeps_the_next_time(schedule: Schedule, alice: User) -> None:
    Schedule.objects.update(next_at=MONDAY)

    schedule = schedules.change(schedule, **form(mail=MailSettings(subject="News"), owner=alice, by=alice))

    assert schedule.next_at == MONDAY
    assert said("schedule changed") == [{"mail_subject": {"before": "{export}: {period}", "after": "News"}}]


def test_saving_the_same_again_is_no_change(schedule: Schedule, alice: User) -> None:
    schedules.change(schedule, **form(owner=alice, by=alice))

    assert said("schedule changed") == []


def test_zip_password_is_encrypted_kept_and_removed(schedule: Schedule, alice: User) -> None:
    schedule = schedules.change(schedule, **form(zip_password="open sesame", owner=alice, by=alice))
    schedule = schedules.change(schedule, **form(name="Other", owner=alice, by=alice))
    assert unseal(Schedule.objects.get(), "zip_password") == "open sesame"

    schedules.change(schedule, **form(name="Other", zip_password="", owner=alice, by=alice))

    assert Schedule.objects.get().zip_password is None
    assert [entry.get("zip_password") for entry in said("schedule changed")] == ["set", None, "removed"]
    assert "open sesame" not in str(said("schedule changed"))


def test_another_owner_is_named_and_one_who_left_keeps_the_name(schedule: Schedule, alice: User, erin: User) -> None:
    schedule = schedules.change(schedule, **form(owner=erin, by=alice))
    assert (schedule.owner, schedule.owner_name) == (erin, "Erin")

    schedule = schedules.change(schedule, **form(owner=None, by=alice))

    assert (schedule.owner, schedule.owner_name) == (None, "Erin")
    assert [entry["owner"] for entry in said("schedule changed")] == [
        {"before": "Alice", "after": "Erin"},
        {"before": "Erin", "after": None},
    ]


def test_a_paused_schedule_does_not_start(schedule: Schedule, alice: User) -> None:
    assert schedules.pause(schedule, by=alice, reason="Audit", resume_on=None)

    assert schedule.next_at is None
    assert (schedule.pause_reason, schedule.paused_by_name) == ("Audit", "Alice")
    assert start_due.start_due(clock.now() + 400 * DAY) == 0
    assert said("schedule paused") == [{"reason": "Audit", "resume_on": None}]


def test_it_is_paused_once(schedule: Schedule, alice: User, erin: User) -> None:
    other = Schedule.objects.get()
    schedules.pause(schedule, by=alice, reason="Audit", resume_on=None)

    assert not schedules.pause(other, by=erin, reason="Me too", resume_on=None)
    assert Schedule.objects.get().pause_reason == "Audit"


def test_resumed_schedule_continues_from_now_without_failures(schedule: Schedule, alice: User) -> None:
    schedules.pause(schedule, by=alice, reason="Audit", resume_on=None)
    Schedule.objects.update(failures=5)

    assert schedules.resume(schedule, by=alice)

    assert schedule.next_at is not None
    assert schedule.next_at > clock.now()
    assert (schedule.paused_at, schedule.pause_reason, schedule.failures) == (None, "", 0)
    assert [entry["reason"] for entry in said("schedule resumed")] == ["Audit"]


def test_what_is_not_paused_cannot_be_resumed(schedule: Schedule, alice: User) -> None:
    assert not schedules.resume(schedule, by=alice)
    assert said("schedule resumed") == []


def test_schedule_resumes_automatically_on_its_day(export: SavedExport, alice: User) -> None:
    schedule = make_daily_schedule(export, alice, rule=rule(times=["00:00"], zone="Europe/Berlin").to_json())
    schedules.pause(schedule, by=alice, reason="Audit", resume_on=date(2026, 11, 5))
    begins = datetime(2026, 11, 4, 23, tzinfo=UTC)  # midnight in Berlin

    assert schedules.resume_due(begins - timedelta(seconds=1)) == 0
    assert schedules.resume_due(begins + timedelta(hours=3)) == 1

    schedule.refresh_from_db()
    assert (schedule.next_at, schedule.resume_at) == (begins, None)
    assert AuditEntry.objects.get(action="schedule resumed").actor_name == "The portal"


def test_archived_schedule_never_runs(schedule: Schedule, alice: User) -> None:
    schedules.pause(schedule, by=alice, reason="Audit", resume_on=date(2026, 11, 5))

    assert schedules.archive(schedule, by=alice)

    assert not schedules.archive(schedule, by=alice)
    assert not schedules.resume(schedule, by=alice)
    assert schedules.resume_due(clock.now() + 400 * DAY) == 0
    schedule = schedules.change(schedule, **form(rule=rule(times=["21:15"]), owner=alice, by=alice))
    assert schedule.next_at is None
    assert len(said("schedule archived")) == 1
