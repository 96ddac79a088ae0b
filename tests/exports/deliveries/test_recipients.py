"""Who gets the mails of a schedule, and how recipients are dropped."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import Q
from django.utils import timezone
from django_scopes import scope
from hypothesis import given
from hypothesis import strategies as st

from accounts import teams
from accounts.audit.record import Action
from accounts.models import AuditEntry, Membership, Notice, Team, User
from accounts.permissions import Role
from exports.deliveries import recipients
from exports.deliveries.allowed_addresses import AllowedAddresses, is_address, normalize
from exports.deliveries.recipient_review import GRACE_DAYS, review_recipients
from exports.models import Departure, EmployeeUpdate, Recipient, SavedExport, Schedule
from tests.factories import make_credential, make_export, make_member, make_recipient, make_schedule, make_update
from tests.people import person

State, Kind = Recipient.State, Recipient.Kind


@pytest.fixture
def schedule(acme_open: Team, export: SavedExport, alice: User) -> Schedule:
    acme_open.recipient_domains = "acme.example\nBücher.example"
    acme_open.save(update_fields=["recipient_domains"])
    return make_schedule(export, alice, "Month end")


def states(schedule: Schedule) -> dict[str, str]:
    return dict(schedule.recipients.values_list("address", "state"))


def to_confirm(schedule: Schedule) -> list[str]:
    """Who is asked about: in the grace period, or without mail since it ended."""
    asked = Q(state=State.ACTIVE, asked_at__isnull=False) | Q(state=State.UNCONFIRMED)
    return list(schedule.recipients.filter(asked).values_list("address", flat=True))


def check_address(team: Team, address: str) -> str | None:
    return AllowedAddresses.of(team, [address]).why_not(address)


def told(schedule: Schedule) -> list[tuple[str, str]]:
    """Who was told what, oldest first."""
    return list(Notice.objects.filter(team=schedule.team).order_by("id").values_list("address", "subject"))


def entries(action: Action) -> list[dict[str, Any]]:
    return list(AuditEntry._base_manager.filter(action=action).order_by("number").values_list("data", flat=True))


# ------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("address", "is_refused"),
    [
        ("nina@acme.example", False),
        ("NINA@ACME.Example", False),
        ("  nina@acme.example ", False),
        ("nina+reports@acme.example", False),
        ("nina@bücher.example", False),
        ("nina@xn--bcher-kva.example", False),
        ("nina@BÜCHER.example", False),
        ("nina@ａｃｍｅ．example", False),  # the same domain in wide letters, and mailed as acme.example
        ("bob@elsewhere.example", False),  # a member
        ("BOB@elsewhere.example", False),
        ("bob+x@elsewhere.example", True),
        ("rob@elsewhere.example", True),
        ("nina@mail.acme.example", True),
        ("nina@notacme.example", True),
        ("nina@acme.example.evil.example", True),
        ("nina@acme.example.", True),
        ("nina@аcme.example", True),  # a Cyrillic а
        ("nina@evil.example@acme.example", True),
        ('"nina@evil.example"@acme.example', True),
        ("nina%evil.example@acme.example", True),
        ("evil.example!nina@acme.example", True),
        ("nina@[127.0.0.1]", True),
        ("nina@acme.example\nBcc: x@evil.example", True),
        ("nina@acme.example,x@evil.example", True),
        ("nïna@acme.example", True),
        (f"{'n' * 250}@acme.example", True),
        ("acme.example", True),
        ("@acme.example", True),
        ("", True),
    ],
)
def test_file_goes_to_members_and_allowed_domains_only(schedule: Schedule, address: str, is_refused: bool) -> None:
    user = User.objects.create_user("bob@elsewhere.example")
    Membership.objects.create(team=schedule.team, user=user, role=Role.VIEWER)

    assert (check_address(schedule.team, address) is not None) is is_refused


def test_team_without_domains_mails_only_members(acme: Team, bob: User) -> None:
    assert check_address(acme, "bob@acme.example") is None
    assert check_address(acme, "nina@acme.example") == (
        "nina@acme.example is no member of Acme, and the team does not allow mail to acme.example. "
        "An Admin can allow that domain in the team's settings."
    )


def test_member_of_another_team_is_not_a_member(acme: Team, charlie: User) -> None:
    assert check_address(acme, charlie.email) is not None


def test_member_whose_account_is_closed_is_not_reached_even_in_an_allowed_domain(schedule: Schedule, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)

    assert check_address(schedule.team, bob.email) == "The account of bob@acme.example is closed."


@given(st.text(max_size=80) | st.emails())
def test_normal_spelling_of_an_address_is_ascii_small_and_stays(address: str) -> None:
    spelled = normalize(address)

    if is_address(spelled):
        assert spelled.isascii()
        assert spelled == spelled.lower() == normalize(spelled) == normalize(spelled.upper())
        assert spelled.count("@") == 1
        assert not set(spelled) & set(' \r\n\t\0"<>,;')


# ------------------------------------------------------------ by hand


def test_list_set_by_hand_knows_members_by_their_address(schedule: Schedule, alice: User, bob: User) -> None:
    said = recipients.set_by_hand(
        schedule, members=[bob], addresses=["ALICE@acme.example", "Nina@Acme.example"], by=alice
    )

    assert said == []
    rows = schedule.recipients.values_list("address", "kind", "user", "state")
    assert list(rows) == [
        ("alice@acme.example", Kind.MEMBER, alice.pk, State.ACTIVE),
        ("bob@acme.example", Kind.MEMBER, bob.pk, State.ACTIVE),
        ("nina@acme.example", Kind.ADDRESS, None, State.ACTIVE),
    ]


def test_change_of_the_list_is_recorded_with_before_and_after_and_once(schedule: Schedule, alice: User) -> None:
    for addresses in (["a@acme.example"], ["b@acme.example"], ["b@acme.example"]):
        recipients.set_by_hand(schedule, members=[], addresses=addresses, by=alice)

    assert entries(Action.RECIPIENTS_CHANGED) == [
        {"recipients": {"before": [], "after": ["a@acme.example"]}},
        {"recipients": {"before": ["a@acme.example"], "after": ["b@acme.example"]}},
    ]
    assert states(schedule) == {"a@acme.example": State.REMOVED, "b@acme.example": State.ACTIVE}


def test_list_with_a_forbidden_address_changes_nothing(schedule: Schedule, alice: User, charlie: User) -> None:
    with pytest.raises(recipients.CannotReach) as refused:
        recipients.set_by_hand(schedule, members=[charlie], addresses=["x@evil.example", "nina@acme.example"], by=alice)

    assert set(refused.value.problems) == {"x@evil.example", "charlie@umbrella.example"}
    assert states(schedule) == {}


def test_unsubscribed_recipient_stays_so_when_the_list_changes(schedule: Schedule, alice: User) -> None:
    nina = ["nina@acme.example"]
    recipients.set_by_hand(schedule, members=[], addresses=nina, by=alice)
    recipients.unsubscribe(schedule.recipients.get())

    again = recipients.set_by_hand(schedule, members=[], addresses=nina, by=alice)
    recipients.set_by_hand(schedule, members=[], addresses=[], by=alice)
    back = recipients.set_by_hand(schedule, members=[], addresses=nina, by=alice)

    assert states(schedule) == {"nina@acme.example": State.UNSUBSCRIBED}
    assert again == back == [recipients.STAYS_UNSUBSCRIBED.format(address="nina@acme.example")]


def test_unsubscribing_stops_one_schedule_and_tells_its_owner_once(
    schedule: Schedule, alice: User, export: SavedExport
) -> None:
    other = make_schedule(export, alice, "Week")
    for each in (schedule, other):
        recipients.set_by_hand(each, members=[], addresses=["nina@acme.example"], by=alice)
    nina = schedule.recipients.get()

    assert [recipients.unsubscribe(nina), recipients.unsubscribe(nina)] == [True, False]

    assert states(schedule) == {"nina@acme.example": State.UNSUBSCRIBED}
    assert states(other) == {"nina@acme.example": State.ACTIVE}
    assert told(schedule) == [("alice@acme.example", "nina@acme.example has unsubscribed from Month end")]
    assert entries(Action.RECIPIENT_UNSUBSCRIBED) == [{"address": "nina@acme.example"}]


def test_subscribing_again_does_not_restore_a_removed_recipient(schedule: Schedule, alice: User) -> None:
    recipients.set_by_hand(schedule, members=[], addresses=["nina@acme.example"], by=alice)
    nina = schedule.recipients.get()
    recipients.unsubscribe(nina)
    recipients.set_by_hand(schedule, members=[], addresses=[], by=alice)

    assert "not on the list" in (recipients.subscribe_again(nina) or "")
    assert states(schedule) == {"nina@acme.example": State.REMOVED}


def test_admins_replace_an_owner_who_left(schedule: Schedule, alice: User, acme: Team) -> None:
    erin = make_member(acme, "Erin", Role.EDITOR)
    Schedule.objects.filter(pk=schedule.pk).update(owner=erin)
    schedule.refresh_from_db()
    assert recipients.owners(schedule) == [erin]

    Membership.objects.filter(user=erin).delete()

    assert recipients.owners(schedule) == [alice]


# ------------------------------------------------------------ from the file


def test_address_in_the_file_becomes_one_recipient_however_it_is_written(schedule: Schedule) -> None:
    first = recipients.resolve(schedule, ["Nina@acme.example", "nina@ACME.example", "max@acme.example"], "")
    second = recipients.resolve(schedule, ["NINA@acme.example"], "")

    assert [row.address for row in first] == ["nina@acme.example", "max@acme.example"]
    assert second == first[:1]
    assert {(row.kind, row.state) for row in first} == {(Kind.COLUMN, State.ACTIVE)}


def test_fallback_comes_last_and_is_one_with_its_own_part(schedule: Schedule) -> None:
    apart = recipients.resolve(schedule, ["nina@acme.example"], "Desk@acme.example")
    together = recipients.resolve(schedule, ["nina@acme.example"], "nina@acme.example")

    assert [(row.address, row.kind) for row in apart] == [
        ("nina@acme.example", Kind.COLUMN),
        ("desk@acme.example", Kind.FALLBACK),
    ]
    assert [row.address for row in together] == ["nina@acme.example"]


def test_forbidden_manager_is_shown_and_the_owner_notified_once(schedule: Schedule) -> None:
    in_file = ["x@evil.example", "nina@acme.example"]
    for _ in range(2):
        found = recipients.resolve(schedule, in_file, "desk@acme.example")

    assert [(row.address, row.state) for row in found] == [
        ("x@evil.example", State.DROPPED),
        ("nina@acme.example", State.ACTIVE),
        ("desk@acme.example", State.ACTIVE),
    ]
    assert "does not allow mail to evil.example" in found[0].because
    assert told(schedule) == [("alice@acme.example", "x@evil.example dropped out of Month end")]


def test_manager_gets_mail_once_their_domain_is_allowed(schedule: Schedule) -> None:
    recipients.resolve(schedule, ["x@new.example"], "")
    schedule.team.recipient_domains += "\nnew.example"
    schedule.team.save(update_fields=["recipient_domains"])

    recipients.resolve(schedule, ["x@new.example"], "")

    assert states(schedule) == {"x@new.example": State.ACTIVE}


def test_list_is_not_mailed_when_the_file_names_recipients(schedule: Schedule, alice: User) -> None:
    recipients.set_by_hand(schedule, members=[alice], addresses=[], by=alice)

    found = recipients.resolve(schedule, ["nina@acme.example"], "")

    assert [row.address for row in found] == ["nina@acme.example"]


def test_without_a_column_the_list_is_resolved_with_states(schedule: Schedule, alice: User) -> None:
    recipients.resolve(schedule, ["column@acme.example"], "")
    recipients.set_by_hand(schedule, members=[alice], addresses=["a@acme.example", "b@acme.example"], by=alice)
    recipients.unsubscribe(schedule.recipients.get(address="b@acme.example"))
    recipients.set_by_hand(schedule, members=[alice], addresses=["b@acme.example"], by=alice)

    found = recipients.resolve(schedule, None, "")

    assert [(row.address, row.state) for row in found] == [
        ("alice@acme.example", State.ACTIVE),
        ("b@acme.example", State.UNSUBSCRIBED),
    ]


def test_domain_taken_from_the_team_stops_its_recipients_at_the_next_occurrence_and_at_sending(
    schedule: Schedule, alice: User
) -> None:
    recipients.set_by_hand(schedule, members=[], addresses=["nina@acme.example"], by=alice)
    nina = schedule.recipients.select_related("team").get()
    assert recipients.why_not(nina) is None
    Team.objects.filter(pk=schedule.team_id).update(recipient_domains="")
    schedule = Schedule.objects.select_related("team").get(pk=schedule.pk)
    nina = schedule.recipients.select_related("team").get()

    assert "does not allow mail to acme.example" in (recipients.why_not(nina) or "")
    assert [row.state for row in recipients.resolve(schedule, None, "")] == [State.DROPPED]


# ------------------------------------------------------------ who left


def test_member_who_was_removed_drops_out_and_the_owner_is_told_once(
    schedule: Schedule, alice: User, bob: User
) -> None:
    recipients.set_by_hand(schedule, members=[bob], addresses=["nina@acme.example"], by=alice)
    teams.remove(Membership.objects.get(user=bob), by=alice)

    review_recipients(timezone.now())
    review_recipients(timezone.now())

    row = schedule.recipients.get(address="bob@acme.example")
    assert (row.state, row.because) == (State.DROPPED, "bob@acme.example is no member of Acme any more.")
    assert states(schedule)["nina@acme.example"] == State.ACTIVE
    assert told(schedule) == [("alice@acme.example", "bob@acme.example dropped out of Month end")]
    assert entries(Action.RECIPIENTS_DROPPED) == [{"recipients": {"bob@acme.example": row.because}}]


def test_member_whose_account_is_closed_drops_out(schedule: Schedule, alice: User, bob: User) -> None:
    recipients.set_by_hand(schedule, members=[bob], addresses=[], by=alice)
    User.objects.filter(pk=bob.pk).update(is_active=False)

    review_recipients(timezone.now())

    assert states(schedule) == {"bob@acme.example": State.DROPPED}


def test_member_who_was_removed_is_not_mailed_before_the_sweep_either(
    schedule: Schedule, alice: User, bob: User
) -> None:
    recipients.set_by_hand(schedule, members=[bob], addresses=[], by=alice)
    Membership.objects.filter(user=bob).delete()

    row = schedule.recipients.select_related("team").get()

    assert recipients.why_not(row) == "bob@acme.example is no member of Acme any more."
    assert [each.state for each in recipients.resolve(schedule, None, "")] == [State.DROPPED]


def test_many_leavers_are_reported_in_one_mail(schedule: Schedule, alice: User, acme: Team) -> None:
    people = [make_member(acme, f"Person{number}", Role.VIEWER) for number in range(3)]
    recipients.set_by_hand(schedule, members=people, addresses=[], by=alice)
    Membership.objects.filter(user__in=people).delete()

    review_recipients(timezone.now())

    assert told(schedule) == [("alice@acme.example", "3 recipients dropped out of Month end")]


def applied(export: SavedExport, by: User, *rows: tuple[str, str], at: datetime) -> EmployeeUpdate:
    """An employee update with these (address, leaves), as it is once Expensify has applied it."""
    cells = [
        person("P1", address, f"N-{number}", is_terminated=leaves) for number, (address, leaves) in enumerate(rows)
    ]
    update = make_update(export.credential, by, cells)
    EmployeeUpdate.objects.filter(pk=update.pk).update(applied_at=at)
    return update


def test_leaver_of_an_applied_update_is_dropped_from_every_schedule(
    schedule: Schedule, alice: User, export: SavedExport, umbrella: Team, charlie: User
) -> None:
    other = make_schedule(export, alice, "Week")
    for each in (schedule, other):
        recipients.set_by_hand(each, members=[], addresses=["nina@acme.example", "max@acme.example"], by=alice)
    now = timezone.now()
    applied(export, alice, ("Nina@Acme.example", "yes"), ("max@acme.example", ""), at=now)

    review_recipients(now)
    review_recipients(now)

    for each in (schedule, other):
        assert states(each) == {"max@acme.example": State.ACTIVE, "nina@acme.example": State.DROPPED}
    assert [subject for _, subject in told(schedule)] == [
        "nina@acme.example dropped out of Month end",
        "nina@acme.example dropped out of Week",
    ]


def test_update_that_was_not_applied_drops_nobody(schedule: Schedule, alice: User, export: SavedExport) -> None:
    recipients.set_by_hand(schedule, members=[], addresses=["nina@acme.example"], by=alice)
    update = applied(export, alice, ("nina@acme.example", "yes"), at=timezone.now())
    EmployeeUpdate.objects.filter(pk=update.pk).update(applied_at=None)

    review_recipients(timezone.now())

    assert states(schedule) == {"nina@acme.example": State.ACTIVE}


def test_leaver_gets_no_part_until_they_return(schedule: Schedule, alice: User, export: SavedExport) -> None:
    now = timezone.now()
    applied(export, alice, ("nina@acme.example", "yes"), at=now)
    review_recipients(now)

    gone = recipients.resolve(schedule, ["nina@acme.example"], "")[0]
    because = gone.because
    applied(export, alice, ("nina@acme.example", ""), at=now)
    review_recipients(now)
    back = recipients.resolve(schedule, ["nina@acme.example"], "")[0]

    assert because == "nina@acme.example has left by the employee update “November”."
    assert (gone.pk, back.state) == (back.pk, State.ACTIVE)


def test_move_to_another_policy_is_not_a_departure(schedule: Schedule, alice: User, export: SavedExport) -> None:
    recipients.set_by_hand(schedule, members=[], addresses=["nina@acme.example"], by=alice)
    now = timezone.now()
    applied(export, alice, ("nina@acme.example", "yes"), ("nina@acme.example", ""), at=now)

    review_recipients(now)

    assert states(schedule) == {"nina@acme.example": State.ACTIVE}


def test_no_address_of_a_leaver_is_stored(schedule: Schedule, alice: User, export: SavedExport) -> None:
    now = timezone.now()
    applied(export, alice, ("nina@acme.example", "yes"), at=now)
    review_recipients(now)

    departure = Departure.objects.get()

    assert "nina" not in f"{departure.address_hash} {departure}"
    assert departure.address_hash == Departure.hash_of(schedule.team_id, "nina@acme.example")


def test_leaver_whom_the_owner_confirms_gets_mail_again(schedule: Schedule, alice: User, export: SavedExport) -> None:
    now = timezone.now()
    applied(export, alice, ("nina@acme.example", "yes"), at=now)
    review_recipients(now)
    row = recipients.resolve(schedule, ["nina@acme.example"], "")[0]

    assert recipients.confirm(schedule, [row], by=alice) == []

    assert [each.state for each in recipients.resolve(schedule, ["nina@acme.example"], "")] == [State.ACTIVE]


# ------------------------------------------------------------ the quarterly question


def outside(schedule: Schedule, alice: User, bob: User) -> datetime:
    """Bob, a member, and Nina, who is none, on the list; the moment from which on the owner is asked."""
    recipients.set_by_hand(schedule, members=[bob], addresses=["nina@acme.example"], by=alice)
    now = datetime(2026, 1, 5, 12, tzinfo=UTC)
    schedule.recipients.update(confirmed_at=now)
    return now + timedelta(days=91)


def test_owner_is_asked_every_quarter_about_outside_recipients_and_once(
    schedule: Schedule, alice: User, bob: User
) -> None:
    due = outside(schedule, alice, bob)

    review_recipients(due - timedelta(seconds=1))
    assert told(schedule) == []
    review_recipients(due)
    review_recipients(due + timedelta(days=1))

    assert told(schedule) == [("alice@acme.example", "Are these still the right recipients of Month end?")]
    assert entries(Action.RECIPIENTS_ASKED) == [{"recipients": ["nina@acme.example"]}]
    assert states(schedule) == {"bob@acme.example": State.ACTIVE, "nina@acme.example": State.ACTIVE}
    assert "until 20 April 2026" in Notice.objects.get().text.replace("\n", " ")


def test_outside_recipient_whom_nobody_confirms_stops_after_the_grace_and_the_owner_is_told(
    schedule: Schedule, alice: User, bob: User
) -> None:
    due = outside(schedule, alice, bob)
    review_recipients(due)
    review_recipients(due + timedelta(days=GRACE_DAYS) - timedelta(seconds=1))
    assert states(schedule)["nina@acme.example"] == State.ACTIVE

    assert to_confirm(schedule) == ["nina@acme.example"]

    for _ in range(2):
        review_recipients(due + timedelta(days=GRACE_DAYS))

    assert to_confirm(schedule) == ["nina@acme.example"]
    assert states(schedule) == {"bob@acme.example": State.ACTIVE, "nina@acme.example": State.UNCONFIRMED}
    assert [subject for _, subject in told(schedule)] == [
        "Are these still the right recipients of Month end?",
        "Month end no longer goes to recipients whom nobody confirmed",
    ]
    assert entries(Action.RECIPIENTS_UNCONFIRMED) == [{"recipients": ["nina@acme.example"]}]


def test_saving_an_unchanged_list_confirms_nobody(schedule: Schedule, alice: User, bob: User) -> None:
    due = outside(schedule, alice, bob)
    review_recipients(due)
    review_recipients(due + timedelta(days=GRACE_DAYS))

    recipients.set_by_hand(schedule, members=[bob], addresses=["nina@acme.example"], by=alice)

    assert states(schedule)["nina@acme.example"] == State.UNCONFIRMED


def test_confirmed_recipient_gets_mail_for_another_quarter(schedule: Schedule, alice: User, bob: User) -> None:
    due = outside(schedule, alice, bob)
    review_recipients(due)
    review_recipients(due + timedelta(days=GRACE_DAYS))

    assert recipients.confirm(schedule, schedule.recipients.all(), by=alice) == []

    now = timezone.now()
    review_recipients(now + timedelta(days=90))
    assert (states(schedule)["nina@acme.example"], len(told(schedule))) == (State.ACTIVE, 2)
    review_recipients(now + timedelta(days=92))
    assert len(told(schedule)) == 3


def test_confirming_does_not_reach_past_the_teams_domains(schedule: Schedule, alice: User) -> None:
    row = make_recipient(schedule, "x@evil.example", state=State.UNCONFIRMED)

    (problem,) = recipients.confirm(schedule, [row], by=alice)

    assert "does not allow mail to evil.example" in problem
    assert states(schedule) == {"x@evil.example": State.UNCONFIRMED}


def test_confirming_takes_rows_of_its_own_schedule_only(
    schedule: Schedule, alice: User, umbrella: Team, charlie: User
) -> None:
    with scope(team=umbrella):
        from_umbrella = make_schedule(make_export(make_credential(umbrella), charlie), charlie)
        theirs = make_recipient(from_umbrella, "charlie@umbrella.example", state=State.UNCONFIRMED)

    recipients.confirm(schedule, [theirs], by=alice)

    with scope(team=umbrella):
        theirs.refresh_from_db()
    assert theirs.state == State.UNCONFIRMED


def test_team_without_confirmation_is_not_asked(schedule: Schedule, alice: User, bob: User) -> None:
    due = outside(schedule, alice, bob)
    Team.objects.filter(pk=schedule.team_id).update(confirm_outside_days=0)

    review_recipients(due + timedelta(days=400))

    assert told(schedule) == []


def test_review_takes_the_same_queries_for_more_recipients(
    schedule: Schedule, alice: User, django_assert_num_queries: Any
) -> None:
    recipients.set_by_hand(schedule, members=[], addresses=["a@acme.example"], by=alice)
    with django_assert_num_queries(3):
        review_recipients(timezone.now())
    many = [f"n{number}@acme.example" for number in range(20)]
    recipients.set_by_hand(schedule, members=[], addresses=many, by=alice)

    with django_assert_num_queries(3):
        review_recipients(timezone.now())
