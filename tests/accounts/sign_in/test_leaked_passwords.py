"""Password rules and the check for leaked passwords."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User

LEAKED = "a leaked and long password"


class Lists:
    """A range API like that of Have I Been Pwned, over HTTP; records its requests."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                self.send_response(outer.status)
                self.end_headers()
                digest = hashlib.sha1(LEAKED.encode()).hexdigest().upper()
                self.wfile.write(f"{digest[5:]}:42\r\n{'0' * 35}:0\r\n".encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/range/"


@pytest.fixture
def lists(settings: Any) -> Iterator[Lists]:
    lists = Lists()
    thread = threading.Thread(target=lists.server.serve_forever, args=(0.01,))
    thread.start()
    settings.PASSWORD_BREACH_CHECK = lists.url
    yield lists
    lists.server.shutdown()
    thread.join()
    lists.server.server_close()


def complaints(password: str) -> list[str]:
    try:
        validate_password(password, User(email="nina.canary@example.org", first_name="Nina"))
    except ValidationError as error:
        return [str(problem.code) for problem in error.error_list]
    return []


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("short", ["password_too_short"]),
        ("111111111111111", ["password_too_common", "password_entirely_numeric"]),
        ("password1234", ["password_too_common"]),
        ("nina.canary@example.org", ["password_too_similar"]),
        ("correct horse battery staple", []),
    ],
)
def test_password_rules(password: str, codes: list[str]) -> None:
    assert [code for code in complaints(password) if code in codes] == codes
    assert bool(complaints(password)) is bool(codes)


def test_leaked_password_is_refused_and_only_its_hash_prefix_is_sent(lists: Lists) -> None:
    digest = hashlib.sha1(LEAKED.encode()).hexdigest().upper()

    assert complaints(LEAKED) == ["password_leaked"]
    assert lists.asked == [f"/range/{digest[:5]}"]


def test_unleaked_password_is_accepted(lists: Lists) -> None:
    assert (complaints("correct horse battery staple"), len(lists.asked)) == ([], 1)


def test_password_is_accepted_with_a_warning_when_the_api_is_down(
    lists: Lists, caplog: pytest.LogCaptureFixture
) -> None:
    lists.status = 503

    assert complaints(LEAKED) == []
    assert "breach_check_failed" in caplog.text


def test_no_api_is_called_unless_configured(settings: Any, lists: Lists) -> None:
    settings.PASSWORD_BREACH_CHECK = ""

    assert (complaints(LEAKED), lists.asked) == ([], [])
