import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import teams
from accounts.audit import export as audit_export
from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action
from accounts.models import AuditEntry, Membership, SavedAuditView, Team, User
from accounts.permissions import Role
from tests.clients import signed_in
from tests.factories import make_member

URL = "/t/acme/audit/"


@pytest.fixture
def reader(audrey: User) -> Client:
    """A client that is signed in as Audrey."""
    return signed_in(audrey)


def steps_on(client: Client, **query: Any) -> list[str]:
    """The steps of the entries on the page, from top to bottom."""
    page = client.get(URL, query).context["page"]
    return [entry.data["step"] for entry in page.rows if "step" in entry.data]


def record(team: Team, step: str, by: Any = PORTAL, action: Action = Action.TEAM_CHANGED) -> AuditEntry:
    return audit.record(action, team, by=by, step=step)


def test_newest_entry_is_first(reader: Client, acme: Team) -> None:
    for step in "abc":
        record(acme, step)

    assert steps_on(reader) == ["c", "b", "a"]


def test_entries_of_other_teams_and_of_the_portal_are_not_shown(reader: Client, acme: Team, umbrella: Team) -> None:
    record(acme, "ours")
    record(umbrella, "theirs")
    audit.record(Action.SIGN_IN_FAILED, None, by=PORTAL, step="the portal's")

    assert steps_on(reader) == ["ours"]


def test_filter_by_person(reader: Client, acme: Team, alice: User, bob: User) -> None:
    record(acme, "alice", alice)
    record(acme, "bob", bob)
    record(acme, "portal")

    assert steps_on(reader, person=bob.pk) == ["bob"]
    assert steps_on(reader, person="portal") == ["portal"]


def test_filter_offers_former_members(reader: Client, acme: Team, alice: User, bob: User) -> None:
    record(acme, "bob", bob)
    teams.remove(Membership.objects.get(user=bob, team=acme), by=alice)

    people = dict(reader.get(URL).context["form"].fields["person"].choices)

    assert people[str(bob.pk)] == "Bob (has left)"
    assert steps_on(reader, person=bob.pk) == ["bob"]


def test_filter_offers_no_people_of_other_teams(reader: Client, acme: Team, audrey: User, charlie: User) -> None:
    choices = reader.get(URL).context["form"].fields["person"].choices

    assert choices == [("", "Anybody"), (str(audrey.pk), "Audrey"), ("portal", "Portal and commands")]


def test_filter_by_action(reader: Client, acme: Team) -> None:
    record(acme, "changed")
    record(acme, "purged", action=Action.RESULT_PURGED)

    assert steps_on(reader, action="result purged") == ["purged"]


def test_filter_by_days_of_the_team_zone_includes_both(
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

    assert steps_on(reader, first="2026-07-01", last="2026-07-02") == ["2 July, last second", "1 July, first second"]


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
def test_invalid_filter_is_marked_and_ignored(reader: Client, acme: Team, query: dict[str, str], field: str) -> None:
    record(acme, "there")

    response = reader.get(URL, query)

    assert list(response.context["form"].errors) == [field]
    assert steps_on(reader, **query) == ["there"]


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
def test_invalid_position_shows_the_newest_page(reader: Client, acme: Team, query: str) -> None:
    record(acme, "newest")

    assert reader.get(f"{URL}?{query}").context["page"].rows[0].data == {"step": "newest"}


def test_one_entry_and_three_cost_the_same_queries(reader: Client, acme: Team, alice: User, count_queries: Any) -> None:
    record(acme, "one", alice)
    with count_queries() as one:
        reader.get(URL)
    record(acme, "two", alice)
    record(acme, "three")
    with count_queries() as three:
        reader.get(URL)

    assert len(three) == len(one)


def test_entry_is_shown_in_words_and_in_the_team_zone(reader: Client, acme: Team, alice: User) -> None:
    teams.change(acme, name="Acme & Co", time_zone="Asia/Tokyo", by=alice)
    entry = AuditEntry._base_manager.filter(team=acme).latest("number")

    shown = reader.get(URL).content.decode()

    tokyo = timezone.localtime(entry.at, acme.zone)
    assert f"{tokyo.day} {tokyo:%b %Y, %H:%M:%S}" in shown
    assert "Europe/Berlin → Asia/Tokyo" in shown
    assert "Acme → Acme &amp; Co" in shown


# ------------------------------------------------------------ filters by object and words


def test_filter_by_object(reader: Client, acme: Team, alice: User, bob: User) -> None:
    audit.record(Action.MEMBER_CHANGED, bob, by=alice, team=acme, step="bob")
    audit.record(Action.MEMBER_CHANGED, alice, by=alice, team=acme, step="alice")

    response = reader.get(URL, {"object": f"user-{bob.pk}"})

    assert steps_on(reader, object=f"user-{bob.pk}") == ["bob"]
    assert "Only what is about <strong>Bob</strong>" in response.content.decode()


@pytest.mark.parametrize(
    ("words", "steps"),
    [
        ("quarterly", ["name", "data"]),
        ("QUARTERLY", ["name", "data"]),
        ("quart report", ["name"]),
        ("report quart", ["name"]),
        ("nina@acme", ["mail"]),
        ("müller", ["umlaut"]),
        ("0ff1ce", ["hash"]),
        ("absent", []),
        ("quarterly absent", []),
        ("!!!", ["hash", "umlaut", "mail", "name", "data"]),
        ("'; DROP TABLE accounts_team; --", []),
        ("a:* | b & !c <-> (", []),
    ],
)
def test_words_are_found_in_names_and_details(
    reader: Client, acme: Team, alice: User, words: str, steps: list[str]
) -> None:
    with_name = Team(pk=acme.pk, name="Quarterly report.csv")
    audit.record(Action.TEAM_CHANGED, acme, by=alice, step="data", note="quarterly")
    audit.record(Action.TEAM_CHANGED, with_name, by=alice, team=acme, step="name")
    audit.record(Action.TEAM_CHANGED, acme, by=alice, step="mail", to="nina@acme.example")
    audit.record(Action.TEAM_CHANGED, acme, by=alice, step="umlaut", who="Jürgen Müller")
    audit.record(Action.TEAM_CHANGED, acme, by=alice, step="hash", sha256="0ff1ce" + "0" * 58)

    assert steps_on(reader, words=words) == steps


def test_words_combine_with_other_filters_and_pages(reader: Client, acme: Team, alice: User, bob: User) -> None:
    today = timezone.localdate(timezone=acme.zone)
    for step in range(30):
        audit.record(Action.TEAM_CHANGED, acme, by=alice, step=str(step), note="needle")
        audit.record(Action.TEAM_CHANGED, acme, by=bob, step="bob", note="needle")
    query = {"words": "needle", "person": alice.pk, "first": today.isoformat()}

    first = reader.get(URL, query).context["page"]
    second = reader.get(URL + first.older).context["page"]

    steps = [entry.data["step"] for entry in [*first.rows, *second.rows]]
    assert steps == [str(step) for step in range(29, -1, -1)]
    assert reader.get(URL + second.newer).context["page"].rows == first.rows


# ------------------------------------------------------------ export


def body(response: Any) -> str:
    return b"".join(response.streaming_content).decode()


def test_csv_has_the_filtered_entries_in_the_team_zone(reader: Client, acme: Team, alice: User) -> None:
    entry = record(acme, "wanted", alice)
    record(acme, "other")

    response = reader.get(f"{URL}log.csv", {"person": alice.pk})
    lines = list(csv.reader(io.StringIO(body(response).removeprefix("\ufeff"))))

    assert response.headers["Content-Disposition"].startswith('attachment; filename="audit-acme-')
    local = entry.at.astimezone(acme.zone).isoformat(timespec="seconds")
    assert [line[:7] for line in lines[1:]] == [[str(entry.number), local, "Alice", "", "team changed", "Acme", "team"]]


def test_csv_holds_no_formula(reader: Client, acme: Team, alice: User) -> None:
    evil = Team(pk=acme.pk, name='=HYPERLINK("https://evil.example")')
    audit.record(Action.TEAM_CHANGED, evil, by=audit.Actor("@SUM(1)"), team=acme)

    text = body(reader.get(f"{URL}log.csv"))
    cells = [cell for line in csv.reader(io.StringIO(text)) for cell in line]

    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))] == []
    assert "'@SUM(1)" in cells


def test_hashes_can_be_computed_from_json_lines(reader: Client, acme: Team, alice: User) -> None:
    entries = [record(acme, step, alice) for step in "ab"]

    lines = [json.loads(line) for line in body(reader.get(f"{URL}log.jsonl")).splitlines()]

    # The newest entry is the export itself.
    assert [line["hash"] for line in lines[1:3]] == [entry.hash for entry in reversed(entries)]
    assert lines[0]["previous_hash"] == lines[1]["hash"]


@pytest.mark.parametrize("query", [{}, {"words": "needle"}, {"first": "2020-01-01"}])
def test_file_has_every_entry_once_in_several_batches(
    reader: Client, acme: Team, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    monkeypatch.setattr(audit_export, "BATCH", 3)
    for step in range(10):
        audit.record(Action.RESULT_PURGED, acme, by=PORTAL, step=step, note="needle")

    text = body(reader.get(f"{URL}log.jsonl", query | {"action": "result purged"}))

    assert [json.loads(line)["data"]["step"] for line in text.splitlines()] == list(range(9, -1, -1))


def test_file_has_no_entries_of_other_teams(reader: Client, acme: Team, umbrella: Team) -> None:
    record(acme, "ours")
    record(umbrella, "theirs")

    assert "theirs" not in body(reader.get(f"{URL}log.jsonl"))


def test_export_is_recorded(reader: Client, acme: Team, audrey: User) -> None:
    body(reader.get(f"{URL}log.csv", {"action": "team changed", "nonsense": "x"}))

    entry = AuditEntry._base_manager.get(team=acme, action=Action.AUDIT_EXPORTED)
    assert (entry.actor_id, entry.data["filter"]) == (audrey.pk, "action=team+changed")


# ------------------------------------------------------------ saved views


def save_view(client: Client, name: str, query: str, **more: str) -> Any:
    return client.post(f"{URL}views/new/", {"name": name, "query": query, **more}, follow=True)


def view_names(client: Client) -> list[str]:
    return [view.name for view in client.get(URL).context["views"]]


def test_saved_view_keeps_only_valid_filters(reader: Client, acme: Team) -> None:
    response = save_view(reader, "Changes", "action=team+changed&before=4&evil=%22%3E&person=4711")

    assert response.request["QUERY_STRING"] == "action=team+changed"
    assert [(view.name, view.query) for view in response.context["views"]] == [("Changes", "action=team+changed")]


def test_private_view_is_hidden_and_a_shared_view_shown_to_others(reader: Client, acme: Team, alice: User) -> None:
    save_view(reader, "Mine", "words=x")
    save_view(reader, "Ours", "words=y", is_shared="on")
    admin = signed_in(alice)

    assert (view_names(reader), view_names(admin)) == (["Mine", "Ours"], ["Ours"])


def test_views_of_other_teams_are_not_shown(reader: Client, acme: Team, charlie: User) -> None:
    save_view(reader, "Ours", "words=y", is_shared="on")
    other = signed_in(charlie)

    assert list(other.get("/t/umbrella/audit/").context["views"]) == []


@pytest.mark.parametrize(
    ("name", "query", "sentence"),
    [
        ("", "words=x", "This field is required."),
        ("Empty", "", "Filter the log first"),
        ("Nonsense", "before=4&evil=1", "Filter the log first"),
        ("taken", "words=x", "You have a view “taken” already."),
    ],
)
def test_view_that_cannot_be_saved_says_why(reader: Client, acme: Team, name: str, query: str, sentence: str) -> None:
    save_view(reader, "Taken", "words=first")

    assert sentence in save_view(reader, name, query).content.decode()
    assert view_names(reader) == ["Taken"]


def test_shared_view_is_removed_by_its_person_or_an_admin(
    reader: Client, acme: Team, alice: User, audrey: User
) -> None:
    save_view(reader, "First", "words=x", is_shared="on")
    save_view(reader, "Second", "words=y", is_shared="on")
    colleague, admin = Client(), Client()
    colleague.force_login(make_member(acme, "Anna", Role.AUDITOR))
    admin.force_login(alice)
    first, second = SavedAuditView._base_manager.order_by("pk")

    refused = colleague.post(f"{URL}views/{first.pk}/remove/", follow=True)
    assert "only Audrey or an Admin may remove it" in refused.content.decode()
    reader.post(f"{URL}views/{first.pk}/remove/")
    admin.post(f"{URL}views/{second.pk}/remove/")

    assert view_names(reader) == []
    removed = AuditEntry._base_manager.filter(action=Action.AUDIT_VIEW_REMOVED).order_by("number")
    assert [(entry.actor_name, entry.target_name) for entry in removed] == [("Audrey", "First"), ("Alice", "Second")]
