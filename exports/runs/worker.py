"""One call of one run: claim the row, call, keep what came, move on.

Each function may be cut off between any two lines. What was claimed stays in flight in its row until `give_up_on`
finds it: a generation that marks reports becomes UNCONFIRMED then, everything else goes back to be done again.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache

import httpx
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts import clock
from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action
from accounts.credentials import actions as credentials
from accounts.credentials import rotation as rotation_actions
from accounts.credentials.keyring import CannotOpen
from accounts.models import Credential, Rotation
from expensify.client import Call, Client
from expensify.errors import (
    ExpensifyError,
    NotFound,
    OutcomeUnknown,
    PermitExpired,
    RateLimited,
    Rejected,
    TryLater,
    Unauthorized,
)
from expensify.pair import KeyPair
from expensify.wire import Permit, http_client
from exports.models import ApiCall, Run
from exports.models.run import Status
from exports.results import store as results
from exports.runs import employee_steps, failure_messages, key_pair, steps
from exports.runs.employee_steps import UpdateNotSent
from exports.runs.report_list import CannotReadList
from exports.runs.steps import RunStep

WAITS_FOR_LABEL = "waits_for_label"
LOST = "The portal's worker was stopped in the middle of the call."

OUTCOMES = {
    Status.SUCCEEDED: Action.RUN_SUCCEEDED,
    Status.FAILED: Action.RUN_FAILED,
    Status.UNCONFIRMED: Action.RUN_UNCONFIRMED,
}


@cache
def http() -> httpx.Client:
    """One for the life of the process, so that connections stay open between calls."""
    return http_client()


def perform(run: Run, permit: Permit, *, place: float) -> None:
    """Make the run's next call with this permit.

    Harmless when somebody else moved the run in the meantime: nothing is sent, and the permit goes back. `place` is the
    run's order in the line, which it keeps for its later calls.
    """
    step = steps.due(run)
    if step is None:
        permit.not_sent()
        return
    try:
        pair = key_pair.of_next_call(run)
    except CannotOpen as error:
        permit.not_sent()
        _cannot_open(run, error)
        return
    except key_pair.Waits as reason:
        permit.not_sent()
        _wait_for_pair(run, str(reason))
        return
    except key_pair.NoPairLeft:
        permit.not_sent()
        _make_file_again(run, step)
        return
    except Unauthorized as error:
        permit.not_sent()
        if key_pair.is_still(run):
            _end(run, Status.FAILED, error.code, error.sentence, failure_messages.done_so_far(run))
        return
    call = _claim(run, step, place)
    if call is None:
        permit.not_sent()
        return
    try:
        step.make(run, _client(pair, permit, call, run))
    except PermitExpired:
        call.delete()
        _rest(run)
    except ExpensifyError as error:
        _settle(run, step, error)
    except results.CannotStore as error:
        _try_again(run, "storage", str(error))
    except UpdateNotSent as error:
        permit.not_sent()
        call.delete()
        _end(run, Status.FAILED, "not_sent", str(error))
    except CannotOpen as error:
        permit.not_sent()
        call.delete()
        _cannot_open(run, error)
    except CannotReadList as error:
        _end(run, Status.FAILED, "wrong_file", str(error), failure_messages.done_so_far(run))


def check_credential(credential: Credential, permit: Permit) -> None:
    """Try a credential with one call, if a test of it is due."""
    if not credentials.claim_check(credential, lost_after=timedelta(seconds=settings.STUCK_AFTER_SECONDS)):
        permit.not_sent()
        return
    try:
        pair = credential.partner_pair()
    except CannotOpen as error:
        permit.not_sent()
        credentials.give_up_check(
            credential, f"{error} Nothing was sent. An operator has to look at the keys."
        )
        return
    _record_lost(credential.calls.filter(run=None), credential)
    call = ApiCall.objects.create(
        team=credential.team, credential=credential, kind="policy_list", sent_at=timezone.now()
    )
    credentials.check(credential, _client(pair, permit, call, credential))
    ApiCall.objects.filter(pk=call.pk, seconds=None).delete()


def check_rotation(rotation: Rotation, permit: Permit) -> None:
    """Try the new pair of a rotation with one call, if a test of it is due."""
    if not rotation_actions.claim_check(rotation, lost_after=timedelta(seconds=settings.STUCK_AFTER_SECONDS)):
        permit.not_sent()
        return
    try:
        pair = rotation.partner_pair()
    except CannotOpen as error:
        permit.not_sent()
        rotation_actions.give_up_check(
            rotation, f"{error} Nothing was sent. An operator has to look at the keys."
        )
        return
    call = ApiCall.objects.create(
        team=rotation.team, credential=rotation.credential, kind="policy_list", sent_at=timezone.now()
    )
    rotation_actions.check_new_pair(rotation, _client(pair, permit, call, rotation.credential))
    ApiCall.objects.filter(pk=call.pk, seconds=None).delete()


def give_up_on(run: Run) -> None:
    """The worker of this run is gone: go on from the row. Only a person repeats what may have marked reports."""
    step = steps.under_way(run)
    if step is None:
        return
    _record_lost(run.calls.all(), run)
    if _must_not_be_repeated(run, step):
        _end(run, Status.UNCONFIRMED, "worker_lost", LOST, failure_messages.unclear(run))
    else:
        _try_again(run, "worker_lost", LOST, wait=False)


# ------------------------------------------------------------ what an error means for the run


def _settle(run: Run, step: RunStep, error: ExpensifyError) -> None:
    if _goes_on_with_another_pair(run, step, error):
        return
    if isinstance(error, RateLimited):
        _rest(run)  # the budget holds the pair back; the run keeps its place
    elif isinstance(error, OutcomeUnknown) and _must_not_be_repeated(run, step):
        _end(
            run, Status.UNCONFIRMED, error.code, error.sentence, failure_messages.unclear(run), quoting=error
        )
    elif isinstance(error, NotFound) and step is steps.DOWNLOAD:
        ready_after = run.ready_after if run.fetched else None  # this look came too early
        _try_again(run, error.code, error.sentence, quoting=error, ready_after=ready_after)
    elif isinstance(error, TryLater | OutcomeUnknown) or (isinstance(error, NotFound) and step is steps.LIST):
        _try_again(run, error.code, error.sentence, quoting=error)
    else:
        if isinstance(error, Unauthorized) and run.trial_of is None:
            credentials.refuse(run.credential, error)
        _end(run, Status.FAILED, error.code, error.sentence, failure_messages.done_so_far(run), quoting=error)


def _goes_on_with_another_pair(run: Run, step: RunStep, error: ExpensifyError) -> bool:
    """Around a rotation a clear no is no end: it spoke about one pair, and another may do."""
    if run.trial_of is not None or not isinstance(error, Rejected):
        return False
    fetches = step in {steps.LIST, steps.DOWNLOAD}
    if run.by_previous:
        if isinstance(error, NotFound) or not fetches:
            return False  # not there yet
        _make_file_again(run, step)
    elif isinstance(error, Unauthorized) and key_pair.new_one_on_its_way(run.credential):
        credentials.refuse(run.credential, error)
        _rest(run, **_until_pair(run, error.sentence))
    elif isinstance(error, Unauthorized) and key_pair.was_replaced(
        run
    ):  # asked last: it may have taken over just now
        _rest(run)
    elif fetches and key_pair.previous_may_fetch(run, error):
        _rest(run, by_previous=True)
    else:
        return False
    return True


def _wait_for_pair(run: Run, sentence: str) -> None:
    run.move(run.status, run.status, **_until_pair(run, sentence))


def _until_pair(run: Run, sentence: str) -> dict[str, object]:
    return {
        "retry_at": clock.now() + timedelta(seconds=settings.RETRY_SECONDS),
        "error_code": key_pair.WAITS_FOR_PAIR,
        "error": sentence,
    }


def _make_file_again(run: Run, step: RunStep) -> None:
    """No pair gets at the file any more: have another one made with the present pair, unless making it marked reports.

    May come from the resting state or from the call that was refused.
    """
    sentence = (
        "The pair that had the file made was replaced, and neither it nor the present one gets the file now."
    )
    if step is steps.DOWNLOAD and run.marks:
        _end(run, Status.FAILED, "pair_replaced", sentence, failure_messages.done_so_far(run))
        return
    target = Status.LISTED if run.selects and step is steps.DOWNLOAD else Status.QUEUED
    run.move(
        run.status, target, by_previous=False, remote_file="", generated_at=None, fetched=0, retry_at=None
    )


def _cannot_open(run: Run, error: CannotOpen) -> None:
    sentence = "This call was not sent. An operator has to look at the keys."
    _end(run, Status.FAILED, "cannot_open", str(error), sentence, failure_messages.done_so_far(run))


def _must_not_be_repeated(run: Run, step: RunStep) -> bool:
    return step in {steps.MARK, steps.APPLY} or (run.marks and step.in_flight == Status.GENERATING)


def _rest(run: Run, **fields: object) -> bool:
    """Back to the state before the call, at its place in the line."""
    step = steps.under_way(run)
    assert step is not None
    return run.move(step.in_flight, step.resting, **({"retry_at": None} | fields))


def _try_again(
    run: Run,
    code: str,
    sentence: str,
    *,
    quoting: ExpensifyError | None = None,
    wait: bool = True,
    **fields: object,
) -> None:
    """One more failed attempt: rest, longer each time, or fail after the last."""
    attempts = run.attempts + 1
    if attempts >= settings.CALL_ATTEMPTS:
        _end(
            run,
            Status.FAILED,
            code,
            sentence,
            f"This was tried {attempts} times.",
            failure_messages.done_so_far(run),
            quoting=quoting,
            attempts=attempts,
        )
        return
    seconds = settings.RETRY_SECONDS * 2 ** (attempts - 1)
    retry_at = clock.now() + timedelta(seconds=seconds) if wait else None
    _rest(run, attempts=attempts, retry_at=retry_at, error_code=code, error=sentence, **fields)


def _end(
    run: Run,
    target: Status,
    code: str,
    *sentences: str,
    quoting: ExpensifyError | None = None,
    **fields: object,
) -> None:
    if quoting is not None and quoting.message:
        sentences += (f"Expensify's own words: “{quoting.message}”.",)
    error = " ".join(sentence for sentence in sentences if sentence)
    with transaction.atomic():
        moved = run.move(run.status, target, error_code=code, error=error, retry_at=None, **fields)
        if moved:
            if target == Status.FAILED:
                employee_steps.given_up(run)
            audit.record(OUTCOMES[target], run, by=PORTAL, code=code, error=error)
    if moved:
        results.clear(run)


# ------------------------------------------------------------ claims, calls


def _claim(run: Run, step: RunStep, place: float) -> ApiCall | None:
    """Take the run for one call, and note the call before it is sent.

    None when another worker was first, when the run has to wait for another that marks with the same label, or when
    its credential has changed since it was read.
    """
    with transaction.atomic():
        if not key_pair.is_still(run):
            return None
        if run.status == Status.QUEUED and run.mark_label and _another_marks(run):
            run.move(Status.QUEUED, Status.QUEUED, **_waiting_for_label(run), place=place)
            return None
        if not run.move(run.status, step.in_flight, retry_at=None, place=place):
            return None
        return ApiCall.objects.create(
            team=run.team, run=run, credential=run.credential, kind=step.kind, sent_at=timezone.now()
        )


def _patiently(write: Callable[[], None]) -> None:
    """Write what a call did, though the database is away for a while; raise when the run would be given up by now.

    A call takes minutes at worst, and its answer cannot be asked for again: a restart of the database must not lose it.
    """
    give_up = time.monotonic() + settings.STUCK_AFTER_SECONDS
    if not connection.in_atomic_block:  # as it is in some tests
        close_old_connections()  # from here on the connection is tried before it is used
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > give_up:
                raise
            connection.close()
            time.sleep(0.5)


def _another_marks(run: Run) -> bool:
    """Whether a run is between listing its reports and marking them with the label that this one would list by.

    Both would export the same reports. The lock lets one run at a time look and be claimed.
    """
    with scopes_disabled():
        others = Run.objects.unfinished().filter(
            mark_label=run.mark_label, credential__fingerprint=run.credential.fingerprint
        )
        same_pair = Credential.objects.filter(fingerprint=run.credential.fingerprint).order_by("pk")
        list(same_pair.select_for_update().values_list("pk"))
        at_work = others.exclude(pk=run.pk).exclude(status=Status.QUEUED)
        in_the_way = Q(marks_last=True) | (Q(status=Status.GENERATING) if run.marks_last else Q())
        return bool(at_work.filter(in_the_way).exists())


def _waiting_for_label(run: Run) -> dict[str, object]:
    return {
        "retry_at": clock.now() + timedelta(seconds=settings.RETRY_SECONDS),
        "error_code": WAITS_FOR_LABEL,
        "error": f"Another run is about to mark reports as “{run.mark_label}”. This one begins when that is done, "
        "so that no report is exported twice.",
    }


def _record_lost(calls: QuerySet[ApiCall], target: Run | Credential) -> None:
    """Write down what became of calls whose worker is gone. The sentence on the row lets one of two sweeps do it."""
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


def _client(pair: KeyPair, permit: Permit, call: ApiCall, target: Run | Credential) -> Client:
    def note(made: Call) -> None:
        with transaction.atomic():
            ApiCall.objects.filter(pk=call.pk).update(
                sent_at=made.sent_at,
                seconds=made.seconds,
                http_status=made.http_status,
                response_code=made.response_code,
                message=made.message[:500],
            )
            audit.record(
                Action.API_CALLED,
                target,
                by=PORTAL,
                kind=call.kind,
                outcome="answered" if made.http_status is not None else "no answer",
                milliseconds=round(made.seconds * 1000),
                http_status=made.http_status,
                response_code=made.response_code,
                message=made.message,
            )

    return Client(
        pair,
        permit,
        url=settings.EXPENSIFY_URL,
        http=http(),
        on_call=lambda made: _patiently(lambda: note(made)),
        answer_seconds=settings.EXPENSIFY_ANSWER_SECONDS,
    )
