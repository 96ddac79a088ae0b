"""All pages: headers, errors, times, and no inline code."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse, QueryDict
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import middleware
from accounts.models import Team, User
from accounts.paging import page_of
from accounts.templatetags.portal import days_ago, moment, said
from portal import views

FOLDER = Path(settings.BASE_DIR) / "templates"
# Mails are no pages: mail programs do not load our style sheets.
TEMPLATES = sorted(set(FOLDER.rglob("*.html")) - set((FOLDER / "emails").rglob("*.html")))


# ------------------------------------------------------------ headers


def test_security_policy_allows_nothing_inline_and_nothing_foreign(client: Client, db: None) -> None:
    policy = client.get("/account/login/").headers["Content-Security-Policy"]

    assert sorted(policy.split("; ")) == [
        "base-uri 'none'",
        "connect-src 'self'",
        "default-src 'none'",
        "font-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "img-src 'self' data:",
        "script-src 'self'",
        "style-src 'self'",
    ]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_template_has_nothing_inline(template: Path) -> None:
    text = re.sub(r"{% comment %}.*?{% endcomment %}", "", template.read_text(), flags=re.DOTALL)

    assert re.findall(r"""\sstyle=|\son[a-z]+=["']|<style|<script(?![^>]*\ssrc=)|javascript:""", text) == []


def test_pages_are_not_cached(client: Client, alice: User) -> None:
    client.force_login(alice)

    assert "Cookie" in client.get("/t/acme/team/").headers["Vary"]


# ------------------------------------------------------------ errors


def test_forbidden_page_names_the_missing_permission(client: Client, bob: User) -> None:
    client.force_login(bob)

    shown = client.get("/t/acme/audit/").content.decode()

    assert "For this page you need the right to read the audit log." in shown


def test_not_found_page_is_shown_to_anybody(client: Client, db: None) -> None:
    response = client.get("/no/such/page/")

    assert response.status_code == 404
    assert "There is nothing here for you" in response.content.decode()


def test_error_page_needs_neither_database_nor_session() -> None:
    """No `db` fixture: a query would fail this test."""
    response = views.failed(RequestFactory().get("/"))

    assert response.status_code == 500
    assert "Something went wrong here" in response.content.decode()


def test_unexpected_error_shows_no_details(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client.force_login(alice)
    client.raise_request_exception = False

    def fail(*_: Any) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr("accounts.views.teams.Role", fail)

    response = client.get("/t/acme/team/")

    assert response.status_code == 500
    assert "canary" not in response.content.decode()


# ------------------------------------------------------------ middleware


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.66, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.66, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),
    ],
)
def test_address_comes_from_the_outermost_trusted_proxy(
    settings: Any, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)

    assert middleware.address_of(request) == address


def test_polling_after_sign_out_reloads_the_page(client: Client, acme: Team) -> None:
    response = client.get("/t/acme/credentials/1/status/", headers={"HX-Request": "true"})

    assert (response.status_code, response.headers["HX-Refresh"]) == (204, "true")


def test_htmx_response_without_redirect_is_unchanged() -> None:
    answer = HttpResponse("piece")
    request = HttpRequest()
    request.META["HTTP_HX_REQUEST"] = "true"

    assert middleware.whole_pages(lambda _: answer)(request) is answer


# ------------------------------------------------------------ lists


@pytest.mark.parametrize(
    ("query", "shown", "newer", "older"),
    [
        ("", [5, 4], "", "?before=4"),
        ("before=4", [3, 2], "?after=3", "?before=2"),
        ("before=2", [1], "?after=1", ""),
        ("after=3", [5, 4], "", "?before=4"),
        ("after=1", [3, 2], "?after=3", "?before=2"),
        ("before=1", [], "", ""),
        ("q=x&before=4", [3, 2], "?q=x&after=3", "?q=x&before=2"),
    ],
)
def test_page_has_its_rows_and_links_to_its_neighbours(
    db: None, query: str, shown: list[int], newer: str, older: str
) -> None:
    for number in range(1, 6):
        Team.objects.create(pk=number, name=str(number), slug=str(number))

    page = page_of(Team.objects.all(), QueryDict(query), size=2)

    assert [team.pk for team in page.rows] == shown
    assert (page.newer, page.older) == (newer, older)


def test_page_costs_one_query(db: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        page_of(Team.objects.all(), QueryDict("before=3"))


# ------------------------------------------------------------ template filters


@pytest.mark.parametrize(
    ("detail", "shown"),
    [("", "1 Jul 2026, 00:30"), ("seconds", "1 Jul 2026, 00:30:05"), ("zone", "1 Jul 2026, 00:30 CEST")],
)
def test_moment_is_shown_in_the_current_zone(detail: str, shown: str) -> None:
    at = datetime(2026, 6, 30, 22, 30, 5, tzinfo=UTC)

    with timezone.override("Europe/Berlin"):
        told = moment(at, detail)

    assert told == f'<time datetime="2026-07-01T00:30:05+02:00" title="Wednesday, 00:30:05 CEST">{shown}</time>'


def test_missing_moment_is_a_dash() -> None:
    assert moment(None) == "–"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 7, 9, 22, 30, tzinfo=UTC), "today"),
        (datetime(2026, 7, 9, 21, 30, tzinfo=UTC), "yesterday"),
        (datetime(2026, 6, 1, tzinfo=UTC), "39 days ago"),
    ],
)
def test_days_ago_counts_the_days_of_the_zone(monkeypatch: pytest.MonkeyPatch, at: datetime, shown: str) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 7, 10, 10, tzinfo=UTC))

    with timezone.override("Europe/Berlin"):
        assert days_ago(at) == shown


def test_data_of_an_entry_is_shown_in_words() -> None:
    data = {"time_zone": {"before": "UTC", "after": None}, "states": ["OPEN", "APPROVED"], "test": False, "limit": 3}

    assert said(data) == [
        ("time zone", "UTC", "nothing"),
        ("states", "OPEN, APPROVED", None),
        ("test", "no", None),
        ("limit", "3", None),
    ]


# ------------------------------------------------------------ static files


def test_vendored_files_refer_to_no_missing_file(settings: Any, tmp_path: Path) -> None:
    """Production's storage rewrites references in the files and fails at a broken one."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    }

    call_command("collectstatic", interactive=False, verbosity=0)

    kept = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    assert {"portal.css", "icon.svg", "tabler/tabler.min.css", "django_htmx/htmx-2.min.js"} <= set(kept)
