"""No Admin switches a two-person rule off alone and unseen; and pages tell what was so when it happened."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import team_rules, teams
from accounts.audit.record import Action
from accounts.models import AuditEntry, Membership, Notice, Team, User
from accounts.permissions import Role
from exports.runs import tasks
from tests.clients import signed_in
from tests.factories import make_member
from tests.html import tidy

RULES = ["two_people", "two_admins"]
ASKED, KEPT, CHANGED = Action.TEAM_RULE_ASKED, Action.TEAM_RULE_KEPT, Action.TEAM_CHANGED


@pytest.fixture
def dora(acme: Team) -> User:
    """Acme's second Admin."""
    return make_member(acme, "Dora", Role.ADMIN)


@pytest.fixture(autouse=True)
def both_rules(acme: Team) -> None:
    Team.objects.filter(pk=acme.pk).update(two_people=True, two_admins=True)
    acme.refresh_from_db()


def ask(team: Team, by: User, *rules: str) -> None:
    teams.change(Team.objects.get(pk=team.pk), by=by, **dict.fromkeys(rules, False))


def state(team: Team, rule: str) -> tuple[bool, list[str]]:
    now = Team.objects.get(pk=team.pk)
    return getattr(now, rule), [ending.rule for ending in team_rules.endings(now)]


def post(person: User, verb: str, rule: str) -> Any:
    return signed_in(person).post(f"/t/acme/team/rules/{verb}/", {"rule": rule}, follow=True)


def logged(team: Team) -> list[tuple[str, str, dict[str, Any]]]:
    rows = AuditEntry._base_manager.filter(team=team, action__in=[ASKED, KEPT, CHANGED]).order_by("number")
    return [(row.action, row.actor_name, row.data) for row in rows]


# ------------------------------------------------------------ with a second Admin


@pytest.mark.parametrize("rule", RULES)
def test_second_admin_switches_it_off_and_the_log_names_both(acme: Team, alice: User, dora: User, rule: str) -> None:
    ask(acme, alice, rule)
    asked = state(acme, rule)

    post(dora, "approve", rule)

    assert (asked, state(acme, rule)) == ((True, [rule]), (False, []))
    change = {rule: {"before": True, "after": False}}
    assert logged(acme) == [
        (ASKED, "Alice", {"rule": rule}),
        (CHANGED, "Dora", {"asked_by": "Alice", "approved_by": "Dora", **change}),
    ]


def test_asker_cannot_approve_it(acme: Team, alice: User, dora: User) -> None:
    ask(acme, alice, "two_people")

    page = tidy(post(alice, "approve", "two_people").content.decode())

    assert "Another Admin has to approve it." in page
    assert state(acme, "two_people") == (True, ["two_people"])


def test_it_never_ends_by_waiting_while_another_admin_is_there(acme: Team, alice: User, dora: User) -> None:
    ask(acme, alice, "two_people")

    team_rules.switch_off_due(timezone.now() + timedelta(days=30))

    assert state(acme, "two_people") == (True, ["two_people"])


@pytest.mark.parametrize("who", ["alice", "dora"])
def test_every_admin_can_keep_it_on(acme: Team, alice: User, dora: User, who: str) -> None:
    ask(acme, alice, "two_people", "two_admins")

    post({"alice": alice, "dora": dora}[who], "keep", "two_people")

    assert (state(acme, "two_people"), state(acme, "two_admins")[1]) == ((True, ["two_admins"]), ["two_admins"])
    assert logged(acme)[-1] == (KEPT, who.capitalize(), {"rule": "two_people"})


def test_all_admins_are_told(acme: Team, alice: User, dora: User, erin: User) -> None:
    ask(acme, alice, "two_people")
    ask(acme, alice, "two_people")

    notices = Notice._base_manager.filter(team=acme)
    assert sorted(notice.address for notice in notices) == [alice.email, dora.email]
    assert "until another Admin approves" in notices[0].text


# ------------------------------------------------------------ alone


def test_admin_alone_waits_a_day(acme: Team, alice: User, redis_client: Any) -> None:
    ask(acme, alice, "two_people")
    asked_at = team_rules.endings(Team.objects.get(pk=acme.pk))[0].at

    team_rules.switch_off_due(asked_at + timedelta(hours=23, minutes=59))
    before = state(acme, "two_people")
    team_rules.switch_off_due(asked_at + timedelta(hours=24))

    assert (before, state(acme, "two_people")) == ((True, ["two_people"]), (False, []))
    assert logged(acme)[-1][1:] == (
        "The portal",
        {"asked_by": "Alice", "approved_by": "", "two_people": {"before": True, "after": False}},
    )


def test_periodic_task_ends_the_wait(acme: Team, alice: User) -> None:
    team = Team.objects.get(pk=acme.pk)
    team_rules.ask(team, ["two_people"], by=alice, now=timezone.now() - timedelta(hours=25))

    tasks.wipe_old()

    assert state(acme, "two_people") == (False, [])


def test_admin_who_comes_during_the_wait_has_to_approve(acme: Team, alice: User) -> None:
    ask(acme, alice, "two_people")
    make_member(acme, "Late", Role.ADMIN)

    team_rules.switch_off_due(timezone.now() + timedelta(hours=25))

    assert state(acme, "two_people") == (True, ["two_people"])


def test_admin_whose_account_is_closed_does_not_count(acme: Team, alice: User, dora: User) -> None:
    User.objects.filter(pk=dora.pk).update(is_active=False)
    ask(acme, alice, "two_people")

    team_rules.switch_off_due(timezone.now() + timedelta(hours=25))

    assert state(acme, "two_people") == (False, [])


# ------------------------------------------------------------ in any case


def test_other_settings_change_at_once_and_a_later_save_keeps_the_request(acme: Team, alice: User) -> None:
    ask(acme, alice, "two_people")

    teams.change(Team.objects.get(pk=acme.pk), by=alice, name="Acme Ltd", two_people=True)

    assert (state(acme, "two_people"), Team.objects.get(pk=acme.pk).name) == ((True, ["two_people"]), "Acme Ltd")


def test_rule_is_switched_on_at_once(acme: Team, alice: User) -> None:
    Team.objects.filter(pk=acme.pk).update(two_people=False)

    teams.change(Team.objects.get(pk=acme.pk), by=alice, two_people=True)

    assert state(acme, "two_people") == (True, [])


@pytest.mark.parametrize("verb", ["approve", "keep"])
@pytest.mark.parametrize("rule", ["two_people", "name", ""])
def test_what_nobody_asked_for_is_not_changed(acme: Team, alice: User, dora: User, verb: str, rule: str) -> None:
    page = tidy(post(dora, verb, rule).content.decode())

    assert "Nothing was changed." in page
    assert (state(acme, "two_people"), Team.objects.get(pk=acme.pk).name) == ((True, []), "Acme")


@pytest.mark.parametrize("role", [Role.EDITOR, Role.AUDITOR])
def test_others_see_it_and_cannot_decide(acme: Team, alice: User, erin: User, role: Role) -> None:
    Membership.objects.filter(user=erin).update(role=role)
    ask(acme, alice, "two_people")
    client: Client = signed_in(erin)

    answer: Any = client.post("/t/acme/team/rules/approve/", {"rule": "two_people"})

    assert (answer.status_code, state(acme, "two_people")) == (403, (True, ["two_people"]))
    page = client.get("/t/acme/team/").content.decode()
    assert ("wants the rule" in page, "Keep the rule on" in page) == (True, False)
