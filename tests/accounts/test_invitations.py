"""Invitations: sending, accepting and revoking."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts import invitations, teams
from accounts.audit.record import Action
from accounts.mail import outbox
from accounts.models import AuditEntry, Invitation, MailStatus, Membership, Team, User
from accounts.permissions import Role
from tests.accounts.invitation_mail import accept, link_in
from tests.accounts.sign_in.factors import sign_in, signed_in_by_form
from tests.factories import PASSWORD, make_member
from tests.smtp import PATIENCE, mail_server

NEW = "nina@example.org"


def invite(team: Team, by: User, address: str = NEW, role: str = Role.EDITOR) -> Invitation:
    return invitations.invite(team, address, role, by=by)


def roles(team: Team) -> dict[str, str]:
    return dict(team.memberships.values_list("user__email", "role"))


def actions(team: Team) -> list[tuple[str, str]]:
    return [(entry.action, entry.actor_name) for entry in AuditEntry._base_manager.filter(team=team).order_by("number")]


def now_is(invitation: Invitation) -> Invitation:
    with scopes_disabled():
        return Invitation.objects.get(pk=invitation.pk)


# ------------------------------------------------------------ inviting


def test_admin_invites_on_the_page(acme: Team, alice: User) -> None:
    response = signed_in_by_form(alice).post(
        "/t/acme/team/invitations/new/", {"address": "Nina@Example.org", "role": "editor"}, follow=True
    )

    with scope(team=acme):
        invitation = acme.invitations.get()
    assert (invitation.address, invitation.role, invitation.status, invitation.token_hash) == (
        NEW,
        "editor",
        "queued",
        "",
    )
    assert f"The invitation to {NEW} is on its way." in response.content.decode()
    assert (Action.MEMBER_INVITED, "Alice") in actions(acme)


@pytest.mark.parametrize("address", ["bob@acme.example", "BOB@acme.example"])
def test_member_cannot_be_invited(acme: Team, alice: User, bob: User, address: str) -> None:
    with pytest.raises(teams.AlreadyMember):
        invite(acme, alice, address)


def test_address_is_invited_once_at_a_time(acme: Team, alice: User) -> None:
    invite(acme, alice)

    with pytest.raises(invitations.AlreadyInvited):
        invite(acme, alice, NEW.upper())
    with scope(team=acme), pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(team=acme, address=NEW, role="viewer", expires_at=timezone.now())


def test_expired_invitation_is_replaced(acme: Team, alice: User) -> None:
    first = invite(acme, alice)
    with scope(team=acme):
        Invitation.objects.update(expires_at=timezone.now() - timedelta(hours=1))

    second = invite(acme, alice, role=Role.VIEWER)

    assert (now_is(first).revoked_at is None, now_is(second).is_open(timezone.now())) == (False, True)


def test_other_team_invites_the_same_address(acme: Team, umbrella: Team, alice: User, charlie: User) -> None:
    invite(acme, alice)

    assert invite(umbrella, charlie).team == umbrella


# ------------------------------------------------------------ the mail


def test_mail_names_inviter_team_and_role(acme: Team, alice: User) -> None:
    message = invitations.compose_invitation(invite(acme, alice))

    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert message["Subject"] == "Alice invites you to Acme in the Expensify portal"
    for body in (plain, html):
        assert body is not None
        assert "Editor" in body.get_content()
        assert "http://localhost:8000/invitation/" in body.get_content()


@pytest.mark.django_db(transaction=True)
def test_mail_is_sent_once_and_its_link_works(acme: Team, alice: User, redis_client: Any) -> None:
    invitation = invite(acme, alice)
    with mail_server() as box:
        for _ in range(2):
            outbox.send_due([invitations.MAILS], seconds=PATIENCE)
        (sent,) = box.mails

    path = re.search(r"(/invitation/\S+)", sent.message.get_body(("plain",)).get_content())
    assert path is not None
    assert (now_is(invitation).status, accept(path[1]).status_code) == (MailStatus.SENT, 302)


def test_mail_of_a_revoked_invitation_is_not_composed(acme: Team, alice: User) -> None:
    invitation = invite(acme, alice)
    invitations.revoke(invitation, by=alice)

    with pytest.raises(outbox.Withheld):
        invitations.compose_invitation(invitation)


def test_only_the_hash_of_the_token_is_kept(acme: Team, alice: User) -> None:
    invitation = invite(acme, alice)
    token = link_in(invitation).split("/")[2]

    kept = now_is(invitation)
    assert len(kept.token_hash) == 64
    assert token not in repr(vars(kept))


def test_name_with_a_line_break_cannot_add_a_header(acme: Team, alice: User) -> None:
    alice.first_name = "Alice\nBcc: evil@example.org"
    invitation = invite(acme, alice)

    message = invitations.compose_invitation(invitation)

    assert (message["Bcc"], "\n" in message["Subject"]) == (None, False)


def test_composing_again_replaces_the_link(acme: Team, alice: User) -> None:
    invitation = invite(acme, alice)
    first, second = link_in(invitation), link_in(invitation)

    assert [Client().get(path).status_code for path in (first, second)] == [404, 200]


# ------------------------------------------------------------ accepting


def test_new_person_chooses_a_password_and_joins(acme: Team, alice: User) -> None:
    path = link_in(invite(acme, alice))
    client = Client()

    response = accept(path, client)

    assert (response.headers["Location"], client.get("/t/acme/").status_code) == ("/t/acme/", 200)
    assert roles(acme)[NEW] == Role.EDITOR
    assert sign_in(Client(), NEW).headers["Location"] == "/"
    assert [action for action in actions(acme) if action[1] == "Nina"] == [
        (Action.INVITATION_ACCEPTED, "Nina"),
        (Action.MEMBER_ADDED, "Nina"),
        (Action.SIGNED_IN, "Nina"),
        (Action.SIGNED_IN, "Nina"),
    ]


def test_weak_password_is_refused_and_the_invitation_stays_open(acme: Team, alice: User) -> None:
    path = link_in(invite(acme, alice))

    response = accept(path, password="short")

    assert "at least 12 characters" in response.content.decode()
    assert accept(path).status_code == 302


def test_link_works_once(acme: Team, alice: User) -> None:
    path = link_in(invite(acme, alice))
    accept(path)

    again = accept(path, name="Mallory", password="another good password")

    assert again.status_code == 404
    assert User.objects.get(email=NEW).check_password(PASSWORD) is True


def test_viewing_the_page_accepts_nothing(acme: Team, alice: User) -> None:
    path = link_in(invite(acme, alice))

    assert [Client().get(path).status_code for _ in range(2)] == [200, 200]
    assert User.objects.filter(email=NEW).count() == 0


def test_expired_link_is_closed(acme: Team, alice: User) -> None:
    path = link_in(invite(acme, alice))
    with scope(team=acme):
        Invitation.objects.update(expires_at=timezone.now())

    assert (accept(path).status_code, roles(acme).get(NEW)) == (404, None)


def test_known_person_has_to_sign_in_first(acme: Team, umbrella: Team, alice: User, charlie: User) -> None:
    path = link_in(invite(acme, alice, charlie.email))
    client = Client()

    stranger = client.post(path, {"name": "Mallory", "password": "another good password"})
    page = client.get(path).content.decode()
    sign_in(client, charlie.email)
    response = client.post(path)

    assert (stranger.status_code, "Sign in to join" in page) == (200, True)
    assert User.objects.get(pk=charlie.pk).check_password(PASSWORD) is True
    assert (response.headers["Location"], roles(acme)[charlie.email]) == ("/t/acme/", Role.EDITOR)


def test_another_person_cannot_accept(acme: Team, alice: User, bob: User) -> None:
    path = link_in(invite(acme, alice))
    client = signed_in_by_form(bob)

    page = client.post(path, {"name": "Bob", "password": PASSWORD}).content.decode()

    assert "which is another address" in page
    assert (roles(acme)[bob.email], roles(acme).get(NEW)) == (Role.VIEWER, None)


def test_person_created_by_a_command_chooses_a_password_by_the_link(acme: Team, alice: User) -> None:
    User.objects.create_user(NEW)
    path = link_in(invite(acme, alice))

    assert accept(path).status_code == 302
    assert (User.objects.get(email=NEW).check_password(PASSWORD), roles(acme)[NEW]) == (True, "editor")


def test_invitation_does_not_reopen_a_closed_account(acme: Team, alice: User, charlie: User) -> None:
    path = link_in(invite(acme, alice, charlie.email))
    User.objects.filter(pk=charlie.pk).update(is_active=False)

    assert (accept(path).status_code, roles(acme).get(charlie.email)) == (403, None)


# ------------------------------------------------------------ revoking


def test_revoking_closes_the_link_and_withdraws_the_mail(acme: Team, alice: User) -> None:
    invitation = invite(acme, alice)
    path = link_in(invitation)

    signed_in_by_form(alice).post(f"/t/acme/team/invitations/{invitation.pk}/revoke/")

    assert (accept(path).status_code, now_is(invitation).status) == (404, MailStatus.WITHDRAWN)
    assert (Action.INVITATION_REVOKED, "Alice") in actions(acme)


def test_accepted_invitation_cannot_be_revoked(acme: Team, alice: User) -> None:
    invitation = invite(acme, alice)
    accept(link_in(invitation))

    with pytest.raises(invitations.NoLongerOpen):
        invitations.revoke(invitation, by=alice)
    assert roles(acme)[NEW] == Role.EDITOR


def test_invitation_is_sent_again_with_a_new_link(acme: Team, alice: User) -> None:
    invitation = invite(acme, alice)
    old = link_in(invitation)
    with scope(team=acme):
        Invitation.objects.update(status=MailStatus.SENT, expires_at=timezone.now())

    signed_in_by_form(alice).post(f"/t/acme/team/invitations/{invitation.pk}/again/")

    kept = now_is(invitation)
    assert (kept.status, kept.attempts, kept.is_open(timezone.now())) == (MailStatus.QUEUED, 0, True)
    assert [accept(path).status_code for path in (old, link_in(kept))] == [404, 302]


def test_removing_a_member_revokes_their_invitations(acme: Team, alice: User) -> None:
    bob = make_member(acme, "Robert", Role.VIEWER)
    path = link_in(invite(acme, alice, "another@example.org"))
    User.objects.filter(pk=bob.pk).update(email="another@example.org")

    teams.remove(Membership.objects.get(user=bob), by=alice)

    assert accept(path).status_code == 404


def test_link_is_not_logged() -> None:
    from portal.logs import blank_secrets

    event = blank_secrets(
        {"request": "GET /invitation/canary-of-a-token/", "event": "Not Found: /invitation/canary-of-a-token/"}
    )

    assert event == {"request": "GET /invitation/[removed]/", "event": "Not Found: /invitation/[removed]/"}
