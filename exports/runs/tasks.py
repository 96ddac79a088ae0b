"""Celery tasks: load the row, make the call, send the next wake-up.

Celery names such as `exports.tasks.line_up` stay when functions are renamed: during a rollout older versions still run,
and a worker drops a message whose task it does not know.
"""

from functools import partial
from importlib import import_module
from typing import Any

import structlog
from celery import Task, shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_scopes import scopes_disabled
from kombu.exceptions import OperationalError

from accounts import team_rules
from accounts.door import team_of
from expensify.budget.wire import BudgetUnavailable
from exports.models import Run
from exports.results import retention
from exports.results import store as results
from exports.runs import heartbeat, queue
from exports.runs.queue import Wake
from exports.runs.redis_eta import RedisTimedRequest

# A task sent before the app is configured would go to Celery's default broker.
import_module(settings.TASK_APP)

log = structlog.get_logger(__name__)


@shared_task(name="exports.tasks.line_up")
def enqueue_runs(*run_ids: int) -> None:
    """Enqueue runs that may call now. Idempotent."""
    with scopes_disabled():
        runs = Run.objects.resting().filter(pk__in=run_ids).brief().select_related("credential").order_by("pk")
        for wake in queue.enqueue(*runs):
            wake_worker(wake)


@shared_task(name="exports.tasks.leave_line")
def leave_queue(run_id: int) -> None:
    """Remove a cancelled run from the queue. If this task is lost, the run's turn returns the permit."""
    with team_of(Run, run_id) as run:
        queue.leave(run)


# Acknowledged early: the sweep repeats a lost wake-up, and a second copy finds nothing to do.
@shared_task(  # type: ignore[call-overload, untyped-decorator]  # the stubs lack `Request`
    name="exports.tasks.take_turn", acks_late=False, reject_on_worker_lost=False, Request=RedisTimedRequest
)
def take_turn(key: str, token: str) -> None:
    """The wake-up of a call budget: send the next wake-up, then make one call, if one may be made now.

    Only one: a worker that is told to stop finishes with this call, and a long queue never reaches the time limit.
    """
    turn, wake = queue.take(key, token)
    wake_worker(wake)
    if turn is not None:
        wake_worker(queue.report(turn, again=queue.perform(turn)))


@shared_task(name="exports.tasks.sweep")
def sweep() -> None:
    """Record the worker's heartbeat, and continue runs whose wake-up was lost or whose worker died."""
    heartbeat.beat()
    if heartbeat.begin_sweep(settings.SWEEP_SECONDS):
        for wake in queue.sweep():
            wake_worker(wake)


@shared_task(name="exports.tasks.tidy")
def tidy() -> None:
    """Delete files that dead workers left."""
    results.tidy(timezone.now())


@shared_task(name="exports.tasks.wipe_old")
def wipe_old() -> None:
    """Apply the teams' retention, and switch off rules whose wait is over. Idempotent."""
    now = timezone.now()
    team_rules.switch_off_due(now)
    retention.wipe_old(now)
    retention.purge_results(now)


def wake_worker(wake: Wake | None) -> None:
    if wake is not None:
        take_turn.apply_async((wake.key, wake.token), eta=wake.due_at)


def send_after_commit(task: "Task[..., Any]", *ids: Any) -> None:
    """Send the task after the commit, when workers see the row. While Redis is away the row waits for the sweep."""
    transaction.on_commit(partial(_send, task, ids))


def _send(task: "Task[..., Any]", ids: tuple[Any, ...]) -> None:
    try:
        task.delay(*ids)
    except (OperationalError, BudgetUnavailable) as error:
        log.warning("task not sent", task=task.name, ids=ids, reason=type(error).__name__)
