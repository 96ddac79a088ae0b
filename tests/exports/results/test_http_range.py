"""Downloads that go on where they broke off."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Team, User
from exports.models import Run, SavedExport
from tests.factories import make_result, make_run

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def url(acme: Team, alice: User, export: SavedExport) -> str:
    result = make_result(make_run(export, alice, Run.Status.SUCCEEDED), CONTENT, "export ü.csv")
    return reverse("exports:result-download", args=[acme.slug, result.pk])


def got(client: Client, url: str, **headers: str) -> tuple[int, bytes, Any]:
    response = client.get(url, headers=headers)
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return response.status_code, content, response.headers


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("bytes=0-0", 0, 0), ("bytes=100-", 100, 10239), ("bytes=10-19", 10, 19), ("bytes=-5", 10235, 10239),
     ("bytes=5000-99999", 5000, 10239)],
)  # fmt: skip
def test_a_range_is_exactly_those_bytes(
    wanted: str, first: int, last: int, url: str, client: Client, alice: User
) -> None:
    client.force_login(alice)

    status, content, headers = got(client, url, range=wanted)

    assert (status, content) == (206, CONTENT[first : last + 1])
    assert headers["Content-Range"] == f"bytes {first}-{last}/10240"
    assert headers["Content-Disposition"] == "attachment; filename*=utf-8''export%20%C3%BC.csv"


@pytest.mark.parametrize("wanted", ["bytes=-", "bytes=9-3", "lines=1-2", "bytes=0-1,4-5", "bytes=a-b"])
def test_what_is_no_single_range_gets_the_whole_file(wanted: str, url: str, client: Client, alice: User) -> None:
    client.force_login(alice)

    status, content, headers = got(client, url, range=wanted)

    assert (status, content) == (200, CONTENT)
    assert headers["Accept-Ranges"] == "bytes"


def test_a_range_behind_the_end_is_refused(url: str, client: Client, alice: User) -> None:
    client.force_login(alice)

    status, _, headers = got(client, url, range="bytes=10240-")

    assert (status, headers["Content-Range"]) == (416, "bytes */10240")


def test_the_last_no_bytes_are_refused(url: str, client: Client, alice: User) -> None:
    client.force_login(alice)

    assert got(client, url, range="bytes=-0")[0] == 416


def test_a_range_of_the_same_file_is_gone_on_with(url: str, client: Client, alice: User) -> None:
    client.force_login(alice)
    _, _, headers = got(client, url)

    status, content, _ = got(client, url, range="bytes=10-19", **{"if-range": headers["ETag"]})

    assert (status, content) == (206, CONTENT[10:20])


def test_head_tells_the_size_of_the_whole_and_that_ranges_may_be_asked_for(
    url: str, client: Client, alice: User
) -> None:
    client.force_login(alice)

    response = client.head(url, headers={"range": "bytes=10-19"})

    told = {name: response.headers[name] for name in ("Content-Length", "Accept-Ranges", "Content-Type")}
    assert (response.status_code, response.content) == (200, b"")
    assert told == {"Content-Length": "10240", "Accept-Ranges": "bytes", "Content-Type": "text/csv"}


def test_a_range_of_another_file_gets_the_whole_of_this_one(url: str, client: Client, alice: User) -> None:
    client.force_login(alice)

    status, content, _ = got(client, url, range="bytes=10-19", **{"if-range": '"other"'})

    assert (status, content) == (200, CONTENT)
