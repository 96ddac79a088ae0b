"""The API client of one call. Each call is recorded as an `ApiCall` row before it is sent, and in the audit log."""

import time
from collections.abc import Callable
from functools import cache

import httpx
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import QuerySet

from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action
from accounts.models import Credential
from expensify.client import Call, Client
from expensify.pair import KeyPair
from expensify.wire import Permit, http_client
from exports.models import ApiCall, Run

LOST = "The portal's worker was stopped in the middle of the call."


@cache
def http() -> httpx.Client:
    """One client per process, so that connections stay open between calls."""
    return http_client()


def client(pair: KeyPair, permit: Permit, call: ApiCall, target: Run | Credential) -> Client:
    """A client for one request, which records the answer in `call` and in the audit log of `target`."""

    def record(answered: Call) -> None:
        with transaction.atomic():
            ApiCall.objects.filter(pk=call.pk).update(
                sent_at=answered.sent_at,
                seconds=answered.seconds,
                http_status=answered.http_status,
                response_code=answered.response_code,
                message=answered.message[:500],
            )
            audit.record(
                Action.API_CALLED,
                target,
                by=PORTAL,
                kind=call.kind,
                outcome="answered" if answered.http_status is not None else "no answer",
                milliseconds=round(answered.seconds * 1000),
                http_status=answered.http_status,
                response_code=answered.response_code,
                message=answered.message,
            )

    return Client(
        pair,
        permit,
        url=settings.EXPENSIFY_URL,
        http=http(),
        on_call=lambda answered: _retry_write(lambda: record(answered)),
        answer_seconds=settings.EXPENSIFY_ANSWER_SECONDS,
    )


def record_lost(calls: QuerySet[ApiCall], target: Run | Credential) -> None:
    """Record that the workers of these calls are gone. The conditional update lets one of two sweeps do it."""
    for call in calls.filter(seconds=None, message=""):
        with transaction.atomic():
            if ApiCall.objects.filter(pk=call.pk, seconds=None, message="").update(message=LOST):
                audit.record(
                    Action.API_CALLED,
                    target,
                    by=PORTAL,
                    kind=call.kind,
                    outcome="worker lost",
                    sent_at=call.sent_at,
                    message=LOST,
                )


def _retry_write(write: Callable[[], None]) -> None:
    """Write again until the database is back; raise after the time in which a run counts as stuck.

    A call takes minutes at worst, and its answer cannot be fetched again: a database restart must not lose it.
    """
    deadline = time.monotonic() + settings.STUCK_AFTER_SECONDS
    if not connection.in_atomic_block:  # some tests run inside a transaction
        close_old_connections()  # Django then checks the connection before it uses it
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(0.5)
