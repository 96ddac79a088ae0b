"""Deliveries over a real SMTP server: checked before sending, and sent again only on request."""

import hashlib

import pytest
from django.utils import timezone

from accounts.audit.record import Action
from accounts.mail import outbox
from accounts.models import AuditEntry, MailStatus, Membership, Notice, User
from exports.deliveries import lifecycle as deliveries
from exports.models import Delivery, Occurrence, Recipient, Result, Schedule
from tests.exports.deliveries.mails import actions, delivery, ends
from tests.factories import make_part
from tests.smtp import mail_server
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


MAILS = deliveries.MAILS


def part(occurrence: Occurrence, value: str) -> Result:
    assert occurrence.run is not None
    return make_part(occurrence.run.result, value)


def send_due() -> None:
    outbox.send_due([MAILS], seconds=PATIENCE)


def test_a_delivery_is_sent_and_noted(occurrence: Occurrence) -> None:
    row = delivery(occurrence)

    with mail_server() as box:
        send_due()

    (caught,) = box.mails
    assert ends(row) == (MailStatus.SENT, "")
    assert (row.way, row.size) == ("attached", len(caught.content))
    assert [each.get_filename() for each in caught.message.iter_attachments()] == ["all.csv"]
    entry = AuditEntry.objects.get(target_type="delivery")
    assert (entry.action, entry.actor_name) == (Action.MAIL_SENT, "The portal")
    assert entry.data == {
        "address": "paula@partner.example",
        "run": occurrence.run_id,
        "message_id": row.message_id,
        "file": "all.csv",
        "sha256": hashlib.sha256(b"a,b\n").hexdigest(),
        "way": "attached",
    }


# ------------------------------------------------------------ not to be sent after all


def test_a_held_mail_is_not_sent(occurrence: Occurrence) -> None:
    row = delivery(occurrence, status=MailStatus.HELD)

    with mail_server() as box:
        send_due()

    assert (ends(row), box.mails) == ((MailStatus.HELD, ""), [])


def test_recipient_who_unsubscribed_meanwhile_gets_nothing(occurrence: Occurrence) -> None:
    row = delivery(occurrence)
    Recipient.objects.update(state=Recipient.State.UNSUBSCRIBED)

    with mail_server() as box:
        send_due()

    assert ends(row) == (MailStatus.UNSUBSCRIBED, "paula@partner.example has unsubscribed from this schedule.")
    assert (box.mails, actions(row)) == ([], [Action.MAIL_WITHHELD])


@pytest.mark.parametrize("state", ["unconfirmed", "dropped", "removed"])
def test_recipient_who_was_dropped_meanwhile_gets_nothing(occurrence: Occurrence, state: str) -> None:
    row = delivery(occurrence)
    Recipient.objects.update(state=state, because="Their record has ended.")

    with mail_server() as box:
        send_due()

    assert (ends(row), box.mails) == ((MailStatus.WITHDRAWN, "Their record has ended."), [])


@pytest.mark.parametrize(
    "address",
    ["eve@evil.example", "eve@sub.partner.example", "eve@notpartner.example", "eve@partner.example.evil.example"],
)
def test_nothing_is_sent_to_a_forbidden_domain(occurrence: Occurrence, address: str) -> None:
    row = delivery(occurrence, address)

    with mail_server() as box:
        send_due()

    assert ends(row) == (
        MailStatus.WITHDRAWN,
        f"{address} is no member of Acme, and the team does not allow mail to {address.partition('@')[2]}. "
        "An Admin can allow that domain in the team's settings.",
    )
    assert box.mails == []


def test_a_member_is_reached_whatever_their_domain_and_only_as_long_as_they_are_one(
    occurrence: Occurrence, bob: User
) -> None:
    with mail_server() as box:
        delivery(occurrence, bob.email)
        send_due()
        Membership.objects.filter(user=bob).delete()
        late = delivery(occurrence, bob.email, again=1)
        send_due()

    assert [each.to for each in box.mails] == [bob.email]
    assert ends(late)[0] == MailStatus.WITHDRAWN


def test_a_purged_file_is_not_sent(occurrence: Occurrence) -> None:
    row = delivery(occurrence)
    Result.objects.update(purged_at=timezone.now())

    with mail_server() as box:
        send_due()

    assert (ends(row), box.mails) == ((MailStatus.WITHDRAWN, "The file is no longer kept."), [])


def test_a_part_goes_to_nobody_but_its_own_address(occurrence: Occurrence) -> None:
    for_paula = part(occurrence, "Paula@partner.example")
    right = delivery(occurrence, result=for_paula)
    wrong = delivery(occurrence, "otto@partner.example", result=for_paula)

    with mail_server() as box:
        send_due()

    assert [each.to for each in box.mails] == ["paula@partner.example"]
    assert ends(right) == (MailStatus.SENT, "")
    assert ends(wrong) == (
        MailStatus.WITHDRAWN,
        "This part of the file is for Paula@partner.example, not for otto@partner.example.",
    )


@pytest.mark.usefixtures("alice")
def test_a_part_without_an_address_goes_to_the_fallback_only(occurrence: Occurrence) -> None:
    rest = part(occurrence, "")
    delivery(occurrence, "alice@acme.example", result=rest)
    delivery(occurrence, "otto@partner.example", result=rest)

    with mail_server() as box:
        send_due()

    assert [each.to for each in box.mails] == ["alice@acme.example"]


# ------------------------------------------------------------ trouble


def test_the_owner_is_told_once_of_all_the_mails_that_did_not_arrive(occurrence: Occurrence, alice: User) -> None:
    bad = [delivery(occurrence, f"n{number}@partner.example") for number in range(3)]
    good = delivery(occurrence)

    with mail_server() as box:
        box.recipients |= {row.address: "550 No such user" for row in bad}
        send_due()

    assert ends(good) == (MailStatus.SENT, "")
    assert {ends(row)[0] for row in bad} == {MailStatus.REFUSED}
    assert {tuple(actions(row)) for row in bad} == {(Action.MAIL_REFUSED,)}
    (notice,) = Notice.objects.all()
    assert (notice.user, notice.subject) == (alice, "A mail of “Month end” was not delivered")
    assert "“550 No such user”" in notice.text


def test_when_the_owner_has_left_the_admins_are_told(occurrence: Occurrence, alice: User, bob: User) -> None:
    Schedule.objects.update(owner=bob)
    Membership.objects.filter(user=bob).delete()
    delivery(occurrence)

    with mail_server() as box:
        box.data_answer = "554 No"
        send_due()

    assert [notice.user for notice in Notice.objects.all()] == [alice]


def test_unconfirmed_mail_is_shown_notified_and_not_retried(occurrence: Occurrence) -> None:
    row = delivery(occurrence)

    with mail_server() as box:
        box.hang_up_after_data = True
        send_due()
        box.hang_up_after_data = False
        send_due()

    assert ends(row)[0] == MailStatus.UNCONFIRMED
    assert (len(box.mails), actions(row)) == (1, [Action.MAIL_UNCONFIRMED])
    assert "It may have arrived" in Notice.objects.get().text


# ------------------------------------------------------------ what people do


def test_send_again_is_one_mail_to_one_recipient(occurrence: Occurrence, alice: User) -> None:
    first, other = delivery(occurrence), delivery(occurrence, "otto@partner.example")
    with mail_server() as box:
        send_due()
        box.mails.clear()
        second = deliveries.send_again(first, by=alice)
        send_due()

    assert [each.to for each in box.mails] == ["paula@partner.example"]
    assert (second.again, ends(second)[0], ends(other)[0]) == (1, MailStatus.SENT, MailStatus.SENT)
    assert first.message_id != second.message_id
    assert actions(second) == [Action.MAIL_AGAIN, Action.MAIL_SENT]


def test_a_second_click_sends_no_second_mail(occurrence: Occurrence, alice: User) -> None:
    first = delivery(occurrence, status=MailStatus.UNCONFIRMED)
    deliveries.send_again(first, by=alice)

    with pytest.raises(deliveries.CannotSend, match="is on its way already"):
        deliveries.send_again(first, by=alice)

    assert Delivery.objects.count() == 2


def test_forbidden_recipient_is_not_sent_it_again(occurrence: Occurrence, alice: User) -> None:
    first = delivery(occurrence, status=MailStatus.SENT)
    Recipient.objects.update(state=Recipient.State.UNSUBSCRIBED)

    with pytest.raises(deliveries.CannotSend, match="has unsubscribed"):
        deliveries.send_again(first, by=alice)

    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("status", [MailStatus.HELD, MailStatus.QUEUED])
def test_a_waiting_mail_can_be_withdrawn(occurrence: Occurrence, alice: User, status: str) -> None:
    row = delivery(occurrence, status=status)

    with mail_server() as box:
        assert deliveries.withdraw(row, by=alice)
        send_due()

    assert (ends(row), box.mails) == ((MailStatus.WITHDRAWN, f"Withdrawn by {alice}."), [])
    assert actions(row) == [Action.MAIL_WITHDRAWN]


@pytest.mark.parametrize("status", [MailStatus.SENDING, MailStatus.SENT, MailStatus.REFUSED])
def test_sent_mail_cannot_be_withdrawn(occurrence: Occurrence, alice: User, status: str) -> None:
    row = delivery(occurrence, status=status)

    assert not deliveries.withdraw(row, by=alice)
    assert (ends(row)[0], actions(row)) == (status, [])
