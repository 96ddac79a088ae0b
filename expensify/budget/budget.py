"""The call budget: who may call Expensify with a credential, and when.

A call waits in a line in Redis, not in a worker. Each budget has one pending wake, due at its next slot; the
worker that gets the wake takes the head of the line at that instant and sends at once. The rules are kept
against the latest instant at which each call can have arrived, so neither clocks nor delays can break them.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expensify.budget.limits import Limits
from expensify.budget.permit import Done, Permit
from expensify.budget.wire import Wire, micro, script_for, text

if TYPE_CHECKING:
    import redis

_PREFIX = "{portal}:"


def budget_key(pepper: bytes, partner_user_id: str) -> str:
    """The budget of a partner, the same for every secret and team that uses it; and not the id itself."""
    return hmac.new(pepper, partner_user_id.strip().encode(), hashlib.sha256).hexdigest()[:20]


@dataclass(frozen=True)
class Ticket:
    """A place in the line, for one call at a time.

    Teams take turns by the service they got, and within a team its flows do. All tickets of a team with the same
    `lead` may together be ahead of its others, and of other teams, by so many seconds of service. `calls` is what
    the run will need in all; a ticket that comes back for its next call brings the `order` it had, and goes where
    it was.
    """

    name: str
    flow: str
    lead: float = 0
    order: float | None = None
    calls: int = 1
    team: str = ""


@dataclass(frozen=True)
class Decision:
    """What a step decided: `ticket` may call now when there is a `permit`.

    With a `wake_in`, exactly one wake that carries `token` is to be published, that many seconds from now.
    `order` is the ticket's place among those that were served, to come back with. `at` is Redis's clock, as seconds
    since 1970, when the step was decided.
    """

    permit: Permit | None
    ticket: str
    order: float
    wake_in: float | None
    token: str
    at: float


@dataclass(frozen=True)
class QueuePosition:
    """`position` counts from 1; `starts_in` seconds is expected, from what is in the line now."""

    position: int
    starts_in: float


@dataclass(frozen=True)
class Used:
    """One window of the limits: `calls` of `limit` in the last `seconds`."""

    calls: int
    limit: int
    seconds: float


@dataclass(frozen=True)
class Usage:
    """`held_until` is in seconds from now: nothing goes before, whatever the windows say."""

    used: list[Used]
    held_until: float | None
    waiting: int


class Budget:
    """All budgets of one installation.

    Every method is one round trip and raises BudgetUnavailable when Redis does not answer.

    The keys share one hash slot: what is in doubt after a restart must be read together with each budget, and
    one Redis core carries far more calls than all of Expensify's customers may make.
    """

    def __init__(self, client: redis.Redis, limits: Limits) -> None:
        self.limits = limits
        self._wire = Wire(client, script_for(limits))

    def introduce(self, *, fresh: bool) -> float:
        """Meet the server before the first call is waited for; the seconds for which nothing may go.

        A server that is not known, or has been emptied, may have forgotten calls of the last minute, so one
        minute passes first. `fresh` is the word of somebody who knows that there were none: the installation
        is new. It counts only when nothing has met this server yet.
        """
        pause: int = self._wire.run("introduce", [self._boot], {"fresh": fresh})
        return pause / 1e6

    def step(
        self,
        key: str,
        *,
        token: str = "",
        done: Done | None = None,
        enqueue: Ticket | Sequence[Ticket] = (),
        pop: bool = False,
    ) -> Decision:
        """Tell what became of a call, join the line, and with `pop` take the next permit if one is free.

        `token` is the word of the wake that led here. Whoever gets a permit must send at once, or say that
        nothing was sent.
        """
        asked_at = time.monotonic()
        tickets = [enqueue] if isinstance(enqueue, Ticket) else enqueue
        arguments: dict[str, object] = {"token": token, "pop": pop}
        if done is not None:
            arguments["done"] = _described_done(done)
        if tickets:
            arguments["enqueue"] = [_described_ticket(ticket) for ticket in tickets]
        handle, ticket, order, wake_in, word, at = self._wire.run("step", self._keys(key), arguments)
        return Decision(
            permit=Permit(handle, good_until=asked_at + self.limits.permit_seconds) if handle else None,
            ticket=text(ticket),
            order=float(order),
            wake_in=wake_in / 1e6 if wake_in >= 0 else None,
            token=text(word),
            at=at / 1e6,
        )

    def enqueue(self, key: str, tickets: Ticket | Sequence[Ticket]) -> Decision:
        """Join the line; a ticket that waits in it already keeps its place."""
        return self.step(key, enqueue=tickets)

    def later(self, order: float, calls: int = 1) -> float:
        """The order of a ticket that lets the others pass for so many calls."""
        return order + calls * micro(self.limits.service)

    def remove(self, key: str, tickets: str | Iterable[str]) -> int:
        """Leave the line; how many were in it. Tell all that leave together, and their flow starts afresh."""
        names = [tickets] if isinstance(tickets, str) else list(tickets)
        left: int = self._wire.run("remove", self._keys(key), {"tickets": names})
        return left

    def places(self, key: str, tickets: Sequence[str], *, under_way: int = 0) -> dict[str, QueuePosition]:
        """Where these tickets stand and when each may expect its call; those not in the line are left out.

        A run that stands ahead is counted with all the calls it will need. Those still to come of runs that are
        being served are not in the line; `under_way` says how many there are, and they go first.
        """
        ages, quiet, slack, ranks, ahead = self._wire.run(
            "places", self._keys(key), {"tickets": list(tickets)}
        )
        standing = [
            (name, rank, calls) for name, rank, calls in zip(tickets, ranks, ahead, strict=True) if rank >= 0
        ]
        instants = self.limits.instants(
            [calls + under_way for _, _, calls in standing],
            [age / 1e6 for age in ages],
            quiet=quiet / 1e6,
            slack=slack / 1e6,
        )
        return {
            name: QueuePosition(rank + 1, starts_in)
            for (name, rank, _), starts_in in zip(standing, instants, strict=True)
        }

    def usages(self, keys: Sequence[str]) -> dict[str, Usage]:
        """How much of each budget is used now, in one round trip."""
        names = [self._boot, *(self._key(key, part) for key in keys for part in ("state", "tickets"))]
        spans = [micro(seconds) for _, seconds in self.limits.windows]
        answers = self._wire.run("usage", names, {"windows": spans})
        return {
            key: Usage(
                used=[
                    Used(calls, limit, seconds)
                    for calls, (limit, seconds) in zip(used, self.limits.windows, strict=True)
                ],
                held_until=quiet / 1e6 if quiet else None,
                waiting=waiting,
            )
            for key, (used, quiet, waiting) in zip(keys, answers, strict=True)
        }

    def waiting(self, key: str) -> list[str]:
        """Every ticket in the line, in the order in which they will be served if nobody joins."""
        return [text(name) for name in self._wire.run("waiting", self._keys(key), {})]

    def lost(self, lines: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """The budgets that need a step, with those of these tickets that are not in their line.

        Such a line was lost, or its tickets were taken. With no ticket missing, the line's wake has not come.
        One round trip for some thousand tickets.
        """
        found: dict[str, list[str]] = {}
        for keys in _batches(lines):
            names = [self._boot, *(self._key(key, part) for key in keys for part in ("state", "tickets"))]
            answers = self._wire.run("lost", names, {"lines": [list(lines[key]) for key in keys]})
            for key, (needs_wake, missing) in zip(keys, answers, strict=True):
                if needs_wake or missing:
                    found[key] = [lines[key][number] for number in missing]
        return found

    @property
    def _boot(self) -> str:
        return _PREFIX + "boot"

    def _key(self, key: str, part: str) -> str:
        return f"{_PREFIX}{key}:{part}"

    def _keys(self, key: str) -> list[str]:
        return [self._boot, *(self._key(key, part) for part in ("state", "tickets", "again", "flows"))]


def _batches(lines: Mapping[str, Sequence[str]], size: int = 2000) -> Iterator[list[str]]:
    """The keys in groups of about so many tickets: Redis answers nobody else meanwhile."""
    batch: list[str] = []
    tickets = 0
    for key, names in lines.items():
        batch.append(key)
        tickets += len(names)
        if tickets >= size:
            yield batch
            batch, tickets = [], 0
    if batch:
        yield batch


def _described_done(done: Done) -> dict[str, object]:
    described: dict[str, object] = {
        "handle": done.handle,
        "outcome": done.outcome,
        "ago": micro(max(done.ago, 0)),
    }
    if done.retry_after is not None:
        described["retry_after"] = micro(max(done.retry_after, 0))
    return described


def _described_ticket(ticket: Ticket) -> dict[str, object]:
    described: dict[str, object] = {
        "name": ticket.name,
        "team": ticket.team,
        "flow": ticket.flow,
        "lead": micro(ticket.lead),
        "calls": ticket.calls,
    }
    if ticket.order is not None:
        described["order"] = ticket.order
    return described
