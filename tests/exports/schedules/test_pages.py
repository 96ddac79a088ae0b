"""The pages of schedules."""

from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_scopes import scope

from accounts.credentials.keyring import unseal
from accounts.models import MailStatus, Team, User
from exports.columns.layout import Layout, column
from exports.columns.writing import template_of
from exports.deliveries.settings import Content, MailSettings
from exports.models import Delivery, Link, Recipient, Run, SavedExport, Schedule
from exports.saved_exports import actions as saved_exports
from exports.saved_exports.job import ExportSettings
from exports.schedules.rules.rule import OnHoliday, Rule, RuleKind
from tests.clients import signed_in
from tests.factories import (
    make_credential,
    make_delivery,
    make_export,
    make_link,
    make_occurrence,
    make_recipient,
    make_run,
    make_schedule,
)
from tests.html import tidy

NEW, PREVIEW = "/t/acme/schedules/new/", "/t/acme/schedules/preview/"


@pytest.fixture
def as_alice(alice: User, redis_client: Any) -> Client:
    return signed_in(alice)


def asked(export: SavedExport, alice: User, /, **changed: Any) -> dict[str, Any]:
    """The form as somebody fills it in: second business day, 07:30, Berlin, to Alice."""
    return {
        "export": export.pk, "name": "To approvers", "kind": "business_day", "nth": "2", "times": "7:30",
        "zone": "Europe/Berlin", "on_holiday": "after", "to": "people", "members": [alice.pk], "addresses": "",
        "content": "original", "subject": "{export}: {period}", "text": "", "first_rows": "5", "on_empty": "say",
        "after_outage": "run_late", "pause_after": "5", "owner": alice.pk, "band_count": "2",
    } | changed  # fmt: skip


def post(client: Client, url: str, data: dict[str, Any]) -> str:
    return client.post(url, data, follow=True).content.decode()


# ------------------------------------------------------------ the form


def test_form_makes_a_schedule(as_alice: Client, alice: User, export: SavedExport, acme: Team) -> None:
    page = post(as_alice, NEW, asked(export, alice))

    assert "“To approvers” is saved." in page
    with scope(team=acme):
        schedule = Schedule.objects.get()
        assert Rule.from_json(schedule.rule) == Rule(
            RuleKind.BUSINESS_DAY, times=(time(7, 30),), zone="Europe/Berlin", nth=2, on_holiday=OnHoliday.AFTER
        )
        assert (schedule.owner, schedule.export, schedule.pause_after) == (alice, export, 5)
        assert [(each.kind, each.address) for each in schedule.recipients.all()] == [("member", alice.email)]


def test_split_by_a_column_keeps_the_column_and_its_fallback(
    as_alice: Client, alice: User, export: SavedExport, acme: Team
) -> None:
    split = {"to": "split", "split_by": "Approver e-mail", "fallback": alice.email}
    post(as_alice, NEW, asked(export, alice, **split))

    with scope(team=acme):
        schedule = Schedule.objects.get()
        mail = MailSettings.from_json(schedule.mail)
        assert (mail.split_by, mail.fallback) == ("Approver e-mail", alice.email)
        assert schedule.recipients.count() == 0


def test_bounds_are_kept_by_currency(as_alice: Client, alice: User, export: SavedExport, acme: Team) -> None:
    bounds = {
        "rows_from": "10", "rows_to": "500", "currency_0": "eur", "total_from_0": "1000.50", "currency_1": "USD",
        "total_to_1": "99",
    }  # fmt: skip
    post(as_alice, NEW, asked(export, alice, **bounds))

    with scope(team=acme):
        mail = MailSettings.from_json(Schedule.objects.get().mail)
    assert (mail.rows_from, mail.rows_to) == (10, 500)
    assert (mail.totals_from, mail.totals_to) == ({"EUR": Decimal("1000.50")}, {"USD": Decimal("99")})


def test_zip_password_is_written_and_never_shown(
    as_alice: Client, alice: User, export: SavedExport, acme: Team
) -> None:
    sealed = {"content": "sealed_zip", "zip_password": "zip-Tr0ub4dor"}
    page = post(as_alice, NEW, asked(export, alice, **sealed))
    with scope(team=acme):
        schedule = Schedule.objects.get()
        assert MailSettings.from_json(schedule.mail).content == Content.SEALED_ZIP
        assert schedule.zip_password is not None
    edit = f"/t/acme/schedules/{schedule.pk}/edit/"

    assert "zip-Tr0ub4dor" not in page + as_alice.get(edit).content.decode()
    assert "zip-Tr0ub4dor" not in post(as_alice, edit, asked(export, alice, **sealed, name=""))


def test_empty_password_keeps_the_stored_one(as_alice: Client, alice: User, export: SavedExport, acme: Team) -> None:
    post(as_alice, NEW, asked(export, alice, content="sealed_zip", zip_password="zip-Tr0ub4dor"))
    with scope(team=acme):
        schedule = Schedule.objects.get()
    post(as_alice, f"/t/acme/schedules/{schedule.pk}/edit/", asked(export, alice, content="sealed_zip"))

    with scope(team=acme):
        assert unseal(Schedule.objects.get(), "zip_password") == "zip-Tr0ub4dor"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"export": ""}, "This field is required."),
        ({"times": "half past"}, "“half” is not a time of day. Write it by the 24-hour clock, such as 07:30."),
        ({"times": ""}, "Give at least one time of day, such as 07:30."),
        ({"kind": "weekly"}, "Choose at least one day of the week."),
        ({"kind": "monthly_day"}, "Give a number."),
        ({"kind": "cron", "cron": ""}, "cron"),
        ({"starts_on": "2026-12-02", "ends_on": "2026-12-01"}, "The last day is before the first one."),
        ({"members": []}, "Choose at least one member, or write an address below."),
        ({"addresses": "kim@elsewhere.example"}, "the team does not allow mail to elsewhere.example."),
        ({"addresses": "kim"}, "“kim” is not an e-mail address that a file can be mailed to."),
        ({"to": "split", "fallback": "alice@acme.example"}, "Choose the column that holds the addresses."),
        ({"to": "split", "split_by": "Approver e-mail"}, "Say who gets the rows that name nobody."),
        ({"content": "sealed_zip"}, "Set the password that the ZIP is locked with."),
        ({"subject": "{when}"}, "There is no placeholder {when}."),
        ({"rows_from": "5", "rows_to": "4"}, "This is less than the rows it needs at least."),
        ({"currency_0": "EURO", "total_from_0": "1"}, "Three letters, such as EUR."),
        ({"total_from_0": "1"}, "Name the currency of this total."),
        ({"currency_0": "EUR", "total_from_0": "2", "total_to_0": "1"}, "This is less than the total it needs"),
    ],
)
def test_problem_is_told_and_nothing_is_saved(
    as_alice: Client, alice: User, export: SavedExport, acme: Team, changed: dict[str, Any], sentence: str
) -> None:
    page = post(as_alice, NEW, asked(export, alice, **changed))

    assert sentence in page
    assert "Not saved yet" in page
    with scope(team=acme):
        assert Schedule.objects.count() == 0


def test_address_at_an_allowed_domain_is_taken(as_alice: Client, alice: User, export: SavedExport, acme: Team) -> None:
    acme.recipient_domains = "partner.example"
    acme.save()
    post(as_alice, NEW, asked(export, alice, addresses="Kim@Partner.example\nkim@partner.example", members=[]))

    with scope(team=acme):
        assert [each.address for each in Recipient.objects.all()] == ["kim@partner.example"]


def test_name_that_is_taken_is_refused(as_alice: Client, alice: User, export: SavedExport, acme: Team) -> None:
    make_schedule(export, alice, "to APPROVERS")

    assert "The team has a schedule of this name already." in post(as_alice, NEW, asked(export, alice))
    with scope(team=acme):
        assert Schedule.objects.count() == 1


def test_form_shows_what_is_stored(as_alice: Client, alice: User, export: SavedExport) -> None:
    schedule = make_schedule(export, alice, mail=MailSettings(totals_to={"EUR": Decimal("12.5")}, rows_from=3))
    make_recipient(schedule, "kim@acme.example")

    page = tidy(as_alice.get(f"/t/acme/schedules/{schedule.pk}/edit/").content.decode())

    assert '<option value="2" selected>Second</option>' in page
    assert 'name="times" value="07:30"' in page
    assert "kim@acme.example</textarea>" in page
    assert 'value="EUR"' in page
    assert 'value="12.5"' in page
    assert "On the second business day of each month at 07:30 (Europe/Berlin)" in page


# ------------------------------------------------------------ the dates beside it


def test_dates_follow_the_form(as_alice: Client, alice: User, export: SavedExport) -> None:
    rule = {"kind": "weekly", "weekdays": ["0"], "times": "18:00", "zone": "Europe/Berlin", "on_holiday": "run"}

    page = tidy(as_alice.post(PREVIEW, rule).content.decode())

    assert "Every Monday at 18:00 (Europe/Berlin)" in page
    assert page.count('<span class="dates-day">Mon</span>') == 12
    assert page.count('<span class="dates-time">18:00</span>') == 12


def test_dates_need_a_complete_rule(as_alice: Client, acme: Team) -> None:
    page = as_alice.post(PREVIEW, {"kind": "weekly", "times": "18:00", "zone": "Europe/Berlin"}).content.decode()

    assert "Choose at least one day of the week." in page
    assert "dates-day" not in page


def test_dates_are_those_of_the_rules_zone(as_alice: Client, acme: Team) -> None:
    rule = {"kind": "daily", "times": "09:00", "zone": "Asia/Tokyo", "on_holiday": "run"}

    page = tidy(as_alice.post(PREVIEW, rule).content.decode())

    assert page.count('<span class="dates-time">09:00</span>') == 12


def test_button_shows_the_dates_without_saving_or_complaining(
    as_alice: Client, alice: User, export: SavedExport, acme: Team
) -> None:
    page = post(as_alice, NEW, asked(export, alice, name="", members=[], subject="Mine", do="dates"))

    assert "On the second business day of each month at 07:30 (Europe/Berlin)" in page
    assert 'value="Mine"' in page
    assert "Not saved yet" not in page
    assert "This field is required." not in page
    with scope(team=acme):
        assert Schedule.objects.count() == 0


def test_columns_to_split_by_come_with_the_export(as_alice: Client, alice: User, acme: Team) -> None:
    layout = Layout(columns=(column("final.merchant"), column("report.managerEmail")))
    export = make_export(make_credential(acme), alice)
    version = export.present

    with scope(team=acme):
        saved_exports.save(
            export, settings=ExportSettings.from_json(version.settings), template=template_of(layout),
            columns=layout.as_json(), sftp_password=None, by=alice,
        )  # fmt: skip

    answer = as_alice.post(PREVIEW, {"export": export.pk}, headers={"HX-Trigger-Name": "export"})
    page = tidy(answer.content.decode())

    assert '<option value="Merchant">Merchant</option>' in page
    assert '<option value="Approver e-mail">Approver e-mail</option>' in page


# ------------------------------------------------------------ lists and the schedule's own page


def fill(export: SavedExport, owner: User, count: int) -> Schedule:
    for number in range(count):
        schedule = make_schedule(export, owner, f"Schedule {export.name} {number}")
        for row in range(count):
            to = make_recipient(schedule, f"r{row}@acme.example")
            occurrence = make_occurrence(schedule, due_at=timezone.now() - timedelta(days=row))
            make_link(make_delivery(occurrence, to), opened_by="Kim")
    return schedule


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(url).status_code == 200
    return len(caught)


@pytest.mark.parametrize("page", ["/schedules/", "/schedules/{schedule}/", "/schedules/{schedule}/recipients/", "/"])
def test_page_takes_the_same_queries_for_more_rows(
    as_alice: Client, alice: User, acme: Team, export: SavedExport, page: str
) -> None:
    few = fill(export, alice, 1)
    with_few = queries(as_alice, "/t/acme" + page.format(schedule=few.pk))
    many = fill(make_export(export.credential, alice, "Another"), alice, 3)

    assert queries(as_alice, "/t/acme" + page.format(schedule=many.pk)) == with_few


def test_occurrence_takes_the_same_queries_for_more_mails(as_alice: Client, alice: User, export: SavedExport) -> None:
    schedule = make_schedule(export, alice)
    occurrence = make_occurrence(schedule)
    url = f"/t/acme/occurrences/{occurrence.pk}/"
    make_link(make_delivery(occurrence, make_recipient(schedule, "kim@acme.example")), opened_by="Kim")
    with_one = queries(as_alice, url)

    for number in range(4):
        to = make_recipient(schedule, f"r{number}@acme.example")
        make_link(make_delivery(occurrence, to), opened_by="Kim")

    assert queries(as_alice, url) == with_one


def test_empty_list_leads_to_the_first_schedule(as_alice: Client, bob: User, acme: Team) -> None:
    assert "Make the first schedule" in as_alice.get("/t/acme/schedules/").content.decode()
    assert "Make the first schedule" not in signed_in(bob).get("/t/acme/schedules/").content.decode()


def test_list_says_why_one_is_paused(as_alice: Client, alice: User, export: SavedExport) -> None:
    make_schedule(export, alice, "Quiet", paused_at=timezone.now(), pause_reason="The audit is on.")
    make_schedule(export, alice, "Loud")

    page = as_alice.get("/t/acme/schedules/?show=paused").content.decode()

    assert ("The audit is on." in page, "Quiet" in page, "Loud" in page) == (True, True, False)


def test_page_shows_the_outcome_of_each_time(as_alice: Client, alice: User, export: SavedExport) -> None:
    schedule = make_schedule(export, alice)
    now = timezone.now()
    to = [make_recipient(schedule, f"r{number}@acme.example") for number in range(3)]
    partly = make_occurrence(schedule, due_at=now - timedelta(days=1))
    for recipient, status in zip(to, ["sent", "sent", "refused"], strict=True):
        make_delivery(partly, recipient, status)
    held = make_occurrence(schedule, due_at=now - timedelta(days=2), held_because="120 rows are more than 100.")
    make_delivery(held, to[0], MailStatus.HELD)
    make_occurrence(schedule, due_at=now - timedelta(days=3), run=Run.Status.FAILED, sentence="Expensify said no.")
    make_occurrence(schedule, due_at=now - timedelta(days=4), run=None, sentence="Frozen: audit.")

    page = as_alice.get(f"/t/acme/schedules/{schedule.pk}/").content.decode()

    assert "2 of 3 sent" in page
    assert "2 sent, 1 refused" in page
    assert "120 rows are more than 100." in page
    assert "Expensify said no." in page
    assert "Frozen: audit." in page


def test_mail_that_was_sent_again_counts_once(as_alice: Client, alice: User, export: SavedExport) -> None:
    schedule = make_schedule(export, alice)
    to, occurrence = make_recipient(schedule, "kim@acme.example"), make_occurrence(schedule)
    make_delivery(occurrence, to, MailStatus.REFUSED)
    make_delivery(occurrence, to, again=1)

    assert "1 sent" in as_alice.get(f"/t/acme/schedules/{schedule.pk}/").content.decode()
    assert "1 refused" not in as_alice.get(f"/t/acme/schedules/{schedule.pk}/").content.decode()
    assert "Not all mails arrived" not in as_alice.get("/t/acme/").content.decode()


def test_pausing_asks_for_a_reason_and_resuming_goes_on(
    as_alice: Client, alice: User, export: SavedExport, acme: Team
) -> None:
    schedule = make_schedule(export, alice)
    url = f"/t/acme/schedules/{schedule.pk}/"
    later = (timezone.now() + timedelta(days=40)).date()

    assert "This field is required." in post(as_alice, f"{url}pause/", {"reason": ""})
    assert "Choose a day after today." in post(
        as_alice, f"{url}pause/", {"reason": "x", "resume_on": timezone.now().date()}
    )
    page = post(as_alice, f"{url}pause/", {"reason": "The audit is on.", "resume_on": later})
    assert "The audit is on." in page
    assert "It goes on by itself on" in page
    post(as_alice, f"{url}resume/", {})

    with scope(team=acme):
        schedule.refresh_from_db()
    assert (schedule.paused_at, schedule.next_at is not None) == (None, True)


def test_archived_schedule_runs_no_more_and_keeps_its_history(
    as_alice: Client, alice: User, export: SavedExport, acme: Team
) -> None:
    schedule = make_schedule(export, alice)
    make_occurrence(schedule, sentence="It went well.")

    post(as_alice, f"/t/acme/schedules/{schedule.pk}/archive/", {})

    assert "It went well." in as_alice.get(f"/t/acme/schedules/{schedule.pk}/").content.decode()
    assert as_alice.get(f"/t/acme/schedules/{schedule.pk}/edit/").status_code == 404
    assert "To approvers" not in as_alice.get("/t/acme/schedules/").content.decode()


def test_viewer_sees_everything_and_changes_nothing(alice: User, bob: User, export: SavedExport) -> None:
    schedule = make_schedule(export, alice)
    occurrence = make_occurrence(schedule)
    to = make_recipient(schedule, "kim@acme.example", state="unconfirmed")
    make_link(make_delivery(occurrence, to))
    page = signed_in(bob).get(f"/t/acme/schedules/{schedule.pk}/").content.decode()
    mails = signed_in(bob).get(f"/t/acme/occurrences/{occurrence.pk}/").content.decode()

    assert "kim@acme.example" in page
    assert "kim@acme.example" in mails
    assert 'action="/t/' not in page + mails
    assert "Send again" not in mails


# ------------------------------------------------------------ one mail


def test_mail_tells_who_opened_its_link(as_alice: Client, alice: User, export: SavedExport) -> None:
    schedule = make_schedule(export, alice)
    occurrence = make_occurrence(schedule)
    delivery = make_delivery(occurrence, make_recipient(schedule, "kim@acme.example"), way="link")
    make_link(delivery, opened_by="kim@acme.example")

    page = tidy(as_alice.get(f"/t/acme/occurrences/{occurrence.pk}/").content.decode())

    assert "As a link" in page
    assert "Opened 1 time: kim@acme.example with a code" in page


def test_revoked_link_says_so(as_alice: Client, alice: User, export: SavedExport, acme: Team) -> None:
    schedule = make_schedule(export, alice)
    occurrence = make_occurrence(schedule)
    link = make_link(make_delivery(occurrence, make_recipient(schedule, "kim@acme.example"), way="link"))

    page = post(as_alice, f"/t/acme/links/{link.pk}/revoke/", {})

    assert "Link taken back by Alice" in page
    with scope(team=acme):
        assert Link.objects.get().revoked_at is not None


def test_sending_again_asks_first_and_is_one_mail_to_one(
    as_alice: Client, alice: User, export: SavedExport, acme: Team
) -> None:
    acme.recipient_domains = "acme.example"
    acme.save()
    schedule = make_schedule(export, alice)
    occurrence = make_occurrence(schedule)
    refused = make_delivery(occurrence, make_recipient(schedule, "kim@acme.example"), MailStatus.REFUSED)
    make_delivery(occurrence, make_recipient(schedule, "lee@acme.example"), MailStatus.REFUSED)
    url = f"/t/acme/deliveries/{refused.pk}/again/"

    assert "goes to this address alone" in as_alice.get(url).content.decode()
    with scope(team=acme):
        assert Delivery.objects.count() == 2
    post(as_alice, url, {})

    with scope(team=acme):
        again = Delivery.objects.exclude(again=0)
        assert [(each.address, each.again, each.status) for each in again] == [("kim@acme.example", 1, "queued")]


def test_queued_mail_is_withdrawn_and_not_offered_again(
    as_alice: Client, alice: User, export: SavedExport, acme: Team
) -> None:
    schedule = make_schedule(export, alice)
    occurrence = make_occurrence(schedule)
    queued = make_delivery(occurrence, make_recipient(schedule, "kim@acme.example"), MailStatus.QUEUED)

    assert "nothing to send again" in as_alice.get(f"/t/acme/deliveries/{queued.pk}/again/").content.decode()
    post(as_alice, f"/t/acme/deliveries/{queued.pk}/withdraw/", {})

    with scope(team=acme):
        assert Delivery.objects.get().status == MailStatus.WITHDRAWN


def test_recipient_who_waits_is_confirmed(as_alice: Client, alice: User, export: SavedExport, acme: Team) -> None:
    acme.recipient_domains = "partner.example"
    acme.save()
    schedule = make_schedule(export, alice)
    for name in ("kim", "lee"):
        make_recipient(schedule, f"{name}@partner.example", state="unconfirmed")
    with scope(team=acme):
        kim = Recipient.objects.get(address__startswith="kim")
    page = as_alice.get(f"/t/acme/schedules/{schedule.pk}/").content.decode()
    assert "Confirm all 2" in page

    post(as_alice, f"/t/acme/recipients/{kim.pk}/confirm/", {})

    with scope(team=acme):
        states = dict(Recipient.objects.values_list("address", "state"))
    assert states == {"kim@partner.example": "active", "lee@partner.example": "unconfirmed"}


# ------------------------------------------------------------ elsewhere


def test_home_names_what_is_next_paused_and_held(as_alice: Client, alice: User, export: SavedExport) -> None:
    for number in range(6):
        make_schedule(export, alice, f"Coming {number}", next_at=timezone.now() + timedelta(hours=number + 1))
    make_schedule(export, alice, "Quiet", paused_at=timezone.now(), pause_reason="The audit is on.")
    schedule = make_schedule(export, alice, "Careful")
    held = make_occurrence(schedule, held_because="120 rows are more than 100.")
    make_delivery(held, make_recipient(schedule, "kim@acme.example"), MailStatus.HELD)

    page = as_alice.get("/t/acme/").content.decode()

    assert [f"Coming {number}" in page for number in range(6)] == [True] * 5 + [False]
    assert "The audit is on." in page
    assert "120 rows are more than 100." in page


def test_runs_are_found_by_their_schedule(as_alice: Client, alice: User, export: SavedExport) -> None:
    by_hand = make_run(export, alice, Run.Status.SUCCEEDED)
    schedule = make_schedule(export, alice)
    by_schedule = make_occurrence(schedule).run
    assert by_schedule is not None

    def found(query: str) -> list[int]:
        return [run.pk for run in as_alice.get(f"/t/acme/runs/?{query}").context["page"].rows]

    assert found(f"schedule={schedule.pk}") == [by_schedule.pk]
    assert found("schedule=none") == [by_hand.pk]
    assert found("") == [by_schedule.pk, by_hand.pk]


@pytest.mark.parametrize(
    ("statuses", "state", "words"),
    [
        (["sent", "sent"], "done", "2 of 2 sent"),
        (["sent", "queued"], "now", "1 of 2 sent"),
        (["sent", "refused"], "partly", "1 of 2 sent"),
        (["held", "held"], "held", "2 held."),
        ([], "done", "No mail was to be sent."),
    ],
)
def test_run_ends_with_its_mails(
    as_alice: Client, alice: User, export: SavedExport, statuses: list[str], state: str, words: str
) -> None:
    schedule = make_schedule(export, alice)
    occurrence = make_occurrence(schedule)
    for number, status in enumerate(statuses):
        make_delivery(occurrence, make_recipient(schedule, f"r{number}@acme.example"), status)

    answer = as_alice.get(f"/t/acme/runs/{occurrence.run_id}/")

    assert [(step.key, step.state) for step in answer.context["steps"]][-1] == ("delivered", state)
    assert words in tidy(answer.content.decode())
    assert ('hx-trigger="every 2s"' in answer.content.decode()) == (state == "now")


def test_export_lists_its_schedules_and_is_not_archived_under_them(
    as_alice: Client, alice: User, export: SavedExport, acme: Team
) -> None:
    schedule = make_schedule(export, alice)
    assert "On the second business day of each month" in as_alice.get(export.get_absolute_url()).content.decode()

    page = post(as_alice, f"/t/acme/exports/{export.pk}/archive/", {})

    assert "is not archived: it is run by “To approvers”. Archive that schedule first." in page
    post(as_alice, f"/t/acme/schedules/{schedule.pk}/archive/", {})
    post(as_alice, f"/t/acme/exports/{export.pk}/archive/", {})
    with scope(team=acme):
        export.refresh_from_db()
    assert export.archived_at is not None
