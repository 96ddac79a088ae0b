"""The call budget: the queue and the permits of each key pair.

A call waits in a queue in Redis, not in a worker. Each budget has one pending wake-up, due at its next slot; the
worker that receives it takes the head of the queue and sends at once. The limits hold for the latest instant at
which each call can have arrived, so neither clocks nor delays can break them.
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
    """The key of a partner's budget, the same for every secret and team. It does not reveal the id."""
    return hmac.new(pepper, partner_user_id.strip().encode(), hashlib.sha256).hexdigest()[:20]


@dataclass(frozen=True)
class Ticket:
    """A place in the queue, for one call at a time.

    Teams take turns by the budget time that their calls used, and so do the flows within a team. A call uses
    `Limits.service` seconds of it. All tickets of a team with the same `lead` may together use that many seconds before
    its other tickets, and before other teams, have their turn. `calls` is the number of calls that the run needs in
    all. A ticket that returns for its next call keeps its `order`.
    """

    name: str
    flow: str
    lead: float = 0
    order: float | None = None
    calls: int = 1
    team: str = ""


@dataclass(frozen=True)
class Decision:
    """The result of a step: `ticket` may call now when there is a `permit`.

    With a `wake_in`, the caller publishes exactly one wake-up with `token`, that many seconds from now.
    `order` is for the ticket of the run's next call. `at` is the time of the step by Redis's clock, in seconds since
    1970.
    """

    permit: Permit | None
    ticket: str
    order: float
    wake_in: float | None
    token: str
    at: float


@dataclass(frozen=True)
class QueuePosition:
    """`position` counts from 1; `starts_in` is an estimate in seconds, from the tickets in the queue now."""

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
    """`held_until` is in seconds from now: no call before that, whatever the windows allow."""

    used: list[Used]
    held_until: float | None
    waiting: int


class Budget:
    """All budgets of one installation.

    Every method is one round trip and raises BudgetUnavailable when Redis does not answer.

    The keys share one hash slot, because the mark of the last restart is read together with each budget. One Redis
    core is enough for far more calls than all customers of Expensify may make.
    """

    def __init__(self, client: redis.Redis, limits: Limits) -> None:
        self.limits = limits
        self._wire = Wire(client, script_for(limits))

    def introduce(self, *, fresh: bool) -> float:
        """Register the server before the first call; return the seconds during which no call is allowed.

        An unknown or emptied server may have lost the calls of the last minute, so one minute passes first.
        `fresh` says that the installation is new and there were none. It counts only on a server without a mark.
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
        """Report the outcome of a call, enqueue tickets, and with `pop` take the next permit if one is free.

        `token` comes from the wake-up that caused this step. The caller sends at once with the permit, or reports
        that nothing was sent.
        """
        started_at = time.monotonic()
        tickets = [enqueue] if isinstance(enqueue, Ticket) else enqueue
        arguments: dict[str, object] = {"token": token, "pop": pop}
        if done is not None:
            arguments["done"] = _described_done(done)
        if tickets:
            arguments["enqueue"] = [_described_ticket(ticket) for ticket in tickets]
        handle, ticket, order, wake_in, next_token, at = self._wire.run("step", self._keys(key), arguments)
        return Decision(
            permit=Permit(handle, good_until=started_at + self.limits.permit_seconds) if handle else None,
            ticket=text(ticket),
            order=float(order),
            wake_in=wake_in / 1e6 if wake_in >= 0 else None,
            token=text(next_token),
            at=at / 1e6,
        )

    def enqueue(self, key: str, tickets: Ticket | Sequence[Ticket]) -> Decision:
        """Add to the queue; a ticket that is in it already keeps its place."""
        return self.step(key, enqueue=tickets)

    def order_after(self, order: float) -> float:
        """The order of a ticket that yields to the others for one call."""
        return order + micro(self.limits.service)

    def remove(self, key: str, tickets: str | Iterable[str]) -> int:
        """Remove from the queue; return how many were in it. Tickets removed together cost their flow nothing."""
        names = [tickets] if isinstance(tickets, str) else list(tickets)
        removed: int = self._wire.run("remove", self._keys(key), {"tickets": names})
        return removed

    def places(self, key: str, tickets: Sequence[str], *, under_way: int = 0) -> dict[str, QueuePosition]:
        """The queue position and expected start of each ticket; tickets that are not in the queue are omitted.

        A run ahead counts with all the calls it will need. Runs being served have further calls that are not in the
        queue; `under_way` is their number, and they go first.
        """
        ages, quiet, slack, ranks, ahead = self._wire.run("places", self._keys(key), {"tickets": list(tickets)})
        queued = [(name, rank, calls) for name, rank, calls in zip(tickets, ranks, ahead, strict=True) if rank >= 0]
        instants = self.limits.instants(
            [calls + under_way for _, _, calls in queued],
            [age / 1e6 for age in ages],
            quiet=quiet / 1e6,
            slack=slack / 1e6,
        )
        return {
            name: QueuePosition(rank + 1, starts_in)
            for (name, rank, _), starts_in in zip(queued, instants, strict=True)
        }

    def usages(self, keys: Sequence[str]) -> dict[str, Usage]:
        """The current usage of each budget, in one round trip."""
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
        """Every ticket in the queue, in the order in which they are served if none is added."""
        return [text(name) for name in self._wire.run("waiting", self._keys(key), {})]

    def lost(self, queues: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """The budgets that need a step, each with those of the given tickets that are missing from its queue.

        The queue was lost, or the tickets were taken. Without a missing ticket, the wake-up of the queue is overdue.
        One round trip for each 2,000 tickets.
        """
        incomplete: dict[str, list[str]] = {}
        for keys in _batches(queues):
            names = [self._boot, *(self._key(key, part) for key in keys for part in ("state", "tickets"))]
            answers = self._wire.run("lost", names, {"queues": [list(queues[key]) for key in keys]})
            for key, (needs_wake, missing) in zip(keys, answers, strict=True):
                if needs_wake or missing:
                    incomplete[key] = [queues[key][number] for number in missing]
        return incomplete

    @property
    def _boot(self) -> str:
        return _PREFIX + "boot"

    def _key(self, key: str, part: str) -> str:
        return f"{_PREFIX}{key}:{part}"

    def _keys(self, key: str) -> list[str]:
        return [self._boot, *(self._key(key, part) for part in ("state", "tickets", "again", "flows"))]


def _batches(queues: Mapping[str, Sequence[str]], size: int = 2000) -> Iterator[list[str]]:
    """The keys in groups of about `size` tickets: Redis serves no other client during a script."""
    batch: list[str] = []
    tickets = 0
    for key, names in queues.items():
        batch.append(key)
        tickets += len(names)
        if tickets >= size:
            yield batch
            batch, tickets = [], 0
    if batch:
        yield batch


def _described_done(done: Done) -> dict[str, object]:
    described: dict[str, object] = {"handle": done.handle, "outcome": done.outcome, "ago": micro(max(done.ago, 0))}
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
