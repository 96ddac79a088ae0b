from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import audit, teams
from accounts.audit import PORTAL, Action
from accounts.models import AuditEntry, Membership, Team, User

URL = "/t/acme/audit/"


@pytest.fixture
def reader(audrey: User) -> Client:
    """Audrey's browser."""
    client = Client()
    client.force_login(audrey)
    return client


def said(client: Client, **query: Any) -> list[str]:
    """The steps of the entries on the page, from the top."""
    page = client.get(URL, query).context["page"]
    return [entry.data["step"] for entry in page.rows if "step" in entry.data]


def record(team: Team, step: str, by: Any = PORTAL, action: Action = Action.TEAM_CHANGED) -> AuditEntry:
    return audit.record(action, team, by=by, step=step)


def test_newest_entry_stands_first(reader: Client, acme: Team) -> None:
    for step in "abc":
        record(acme, step)

    assert said(reader) == ["c", "b", "a"]


def test_other_teams_entries_and_the_portals_own_are_not_there(
    reader: Client, acme: Team, umbrella: Team
) -> None:
    record(acme, "ours")
    record(umbrella, "theirs")
    audit.record(Action.SIGN_IN_FAILED, None, by=PORTAL, step="the portal's")

    assert said(reader) == ["ours"]


def test_filter_by_person(reader: Client, acme: Team, alice: User, bob: User) -> None:
    record(acme, "alice", alice)
    record(acme, "bob", bob)
    record(acme, "portal")

    assert said(reader, person=bob.pk) == ["bob"]
    assert said(reader, person="portal") == ["portal"]


def test_person_who_has_left_can_still_be_asked_for(
    reader: Client, acme: Team, alice: User, bob: User
) -> None:
    record(acme, "bob", bob)
    teams.remove(Membership.objects.get(user=bob, team=acme), by=alice)

    people = dict(reader.get(URL).context["form"].fields["person"].choices)

    assert people[str(bob.pk)] == "Bob (has left)"
    assert said(reader, person=bob.pk) == ["bob"]


def test_people_of_other_teams_are_not_offered(
    reader: Client, acme: Team, audrey: User, charlie: User
) -> None:
    choices = reader.get(URL).context["form"].fields["person"].choices

    assert choices == [("", "Anybody"), (str(audrey.pk), "Audrey"), ("portal", "Portal and commands")]


def test_filter_by_action(reader: Client, acme: Team) -> None:
    record(acme, "changed")
    record(acme, "purged", action=Action.RESULT_PURGED)

    assert said(reader, action="result purged") == ["purged"]


def test_days_are_those_of_the_teams_calendar_both_included(
    reader: Client, acme: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Midnight in Berlin is 22:00 UTC of the day before in summer."""
    for step, at in [
        ("30 June", datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC)),
        ("1 July, first second", datetime(2026, 6, 30, 22, 0, tzinfo=UTC)),
        ("2 July, last second", datetime(2026, 7, 2, 21, 59, 59, tzinfo=UTC)),
        ("3 July", datetime(2026, 7, 2, 22, 0, tzinfo=UTC)),
    ]:
        with monkeypatch.context() as clock:
            clock.setattr(timezone, "now", lambda at=at: at)
            record(acme, step)

    assert said(reader, first="2026-07-01", last="2026-07-02") == [
        "2 July, last second",
        "1 July, first second",
    ]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"first": "nonsense"}, "first"),
        ({"last": "9999-12-31"}, "last"),
        ({"first": "0001-01-01"}, "first"),
        ({"person": "4711"}, "person"),
        ({"action": "nothing like it"}, "action"),
    ],
)
def test_filter_that_cannot_be_understood_is_marked_and_left_out(
    reader: Client, acme: Team, query: dict[str, str], field: str
) -> None:
    record(acme, "there")

    response = reader.get(URL, query)

    assert list(response.context["form"].errors) == [field]
    assert said(reader, **query) == ["there"]


def test_pages_lead_to_older_entries_and_back(reader: Client, acme: Team) -> None:
    for step in range(60):
        record(acme, str(step))
    newest = [str(step) for step in range(59, 34, -1)]
    first = reader.get(URL).context["page"]
    second = reader.get(URL + first.older).context["page"]
    third = reader.get(URL + second.older).context["page"]
    back = reader.get(URL + second.newer).context["page"]

    assert [entry.data["step"] for entry in first.rows] == newest
    assert [entry.data["step"] for entry in second.rows] == [str(step) for step in range(34, 9, -1)]
    assert [entry.data["step"] for entry in third.rows[:10]] == [str(step) for step in range(9, -1, -1)]
    assert (first.newer, third.older) == ("", "")
    assert back.rows == first.rows


def test_pages_keep_the_filter(reader: Client, acme: Team) -> None:
    for step in range(30):
        record(acme, str(step))
        record(acme, "other", action=Action.RESULT_PURGED)

    older = reader.get(URL, {"action": "team changed"}).context["page"].older

    assert older.startswith("?action=team+changed&before=")
    assert [entry.data["step"] for entry in reader.get(URL + older).context["page"].rows] == list("43210")


@pytest.mark.parametrize("query", ["before=x", "after=-1", "before=99999999999999999999", "before=1;DROP"])
def test_place_that_makes_no_sense_is_the_newest_page(reader: Client, acme: Team, query: str) -> None:
    record(acme, "newest")

    assert reader.get(f"{URL}?{query}").context["page"].rows[0].data == {"step": "newest"}


def test_one_entry_and_three_cost_the_same_queries(
    reader: Client, acme: Team, alice: User, count_queries: Any
) -> None:
    record(acme, "one", alice)
    with count_queries() as one:
        reader.get(URL)
    record(acme, "two", alice)
    record(acme, "three")
    with count_queries() as three:
        reader.get(URL)

    assert len(three) == len(one)


def test_entry_is_told_in_words_and_in_the_teams_time(reader: Client, acme: Team, alice: User) -> None:
    teams.change(acme, name="Acme & Co", time_zone="Asia/Tokyo", by=alice)
    entry = AuditEntry._base_manager.filter(team=acme).latest("number")

    shown = reader.get(URL).content.decode()

    tokyo = timezone.localtime(entry.at, acme.zone)
    assert f"{tokyo.day} {tokyo:%b %Y, %H:%M:%S}" in shown
    assert "Europe/Berlin → Asia/Tokyo" in shown
    assert "Acme → Acme &amp; Co" in shown
