"""Text beyond ASCII reaches any mail server."""

import pytest
from django_scopes import scope

from accounts.mail import outbox
from accounts.models import MailStatus, Team, User
from exports.deliveries import lifecycle as deliveries
from exports.models import Delivery, SavedExport
from tests.factories import make_delivery_of_file, make_recipient, make_schedule
from tests.smtp import mail_server
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


def test_short_line_with_an_umlaut_is_sent_in_seven_bits(acme: Team, export: SavedExport, alice: User) -> None:
    Team.objects.filter(pk=acme.pk).update(recipient_domains="acme.example")
    with scope(team=acme), mail_server() as mailbox:
        schedule = make_schedule(export, alice, "Café")
        delivery = make_delivery_of_file(make_recipient(schedule, "head@acme.example"))
        Delivery.objects.filter(pk=delivery.pk).update(status=MailStatus.QUEUED)

        outbox.send_due([deliveries.MAILS], seconds=PATIENCE)

        delivery.refresh_from_db()
        assert (delivery.status, delivery.error) == ("sent", "")
        (mail,) = mailbox.mails
        assert mail.content.isascii()
        assert "Hofbräu" in mail.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
