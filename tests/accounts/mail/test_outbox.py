"""Sending stored mails over a real SMTP server: each is sent at most once, whatever happens."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import connection
from django_scopes import scope, scopes_disabled

from accounts import clock
from accounts.mail import notifications, outbox
from accounts.mail.smtp import MailConnection
from accounts.models import MailStatus, Notice, Team, User
from tests.servers import free_port
from tests.smtp import mail_server, rude_server
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def a_round(acme: Team, settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "Expensify Portal <portal@portal.example>"


def tell(team: Team, *people: User, key: str = "news", subject: str = "Something happened") -> None:
    with scope(team=team):
        notifications.tell(
            team, key, people, subject=subject, text="A credential was refused.\n\nLook at it.", path="/t/acme/"
        )


def send_due(seconds: float = PATIENCE) -> int:
    return outbox.send_due([notifications.MAILS], seconds=seconds)


def rows(**fields: Any) -> list[Notice]:
    with scopes_disabled():
        return list(Notice.objects.filter(**fields).order_by("pk"))


def make_due(*, in_an_hour: bool = False) -> None:
    retry_at = clock.now() + timedelta(hours=1) if in_an_hour else None
    with scopes_disabled():
        Notice.objects.filter(status=MailStatus.QUEUED).update(retry_at=retry_at)


def test_a_notice_is_mailed_once(acme: Team, alice: User) -> None:
    tell(acme, alice)

    with mail_server() as box:
        assert (send_due(), send_due()) == (1, 0)

    (notice,), (caught,) = rows(), box.mails
    assert (notice.status, notice.attempts, notice.error) == (MailStatus.SENT, 1, "")
    assert notice.sent_at is not None
    assert (caught.to, caught.sender) == ("alice@acme.example", "portal@portal.example")
    headers = {name: caught.message[name] for name in ("Subject", "To", "Message-ID", "Auto-Submitted")}
    assert headers == {
        "Subject": "Acme: Something happened",
        "To": "alice@acme.example",
        "Message-ID": notice.message_id,
        "Auto-Submitted": "auto-generated",
    }
    assert notice.message_id.startswith(f"<notice-{notice.pk}-")
    assert notice.message_id.endswith("@portal.example>")


def test_a_notice_says_what_happened_and_where_to_look(acme: Team, alice: User, settings: Any) -> None:
    settings.SITE_URL = "https://portal.example"
    acme.name = "Acme & Söhne"
    acme.save()
    tell(acme, alice)

    with mail_server() as box:
        send_due()

    text, html = (part.get_content() for part in box.mails[0].message.iter_parts())
    assert text.splitlines()[:5] == [
        "A credential was refused.",
        "",
        "Look at it.",
        "",
        "https://portal.example/t/acme/",
    ]
    assert "<p>A credential was refused.</p>" in html
    assert 'href="https://portal.example/t/acme/"' in html
    assert "Acme &amp; Söhne" in html


def test_name_with_a_line_break_adds_no_header(acme: Team, alice: User) -> None:
    tell(acme, alice, subject="“Report\r\nBcc: eve@evil.example” failed")

    with mail_server() as box:
        send_due()

    (caught,) = box.mails
    assert (caught.to, caught.message["Bcc"]) == ("alice@acme.example", None)
    assert caught.message["Subject"] == "Acme: “Report Bcc: eve@evil.example” failed"


def test_closed_account_gets_no_mail(acme: Team, alice: User) -> None:
    tell(acme, alice)
    alice.is_active = False
    alice.save()

    with mail_server() as box:
        send_due()

    assert ([row.status for row in rows()], box.mails) == ([MailStatus.WITHDRAWN], [])


def test_a_refused_address_does_not_stop_the_others(acme: Team, alice: User, bob: User, erin: User) -> None:
    tell(acme, alice, bob, erin)

    with mail_server() as box:
        box.recipients["bob@acme.example"] = "550 No such user"
        send_due()

    assert {row.address: (row.status, row.error) for row in rows()} == {
        "alice@acme.example": (MailStatus.SENT, ""),
        "bob@acme.example": (
            MailStatus.REFUSED,
            "The mail server refused the recipient: “550 No such user”. Nothing was sent to this address.",
        ),
        "erin@acme.example": (MailStatus.SENT, ""),
    }


def test_a_mail_that_cannot_be_composed_does_not_stop_the_others(acme: Team, alice: User, bob: User) -> None:
    tell(acme, alice, bob)

    def compose(notice: Notice) -> Any:
        if notice.address.startswith("alice"):
            raise RuntimeError("a bug")
        return notifications.compose_notification(notice)

    with mail_server() as box:
        outbox.send_due([notifications.MAILS._replace(compose=compose)], seconds=PATIENCE)

    assert [mail.to for mail in box.mails] == ["bob@acme.example"]
    (waiting,) = rows(address=alice.email)
    assert (waiting.status, waiting.attempts) == (MailStatus.QUEUED, 1)
    assert waiting.error.startswith("The mail could not be made;")


# ------------------------------------------------------------ surely not sent


def test_unsent_mail_is_retried_with_growing_waits(acme: Team, alice: User, settings: Any) -> None:
    settings.MAIL_RETRY_SECONDS = 60
    tell(acme, alice)

    with mail_server() as box:
        box.data_answer = "451 Later"
        for wait in (timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 16, 32, 60, 60)):
            assert send_due() == 1
            (row,) = rows(status=MailStatus.QUEUED)
            assert row.claimed_at is not None
            assert row.retry_at is not None
            assert row.claimed_at + wait <= row.retry_at <= clock.now() + wait
            make_due(in_an_hour=True)
            assert send_due() == 0
            make_due()
        box.data_answer = ""
        send_due()

    assert [(row.status, row.attempts, row.error) for row in rows()] == [(MailStatus.SENT, 9, "")]
    assert len(box.mails) == 1


def test_mail_fails_after_the_last_attempt(acme: Team, alice: User, settings: Any) -> None:
    settings.MAIL_ATTEMPTS, settings.MAIL_RETRY_SECONDS = 2, 0
    tell(acme, alice)

    with mail_server() as box:
        box.data_answer = "451 Later"
        send_due(), send_due(), send_due()

    assert [(row.status, row.attempts, row.error) for row in rows()] == [
        (
            MailStatus.FAILED,
            2,
            "The mail server does not take the mail now: “451 Later”. "
            "Nothing was sent, and the portal has given up after attempt 2.",
        )
    ]


def test_server_that_comes_back_gets_each_mail_once(acme: Team, alice: User, bob: User, settings: Any) -> None:
    port = free_port()
    settings.EMAIL_FILE_PATH, settings.EMAIL_HOST, settings.EMAIL_PORT = None, "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    tell(acme, alice, bob)

    assert send_due() == 2
    assert {row.error for row in rows(status=MailStatus.QUEUED)} == {
        "The mail server 127.0.0.1 could not be reached (Connection refused). Nothing was sent; the portal tries again."
    }
    make_due()
    with mail_server(port=port) as box:
        send_due(), send_due()

    assert sorted(mail.to for mail in box.mails) == ["alice@acme.example", "bob@acme.example"]
    assert {row.status for row in rows()} == {MailStatus.SENT}


def test_wrong_password_is_tried_once_a_round_and_loses_no_mail(
    acme: Team, alice: User, bob: User, settings: Any
) -> None:
    tell(acme, alice, bob)

    with mail_server(password="right") as box:
        settings.EMAIL_HOST_PASSWORD = "wrong"
        send_due()
        assert {(row.status, row.attempts) for row in rows()} == {(MailStatus.QUEUED, 1)}
        assert box.connections == 1
        settings.EMAIL_HOST_PASSWORD = "right"
        make_due()
        send_due()

    assert len(box.mails) == 2


def test_mail_cut_off_before_its_end_is_sent_again(acme: Team, alice: User) -> None:
    tell(acme, alice)
    with scope(team=acme):
        Notice.objects.update(text="A long story.\n" * 200_000)
    with rude_server(lines=3):
        send_due()
    assert [row.status for row in rows()] == [MailStatus.QUEUED]
    make_due()

    with mail_server() as box:
        send_due()

    assert len(box.mails) == 1


# ------------------------------------------------------------ unclear


def test_a_mail_without_an_answer_is_unconfirmed_and_never_sent_again_by_itself(acme: Team, alice: User) -> None:
    tell(acme, alice)

    with mail_server() as box:
        box.hang_up_after_data = True
        send_due()
        box.hang_up_after_data = False
        make_due()
        assert send_due() == 0

    (row,) = rows()
    assert (row.status, len(box.mails)) == (MailStatus.UNCONFIRMED, 1)
    assert row.error.endswith("It may have arrived: ask the recipient before it is sent again.")


def test_a_mail_of_a_dead_worker_is_unconfirmed(acme: Team, alice: User, settings: Any) -> None:
    settings.MAIL_STUCK_SECONDS = PATIENCE
    tell(acme, alice)
    with scope(team=acme):
        (row,) = rows()
        assert outbox.claim(row)
        with mail_server() as box:
            assert send_due() == 0
            assert rows()[0].status == MailStatus.SENDING
            Notice.objects.update(claimed_at=clock.now() - timedelta(seconds=PATIENCE + 1))
            assert send_due() == 0

    (row,) = rows()
    assert (row.status, row.error, box.mails) == (MailStatus.UNCONFIRMED, outbox.LOST, [])


def test_frozen_worker_that_wakes_marks_its_mail_as_sent(acme: Team, alice: User) -> None:
    tell(acme, alice)
    with scope(team=acme):
        (row,) = rows()
        assert outbox.claim(row)
        Notice.objects.update(status=MailStatus.UNCONFIRMED)

        assert outbox.settle(row, MailStatus.SENT, "", notifications.MAILS.ended)
        assert not outbox.settle(row, MailStatus.REFUSED, "", notifications.MAILS.ended)

    assert rows()[0].status == MailStatus.SENT


def test_worker_with_an_old_claim_changes_nothing(acme: Team, alice: User) -> None:
    tell(acme, alice)
    with scope(team=acme):
        (slept,) = rows()
        assert outbox.claim(slept)
        Notice.objects.update(status=MailStatus.QUEUED)
        (awake,) = rows()
        assert outbox.claim(awake)

        assert not outbox.settle(slept, MailStatus.SENT, "", notifications.MAILS.ended)

    assert (rows()[0].status, rows()[0].attempts) == (MailStatus.SENDING, 2)


# ------------------------------------------------------------ concurrency and limits


def at_once(workers: int, work: Callable[[], Any]) -> list[Any]:
    answers: list[Any] = []

    def run() -> None:
        answers.append(work())
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_one_of_many_workers_gets_the_claim(acme: Team, alice: User) -> None:
    tell(acme, alice)
    (row,) = rows()

    def claim() -> bool:
        with scope(team=acme):
            return outbox.claim(Notice.objects.get(pk=row.pk))

    assert sorted(at_once(6, claim)) == [False] * 5 + [True]


def test_many_workers_send_each_of_200_mails_once(acme: Team, alice: User) -> None:
    with scope(team=acme):
        Notice.objects.bulk_create(
            Notice(team=acme, key="all", address=f"n{number}@acme.example", subject="All", text="All.")
            for number in range(200)
        )

    with mail_server() as box:
        taken = at_once(3, lambda: send_due(seconds=3600))

    assert sorted(mail.to for mail in box.mails) == sorted(f"n{number}@acme.example" for number in range(200))
    assert sum(taken) == 200
    assert {row.status for row in rows()} == {MailStatus.SENT}


class Turns(redis.Redis):
    """A Redis client that records the milliseconds of each turn to send."""

    given: list[int]

    def set(self, *args: Any, **options: Any) -> Any:
        won = super().set(*args, **options)
        if won:
            self.given.append(options["px"])
        return won


@pytest.fixture
def turns(redis_client: redis.Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Turns]:
    client = Turns.from_url(redis_url)
    client.given = []
    monkeypatch.setattr(outbox, "_redis", lambda: client)
    yield client
    client.close()


def make_many(team: Team, count: int) -> None:
    with scope(team=team):
        Notice.objects.bulk_create(
            Notice(team=team, key="all", address=f"n{number}@acme.example", subject="All", text="All.")
            for number in range(count)
        )


def test_workers_share_the_limit_per_minute(acme: Team, settings: Any, turns: Turns) -> None:
    settings.EMAIL_PER_MINUTE = 0.1
    make_many(acme, 5)

    sent = []
    with mail_server() as box:
        for _ in range(3):
            at_once(3, send_due)
            sent.append(len(box.mails))
            # Ten minutes pass.
            turns.delete(outbox.PACE)

    assert sent == [1, 2, 3]
    assert turns.given == [600_000] * 3
    assert len(rows(status=MailStatus.QUEUED)) == 2


def test_each_mail_waits_for_its_own_turn(acme: Team, settings: Any, turns: Turns) -> None:
    settings.EMAIL_PER_MINUTE = 6000
    make_many(acme, 50)

    with mail_server() as box:
        at_once(3, send_due)

    assert sorted(mail.to for mail in box.mails) == sorted(f"n{number}@acme.example" for number in range(50))
    # A worker may get a turn after another one has sent the last mail.
    assert set(turns.given) == {10}
    assert len(turns.given) >= 50


def test_mails_with_a_limit_wait_while_redis_is_down(acme: Team, alice: User, settings: Any) -> None:
    settings.EMAIL_PER_MINUTE, settings.REDIS_URL = 600, f"redis://127.0.0.1:{free_port()}/0"
    tell(acme, alice)
    outbox._redis.cache_clear()

    with mail_server() as box:
        send_due()
        assert [(row.status, row.attempts) for row in rows()] == [(MailStatus.QUEUED, 0)]
        settings.EMAIL_PER_MINUTE = 0
        send_due()

    outbox._redis.cache_clear()
    assert len(box.mails) == 1


def test_round_starts_no_mail_after_its_time(acme: Team, alice: User, bob: User) -> None:
    tell(acme, alice, bob)

    with mail_server() as box:
        assert send_due(seconds=0) == 0

    assert box.mails == []


def test_without_a_claim_nothing_is_sent(acme: Team, alice: User) -> None:
    tell(acme, alice)
    (row,) = rows()

    with mail_server() as box, scope(team=acme), MailConnection() as connection:
        assert outbox.claim(Notice.objects.get(pk=row.pk))
        assert not outbox.send(row, notifications.MAILS, connection)

    assert box.mails == []
