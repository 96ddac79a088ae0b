"""Starting due schedules: once, by their rules, in their team."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.audit.verify import faults
from accounts.models import AuditChain, AuditEntry, Membership, Team, User
from accounts.permissions import Role
from exports.models import Freeze, Run, SavedExport, Schedule
from exports.runs import actions as runs
from exports.schedules import start_due
from tests.exports.schedules.scheduled import DAILY, HOURLY, MONDAY, make_daily_schedule, told
from tests.factories import make_credential, make_export, make_member, make_occurrence

pytestmark = pytest.mark.usefixtures("acme_open")

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def schedule(export: SavedExport, alice: User) -> Schedule:
    return make_daily_schedule(export, alice)


def made(schedule: Schedule) -> list[tuple[Any, str, int]]:
    rows = schedule.occurrences.order_by("due_at")
    return [(row.due_at, row.outcome, row.covers) for row in rows]


def settled(schedule: Schedule, at: Any = MONDAY) -> None:
    """What was started has come to its end."""
    schedule.occurrences.filter(settled_at=None).update(settled_at=at)


def next_of(schedule: Schedule) -> Any:
    schedule.refresh_from_db()
    return schedule.next_at


def test_due_schedule_starts_and_gets_its_next_time(schedule: Schedule) -> None:
    assert start_due.start_due(MONDAY) == 1

    occurrence = schedule.occurrences.get()
    run = occurrence.run
    assert run is not None
    assert (occurrence.due_at, occurrence.outcome, occurrence.sentence) == (MONDAY, "started", "")
    assert (run.status, run.source, run.requested_by, run.requested_by_name) == (
        "queued",
        "schedule",
        None,
        "Schedule “Managers”",
    )
    assert next_of(schedule) == MONDAY + DAY


def test_schedule_that_is_not_due_does_not_start(schedule: Schedule) -> None:
    assert start_due.start_due(MONDAY - timedelta(seconds=1)) == 0
    assert made(schedule) == []


def test_a_due_time_starts_once(schedule: Schedule) -> None:
    start_due.start_due(MONDAY)
    settled(schedule)
    Schedule.objects.update(next_at=MONDAY)  # a clock that went back

    assert start_due.start_schedules([schedule.pk], MONDAY) == 0
    assert made(schedule) == [(MONDAY, "started", 1)]
    assert next_of(schedule) == MONDAY + DAY


def test_the_database_lets_nobody_start_a_second_run_of_a_schedule(schedule: Schedule) -> None:
    start_due.start_due(MONDAY)

    with pytest.raises(IntegrityError), transaction.atomic():
        make_occurrence(schedule, due_at=MONDAY + DAY, run=Run.Status.QUEUED)


def test_relative_periods_count_from_the_due_time(export: SavedExport, alice: User) -> None:
    monthly = make_export(export.credential, alice, "Last month", period="last_month", report_ids=[])
    first = MONDAY.replace(day=1)
    make_daily_schedule(monthly, alice, next_at=first)

    start_due.start_due(first + 60 * DAY)

    filters = monthly.runs.get().job["inputSettings"]["filters"]
    assert (filters["startDate"], filters["endDate"]) == ("2026-11-01", "2026-11-30")


def test_since_the_last_success_counts_from_when_that_was_due(export: SavedExport, alice: User) -> None:
    since = make_export(export.credential, alice, "Since", period="since_last_success", report_ids=[])
    schedule = make_daily_schedule(since, alice)
    start_due.start_due(MONDAY + HOUR)  # its run is created now, weeks later than it was due
    Run.objects.filter(export=since).update(status="succeeded", finished_at=timezone.now(), remote_file="export1.csv")
    settled(schedule)

    start_due.start_due(MONDAY + DAY)

    run = since.runs.first()
    assert run is not None
    filters = run.job["inputSettings"]["filters"]
    assert (filters["startDate"], filters["endDate"]) == ("2026-11-02", "2026-11-03")


def test_missed_ones_are_one_run_that_says_so(schedule: Schedule) -> None:
    start_due.start_due(MONDAY + 3 * DAY + HOUR)

    occurrence = schedule.occurrences.get()
    assert (occurrence.due_at, occurrence.covers) == (MONDAY + 3 * DAY, 4)
    assert occurrence.sentence == (
        "This run stands for 4 due times, from 2 November 2026 at 07:30 to 5 November 2026 at 07:30: "
        "the portal could not start them in time."
    )
    assert next_of(schedule) == MONDAY + 4 * DAY


def test_missed_ones_are_skipped_where_the_schedule_says_so(export: SavedExport, alice: User) -> None:
    schedule = make_daily_schedule(export, alice, after_outage=Schedule.AfterOutage.SKIP)

    start_due.start_due(MONDAY + HOUR)

    assert made(schedule) == [(MONDAY, "skipped", 1)]
    assert Run.objects.count() == 0
    assert next_of(schedule) == MONDAY + DAY


def test_lateness_is_a_setting(export: SavedExport, alice: User, settings: Any) -> None:
    schedule = make_daily_schedule(export, alice, after_outage=Schedule.AfterOutage.SKIP)
    settings.SCHEDULE_LATE_AFTER_SECONDS = 7200

    start_due.start_due(MONDAY + HOUR)

    assert made(schedule) == [(MONDAY, "started", 1)]


def test_next_run_waits_for_the_last_and_covers_all_due_times(export: SavedExport, alice: User) -> None:
    schedule = make_daily_schedule(export, alice, rule=HOURLY, after_outage=Schedule.AfterOutage.SKIP)
    start_due.start_due(MONDAY)

    assert start_due.start_due(MONDAY + 2 * HOUR) == 0
    settled(schedule, MONDAY + 3 * HOUR)
    assert start_due.start_due(MONDAY + 3 * HOUR) == 1

    assert made(schedule) == [(MONDAY, "started", 1), (MONDAY + 3 * HOUR, "started", 3)]
    latest = schedule.occurrences.latest("due_at")
    assert latest.sentence.endswith("the run before it had not come to its end.")


def test_manual_run_keeps_the_next_time(schedule: Schedule, alice: User) -> None:
    runs.start(schedule.export, by=alice)

    assert next_of(schedule) == MONDAY
    assert start_due.start_due(MONDAY) == 1


def test_nothing_runs_in_a_freeze(schedule: Schedule) -> None:
    Freeze.objects.create(team=schedule.team, first=date(2026, 11, 1), last=date(2026, 11, 2), reason="Migration")

    start_due.start_due(MONDAY)

    occurrence = schedule.occurrences.get()
    assert (occurrence.outcome, occurrence.sentence) == (
        "skipped",
        "Nothing ran: 1 November 2026 to 2 November 2026 is a freeze (Migration).",
    )
    assert next_of(schedule) == MONDAY + DAY


def archive(export: SavedExport) -> None:
    """As an older version of the portal let people do, though a schedule depends on it."""
    SavedExport.objects.filter(pk=export.pk).update(archived_at=timezone.now())


def test_an_archived_export_does_not_start_and_counts_as_a_failure(schedule: Schedule, alice: User) -> None:
    archive(schedule.export)

    start_due.start_due(MONDAY)

    schedule.refresh_from_db()
    occurrence = schedule.occurrences.get()
    assert (occurrence.outcome, occurrence.sentence, schedule.failures) == (
        "refused",
        "This export is archived. Clone it to run it again.",
        1,
    )
    assert occurrence.failed_at == MONDAY
    assert told(schedule) == [("alice@acme.example", "“Managers” failed")]


def test_refusals_in_a_row_pause_it(schedule: Schedule, alice: User) -> None:
    archive(schedule.export)
    Schedule.objects.update(failures=4)

    start_due.start_due(MONDAY)

    schedule.refresh_from_db()
    assert (schedule.paused_at, schedule.next_at, schedule.paused_by_name) == (MONDAY, None, "The portal")
    assert schedule.pause_reason == (
        "5 failures in a row. The last one: This export is archived. Clone it to run it again."
    )


def test_schedule_that_cannot_start_does_not_block_others(schedule: Schedule, credential: Any, alice: User) -> None:
    other = make_daily_schedule(
        make_export(make_credential(schedule.team, "Old", status="refused"), alice, "Old"), alice, "Old"
    )

    start_due.start_due(MONDAY)

    assert made(schedule) == [(MONDAY, "started", 1)]
    assert made(other) == [(MONDAY, "refused", 1)]


def test_unreadable_rule_pauses_and_does_not_block_others(schedule: Schedule, alice: User) -> None:
    broken = make_daily_schedule(schedule.export, alice, "Broken", rule=DAILY | {"kind": "by the moon"})

    start_due.start_due(MONDAY)

    broken.refresh_from_db()
    assert (broken.paused_at, broken.next_at) == (MONDAY, None)
    assert told(broken) == [("alice@acme.example", "“Broken” has paused itself")]
    assert made(schedule) == [(MONDAY, "started", 1)]


@pytest.mark.parametrize("way", ["left", "demoted", "inactive"])
def test_owner_without_permission_loses_schedules(
    schedule: Schedule, alice: User, erin: User, acme: Team, way: str
) -> None:
    Schedule.objects.update(owner=erin, owner_name="Erin")
    other = make_daily_schedule(schedule.export, erin, "Next month's", next_at=MONDAY + DAY)
    match way:
        case "left":
            Membership.objects.filter(user=erin).delete()
        case "demoted":
            Membership.objects.filter(user=erin).update(role=Role.AUDITOR)
        case "inactive":
            User.objects.filter(pk=erin.pk).update(is_active=False)

    start_due.start_due(MONDAY)
    settled(schedule)
    start_due.start_due(MONDAY + DAY)

    for each in (schedule, other):
        each.refresh_from_db()
        assert (each.owner, each.owner_name) == (None, "Erin")
    assert made(schedule) == [(MONDAY, "started", 1), (MONDAY + DAY, "started", 1)]
    assert told(schedule) == [("alice@acme.example", "Erin no longer owns schedules")]


def test_a_schedule_without_an_owner_goes_on(export: SavedExport) -> None:
    schedule = make_daily_schedule(export, None)

    start_due.start_due(MONDAY)

    assert made(schedule) == [(MONDAY, "started", 1)]


def test_the_audit_log_tells_what_started_and_what_did_not(schedule: Schedule, alice: User) -> None:
    frozen = make_daily_schedule(schedule.export, alice, "Frozen", next_at=MONDAY - 3 * DAY, after_outage="skip")

    start_due.start_due(MONDAY)

    entries = {(entry.action, entry.target_name): entry for entry in AuditEntry.objects.filter(team=schedule.team)}
    started = entries[("run started", str(schedule.occurrences.get().run))]
    assert started.actor_name == "Schedule “Managers”"
    assert started.data["due_at"] == "2026-11-02T07:30:00.000+00:00"
    assert started.data["schedule"] == schedule.pk
    assert ("scheduled run skipped", "Frozen") in entries
    assert made(frozen) == [(MONDAY - DAY, "skipped", 3), (MONDAY, "started", 1)]
    assert list(faults(AuditChain.objects.get(team=schedule.team))) == []


def test_batch_takes_the_same_queries_for_three_as_for_one(
    schedule: Schedule, alice: User, django_assert_num_queries: Any
) -> None:
    one: list[str] = []
    more: list[str] = []
    with connection.execute_wrapper(_counting(one)):
        start_due.start_schedules([schedule.pk], MONDAY)
    three = [make_daily_schedule(schedule.export, alice, f"Number {number}").pk for number in range(3)]

    with connection.execute_wrapper(_counting(more)):
        assert start_due.start_schedules(three, MONDAY) == 3

    assert len(more) == len(one)


def _counting(said: list[str]) -> Any:
    def count(execute: Any, sql: str, *rest: Any) -> Any:
        said.append(sql)
        return execute(sql, *rest)

    return count


def test_teams_take_turns(export: SavedExport, alice: User, umbrella: Team) -> None:
    assert start_due._batch_by_turns([(1, pk) for pk in range(401)] + [(2, 900)]) == [
        list(range(200)),
        [900],
        list(range(200, 400)),
        [400],
    ]


def test_team_never_starts_schedules_of_another(schedule: Schedule, umbrella: Team) -> None:
    charlie = make_member(umbrella, "Charlie", Role.ADMIN)
    other = make_daily_schedule(make_export(make_credential(umbrella), charlie, "Theirs"), charlie, "Theirs")

    assert start_due.start_schedules([schedule.pk, other.pk], MONDAY) == 1
    assert next_of(schedule) == MONDAY + DAY
