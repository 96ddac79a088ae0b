"""Celery's way in: load, call, ring again."""

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

from accounts.door import team_of
from expensify.budget.wire import BudgetUnavailable
from exports.models import Run
from exports.results import retention
from exports.results import store as results
from exports.runs import heartbeat, queue
from exports.runs.queue import Wake
from exports.runs.redis_eta import AlarmRequest

# A task sent before the app exists would go to no broker of ours.
import_module(settings.TASK_APP)

log = structlog.get_logger(__name__)


@shared_task(name="exports.tasks.line_up")
def line_up(*run_ids: int) -> None:
    """The bell of runs that may call now. Rung twice, it finds them in their lines."""
    with scopes_disabled():
        runs = (
            Run.objects.resting().filter(pk__in=run_ids).brief().select_related("credential").order_by("pk")
        )
        for wake in queue.enqueue(*runs):
            ring(wake)


@shared_task(name="exports.tasks.leave_line")
def leave_line(run_id: int) -> None:
    """The bell of a cancelled run. Unheard, the run's turn comes, finds it cancelled, and gives the permit back."""
    with team_of(Run, run_id) as run:
        queue.leave(run)


# Acknowledged early: a lost alarm is set again by the sweep, and a second copy of one would only find nothing to do.
@shared_task(
    name="exports.tasks.take_turn", acks_late=False, reject_on_worker_lost=False, Request=AlarmRequest
)
def take_turn(key: str, token: str) -> None:
    """The alarm of a call budget: set the next alarm, then make one call, if one may be made now.

    No second one: a worker that is told to stop ends with this call, and no long line takes it to its time limit.
    """
    turn, wake = queue.take(key, token)
    ring(wake)
    if turn is not None:
        ring(queue.report(turn, again=queue.perform(turn)))


@shared_task(name="exports.tasks.sweep")
def sweep() -> None:
    """What a lost bell or a dead worker left undone; and word that there is a worker to do it."""
    heartbeat.beat()
    if heartbeat.begin_sweep(settings.SWEEP_SECONDS):
        for wake in queue.sweep():
            ring(wake)


@shared_task(name="exports.tasks.tidy")
def tidy() -> None:
    """What dead workers left lying about."""
    results.tidy(timezone.now())


@shared_task(name="exports.tasks.wipe_old")
def wipe_old() -> None:
    """What the teams keep no longer. Done twice, the second finds nothing."""
    now = timezone.now()
    retention.wipe_old(now)
    retention.purge_results(now)


def ring(wake: Wake | None) -> None:
    if wake is not None:
        take_turn.apply_async((wake.key, wake.token), eta=wake.due_at)


def ring_after_commit(task: Task, *ids: Any) -> None:
    """Ring once the row is there for the worker to see. When Redis is away the row waits, and the sweep finds it."""
    transaction.on_commit(partial(_ring_now, task, ids))


def _ring_now(task: Task, ids: tuple[Any, ...]) -> None:
    try:
        task.delay(*ids)
    except (OperationalError, BudgetUnavailable) as error:
        log.warning("bell not rung", task=task.name, ids=ids, reason=type(error).__name__)
