"""Calls of the client to a scripted server."""

import math
from typing import Any

import httpx

from expensify.budget.permit import Permit
from expensify.client import Call, Client
from expensify.pair import KeyPair
from tests.expensify.scripted import ScriptedServer
from tests.waiting import PATIENCE

PAIR = KeyPair("aa_finance_example_com", "5ec2e7000000000000000000000000000000cafe")


class Caller:
    """Makes a client for each call, with a fresh permit, and keeps what both reported."""

    def __init__(self, server: ScriptedServer, http: httpx.Client) -> None:
        self.server = server
        self.http = http
        self.calls: list[Call] = []
        self.permit = Permit(1, good_until=0)

    def client(self, *, good_until: float = math.inf, **settings: Any) -> Client:
        self.permit = Permit(1, good_until=good_until)
        return Client(
            **({"pair": PAIR, "url": self.server.url, "http": self.http, "answer_seconds": PATIENCE} | settings),
            permit=self.permit,
            on_call=self.calls.append,
        )

    @property
    def outcome(self) -> str | None:
        """The outcome that the last client's permit reports to the budget."""
        return self.permit.done and self.permit.done.outcome
