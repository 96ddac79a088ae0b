"""The queue of API calls: enqueue runs, take turns, and know each run's position and expected time.

A run waits as a ticket in Redis, in the queue of its key pair's call budget. The rows are the truth: `sweep` restores
what Redis lost. A turn is the ticket at the head of the queue with a permit for one call, to be made at once.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from django.conf import settings
from django.db.models import Q
from django_scopes import scopes_disabled

from accounts import clock
from accounts.door import each_of, team_of
from accounts.models import Credential, Rotation, TeamOwned
from expensify.budget.budget import Budget, Decision, QueuePosition, Ticket
from expensify.budget.permit import Permit
from expensify.budget.wire import connect
from exports.models import IN_FLIGHT, Run
from exports.models.run import BUDGET_KEY
from exports.results import store as results
from exports.runs import steps, worker

# Head start of runs that a person started, in seconds of budget time. Finite, so that scheduled runs never starve.
LEAD = 120.0
# How many lost tickets of one queue a sweep restores; the next sweep follows seconds later.
SWEEP_BATCH = 2000
# What a ticket is for, by the first part of its name.
MODELS: dict[str, type[TeamOwned]] = {"run": Run, "check": Credential, "rotation": Rotation}


@dataclass(frozen=True)
class Wake:
    """The one wake-up of a budget: take a turn with this token, at `due_at` by Redis's clock, or at once if None."""

    key: str
    token: str
    due_at: datetime | None


@dataclass(frozen=True)
class Turn:
    key: str
    ticket: str
    order: float
    permit: Permit


@cache
def budget() -> Budget:
    return Budget(connect(settings.REDIS_URL), settings.EXPENSIFY_LIMITS)


def enqueue(*runs: Run) -> list[Wake]:
    """Enqueue resting runs. Idempotent."""
    wakes = [
        _wake(key, budget().enqueue(key, [_ticket(run) for run in waiting]))
        for key, waiting in _by_budget(runs).items()
    ]
    return [wake for wake in wakes if wake]


def enqueue_check(owner: Credential | Rotation) -> Wake | None:
    """Enqueue the test of a credential, or of a rotation's new key pair in its own queue, ahead of scheduled runs."""
    kind = "check" if isinstance(owner, Credential) else "rotation"
    ticket = Ticket(f"{kind}:{owner.pk}", flow="checks", lead=LEAD, team=str(owner.team_id))
    return _wake(owner.fingerprint, budget().enqueue(owner.fingerprint, [ticket]))


def leave(run: Run) -> None:
    """Remove a cancelled run from the queue, and delete its files in progress."""
    budget().remove(run.budget_key, _name(run.pk))
    if run.status == Run.Status.CANCELLED:
        results.clear(run)


def take(key: str, token: str) -> tuple[Turn | None, Wake | None]:
    """Take the next turn, if a call may be made now."""
    step = budget().step(key, token=token, pop=True)
    turn = Turn(key, step.ticket, step.order, step.permit) if step.permit else None
    return turn, _wake(key, step)


def report(turn: Turn, *, again: Ticket | None) -> Wake | None:
    """Report the outcome of the call, and enqueue its run `again` if it has further calls."""
    step = budget().step(turn.key, done=turn.permit.done, enqueue=[again] if again else [])
    return _wake(turn.key, step)


def perform(turn: Turn) -> Ticket | None:
    """Make the call of this turn. Returns the ticket of the run's next call if it may follow at once."""
    kind, _, pk = turn.ticket.partition(":")
    model = MODELS.get(kind)
    if model is None:  # of a newer version, during a rollout; its own workers restore the ticket
        turn.permit.not_sent()
        return None
    try:
        with team_of(model, int(pk)) as row:
            match row:
                case Run():
                    return _perform_run(row, turn)
                case Credential():
                    worker.check_credential(row, turn.permit)
                case Rotation():
                    worker.check_rotation(row, turn.permit)
    except model.DoesNotExist:
        turn.permit.not_sent()
    return None


def _perform_run(run: Run, turn: Turn) -> Ticket | None:
    if run.budget_key != turn.key:  # its key pair was replaced: the sweep enqueues it for the new one
        turn.permit.not_sent()
        return None
    worker.perform(run, turn.permit, order=turn.order)
    may_continue = run.is_resting and run.retry_at is None and run.budget_key == turn.key
    return _ticket(run) if may_continue else None


def positions(runs: Iterable[Run]) -> dict[int, QueuePosition]:
    """The position and expected time of each resting run's next call; one round trip for each budget."""
    waiting_by_key = _by_budget(run for run in runs if run.is_resting)
    under_way = _count_calls_under_way(waiting_by_key)
    positions: dict[int, QueuePosition] = {}
    for key, waiting in waiting_by_key.items():
        places = budget().places(key, [_name(run.pk) for run in waiting], under_way=under_way.get(key, 0))
        positions |= {run.pk: places[_name(run.pk)] for run in waiting if _name(run.pk) in places}
    return positions


def _count_calls_under_way(keys: Iterable[str]) -> dict[str, int]:
    """How many further calls the started runs outside the queue need: those come before the queue."""
    started = Q(status__in=IN_FLIGHT) | Q(status=Run.Status.GENERATED, retry_at__isnull=False)
    with scopes_disabled():
        runs = Run.objects.unfinished().annotate(key=BUDGET_KEY).filter(started, key__in=list(keys))
        needed: Counter[str] = Counter()
        for key, status, kind in runs.values_list("key", "status", "kind"):
            needed[key] += steps.calls_left(status, kind)
        return needed


def sweep(now: datetime | None = None) -> list[Wake]:
    """Continue runs whose wake-up was lost or whose worker died. Concurrent sweeps are harmless."""
    now = now or clock.now()
    since = now - timedelta(seconds=settings.STUCK_AFTER_SECONDS)
    for run in each_of(lambda: Run.objects.stuck(since)[:SWEEP_BATCH]):
        worker.give_up_on(run)
    return [*_enqueue_lost_runs(now), *_enqueue_due_checks(now)]


def _enqueue_lost_runs(now: datetime) -> list[Wake]:
    names_by_key: dict[str, list[str]] = {}
    with scopes_disabled():
        for key, pk in Run.objects.due(now).annotate(key=BUDGET_KEY).order_by("pk").values_list("key", "pk"):
            names_by_key.setdefault(key, []).append(_name(pk))
    wakes = []
    for key, lost in budget().lost(names_by_key).items():
        wakes.append(_wake(key, budget().enqueue(key, _tickets(lost[:SWEEP_BATCH], now))))
    return [wake for wake in wakes if wake]


def _tickets(names: Sequence[str], now: datetime) -> list[Ticket]:
    """The tickets of runs that were missing in their queue, without those that moved in the meantime."""
    if not names:
        return []
    with scopes_disabled():
        runs = Run.objects.due(now).filter(pk__in=[int(name.partition(":")[2]) for name in names])
        return [_ticket(run) for run in runs.brief().order_by("pk")]


def _enqueue_due_checks(now: datetime) -> list[Wake]:
    with scopes_disabled():
        owners: list[Credential | Rotation] = [
            *Credential.objects.filter(check_due_at__lte=now).order_by("pk")[:SWEEP_BATCH],
            *Rotation.objects.filter(check_due_at__lte=now).order_by("pk")[:SWEEP_BATCH],
        ]
    return [wake for wake in map(enqueue_check, owners) if wake]


def _by_budget(runs: Iterable[Run]) -> dict[str, list[Run]]:
    runs_by_key: dict[str, list[Run]] = {}
    for run in runs:
        runs_by_key.setdefault(run.budget_key, []).append(run)
    return runs_by_key


def _name(pk: int) -> str:
    return f"run:{pk}"


def _ticket(run: Run) -> Ticket:
    """The run's ticket. Its flow is the saved export; a run keeps its order for its later calls."""
    return Ticket(
        _name(run.pk),
        team=str(run.team_id),
        flow=f"export:{run.export_id}" if run.export_id else f"update:{run.update_id}",
        lead=LEAD if run.source == Run.Source.PAGE else 0.0,
        order=_order(run),
        calls=steps.calls_left(run.status, run.kind),
    )


def _order(run: Run) -> float | None:
    """The run's order. A run of several files lets others pass after each file: a hundred PDFs take five minutes."""
    has_more_files = run.status == Run.Status.GENERATED and run.fetched
    return budget().order_after(run.queue_order) if run.queue_order is not None and has_more_files else run.queue_order


def _wake(key: str, step: Decision) -> Wake | None:
    if step.wake_in is None:
        return None
    due_at = datetime.fromtimestamp(step.at + step.wake_in, UTC) if step.wake_in else None
    return Wake(key, step.token, due_at)
