"""Settling ended runs: failures are reported, mails created or held, each once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts import clock
from accounts.models import AuditEntry, Membership, Notice, User
from exports.deliveries.settings import MailSettings, OnEmpty
from exports.models import Delivery, Occurrence, Recipient, Run, SavedExport, Schedule
from exports.schedules import finish, start_due
from tests.exports.schedules.scheduled import MONDAY, make_allowed_recipient, make_daily_schedule, told
from tests.factories import make_result

pytestmark = pytest.mark.usefixtures("acme_open")

THREE_ROWS = b"Merchant,Amount\nHotel,12.50\nTaxi,8.00\nTrain,30.00\n"


@pytest.fixture
def schedule(export: SavedExport, alice: User, erin: User) -> Schedule:
    """Erin's schedule, whose mails go to two addresses."""
    schedule = make_daily_schedule(export, erin)
    make_allowed_recipient(schedule, "head@acme.example")
    make_allowed_recipient(schedule, "deputy@acme.example")
    return schedule


def ended(
    schedule: Schedule, status: str = "succeeded", content: bytes | None = THREE_ROWS, **fields: Any
) -> Occurrence:
    """The next occurrence of the schedule, its run at its end."""
    schedule.refresh_from_db()
    assert schedule.next_at is not None
    start_due.start_schedules([schedule.pk], schedule.next_at)
    occurrence = schedule.occurrences.latest("due_at")
    assert occurrence.run is not None
    Run.objects.filter(pk=occurrence.run.pk).update(
        status=status,
        finished_at=fields.pop("finished_at", timezone.now()),
        **({"remote_file": "export1.csv"} if status == "succeeded" else {}) | fields,
    )
    occurrence = Occurrence.objects.get(pk=occurrence.pk)
    assert occurrence.run is not None
    if status == "succeeded" and content is not None:
        make_result(occurrence.run, content)
    return occurrence


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def mails(occurrence: Occurrence) -> list[tuple[str, str]]:
    return list(occurrence.deliveries.order_by("address").values_list("address", "status"))


def change_mail(schedule: Schedule, **fields: Any) -> None:
    schedule.mail = MailSettings(**fields).to_json()
    schedule.save(update_fields=["mail"])


def test_a_success_makes_a_mail_for_each_recipient(schedule: Schedule) -> None:
    occurrence = ended(schedule)

    assert finish.settle(occurrence)

    settled = fresh(occurrence)
    assert mails(settled) == [("deputy@acme.example", "queued"), ("head@acme.example", "queued")]
    assert {mail.result_id for mail in Delivery.objects.all()} == {settled.run.result.pk}
    assert (settled.rows, settled.sentence, settled.held_because) == (3, "", "")
    assert settled.settled_at is not None
    assert told(schedule) == []
    entry = AuditEntry.objects.get(action="scheduled run settled")
    assert (entry.data["mails"], entry.data["rows"]) == (2, 3)


def test_inactive_recipient_gets_no_mail(schedule: Schedule) -> None:
    Recipient.objects.filter(address="head@acme.example").update(state=Recipient.State.UNSUBSCRIBED)
    occurrence = ended(schedule)

    finish.settle(occurrence)

    assert mails(occurrence) == [("deputy@acme.example", "queued")]


def test_a_run_that_has_not_ended_is_left_alone(schedule: Schedule) -> None:
    start_due.start_due(MONDAY)

    assert not finish.settle(schedule.occurrences.get())
    assert finish.settle_ended(clock.now()) == 0


def test_an_occurrence_is_settled_once(schedule: Schedule) -> None:
    occurrence = ended(schedule)
    copy = fresh(occurrence)

    assert finish.settle(occurrence)
    assert not finish.settle(copy)

    assert Delivery.objects.count() == 2


def test_only_one_of_two_workers_settles(schedule: Schedule) -> None:
    occurrence = ended(schedule)
    mail = MailSettings()
    assert occurrence.run is not None
    outcome = finish._outcome(occurrence.run, mail)

    assert finish._write(occurrence, outcome, mail, clock.now())
    assert not finish._write(fresh(occurrence), outcome, mail, clock.now())

    assert Delivery.objects.count() == 2
    assert AuditEntry.objects.filter(action="scheduled run settled").count() == 1


def test_claimed_occurrence_is_skipped_until_the_claim_expires(schedule: Schedule, settings: Any) -> None:
    occurrence = ended(schedule)
    lost = clock.now() - timedelta(seconds=settings.STUCK_AFTER_SECONDS)
    Occurrence.objects.update(settling_since=lost + timedelta(seconds=60))
    assert finish.settle_ended(clock.now()) == 0

    Occurrence.objects.update(settling_since=lost - timedelta(seconds=1))

    assert finish.settle_ended(clock.now()) == 1
    assert len(mails(occurrence)) == 2


@pytest.mark.parametrize("status", ["failed", "unconfirmed", "cancelled"])
def test_a_failure_is_told_to_the_owner(schedule: Schedule, status: str) -> None:
    occurrence = ended(schedule, status, error="Expensify said no. Nothing was changed.")

    finish.settle(occurrence)

    assert told(schedule) == [("erin@acme.example", "“Managers” failed")]
    notice = Notice.objects.get()
    assert notice.text == (
        "The run of “Managers” that was due on 2 November 2026 at 07:30 failed. Expensify said no. Nothing was "
        "changed.\n\nThat is failure 1 in a row."
    )
    assert occurrence.run is not None
    assert notice.path == occurrence.run.get_absolute_url()
    assert mails(occurrence) == []
    assert (fresh(schedule).failures, fresh(occurrence).failed_at is not None) == (1, True)


def test_without_an_owner_the_admins_are_told(schedule: Schedule) -> None:
    Schedule.objects.update(owner=None)

    finish.settle(ended(schedule, "failed"))

    assert told(schedule) == [("alice@acme.example", "“Managers” failed")]


def test_an_owner_who_left_while_it_ran_is_told_nothing(schedule: Schedule, erin: User) -> None:
    occurrence = ended(schedule, "failed")
    Membership.objects.filter(user=erin).delete()

    finish.settle(occurrence)

    assert told(schedule) == [("alice@acme.example", "“Managers” failed")]


def test_each_failure_is_told_with_a_warning_before_the_last_and_then_it_pauses(schedule: Schedule) -> None:
    Schedule.objects.update(pause_after=3)

    for _ in range(3):
        finish.settle(ended(schedule, "failed", error="No."))

    assert told(schedule) == [
        ("erin@acme.example", "“Managers” failed"),
        ("erin@acme.example", "“Managers” failed"),
        ("erin@acme.example", "“Managers” failed"),
        ("alice@acme.example", "“Managers” has paused itself"),
    ]
    first, second, third, paused = Notice.objects.order_by("pk")
    assert "pauses itself" not in first.text
    assert second.text.endswith("If the next one fails too, the schedule pauses itself and the Admins are told.")
    assert third.text.endswith("The schedule has paused itself: nothing runs until an Admin resumes it.")
    assert paused.text.endswith("3 failures in a row. The last one: No.")
    schedule.refresh_from_db()
    assert (schedule.next_at, schedule.pause_reason) == (None, "3 failures in a row. The last one: No.")


def test_the_first_success_after_failures_is_told(schedule: Schedule) -> None:
    finish.settle(ended(schedule, "failed"))
    finish.settle(ended(schedule))
    finish.settle(ended(schedule))

    assert told(schedule)[1:] == [("erin@acme.example", "“Managers” works again")]
    assert fresh(schedule).failures == 0


def test_recovery_is_told_after_a_pause_too(schedule: Schedule) -> None:
    finish.settle(ended(schedule, "failed"))
    Schedule.objects.update(failures=0)  # as resuming does

    finish.settle(ended(schedule))

    assert told(schedule)[1:] == [("erin@acme.example", "“Managers” works again")]


def test_empty_file_is_mailed_as_a_sentence(schedule: Schedule) -> None:
    occurrence = ended(schedule, content=b"Merchant,Amount\n")

    finish.settle(occurrence)

    assert fresh(occurrence).rows == 0
    assert mails(occurrence) == [("deputy@acme.example", "queued"), ("head@acme.example", "queued")]
    assert {mail.result for mail in Delivery.objects.all()} == {None}


def test_an_empty_file_is_skipped_where_the_schedule_says_so(schedule: Schedule) -> None:
    change_mail(schedule, on_empty=OnEmpty.SKIP)
    occurrence = ended(schedule, content=b"Merchant,Amount\n")

    finish.settle(occurrence)

    assert mails(occurrence) == []
    assert fresh(occurrence).sentence == "There were no rows, so no mail was sent, as the schedule says."
    assert fresh(schedule).failures == 0


def test_a_run_that_found_no_reports_is_empty(schedule: Schedule) -> None:
    occurrence = ended(schedule, content=None, report_count=0, remote_file="")

    finish.settle(occurrence)

    assert (fresh(occurrence).rows, fresh(occurrence).totals) == (0, {})
    assert len(mails(occurrence)) == 2


@pytest.mark.parametrize(
    ("band", "why"),
    [({"rows_from": 4}, "Rows: 3, but at least 4 expected."), ({"rows_to": 2}, "Rows: 3, but at most 2 expected.")],
)
def test_rows_out_of_range_hold_the_mails(schedule: Schedule, band: dict[str, int], why: str) -> None:
    change_mail(schedule, **band)
    occurrence = ended(schedule)

    finish.settle(occurrence)

    assert fresh(occurrence).held_because == why
    assert mails(occurrence) == [("deputy@acme.example", "held"), ("head@acme.example", "held")]
    assert told(schedule) == [("erin@acme.example", "The mails of “Managers” are held")]
    assert why in Notice.objects.get().text
    assert AuditEntry.objects.get(action="scheduled mails held").data["why"] == why


def test_rows_in_range_hold_nothing(schedule: Schedule) -> None:
    change_mail(schedule, rows_from=3, rows_to=3)
    occurrence = ended(schedule)

    finish.settle(occurrence)

    assert fresh(occurrence).held_because == ""


@pytest.mark.parametrize(
    ("totals", "why"),
    [
        ({"EUR": Decimal("99.99")}, "Total in EUR: 99.99, but at least 100.00 expected."),
        ({"EUR": Decimal("1200.50")}, "Total in EUR: 1,200.50, but at most 500.00 expected."),
        ({"EUR": Decimal("100.00")}, ""),
        ({"USD": Decimal("100.00")}, "Total in EUR: 0, but at least 100.00 expected."),
        (None, "The total in EUR cannot be told from this file."),
    ],
)
def test_totals_out_of_range_hold_the_mails(totals: dict[str, Decimal] | None, why: str) -> None:
    mail = MailSettings(totals_from={"EUR": Decimal("100.00")}, totals_to={"EUR": Decimal("500.00")})

    assert finish._out_of_band(finish.FileContents(3, totals), mail) == why


def test_held_mails_are_sent_anyway_once(schedule: Schedule, alice: User, erin: User) -> None:
    change_mail(schedule, rows_from=4)
    occurrence = ended(schedule)
    finish.settle(occurrence)

    assert finish.send_anyway(occurrence, by=alice)
    assert not finish.send_anyway(occurrence, by=erin)

    assert mails(occurrence) == [("deputy@acme.example", "queued"), ("head@acme.example", "queued")]
    assert (occurrence.released_by_name, occurrence.released_at is not None) == ("Alice", True)
    assert AuditEntry.objects.get(action="held mails sent anyway").data["mails"] == 2


def test_withdrawn_mail_is_not_released(schedule: Schedule, alice: User) -> None:
    change_mail(schedule, rows_from=4)
    occurrence = ended(schedule)
    finish.settle(occurrence)
    occurrence.deliveries.filter(address="head@acme.example").update(status="withdrawn")

    finish.send_anyway(occurrence, by=alice)

    assert mails(occurrence) == [("deputy@acme.example", "queued"), ("head@acme.example", "withdrawn")]


def test_only_held_mails_are_released(schedule: Schedule, alice: User) -> None:
    occurrence = ended(schedule)
    finish.settle(occurrence)

    assert not finish.send_anyway(occurrence, by=alice)


def test_next_occurrence_may_start_after_settling(schedule: Schedule) -> None:
    occurrence = ended(schedule)
    tomorrow = MONDAY + timedelta(days=1)
    assert start_due.start_due(tomorrow) == 0

    finish.settle(occurrence)

    assert start_due.start_due(tomorrow) == 1
