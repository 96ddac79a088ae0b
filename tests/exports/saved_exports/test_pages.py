"""Home, lists, a run's page and a result's page: content, permissions and number of queries."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit.record import Action
from accounts.models import AuditEntry, Credential, Team, User
from expensify.pair import KeyPair
from exports.models import Run, SavedExport
from exports.models.run import Status
from exports.runs import queue
from tests.call_budget import of_long_windows
from tests.clients import signed_in
from tests.factories import OF_EXPORTS, make_call, make_credential, make_export, make_result, make_run
from tests.html import tidy


@pytest.fixture(autouse=True)
def opened(acme_open: Team, budget: Any) -> None:
    """Open Acme's scope, with an empty queue."""


@pytest.fixture
def as_alice(alice: User) -> Client:
    return signed_in(alice)


@pytest.fixture
def as_bob(bob: User) -> Client:
    return signed_in(bob)


def text(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return tidy(response.content.decode())


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


# ------------------------------------------------------------ home


def test_home_of_a_new_team_asks_an_admin_for_a_credential(as_alice: Client, as_bob: Client) -> None:
    assert "/t/acme/credentials/new/" in text(as_alice, "/t/acme/")
    assert "An Admin of this team has to add one." in text(as_bob, "/t/acme/")


def test_home_of_a_team_with_a_credential_leads_to_the_first_export(
    as_alice: Client, as_bob: Client, credential: Credential
) -> None:
    assert "/t/acme/exports/new/?starter=expense" in text(as_alice, "/t/acme/")
    assert "/exports/new/" not in text(as_bob, "/t/acme/")


def test_home_shows_failures_until_they_are_dealt_with(as_alice: Client, export: SavedExport, alice: User) -> None:
    failed = make_run(export, alice, Status.FAILED, error="It broke. Nothing was changed.")

    before = text(as_alice, "/t/acme/")
    response = as_alice.post(f"/t/acme/runs/{failed.pk}/looked-after/")
    after = text(as_alice, "/t/acme/")

    assert ("It broke. Nothing was changed." in before, response.headers["Location"]) == (True, "/t/acme/")
    assert "It broke. Nothing was changed." not in after


def test_home_shows_ten_failures_and_a_link_to_the_rest(as_alice: Client, export: SavedExport, alice: User) -> None:
    for _ in range(11):
        make_run(export, alice, Status.FAILED, error="It broke.")

    page = text(as_alice, "/t/acme/")

    assert (page.count("It broke."), "/t/acme/runs/?state=attention" in page) == (10, True)


def test_home_names_refused_credentials(as_alice: Client, acme: Team) -> None:
    make_credential(acme, "Old account", status=Credential.Status.REFUSED)

    assert "Expensify refuses the credential “Old account”" in text(as_alice, "/t/acme/")


def test_home_shows_runs_with_their_queue_position(as_alice: Client, export: SavedExport, alice: User) -> None:
    for _ in range(2):
        queue.enqueue(make_run(export, alice))

    page = text(as_alice, "/t/acme/")

    assert ["Place 1 in the line" in page, "Place 2 in the line" in page] == [True, True]


def test_home_shows_how_much_of_the_budget_is_used(
    as_alice: Client, credential: Credential, budget: Any, settings: Any
) -> None:
    budget = of_long_windows(settings)
    for _ in range(3):
        budget.step(credential.fingerprint, enqueue=queue.Ticket(f"t{_}", flow="f"), pop=True)

    page = text(as_alice, "/t/acme/budget/")

    assert ["3 of 5" in page, "3 of 20" in page] == [True, True]


def test_credential_page_shows_only_its_own_budget(
    as_alice: Client, acme: Team, credential: Credential, budget: Any, settings: Any
) -> None:
    budget = of_long_windows(settings)
    other = make_credential(acme, "Other", pair=KeyPair("aa_other", "s"))
    for n in range(3):
        budget.step(other.fingerprint, enqueue=queue.Ticket(f"t{n}", flow="f"), pop=True)
    budget.enqueue(other.fingerprint, [queue.Ticket(f"w{n}", flow="f") for n in range(4)])

    page, others = (text(as_alice, f"/t/acme/credentials/{shown.pk}/") for shown in (credential, other))

    assert ["0 of 5" in page, "0 of 20" in page, "waiting in line" in page] == [True, True, False]
    assert ["3 of 5" in others, "3 of 20" in others, "4 waiting in line." in others] == [True, True, True]
    assert "4 waiting in line." in text(as_alice, f"/t/acme/credentials/{other.pk}/budget/")


# ------------------------------------------------------------ number of queries


def test_lists_take_as_many_queries_for_three_rows_as_for_one(as_alice: Client, acme: Team, alice: User) -> None:
    urls = ["/t/acme/", "/t/acme/exports/", "/t/acme/runs/", "/t/acme/budget/"]

    def add(number: int) -> None:
        credential = make_credential(acme, f"Credential {number}")
        export = make_export(credential, alice, f"Export {number}")
        for status in Status:
            run = make_run(export, alice, status)
        make_result(make_run(export, alice, Status.SUCCEEDED), b"a,b\n")
        make_call(run)

    add(1)
    first = [queries(as_alice, url) for url in urls]
    add(2)
    add(3)

    assert [queries(as_alice, url) for url in urls] == first


def test_detail_pages_take_a_constant_number_of_queries(as_alice: Client, export: SavedExport, alice: User) -> None:
    run = make_run(export, alice, Status.SUCCEEDED)
    make_call(run)
    urls = [f"/t/acme/exports/{export.pk}/", f"/t/acme/runs/{run.pk}/"]
    first = [queries(as_alice, url) for url in urls]

    for _ in range(3):
        make_call(run, "download")
        make_run(export, alice, Status.FAILED, again_of=run)

    assert [queries(as_alice, url) for url in urls] == first


# ------------------------------------------------------------ exports


def test_list_of_exports_hides_archived_ones(as_alice: Client, credential: Credential, alice: User) -> None:
    make_export(credential, alice, "Current")
    old = make_export(credential, alice, "Old")
    as_alice.post(f"/t/acme/exports/{old.pk}/archive/")

    def listed(url: str) -> list[str]:
        return [export.name for export in as_alice.get(url).context["exports"]]

    assert (listed("/t/acme/exports/"), listed("/t/acme/exports/?archived=1")) == (["Current"], ["Old"])


def test_list_of_exports_shows_each_ones_last_run(as_alice: Client, export: SavedExport, alice: User) -> None:
    make_run(export, alice, Status.FAILED)
    last = make_run(export, alice, Status.SUCCEEDED)

    assert [listed_export.last_run for listed_export in as_alice.get("/t/acme/exports/").context["exports"]] == [last]


def test_export_shows_an_earlier_version(as_alice: Client, export: SavedExport, alice: User) -> None:
    fields = {
        "name": export.name,
        "credential": export.credential_id,
        "report_ids": "R1aa",
        "file_extension": "csv",
        "template": "b",
    }
    as_alice.post(f"/t/acme/exports/{export.pk}/edit/", fields)

    now, then = (text(as_alice, f"/t/acme/exports/{export.pk}/{query}") for query in ("", "?version=1"))

    assert ["R1aa" in now, "50352738" in now] == [True, False]
    assert ["R1aa" in then, "50352738" in then, "as version 1 had it" in then] == [False, True, True]
    assert "Report IDs, template" in now


@pytest.mark.parametrize("number", ["3", "0", "x", "-1", "9" * 30])
def test_unknown_version_is_not_found(number: str, as_alice: Client, export: SavedExport) -> None:
    assert as_alice.get(f"/t/acme/exports/{export.pk}/?version={number}").status_code == 404


def test_clone_leads_to_the_form_of_the_copy(as_alice: Client, export: SavedExport) -> None:
    response = as_alice.post(f"/t/acme/exports/{export.pk}/clone/", follow=True)

    assert response.context["form"]["name"].value() == "Monthly expenses (copy)"


def test_run_button_starts_a_run_and_leads_to_it(as_alice: Client, export: SavedExport) -> None:
    response = as_alice.post(f"/t/acme/exports/{export.pk}/run/")

    assert response.headers["Location"] == f"/t/acme/runs/{Run.objects.get().pk}/"


def test_run_that_cannot_start_says_why(as_alice: Client, acme: Team, alice: User) -> None:
    export = make_export(make_credential(acme, status=Credential.Status.REFUSED), alice)

    response = as_alice.post(f"/t/acme/exports/{export.pk}/run/", follow=True)

    assert [str(message) for message in response.context["messages"]] == [
        "The credential “Main” is refused by Expensify. An Admin has to put that right first; nothing was sent."
    ]
    assert Run.objects.count() == 0


def test_viewer_sees_no_buttons_that_change_something(as_bob: Client, export: SavedExport, alice: User) -> None:
    runs = [make_run(export, alice, status) for status in OF_EXPORTS]
    urls = [
        "/t/acme/",
        "/t/acme/exports/",
        f"/t/acme/exports/{export.pk}/",
        *(f"/t/acme/runs/{run.pk}/" for run in runs),
    ]

    forms = [text(as_bob, url).split('action="/t/acme/')[1:] for url in urls]

    assert forms == [[]] * len(urls)


# ------------------------------------------------------------ runs


def listed(client: Client, query: str = "") -> list[int]:
    return [run.pk for run in client.get(f"/t/acme/runs/{query}").context["page"].rows]


def test_runs_are_listed_newest_first_25_a_page(as_alice: Client, export: SavedExport, alice: User) -> None:
    runs = [make_run(export, alice, Status.SUCCEEDED).pk for _ in range(30)][::-1]

    page = as_alice.get("/t/acme/runs/").context["page"]

    assert [run.pk for run in page.rows] == runs[:25]
    assert listed(as_alice, page.older) == runs[25:]


Filter = Callable[[SavedExport, User], str]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (lambda export, erin: f"?export={export.pk}", ["second"]),
        (lambda export, erin: f"?person={erin.pk}", ["second"]),
        (lambda export, erin: "?state=failed", ["first"]),
        (lambda export, erin: "?state=attention", ["first"]),
        (lambda export, erin: "?source=command", ["third"]),
        (lambda export, erin: "?state=succeeded&source=page", ["second"]),
        (lambda export, erin: "?export=&state=&person=&source=&first_day=&last_day=", ["third", "second", "first"]),
        (lambda export, erin: "?state=nonsense&export=99999", ["third", "second", "first"]),
    ],
)
def test_runs_are_filtered(
    query: Filter, expected: list[str], as_alice: Client, export: SavedExport, alice: User, erin: User
) -> None:
    other = make_export(export.credential, alice, "Other")
    names = {
        make_run(export, alice, Status.FAILED).pk: "first",
        make_run(other, erin, Status.SUCCEEDED).pk: "second",
        make_run(export, None, Status.SUCCEEDED, source=Run.Source.COMMAND).pk: "third",
    }

    assert [names[pk] for pk in listed(as_alice, query(other, erin))] == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?first_day=2026-04-01", [1]),
        ("?last_day=2026-03-31", [0]),
        ("?first_day=2026-03-31&last_day=2026-04-01", [1, 0]),
        ("?first_day=2026-04-02", []),
    ],
)
def test_days_of_the_filter_are_the_teams_days(
    query: str, expected: list[int], as_alice: Client, export: SavedExport, alice: User
) -> None:
    # Half an hour before and after midnight in Berlin.
    times = [datetime(2026, 3, 31, 21, 30, tzinfo=UTC), datetime(2026, 3, 31, 22, 30, tzinfo=UTC)]
    runs = [make_run(export, alice) for _ in times]
    for run, at in zip(runs, times, strict=True):
        Run.objects.filter(pk=run.pk).update(created_at=at)

    assert listed(as_alice, query) == [runs[number].pk for number in expected]


def test_runs_of_some_days_are_paged_by_their_time(as_alice: Client, export: SavedExport, alice: User) -> None:
    # Created in no order, and some at the same time.
    times = [datetime(2026, 4, 1, 12, number * 7 % 30, tzinfo=UTC) for number in range(60)]
    runs = [make_run(export, alice) for _ in times]
    for run, at in zip(runs, times, strict=True):
        Run.objects.filter(pk=run.pk).update(created_at=at)
    expected = [run.pk for _, run in sorted(zip(times, runs, strict=True), key=newest, reverse=True)]
    url = "/t/acme/runs/"

    first = as_alice.get(url + "?last_day=2026-04-01&state=queued").context["page"]
    second = as_alice.get(url + first.older).context["page"]
    third = as_alice.get(url + second.older).context["page"]
    back = as_alice.get(url + third.newer).context["page"]

    assert [run.pk for page in (first, second, third) for run in page.rows] == expected
    assert (first.newer, third.older) == ("", "")
    assert back.rows == second.rows


def newest(timed: tuple[datetime, Run]) -> tuple[datetime, int]:
    return timed[0], timed[1].pk


@pytest.mark.parametrize("mark", ["5", "x-5", "1-2-3", "99999999999999999999-5", "-"])
def test_invalid_page_shows_the_newest_runs(mark: str, as_alice: Client, export: SavedExport, alice: User) -> None:
    run = make_run(export, alice)

    assert listed(as_alice, f"?first_day=2026-01-01&before={mark}") == [run.pk]


@pytest.mark.parametrize("query", ["?first_day=0001-01-01", "?last_day=9999-12-31", "?first_day=nonsense"])
def test_invalid_day_filters_nothing(query: str, as_alice: Client, export: SavedExport, alice: User) -> None:
    run = make_run(export, alice)

    assert listed(as_alice, query) == [run.pk]


def test_run_shows_its_calls_in_words(as_alice: Client, export: SavedExport, alice: User) -> None:
    run = make_run(export, alice, Status.FAILED, error="Expensify found a mistake.")
    make_call(run, seconds=2.25, response_code=410, message="Malformed date")

    page = text(as_alice, f"/t/acme/runs/{run.pk}/")

    assert "Make the file" in page
    assert '<td class="number">2.3</td><td>410<div class="quiet">Malformed date</div></td>' in page
    assert "Expensify found a mistake." in page


def test_queued_run_polls_and_a_final_run_does_not(as_alice: Client, export: SavedExport, alice: User) -> None:
    run = make_run(export, alice)
    url = f"/t/acme/runs/{run.pk}/timeline/"

    waiting = text(as_alice, url)
    run.move(Status.QUEUED, Status.CANCELLED, error="Erin cancelled this run.")
    final = text(as_alice, url)

    assert f'hx-get="{url}?was=queued" hx-trigger="every 2s"' in waiting
    assert ("hx-trigger" in final, "Erin cancelled this run." in final) == (False, True)


def test_only_changes_are_announced(as_alice: Client, export: SavedExport, alice: User) -> None:
    run = make_run(export, alice, Status.GENERATING)

    same, news = (text(as_alice, f"/t/acme/runs/{run.pk}/timeline/?was={was}") for was in ("generating", "queued"))

    assert ("run-news" in same, '<p id="run-news" hx-swap-oob="innerHTML">Generating</p>' in news) == (False, True)


def test_cancel_button_cancels(as_alice: Client, export: SavedExport, alice: User) -> None:
    run = make_run(export, alice)

    as_alice.post(f"/t/acme/runs/{run.pk}/cancel/")

    run.refresh_from_db()
    assert run.status == Status.CANCELLED


def test_cancelling_too_late_says_so(as_alice: Client, export: SavedExport, alice: User) -> None:
    run = make_run(export, alice, Status.GENERATING)

    response = as_alice.post(f"/t/acme/runs/{run.pk}/cancel/", follow=True)

    assert [str(message) for message in response.context["messages"]] == [
        "This run could not be cancelled: its call is under way, or it has finished."
    ]


def test_run_again_button_leads_to_the_new_run(as_alice: Client, export: SavedExport, alice: User) -> None:
    run = make_run(export, alice, Status.FAILED)

    response = as_alice.post(f"/t/acme/runs/{run.pk}/again/")

    new = Run.objects.get(again_of=run)
    assert response.headers["Location"] == f"/t/acme/runs/{new.pk}/"
    assert f"/t/acme/runs/{new.pk}/" in text(as_alice, f"/t/acme/runs/{run.pk}/")


def test_run_that_cannot_be_repeated_says_why(as_alice: Client, export: SavedExport, alice: User) -> None:
    run = make_run(export, alice, Status.FAILED)
    as_alice.post(f"/t/acme/exports/{export.pk}/archive/")

    response = as_alice.post(f"/t/acme/runs/{run.pk}/again/", follow=True)

    assert [str(message) for message in response.context["messages"]][-1] == (
        "This export is archived. Clone it to run it again."
    )


# ------------------------------------------------------------ results


@pytest.fixture
def result(export: SavedExport, alice: User) -> Any:
    return make_result(make_run(export, alice, Status.SUCCEEDED), b"a,b\n1,<script>\n", 'Zo\u00eb "1".csv')


def test_result_shows_its_first_rows_escaped(as_bob: Client, result: Any) -> None:
    page = text(as_bob, f"/t/acme/results/{result.pk}/")

    assert "<td>1</td><td>&lt;script&gt;</td>" in page


def test_download_gives_the_original_bytes_as_a_file_to_save(as_bob: Client, result: Any) -> None:
    response = as_bob.get(f"/t/acme/results/{result.pk}/download/")

    assert response.getvalue() == b"a,b\n1,<script>\n"
    assert response.headers["Content-Disposition"] == f"attachment; filename*=utf-8''{quote(result.name)}"
    assert response.headers["Content-Type"] == "text/csv"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Length"] == "15"


def test_download_is_in_the_audit_log(as_bob: Client, bob: User, result: Any) -> None:
    as_bob.get(f"/t/acme/results/{result.pk}/download/").getvalue()

    entry = AuditEntry.objects.get(action=Action.RESULT_DOWNLOADED)
    assert (entry.actor_id, entry.target_id) == (bob.pk, result.pk)
    assert entry.data == {"size": 15, "sha256": hashlib.sha256(b"a,b\n1,<script>\n").hexdigest()}


def test_head_request_downloads_nothing(as_bob: Client, result: Any) -> None:
    response = as_bob.head(f"/t/acme/results/{result.pk}/download/")

    assert (response.status_code, response.headers["Content-Length"]) == (200, str(result.size))
    assert AuditEntry.objects.filter(action=Action.RESULT_DOWNLOADED).count() == 0


@pytest.mark.parametrize("how", ["lost", "purged"])
def test_missing_file_is_explained(how: str, as_bob: Client, result: Any) -> None:
    default_storage.delete(result.file.name)
    if how == "purged":
        result.purged_at = timezone.now() - timedelta(days=1)
        result.save(update_fields=["purged_at"])

    response = as_bob.get(f"/t/acme/results/{result.pk}/download/", follow=True)

    assert response.status_code == 200
    assert [str(message).endswith("Run the export again to get it.") for message in response.context["messages"]] == [
        True
    ]
    assert AuditEntry.objects.filter(action=Action.RESULT_DOWNLOADED).count() == 0


def test_only_a_pdf_has_a_picture(as_bob: Client, result: Any) -> None:
    assert as_bob.get(f"/t/acme/results/{result.pk}/picture/").status_code == 404
