from collections.abc import Iterator

import pytest

from expensify.wire import http_client
from tests.expensify.caller import Caller
from tests.expensify.scripted import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.stop()


@pytest.fixture
def caller(server: ScriptedServer) -> Iterator[Caller]:
    with http_client() as http:
        yield Caller(server, http)
