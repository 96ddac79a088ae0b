import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts import teams
from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.models import AuditEntry, Membership, Team, User
from accounts.permissions import Role
from tests.factories import make_member

LAST = "A team needs an Admin. Make somebody else an Admin first."


def membership_of(user: User, team: Team) -> Membership:
    return Membership.objects.get(user=user, team=team)


def last_entry(team: Team) -> AuditEntry:
    return AuditEntry._base_manager.filter(team=team).latest("number")


def test_new_team_has_an_address_a_zone_and_its_admin(charlie: User) -> None:
    team = teams.create("Müller & Söhne", "Europe/Vienna", admin=charlie, by=audit.operator())

    assert (team.name, team.slug, team.time_zone) == ("Müller & Söhne", "muller-sohne", "Europe/Vienna")
    assert membership_of(charlie, team).role == Role.ADMIN


@pytest.mark.parametrize(
    ("name", "zone", "sentence"),
    [
        ("Acme", "UTC", "There is a team at /t/acme/ already. Choose another name."),
        ("Other", "Mars/Base", "“Mars/Base” is not a time zone. Use a name such as Europe/Berlin."),
    ],
)
def test_invalid_team_is_not_created(acme: Team, charlie: User, name: str, zone: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        teams.create(name, zone, admin=charlie, by=audit.operator())

    assert refused.value.messages == [sentence]
    assert Team.objects.count() == 2


def test_renamed_team_keeps_its_address(acme: Team, alice: User) -> None:
    teams.change(acme, name="Acme Ltd", time_zone="Europe/London", by=alice)

    acme.refresh_from_db()
    assert (acme.name, acme.slug, acme.time_zone) == ("Acme Ltd", "acme", "Europe/London")
    assert last_entry(acme).data == {
        "name": {"before": "Acme", "after": "Acme Ltd"},
        "time_zone": {"before": "Europe/Berlin", "after": "Europe/London"},
    }


def test_unchanged_settings_are_not_logged(acme: Team, alice: User) -> None:
    teams.change(acme, name="Acme", time_zone="Europe/Berlin", by=alice)

    assert AuditEntry._base_manager.filter(team=acme).count() == 0


def test_added_person_is_in_the_team_and_in_its_log(acme: Team, alice: User, charlie: User) -> None:
    teams.add(acme, charlie, Role.VIEWER, by=alice)

    assert membership_of(charlie, acme).role == Role.VIEWER
    entry = last_entry(acme)
    assert (entry.action, entry.target_name, entry.data) == (
        Action.MEMBER_ADDED,
        "Charlie",
        {"email": "charlie@umbrella.example", "role": "viewer"},
    )


def test_member_cannot_be_added_twice(acme: Team, alice: User, bob: User) -> None:
    with pytest.raises(teams.AlreadyMember):
        teams.add(acme, bob, Role.ADMIN, by=alice)

    assert membership_of(bob, acme).role == Role.VIEWER


def test_changed_role_is_logged_with_before_and_after(acme: Team, alice: User, bob: User) -> None:
    teams.change_role(membership_of(bob, acme), Role.EDITOR, by=alice)

    assert membership_of(bob, acme).role == Role.EDITOR
    entry = last_entry(acme)
    assert (entry.action, entry.target_name) == (Action.MEMBER_CHANGED, "Bob")
    assert entry.data == {"role": {"before": "viewer", "after": "editor"}}


def test_removed_member_has_no_access(acme: Team, alice: User, bob: User) -> None:
    teams.remove(membership_of(bob, acme), by=alice)

    assert not Membership.objects.filter(user=bob).exists()
    assert (last_entry(acme).action, last_entry(acme).target_name) == (Action.MEMBER_REMOVED, "Bob")


def test_last_admin_keeps_the_role(acme: Team, alice: User, bob: User) -> None:
    with pytest.raises(teams.CannotChange) as refused:
        teams.change_role(membership_of(alice, acme), Role.EDITOR, by=alice)

    assert str(refused.value) == LAST
    assert membership_of(alice, acme).role == Role.ADMIN


def test_last_admin_cannot_leave(acme: Team, alice: User, bob: User) -> None:
    with pytest.raises(teams.CannotChange) as refused:
        teams.remove(membership_of(alice, acme), by=alice)

    assert str(refused.value) == LAST
    assert membership_of(alice, acme).role == Role.ADMIN


def test_admin_whose_account_is_closed_does_not_count(acme: Team, alice: User) -> None:
    gone = make_member(acme, "Dora", Role.ADMIN)
    gone.is_active = False
    gone.save(update_fields=["is_active"])

    with pytest.raises(teams.CannotChange):
        teams.remove(membership_of(alice, acme), by=alice)


def test_one_of_two_admins_may_leave(acme: Team, alice: User) -> None:
    dora = make_member(acme, "Dora", Role.ADMIN)

    teams.remove(membership_of(alice, acme), by=alice)

    assert [m.user for m in acme.memberships.all()] == [dora]


def test_member_removed_meanwhile_cannot_be_changed(acme: Team, alice: User, bob: User) -> None:
    membership = membership_of(bob, acme)
    teams.remove(membership_of(bob, acme), by=alice)

    with pytest.raises(teams.CannotChange) as refused:
        teams.change_role(membership, Role.ADMIN, by=alice)
    assert str(refused.value) == "Somebody else has just removed this person from the team."


@pytest.mark.django_db(transaction=True)
def test_two_admins_cannot_leave_at_once(acme: Team, alice: User) -> None:
    dora = make_member(acme, "Dora", Role.ADMIN)
    together = threading.Barrier(2)
    outcomes = []

    def leave(user: User) -> None:
        membership = membership_of(user, acme)
        together.wait()
        try:
            teams.remove(membership, by=user)
            outcomes.append("left")
        except teams.CannotChange:
            outcomes.append("stayed")
        finally:
            connection.close()

    threads = [threading.Thread(target=leave, args=[user]) for user in (alice, dora)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["left", "stayed"]
    assert acme.memberships.count() == 1
