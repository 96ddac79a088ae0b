"""Mailers killed by SIGKILL around a mail: real Celery, real beat, a real SMTP server. Never is a mail sent twice."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django_scopes import scope, scopes_disabled

from accounts.mail import notifications
from accounts.models import MAIL_FINAL, MailStatus, Notice, Team, User
from tests.engine.crashing import OF_MAILS
from tests.engine.trap import Trap
from tests.smtp import Mailbox, mail_server
from tests.waiting import wait_until
from tests.workers import Processes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PROCESSES = 2
# Whether the mail was sent, and what the portal knows of it.
ENDS = {
    ("before", "mail's claim"): (1, MailStatus.SENT),
    ("after", "mail's claim"): (0, MailStatus.UNCONFIRMED),
    ("before", "mail's way"): (0, MailStatus.UNCONFIRMED),
    ("after", "mail's way"): (1, MailStatus.UNCONFIRMED),
    ("before", "mail's settling"): (1, MailStatus.UNCONFIRMED),
    ("after", "mail's settling"): (1, MailStatus.SENT),
}


@pytest.fixture(scope="module")
def box() -> Iterator[Mailbox]:
    with mail_server() as mailbox:
        yield mailbox


@pytest.fixture(scope="module")
def processes(
    box: Mailbox, django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Processes]:
    folder = tmp_path_factory.mktemp("processes")
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        processes = Processes(
            folder,
            EMAIL_URL=f"smtp://127.0.0.1:{settings.EMAIL_PORT}",
            SWEEP_SECONDS="0.3",
            CRASH_FILE=str(folder / "crash"),
        )
        processes.worker(processes=PROCESSES, module="tests.engine.crashing")
        processes.beat()
    yield processes
    processes.stop()


@pytest.mark.parametrize("name", OF_MAILS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_mail_is_sent_at_most_once_when_its_mailer_dies(
    processes: Processes, box: Mailbox, acme: Team, alice: User, when: str, name: str
) -> None:
    trap = Trap(processes)
    trap.set(f"{when} {name}")
    box.mails.clear()
    with scope(team=acme):
        notifications.tell(acme, "news", [alice], subject="News", text="Something happened.")

        trap.catch()
        notice = wait_until(lambda: Notice.objects.filter(status__in=sorted(MAIL_FINAL)).first(), log=processes.logs)
        # Each process has a chance to send it again: rounds that begin from now on find it as it is.
        rounds = trap.rounds()
        wait_until(lambda: trap.rounds() >= rounds + 2 * PROCESSES)

    notice.refresh_from_db()
    assert (len(box.mails), notice.status) == ENDS[when, name], processes.logs()[-2000:]
    with scopes_disabled():
        assert Notice.objects.count() == 1
