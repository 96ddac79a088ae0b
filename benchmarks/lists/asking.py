"""The measured pages: each list without filters, with each filter, and with pairs of filters that people combine."""

from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import urlencode

from benchmarks.lists.filling import SPAN, Installation

# ruff: noqa: I001 — `filling` sets up Django.
from django.utils import timezone
from django_scopes import scope

from accounts.audit.record import Action
from exports.models.run import Status


def pages(data: Installation) -> Iterator[tuple[str, str]]:
    """Name and URL of each page."""
    with scope(team=data.team):
        ids = list(data.team.runs.order_by("pk").values_list("pk", flat=True))
        result = data.team.results.latest("pk").pk
        entries = data.team.audit_entries.count()
    home = f"/t/{data.team.slug}/"
    busy = data.exports[0].pk
    yield "home", home
    yield "exports", f"{home}exports/"
    yield "exports, archived", f"{home}exports/?archived=1"
    yield "an export", f"{home}exports/{busy}/"
    yield "an export's form", f"{home}exports/{busy}/edit/"
    yield "a run", f"{home}runs/{ids[-1]}/"
    yield "a result", f"{home}results/{result}/"
    yield "credentials", f"{home}credentials/"
    yield "a credential", f"{home}credentials/{data.exports[0].credential_id}/"
    yield "team", f"{home}team/"
    for name, query in runs(data, ids):
        yield f"runs, {name}", f"{home}runs/?{urlencode(query)}"
    for name, query in entries_of(data, entries):
        yield f"audit log, {name}", f"{home}audit/?{urlencode(query)}"


def runs(data: Installation, ids: list[int]) -> Iterator[tuple[str, dict[str, object]]]:
    busy, busiest = data.exports[0].pk, data.people[0].pk
    yield "newest", {}
    yield "page in the middle", {"before": ids[len(ids) // 2]}
    yield "page near the end", {"before": ids[200]}
    yield "last page, going back", {"after": ids[0]}
    for status in Status:
        yield status.label.lower(), {"state": status.value}
    yield "needs attention", {"state": "attention"}
    yield "a busy export", {"export": busy}
    yield "a quiet export", {"export": data.quiet.pk}
    yield "a busy person", {"person": busiest}
    yield "a former member", {"person": data.former.pk}
    yield "started in the portal", {"source": "page"}
    yield "started by a command (none)", {"source": "command"}
    for name, days in periods("first_day", "last_day"):
        yield name, days
        yield f"{name}, failed", days | {"state": "failed"}
        yield f"{name}, a busy export", days | {"export": busy}
        yield f"{name}, a busy person", days | {"person": busiest}
        yield f"{name}, started by a command (none)", days | {"source": "command"}
    yield "a busy export, failed", {"export": busy, "state": "failed"}
    yield "a busy export, unconfirmed", {"export": busy, "state": "unconfirmed"}
    yield "a busy export, a busy person", {"export": busy, "person": busiest}
    yield "a busy export, a former member", {"export": busy, "person": data.former.pk}
    yield "a quiet export, a busy person", {"export": data.quiet.pk, "person": busiest}
    yield "a busy person, failed", {"person": busiest, "state": "failed"}
    yield "a busy person, cancelled", {"person": busiest, "state": "cancelled"}


def entries_of(data: Installation, count: int) -> Iterator[tuple[str, dict[str, object]]]:
    busiest = data.people[1].pk
    downloads, removed = Action.RESULT_DOWNLOADED.value, Action.MEMBER_REMOVED.value
    yield "newest", {}
    yield "page in the middle", {"before": count // 2}
    yield "page near the end", {"before": 200}
    yield "last page, going back", {"after": 1}
    yield "a busy person", {"person": busiest}
    yield "a former member", {"person": data.former.pk}
    yield "the portal", {"person": "portal"}
    yield "downloads", {"action": downloads}
    yield "members removed (rare)", {"action": removed}
    yield "one run", {"object": "run-1000"}
    yield "words, of one run", {"words": "run 200000"}
    yield "words, of one in a hundred", {"words": "run 77"}
    yield "words, in every entry", {"words": "generate"}
    yield "words, in none", {"words": "nowhere"}
    yield "words, a busy person", {"words": "run 77", "person": busiest}
    yield "passwords changed (none)", {"action": Action.PASSWORD_CHANGED.value}
    for name, days in periods("first", "last"):
        yield name, days
        yield f"{name}, downloads", days | {"action": downloads}
        yield f"{name}, members removed (rare)", days | {"action": removed}
        yield f"{name}, a busy person", days | {"person": busiest}
    yield "a busy person, downloads", {"person": busiest, "action": downloads}
    yield "a busy person, members removed (none)", {"person": busiest, "action": removed}


def periods(first: str, last: str) -> Iterator[tuple[str, dict[str, object]]]:
    today = timezone.now().date()
    first_day = today - SPAN
    for name, start, end in (
        ("the last week", today - timedelta(days=7), today),
        ("a month long ago", first_day + timedelta(days=30), first_day + timedelta(days=60)),
        ("a day long ago", first_day + timedelta(days=30), first_day + timedelta(days=30)),
        ("all the time", first_day, today),
        ("before the beginning (none)", date(2000, 1, 1), first_day - timedelta(days=9)),
    ):
        yield name, {first: start.isoformat(), last: end.isoformat()}
