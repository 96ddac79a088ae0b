"""Download links: who gets a file by them, and for how long."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.audit.record import Action
from accounts.models import AuditEntry, Membership, Notice, Team, User
from accounts.permissions import Role
from exports.deliveries import download_links, recipients
from exports.models import Delivery, Link, LinkOpening, Recipient, Result, SavedExport, Schedule
from tests.clients import signed_in
from tests.factories import (
    MAILED,
    make_credential,
    make_delivery_of_file,
    make_export,
    make_member,
    make_recipient,
    make_schedule,
)

State = Recipient.State
NINA, MAX = "nina@acme.example", "max@acme.example"


@pytest.fixture
def schedule(acme_open: Team, export: SavedExport, alice: User) -> Schedule:
    acme_open.recipient_domains = "acme.example"
    acme_open.save(update_fields=["recipient_domains"])
    return make_schedule(export, alice, "Month end")


@pytest.fixture
def delivery(schedule: Schedule) -> Delivery:
    """A mail to Nina, who has no account."""
    return make_delivery_of_file(make_recipient(schedule, NINA))


@pytest.fixture
def token(delivery: Delivery) -> str:
    return download_links.make(delivery)


def page(token: str) -> str:
    return reverse("exports:link", args=[token])


def file(token: str) -> str:
    return reverse("exports:link-file", args=[token])


def ask(client: Client, token: str) -> str:
    """Have a code sent, and read it in the mail."""
    mail.outbox.clear()
    client.post(reverse("exports:link-code", args=[token]))
    (message,) = mail.outbox
    found = re.search(r"^\d{8}$", str(message.body), re.M)
    assert found, message.body
    return found[0]


def prove(client: Client, token: str) -> Any:
    return client.post(page(token), {"code": ask(client, token)})


def fetch(client: Client, token: str, **more: Any) -> Any:
    """The answer to fetching the file, read to its end."""
    response: Any = client.get(file(token), **more)
    response.read = b"".join(response.streaming_content) if response.streaming else response.content
    return response


def actions() -> list[str]:
    return list(AuditEntry._base_manager.order_by("id").values_list("action", flat=True))


def by_signing_in(schedule: Schedule) -> None:
    Team.objects.filter(pk=schedule.team_id).update(link_proof="sign_in")


# ------------------------------------------------------------ the way to the file


def test_recipient_without_an_account_gets_the_file_by_a_code(client: Client, token: str, delivery: Delivery) -> None:
    assert 'href="file/"' not in client.get(page(token)).content.decode()
    assert prove(client, token).headers["Location"] == page(token)
    assert 'href="file/"' in client.get(page(token)).content.decode()

    response = fetch(client, token, REMOTE_ADDR="192.0.2.7")

    assert response.read == MAILED
    assert response.headers["Content-Disposition"] == 'attachment; filename="month.csv"'
    link = Link.objects.get()
    assert (link.openings, link.opened_at is not None, link.code_hash) == (1, True, "")
    opening = LinkOpening.objects.get()
    assert (opening.by_name, opening.proof, opening.network_address) == (NINA, "code", "192.0.2.7")
    entry = AuditEntry._base_manager.get(action=Action.LINK_OPENED)
    assert (entry.actor_name, entry.address, entry.data["proof"]) == (NINA, "192.0.2.7", "code")
    assert entry.data["sha256"] == hashlib.sha256(MAILED).hexdigest()


def test_code_goes_to_the_address_of_the_mail_alone(client: Client, token: str) -> None:
    ask(client, token)

    (message,) = mail.outbox
    assert message.recipients() == [NINA]
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    assert token not in str(message.message())


def test_broken_download_continues(client: Client, token: str) -> None:
    prove(client, token)

    response = fetch(client, token, headers={"Range": "bytes=9-"})

    assert (response.status_code, response.read) == (206, MAILED[9:])


def test_scanner_that_follows_every_link_opens_nothing_and_mails_nothing(
    client: Client, token: str, delivery: Delivery
) -> None:
    mail.outbox.clear()
    out = download_links.unsubscribe_url(delivery.recipient).removeprefix(django_settings.SITE_URL)
    for method in (client.get, client.head):
        for path in (page(token), file(token), reverse("exports:link-code", args=[token]), out):
            assert method(path).status_code in {200, 302, 405}

    link = Link.objects.get()
    assert (link.openings, link.opened_at, link.code_sent_at, link.code_tries) == (0, None, None, 0)
    assert (mail.outbox, LinkOpening.objects.count()) == ([], 0)
    delivery.recipient.refresh_from_db()
    assert delivery.recipient.state == State.ACTIVE


def test_proof_expires_after_half_an_hour(client: Client, token: str) -> None:
    prove(client, token)
    session = client.session
    ((pk, (token_hash, at)),) = session["links"].items()
    for minutes, status in ((29, 200), (31, 302)):
        then = datetime.fromisoformat(at) - timedelta(minutes=minutes)
        session["links"] = {pk: [token_hash, then.isoformat()]}
        session.save()

        assert fetch(client, token).status_code == status


def test_proof_changes_the_session_key(client: Client, token: str) -> None:
    client.get(page(token))
    session = client.session
    session["planted"] = True
    session.save()
    assert session.session_key is not None
    client.cookies[django_settings.SESSION_COOKIE_NAME] = session.session_key

    prove(client, token)

    assert client.session.session_key != session.session_key


# ------------------------------------------------------------ only its own recipient


def test_link_of_one_recipient_does_not_open_by_the_code_or_proof_of_another(
    client: Client, token: str, schedule: Schedule
) -> None:
    other = download_links.make(make_delivery_of_file(make_recipient(schedule, MAX)))
    code = ask(client, other)
    ask(client, token)

    response = client.post(page(token), {"code": code})
    prove(client, other)

    assert "This is not the code" in response.content.decode()
    assert fetch(client, other).status_code == 200
    assert fetch(client, token).headers["Location"] == page(token)


def test_proof_is_bound_to_the_browser(client: Client, token: str) -> None:
    prove(client, token)

    assert fetch(Client(), token).headers["Location"] == page(token)


def test_signing_in_with_its_address_opens_it_and_with_another_not(
    schedule: Schedule, token: str, bob: User, client: Client
) -> None:
    by_signing_in(schedule)
    nina = User.objects.create_user(NINA.upper())

    stranger, other, owner = client, signed_in(bob), signed_in(nina)

    assert f"/account/login/?next=%2Fl%2F{token}%2F" in stranger.get(page(token)).content.decode()
    assert "you are signed in as bob@acme.example" in other.get(page(token)).content.decode()
    assert [fetch(each, token).status_code for each in (stranger, other)] == [302, 302]
    assert fetch(owner, token).read == MAILED
    assert list(LinkOpening.objects.values_list("by_name", "proof")) == [(NINA, "sign_in")]


def test_no_code_is_sent_or_accepted_where_sign_in_is_required(schedule: Schedule, token: str, client: Client) -> None:
    code = ask(client, token)
    by_signing_in(schedule)
    mail.outbox.clear()

    client.post(reverse("exports:link-code", args=[token]))
    client.post(page(token), {"code": code})

    assert mail.outbox == []
    assert fetch(client, token).status_code == 302


def test_proof_by_code_ends_when_sign_in_becomes_required(schedule: Schedule, token: str, client: Client) -> None:
    prove(client, token)
    by_signing_in(schedule)

    assert fetch(client, token).status_code == 302


def test_address_is_masked_without_a_proof(client: Client, token: str) -> None:
    shown = client.get(page(token)).content.decode()

    assert (NINA in shown, "n•••@acme.example" in shown, "month.csv" in shown) == (False, True, False)


def test_admin_of_the_team_cannot_use_the_link(token: str, alice: User) -> None:
    assert fetch(signed_in(alice), token).status_code == 302


def test_link_shows_its_own_team_alone(
    token: str, client: Client, umbrella: Team, charlie: User, schedule: Schedule
) -> None:
    with scope(team=umbrella):
        export = make_export(make_credential(umbrella), charlie)
        theirs = make_delivery_of_file(
            make_recipient(make_schedule(export, charlie, "Secret plans"), charlie.email), b"theirs"
        )
        their_token = download_links.make(theirs)

    prove(client, token)

    assert fetch(client, token).read == MAILED
    assert fetch(client, their_token).status_code == 302
    assert "Secret plans" not in client.get(page(their_token)).content.decode()


# ------------------------------------------------------------ what is no good any more


def says(response: Any) -> tuple[int, str]:
    found = re.search(r"<h1>(.*?)</h1>", response.content.decode())
    return response.status_code, found[1] if found else ""


def revoked(link: Link) -> None:
    download_links.revoke(link, by=User.objects.get(email="alice@acme.example"))


def withdrawn(link: Link) -> None:
    Delivery.objects.update(status=Delivery.Status.WITHDRAWN)


def expired(link: Link) -> None:
    Link.objects.update(expires_at=timezone.now())


def purged(link: Link) -> None:
    Result.objects.update(purged_at=timezone.now())


def dropped(link: Link) -> None:
    Recipient.objects.update(state=State.DROPPED)


def taken_out(link: Link) -> None:
    Recipient.objects.update(state=State.REMOVED)


def no_longer_member(link: Link) -> None:
    Recipient.objects.update(kind=Recipient.Kind.MEMBER)


def domain_closed(link: Link) -> None:
    Team.objects.update(recipient_domains="umbrella.example")


@pytest.mark.parametrize(
    ("end", "title"),
    [
        (revoked, "This link was taken back"),
        (withdrawn, "This link was taken back"),
        (expired, "This link is too old"),
        (purged, "The file is no longer kept"),
        (dropped, "This link is closed"),
        (taken_out, "This link is closed"),
        (no_longer_member, "This link is closed"),
        (domain_closed, "This link is closed"),
    ],
)
def test_unavailable_link_says_why_even_after_a_proof(client: Client, token: str, end: Any, title: str) -> None:
    code = ask(client, token)
    prove(client, token)
    end(Link.objects.select_related("team").get())
    mail.outbox.clear()

    for response in (
        client.get(page(token)),
        fetch(client, token),
        client.post(page(token), {"code": code}),
        client.post(reverse("exports:link-code", args=[token])),
    ):
        assert says(response) == (410, title)
    assert (mail.outbox, LinkOpening.objects.count()) == ([], 0)


def test_removed_member_cannot_open_the_link(schedule: Schedule, alice: User, bob: User) -> None:
    by_signing_in(schedule)
    recipients.set_by_hand(schedule, members=[bob], addresses=[], by=alice)
    token = download_links.make(make_delivery_of_file(schedule.recipients.get()))
    client = signed_in(bob)
    assert fetch(client, token).status_code == 200

    Membership.objects.filter(user=bob).delete()

    assert says(fetch(client, token)) == (410, "This link is closed")


def test_unsubscribed_recipient_can_open_earlier_links(client: Client, token: str, delivery: Delivery) -> None:
    recipients.unsubscribe(delivery.recipient)
    prove(client, token)

    assert "You have unsubscribed from this schedule" in client.get(page(token)).content.decode()
    assert fetch(client, token).read == MAILED


def test_lost_file_is_reported_and_not_counted_as_opened(client: Client, token: str, delivery: Delivery) -> None:
    prove(client, token)
    assert delivery.result is not None
    default_storage.delete(delivery.result.file.name)

    assert says(fetch(client, token)) == (410, "The file is not there")
    assert LinkOpening.objects.count() == 0


@pytest.mark.parametrize("other", ["x", "A" * 43, "%00", "ü" * 20, "a" * 2000])
def test_unknown_token_is_not_found(client: Client, token: str, other: str) -> None:
    for path in (page(other), file(other), reverse("exports:unsubscribe", args=[other])):
        assert says(client.get(path)) == (404, "This link leads nowhere")


def test_nearly_right_token_is_not_found(client: Client, token: str) -> None:
    for other in (token[:-1], token + "A", token.swapcase()):
        assert client.get(page(other)).status_code == 404


def test_new_link_replaces_the_old_one_and_its_proof(client: Client, token: str, delivery: Delivery) -> None:
    prove(client, token)

    newer = download_links.make(delivery)

    assert client.get(page(token)).status_code == 404
    assert fetch(client, newer).status_code == 302
    assert Link.objects.count() == 1


def test_revoked_link_stays_revoked_when_created_again(
    client: Client, token: str, delivery: Delivery, alice: User
) -> None:
    download_links.revoke(Link.objects.get(), by=alice)

    assert says(client.get(page(download_links.make(delivery)))) == (410, "This link was taken back")


def test_revoking_a_link_is_recorded_once(token: str, alice: User) -> None:
    link = Link.objects.select_related("delivery").get()

    assert [download_links.revoke(link, by=alice), download_links.revoke(link, by=alice)] == [True, False]
    assert actions().count(Action.LINK_REVOKED) == 1
    assert Link.objects.get().revoked_by_name == "Alice"


# ------------------------------------------------------------ codes


def test_five_wrong_codes_use_up_the_right_one(client: Client, token: str) -> None:
    code = ask(client, token)
    wrong = f"{(int(code) + 1) % 10**8:08}"

    answers = [
        client.post(page(token), {"code": wrong}, follow=True).content.decode()
        for _ in range(download_links.CODE_TRIES)
    ]
    answers.append(client.post(page(token), {"code": code}, follow=True).content.decode())

    assert (
        [
            re.search(r"(\d|last) (tries are|try is|try\.)", answer)[0]  # type: ignore[index]
            for answer in answers[:-1]
        ]
        == ["4 tries are", "3 tries are", "2 tries are", "1 try is", "last try."]
    )
    assert "There is no code that is still good" in answers[-1]
    assert fetch(client, token).status_code == 302
    assert actions().count(Action.LINK_CODE_WRONG) == download_links.CODE_TRIES


def test_five_codes_an_hour_are_sent_then_it_names_the_next_time(client: Client, token: str) -> None:
    for _ in range(download_links.CODES_AN_HOUR):
        ask(client, token)
    mail.outbox.clear()

    response = client.post(reverse("exports:link-code", args=[token]), follow=True)

    assert "5 codes were sent within an hour" in response.content.decode()
    assert mail.outbox == []
    link = Link.objects.select_related("team", "delivery").get()
    assert download_links.send_code(link, timezone.now() + timedelta(hours=1)) is None


def test_code_works_once(client: Client, token: str) -> None:
    code = ask(client, token)
    client.post(page(token), {"code": code})
    other = Client()

    other.post(page(token), {"code": code})

    assert fetch(client, token).status_code == 200
    assert fetch(other, token).status_code == 302


def test_older_code_does_not_work(client: Client, token: str) -> None:
    old = ask(client, token)
    new = ask(client, token)

    client.post(page(token), {"code": old})
    assert fetch(client, token).status_code == 302
    client.post(page(token), {"code": f" {new[:4]} {new[4:]} "})
    assert fetch(client, token).status_code == 200


def test_code_expires_after_a_quarter_of_an_hour(client: Client, token: str) -> None:
    code = ask(client, token)
    link = Link.objects.select_related("team", "delivery").get()
    at = link.code_sent_at
    assert at is not None

    late = download_links.try_code(link, code, at + timedelta(minutes=15))
    in_time = download_links.try_code(link, code, at + timedelta(minutes=15) - timedelta(seconds=1))

    assert (late, in_time) == ("There is no code that is still good. Have a new one sent.", None)


@pytest.mark.django_db(transaction=True)
def test_parallel_tries_are_all_counted(client: Client, token: str) -> None:
    ask(client, token)

    def guess(number: int) -> str:
        try:
            return Client().post(page(token), {"code": f"{number}"}, follow=True).content.decode()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(16)))

    assert sum("This is not the code" in answer for answer in answers) <= download_links.CODE_TRIES
    assert Link.objects.get().code_tries == download_links.CODE_TRIES


@pytest.mark.parametrize("typed", ["", " ", "x", "0" * 60, "１２３４５６７８", "\0"])
def test_nonsense_as_a_code_is_rejected(client: Client, token: str, typed: str) -> None:
    ask(client, token)

    assert client.post(page(token), {"code": typed}).status_code == 200
    assert fetch(client, token).status_code == 302


def test_no_code_works_before_one_is_sent(client: Client, token: str) -> None:
    client.post(page(token), {"code": ""})
    client.post(page(token), {"code": "00000000"})

    assert fetch(client, token).status_code == 302


def test_unreachable_mail_server_is_reported_and_stores_no_code(client: Client, token: str, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    response = client.post(reverse("exports:link-code", args=[token]), follow=True)

    assert "The code could not be mailed" in response.content.decode()
    assert Link.objects.get().code_hash == ""


def test_form_from_another_site_sends_no_code(token: str) -> None:
    client = Client(enforce_csrf_checks=True)
    mail.outbox.clear()

    assert client.post(reverse("exports:link-code", args=[token])).status_code == 403
    assert mail.outbox == []


# ------------------------------------------------------------ what is kept, and what is told to others


def test_only_hashes_of_token_and_code_are_stored(client: Client, token: str) -> None:
    code = ask(client, token)
    link = Link.objects.get()

    assert link.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert len(token) == 43
    assert code not in str(vars(link))
    assert link.code_hash != hashlib.sha256(code.encode()).hexdigest()


def test_link_pages_are_not_cached_or_sent_as_referrer(client: Client, token: str, delivery: Delivery) -> None:
    prove(client, token)
    out = download_links.unsubscribe_url(delivery.recipient).removeprefix(django_settings.SITE_URL)
    answers = [client.get(path) for path in (page(token), page("unknown"), out)]
    for response in [*answers, fetch(client, token)]:
        assert "no-store" in response.headers["Cache-Control"]
        assert response.headers["Referrer-Policy"] == "strict-origin"
        assert response.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_link_pages_have_no_links_into_the_portal(client: Client, token: str, delivery: Delivery) -> None:
    prove(client, token)
    out = download_links.unsubscribe_url(delivery.recipient).removeprefix(django_settings.SITE_URL)

    for path in (page(token), page("unknown"), out):
        led_to = set(re.findall(r'(?:href|action|src)="([^"]*)"', client.get(path).content.decode()))
        assert {each for each in led_to if not each.startswith(("/static/", "#"))} <= {"file/"}


# ------------------------------------------------------------ unsubscribing


@pytest.fixture
def out(delivery: Delivery) -> str:
    url = download_links.unsubscribe_url(delivery.recipient)
    assert url.startswith(f"{django_settings.SITE_URL}/u/")
    return url.removeprefix(django_settings.SITE_URL)


def state_of(delivery: Delivery) -> str:
    return str(Recipient.objects.values_list("state", flat=True).get(pk=delivery.recipient_id))


def test_unsubscribing_takes_a_button_and_no_sign_in(client: Client, out: str, delivery: Delivery) -> None:
    shown = client.get(out).content.decode()
    assert ("Unsubscribe" in shown, NINA in shown, "Month end" in shown) == (True, True, True)
    assert state_of(delivery) == State.ACTIVE

    response = client.post(out)

    assert (response.status_code, response.headers["Location"]) == (302, out)
    assert "You have unsubscribed" in client.get(out).content.decode()
    assert state_of(delivery) == State.UNSUBSCRIBED
    assert [notice.address for notice in Notice.objects.all()] == ["alice@acme.example"]


def test_mail_program_unsubscribes_with_one_post_and_no_redirect(out: str, delivery: Delivery) -> None:
    client = Client(enforce_csrf_checks=True)

    response = client.post(
        out,
        "List-Unsubscribe=One-Click",
        content_type="application/x-www-form-urlencoded",
        headers={"Origin": "https://mail.example"},
    )

    assert (response.status_code, state_of(delivery)) == (200, State.UNSUBSCRIBED)
    assert actions().count(Action.RECIPIENT_UNSUBSCRIBED) == 1


def test_unsubscribing_twice_is_recorded_once(client: Client, out: str) -> None:
    client.post(out)
    client.post(out)

    assert actions().count(Action.RECIPIENT_UNSUBSCRIBED) == 1
    assert Notice.objects.count() == 1


def test_same_page_undoes_unsubscribing(client: Client, out: str, delivery: Delivery) -> None:
    client.post(out)

    client.post(out, {"again": "yes"})

    assert state_of(delivery) == State.ACTIVE
    assert Notice.objects.count() == 2


def test_unsubscribing_stops_one_address_of_one_schedule(
    client: Client, out: str, schedule: Schedule, export: SavedExport, alice: User
) -> None:
    make_recipient(schedule, MAX)
    make_recipient(make_schedule(export, alice, "Week"), NINA)

    client.post(out)

    rows = Recipient.objects.order_by("id").values_list("address", "schedule__name", "state")
    assert list(rows) == [
        (NINA, "Month end", State.UNSUBSCRIBED),
        (MAX, "Month end", State.ACTIVE),
        (NINA, "Week", State.ACTIVE),
    ]


def test_unsubscribing_link_is_signed_for_its_recipient(client: Client, out: str, schedule: Schedule) -> None:
    other = make_recipient(schedule, MAX)
    forged = re.sub(r"/u/\d+", f"/u/{other.pk}", out)

    assert client.post(forged).status_code == 404
    assert Recipient.objects.get(pk=other.pk).state == State.ACTIVE


def test_person_with_another_role_in_the_team_changes_nothing_about_the_link(
    token: str, acme: Team, delivery: Delivery
) -> None:
    viewer = make_member(acme, "Viewer", Role.VIEWER)

    assert signed_in(viewer).get(page(token)).status_code == 200
    assert fetch(signed_in(viewer), token).status_code == 302
