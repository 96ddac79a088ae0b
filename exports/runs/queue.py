"""The line of calls: who waits in it, whose turn it is, and each run's place and expected time.

A run waits as a ticket in Redis, in the line of its pair's call budget; the rows are the truth, and `sweep` puts
back what Redis lost. A turn is a permit for one call and the ticket at the head of the line; whoever takes the turn
makes the call at once.
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
from accounts.door import team_of
from accounts.models import Credential, Rotation
from expensify.budget.budget import Budget, Decision, QueuePosition, Ticket
from expensify.budget.permit import Permit
from expensify.budget.wire import connect
from exports.models import IN_FLIGHT, Run
from exports.results import store as results
from exports.runs import steps, worker

# A team's people go ahead of what nobody waits for by this much service, seconds; finite, so that is never starved.
LEAD = 120.0
# How many lost tickets of one line a sweep puts back; the next sweep, seconds later, takes the next ones.
SWEEP_BATCH = 2000


@dataclass(frozen=True)
class Wake:
    """The one alarm clock of a budget: take a turn with this token, at `due_at` by Redis's clock or else at once."""

    key: str
    token: str
    due_at: datetime | None


@dataclass(frozen=True)
class Turn:
    key: str
    ticket: str
    place: float
    permit: Permit


@cache
def budget() -> Budget:
    return Budget(connect(settings.REDIS_URL), settings.EXPENSIFY_LIMITS)


def enqueue(*runs: Run) -> list[Wake]:
    """Put resting runs in their lines; harmless when they stand there already."""
    wakes = [
        _wake(key, budget().enqueue(key, [_ticket(run) for run in waiting]))
        for key, waiting in _by_budget(runs).items()
    ]
    return [wake for wake in wakes if wake]


def enqueue_check(credential: Credential) -> Wake | None:
    """Put a credential's test in the line, ahead of scheduled runs."""
    ticket = Ticket(f"check:{credential.pk}", flow="checks", lead=LEAD, team=str(credential.team_id))
    return _wake(credential.fingerprint, budget().enqueue(credential.fingerprint, [ticket]))


def enqueue_rotation_check(rotation: Rotation) -> Wake | None:
    """Put the test of a new pair in the line of that pair."""
    ticket = Ticket(f"rotation:{rotation.pk}", flow="checks", lead=LEAD, team=str(rotation.team_id))
    return _wake(rotation.fingerprint, budget().enqueue(rotation.fingerprint, [ticket]))


def leave(run: Run) -> None:
    """Take a cancelled run out of the line, and what it has in storage with it."""
    budget().remove(run.budget_key, _name(run.pk))
    if run.status == Run.Status.CANCELLED:
        results.clear(run)


def take(key: str, token: str) -> tuple[Turn | None, Wake | None]:
    """Take the next turn, if it may be taken now."""
    step = budget().step(key, token=token, pop=True)
    turn = Turn(key, step.ticket, step.order, step.permit) if step.permit else None
    return turn, _wake(key, step)


def report(turn: Turn, *, again: Ticket | None) -> Wake | None:
    """Say what became of the call, and put its run back in line if it goes on."""
    step = budget().step(turn.key, done=turn.permit.done, enqueue=[again] if again else [])
    return _wake(turn.key, step)


def perform(turn: Turn) -> Ticket | None:
    """Make the call that this turn is for; the ticket to put back in line when the run's next call may follow."""
    kind, _, pk = turn.ticket.partition(":")
    if kind == "check":
        try:
            with team_of(Credential, int(pk)) as credential:
                worker.check_credential(credential, turn.permit)
        except Credential.DoesNotExist:
            turn.permit.not_sent()
        return None
    if kind == "rotation":
        try:
            with team_of(Rotation, int(pk)) as rotation:
                worker.check_rotation(rotation, turn.permit)
        except Rotation.DoesNotExist:
            turn.permit.not_sent()
        return None
    if kind != "run":  # a newer version's, while it is rolled out; its own workers put the ticket back
        turn.permit.not_sent()
        return None
    try:
        with team_of(Run, int(pk)) as run:
            if run.budget_key != turn.key:  # its pair was replaced: the sweep puts it into its new line
                turn.permit.not_sent()
                return None
            worker.perform(run, turn.permit, place=turn.place)
            goes_on = run.is_resting and run.retry_at is None and run.budget_key == turn.key
            return _ticket(run) if goes_on else None
    except Run.DoesNotExist:
        turn.permit.not_sent()
        return None


def places(runs: Iterable[Run]) -> dict[int, QueuePosition]:
    """Where each resting run stands in its line, and when its next call is expected; one round trip for each budget."""
    lines = _by_budget(run for run in runs if run.is_resting)
    under_way = _calls_under_way(lines)
    found: dict[int, QueuePosition] = {}
    for key, waiting in lines.items():
        places = budget().places(key, [_name(run.pk) for run in waiting], under_way=under_way.get(key, 0))
        found |= {run.pk: places[_name(run.pk)] for run in waiting if _name(run.pk) in places}
    return found


def _calls_under_way(keys: Iterable[str]) -> dict[str, int]:
    """How many calls the runs that have begun and are not in line will still need: they go ahead of who waits."""
    begun = Q(status__in=IN_FLIGHT) | Q(status=Run.Status.GENERATED, retry_at__isnull=False)
    with scopes_disabled():
        found = Run.objects.unfinished().with_budget_key().filter(begun, key__in=list(keys))
        needed: Counter[str] = Counter()
        for key, status, kind in found.values_list("key", "status", "kind"):
            needed[key] += steps.calls_left(status, kind)
        return needed


def sweep(now: datetime | None = None) -> list[Wake]:
    """Do what a lost bell or a dead worker left undone. Any number of sweeps at once are harmless."""
    now = now or clock.now()
    with scopes_disabled():
        stuck = Run.objects.stuck(now - timedelta(seconds=settings.STUCK_AFTER_SECONDS)).values_list(
            "pk", flat=True
        )
        stuck_ids = list(stuck[:SWEEP_BATCH])
    for pk in stuck_ids:
        with team_of(Run, pk) as run:
            worker.give_up_on(run)
    return [*_resting_wakes(now), *_check_wakes(now)]


def _resting_wakes(now: datetime) -> list[Wake]:
    lines: dict[str, list[str]] = {}
    with scopes_disabled():
        for key, pk in Run.objects.due(now).with_budget_key().order_by("pk").values_list("key", "pk"):
            lines.setdefault(key, []).append(_name(pk))
    wakes = []
    for key, lost in budget().lost(lines).items():
        wakes.append(_wake(key, budget().enqueue(key, _tickets(lost[:SWEEP_BATCH], now))))
    return [wake for wake in wakes if wake]


def _tickets(names: Sequence[str], now: datetime) -> list[Ticket]:
    """The tickets of runs that were not in their line; those that moved in the meantime are left out."""
    if not names:
        return []
    with scopes_disabled():
        runs = Run.objects.due(now).filter(pk__in=[int(name.partition(":")[2]) for name in names])
        return [_ticket(run) for run in runs.brief().order_by("pk")]


def _check_wakes(now: datetime) -> list[Wake]:
    with scopes_disabled():
        due = list(Credential.objects.filter(check_due_at__lte=now).order_by("pk")[:SWEEP_BATCH])
        new = list(Rotation.objects.filter(check_due_at__lte=now).order_by("pk")[:SWEEP_BATCH])
    return [wake for wake in (*map(enqueue_check, due), *map(enqueue_rotation_check, new)) if wake]


def _by_budget(runs: Iterable[Run]) -> dict[str, list[Run]]:
    lines: dict[str, list[Run]] = {}
    for run in runs:
        lines.setdefault(run.budget_key, []).append(run)
    return lines


def _name(pk: int) -> str:
    return f"run:{pk}"


def _ticket(run: Run) -> Ticket:
    """The run's ticket: its flow is the saved export, and once it has a place it keeps it for its later calls."""
    return Ticket(
        _name(run.pk),
        team=str(run.team_id),
        flow=f"export:{run.export_id}" if run.export_id else f"update:{run.update_id}",
        lead=LEAD if run.source == Run.Source.PAGE else 0.0,
        order=_order(run),
        calls=steps.calls_left(run.status, run.kind),
    )


def _order(run: Run) -> float | None:
    """The run's place; one of many files lets others pass after each: a hundred PDFs are five minutes."""
    has_more_files = run.status == Run.Status.GENERATED and run.fetched
    return budget().later(run.place) if run.place is not None and has_more_files else run.place


def _wake(key: str, step: Decision) -> Wake | None:
    if step.wake_in is None:
        return None
    due_at = datetime.fromtimestamp(step.at + step.wake_in, UTC) if step.wake_in else None
    return Wake(key, step.token, due_at)
