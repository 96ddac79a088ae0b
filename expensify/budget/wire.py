"""Runs the budget's script in Redis, once, on a server whose identity is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from expensify.budget.limits import Limits

if TYPE_CHECKING:
    import redis

SCRIPT = "".join(Path(__file__).with_name(f"{part}.lua").read_text() for part in ("limit", "queue", "operations"))


class BudgetUnavailable(Exception):
    """Redis could not be reached, or did not answer: no call to Expensify is allowed now.

    The script may have run. A permit whose answer got lost costs its slot; its ticket is no longer in the queue and
    returns when the queue is next reconciled with the rows.
    """


def connect(url: str) -> redis.Redis:
    """A client for budgets. It fails within seconds, because pages and workers wait for it."""
    # Imported here to save memory: see tests/test_process_imports.py.
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return redis.Redis.from_url(
        url,
        socket_connect_timeout=2,  # on the same network
        socket_timeout=5,  # a script runs for microseconds; this is a server that loads its data or hangs
        retry=Retry(NoBackoff(), 1),
    )


class Wire:
    """Sends over the client's pool, but never twice: a repeated step would permit two calls."""

    def __init__(self, client: redis.Redis, script: str) -> None:
        self._pool = client.connection_pool
        self._script = script
        self._digest = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        self._servers: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def run(self, operation: str, keys: Sequence[str], arguments: Mapping[str, object]) -> Any:
        """Run the script once. Raises BudgetUnavailable for all errors of Redis."""
        # Imported here to save memory: see tests/test_process_imports.py.
        from redis.exceptions import NoScriptError, RedisError, ResponseError

        try:
            connection: Any = self._pool.get_connection()
        except RedisError as error:
            raise BudgetUnavailable("Redis cannot be reached.") from error
        try:
            rest = (len(keys), *keys, self._server(connection), operation, json.dumps(arguments))
            try:
                return _ask(connection, "EVALSHA", self._digest, *rest)
            except NoScriptError:
                return _ask(connection, "EVAL", self._script, *rest)
        except RedisError as error:
            if not isinstance(error, ResponseError):
                connection.disconnect()
            raise BudgetUnavailable("Redis did not do what it was asked.") from error
        except BaseException:  # a worker's time limit between command and reply: the reply must not be read later
            connection.disconnect()
            raise
        finally:
            self._pool.release(connection)

    def _server(self, connection: Any) -> str:
        """The run id of the server behind this connection: asked once per connection, not per call."""
        if connection not in self._servers:
            connection.register_connect_callback(self._forget)
            info = _ask(connection, "INFO", "server")
            fields = dict(line.split(":", 1) for line in text(info).splitlines() if ":" in line)
            self._servers[connection] = fields["run_id"]
        return self._servers[connection]

    def _forget(self, connection: Any) -> None:
        self._servers.pop(connection, None)


def _ask(connection: Any, *words: object) -> Any:
    # No health check: it may reconnect, and then this would not be the server whose identity is known.
    connection.send_command(*words, check_health=False)
    return connection.read_response()


def text(value: bytes | str) -> str:
    """A string of Redis, whether or not the client decodes it."""
    return value.decode() if isinstance(value, bytes) else value


def script_for(limits: Limits) -> str:
    """The script with the limits in front, so that no call has to send them."""
    gaps = limits.gaps()
    numbers = {
        "depth": limits.depth,
        "unanswered": micro(limits.unanswered),
        "horizon": micro(max(gaps.values()) + limits.slack_most),
        "shortest": micro(min(seconds for _, seconds in limits.windows)),
        "longest": micro(max(seconds for _, seconds in limits.windows)),
        "service": micro(limits.service),
        "slack_step": micro(limits.slack_step),
        "slack_most": micro(limits.slack_most),
    }
    gap = ", ".join(f"[{k}] = {micro(seconds)}" for k, seconds in gaps.items())
    rest = ", ".join(f"{name} = {number}" for name, number in numbers.items())
    return f"local L = {{gap = {{{gap}}}, {rest}}}\n{SCRIPT}"


def micro(seconds: float) -> int:
    """Seconds as microseconds, the unit of the script."""
    return round(seconds * 1_000_000)
