"""The line of calls: who waits in it, whose turn it is, and each run's place and expected time.

A run waits as a ticket in Redis, in the line of its pair's call budget; the rows are the truth, and `sweep` puts
back what Redis lost. A turn is a permit for one call and the ticket at the head of the line; whoever takes the turn
makes the call at once.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.door import team_of
from accounts.models import Credential
from expensify.budget import Budget, Done, Permit, Place, Step, Ticket, Usage, connect
from exports import results, steps, worker
from exports.models import Run

# A person's run goes ahead of scheduled ones by this much service, seconds; finite, so those are never starved.
LEAD = 120.0
# How many lost tickets one sweep puts back; the next sweep, seconds later, takes the next ones.
SWEEP_BATCH = 2000


@dataclass(frozen=True)
class Wake:
    """The one alarm clock of a budget: take a turn with this token after so many seconds."""

    key: str
    token: str
    seconds: float


@dataclass(frozen=True)
class Turn:
    key: str
    ticket: str
    place: float
    permit: Permit


@cache
def budget() -> Budget:
    return Budget(connect(settings.REDIS_URL), settings.EXPENSIFY_LIMITS)


def enqueue(run: Run) -> Wake | None:
    """Put a resting run in its line; harmless when it stands there already."""
    return _wake(run.credential.fingerprint, budget().enqueue(run.credential.fingerprint, [_ticket(run)]))


def enqueue_check(credential: Credential) -> Wake | None:
    """Put a credential's test in the line, ahead of scheduled runs."""
    ticket = Ticket(f"check:{credential.pk}", flow=f"checks:{credential.team_id}", lead=LEAD)
    return _wake(credential.fingerprint, budget().enqueue(credential.fingerprint, [ticket]))


def leave(run: Run) -> None:
    """Take a cancelled run out of the line, and what it has in storage with it."""
    budget().remove(run.credential.fingerprint, _name(run))
    if run.status == Run.Status.CANCELLED:
        results.clear(run)


def take(
    key: str, token: str, done: Done | None = None, again: Ticket | None = None
) -> tuple[Turn | None, Wake | None]:
    """Report the last call, put its run back in line if it goes on, and take the next turn if it may be taken now."""
    step = budget().step(key, token=token, done=done, enqueue=[again] if again else [], pop=True)
    turn = Turn(key, step.ticket, step.order, step.permit) if step.permit else None
    return turn, _wake(key, step)


def perform(turn: Turn) -> Ticket | None:
    """Make the call that this turn is for; the ticket to put back in line when the run's next call may follow."""
    kind, _, pk = turn.ticket.partition(":")
    if kind == "check":
        try:
            with team_of(Credential, int(pk)) as credential:
                worker.check(credential, turn.permit)
        except Credential.DoesNotExist:
            turn.permit.not_sent()
        return None
    try:
        with team_of(Run, int(pk)) as run:
            worker.perform(run, turn.permit, place=turn.place)
            return _ticket(run) if run.is_resting and run.retry_at is None else None
    except Run.DoesNotExist:
        turn.permit.not_sent()
        return None


def places(runs: Iterable[Run]) -> dict[int, Place]:
    """Where each resting run stands in its line, and when its next call is expected; one round trip for each budget."""
    lines = _by_budget(run for run in runs if run.is_resting)
    under_way = _calls_under_way(lines)
    found: dict[int, Place] = {}
    for key, waiting in lines.items():
        places = budget().places(key, [_name(run) for run in waiting], under_way=under_way.get(key, 0))
        found |= {run.pk: places[_name(run)] for run in waiting if _name(run) in places}
    return found


def _calls_under_way(keys: Iterable[str]) -> dict[str, int]:
    """How many calls the runs that are at work now will still need, ahead of who waits."""
    with scopes_disabled():
        at_work = (
            Run.objects.in_flight()
            .filter(credential__fingerprint__in=list(keys))
            .values_list("credential__fingerprint", "status", "purpose", "selects", "marks_last")
        )
        needed: Counter[str] = Counter()
        for key, status, purpose, selects, marks_last in at_work:
            needed[key] += steps.calls_left(status, purpose=purpose, selects=selects, marks_last=marks_last)
        return needed


def usages(credentials: Iterable[Credential]) -> dict[int, Usage]:
    """Each credential's call budget as it stands, in one round trip."""
    credentials = list(credentials)
    found = budget().usages([credential.fingerprint for credential in credentials])
    return {credential.pk: found[credential.fingerprint] for credential in credentials}


def sweep(now: datetime | None = None) -> list[Wake]:
    """Do what a lost bell or a dead worker left undone. Any number of sweeps at once are harmless."""
    now = now or timezone.now()
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
    with scopes_disabled():
        rows = Run.objects.due(now).select_related("credential").defer("job", "template", "selection")
        due = list(rows.order_by("pk")[:SWEEP_BATCH])
    wakes = []
    for key, runs in _by_budget(due).items():
        missing = set(budget().missing(key, [_name(run) for run in runs]))
        step = budget().step(key, enqueue=[_ticket(run) for run in runs if _name(run) in missing])
        wakes.append(_wake(key, step))
    return [wake for wake in wakes if wake]


def _check_wakes(now: datetime) -> list[Wake]:
    with scopes_disabled():
        due = list(Credential.objects.filter(check_due_at__lte=now).order_by("pk")[:SWEEP_BATCH])
    return [wake for wake in map(enqueue_check, due) if wake]


def _by_budget(runs: Iterable[Run]) -> dict[str, list[Run]]:
    lines: dict[str, list[Run]] = {}
    for run in runs:
        lines.setdefault(run.credential.fingerprint, []).append(run)
    return lines


def _name(run: Run) -> str:
    return f"run:{run.pk}"


def _ticket(run: Run) -> Ticket:
    """The run's ticket: its flow is the saved export, and once it has a place it keeps it for its later calls."""
    lead = LEAD if run.source == Run.Source.PAGE else 0.0
    return Ticket(
        _name(run),
        flow=f"export:{run.export_id}" if run.export_id else f"update:{run.update_id}",
        lead=lead,
        order=run.place,
        calls=steps.calls_left(
            run.status, purpose=run.purpose, selects=run.selects, marks_last=run.marks_last
        ),
    )


def _wake(key: str, step: Step) -> Wake | None:
    return None if step.wake_in is None else Wake(key, step.token, step.wake_in)
