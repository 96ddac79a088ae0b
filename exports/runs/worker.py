"""One call of one run: claim the row, call, store the answer.

A worker may die between any two lines. The run that it claimed then stays in flight until `give_up_on` finds it. If its
call must not be repeated, the run becomes UNCONFIRMED: a call that marks reports, also while it generates, that uploads
the file, or that applies an employee update (`_must_not_be_repeated`). All other calls are repeated.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts import clock
from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action
from accounts.credentials import actions as credentials
from accounts.credentials import rotation as rotation_actions
from accounts.credentials.keyring import CannotOpen
from accounts.models import Credential, Rotation
from expensify.client import Client
from expensify.errors import (
    ExpensifyError,
    Invalid,
    NotFound,
    OutcomeUnknown,
    PermitExpired,
    RateLimited,
    Rejected,
    TryLater,
    Unauthorized,
    Unreachable,
)
from expensify.wire import Permit
from exports.models import ApiCall, Run
from exports.models.run import Status
from exports.models.run_kind import MARKING_LAST
from exports.results import store as results
from exports.runs import employee_steps, failure_messages, key_pair, recorded_client, steps
from exports.runs.employee_steps import UpdateNotSent
from exports.runs.file_checks import NotTheFile
from exports.runs.report_list import CannotReadList
from exports.runs.steps import RunStep

Owner = TypeVar("Owner", Credential, Rotation)
WAITS_FOR_LABEL = "waits_for_label"
NOT_THE_FILE = "not_the_file"

OUTCOMES = {Status.FAILED: Action.RUN_FAILED, Status.UNCONFIRMED: Action.RUN_UNCONFIRMED}


# Raised before the request is sent.
NOT_SENT = (PermitExpired, UpdateNotSent, CannotOpen, key_pair.NoPair)


def perform(run: Run, permit: Permit, *, order: float) -> None:
    """Make the run's next call with this permit.

    If another worker moved the run in the meantime, nothing is sent and the permit is returned. `order` is the run's
    order in the queue, which it keeps for its later calls.
    """
    step, call = steps.due(run), None
    if step is None:
        permit.not_sent()
        return
    try:
        pair = key_pair.of_next_call(run)
        call = _claim(run, step, order)
        if call is None:
            permit.not_sent()
            return
        step.make(run, recorded_client.client(pair, permit, call, run))
    except NOT_SENT as error:
        permit.not_sent()
        if call is not None:
            call.delete()
        _settle_not_sent(run, error)
    except (ExpensifyError, results.CannotStore, NotTheFile, CannotReadList) as error:
        settle(run, step, error)


def settle(run: Run, step: RunStep, error: Exception) -> None:
    """Move the run on after an error of the call of this step, or of the file that it brought."""
    match error:
        case ExpensifyError():
            _settle(run, step, error)
        case results.CannotStore():
            _try_again(run, "storage", str(error))
        case NotTheFile():
            _try_again(run, NOT_THE_FILE, str(error))
        case CannotReadList():
            _end(run, Status.FAILED, "wrong_file", str(error), failure_messages.failed(run))


def check_credential(credential: Credential, permit: Permit) -> None:
    """Test a credential with one call, if a test is due."""
    if not credentials.claim_check(credential, lost_after=_lost_after()):
        permit.not_sent()
        return
    recorded_client.record_lost(credential.calls.filter(run=None), credential)
    _test_pair(credential, credential, permit, credentials.check, credentials.give_up_check)


def check_rotation(rotation: Rotation, permit: Permit) -> None:
    """Test the new key pair of a rotation with one call, if a test is due."""
    if not rotation_actions.claim_check(rotation, lost_after=_lost_after()):
        permit.not_sent()
        return
    _test_pair(rotation, rotation.credential, permit, rotation_actions.check_new_pair, rotation_actions.give_up_check)


def give_up_on(run: Run) -> None:
    """Continue from the row after the run's worker died. Only a person repeats a call that may have marked reports."""
    step = steps.under_way(run)
    if step is None:
        return
    recorded_client.record_lost(run.calls.all(), run)
    if _must_not_be_repeated(run, step):
        _end(run, Status.UNCONFIRMED, "worker_lost", recorded_client.LOST, failure_messages.unclear(run))
    else:
        _try_again(run, "worker_lost", recorded_client.LOST, wait=False)


# ------------------------------------------------------------ tests of key pairs


def _lost_after() -> timedelta:
    return timedelta(seconds=settings.STUCK_AFTER_SECONDS)


def _test_pair(
    owner: Owner,
    credential: Credential,
    permit: Permit,
    test: Callable[[Owner, Client], None],
    give_up: Callable[[Owner, str], None],
) -> None:
    try:
        pair = owner.partner_pair()
    except CannotOpen as error:
        permit.not_sent()
        give_up(owner, f"{error} Nothing was sent. An operator has to look at the keys.")
        return
    call = ApiCall.objects.create(team=owner.team, credential=credential, kind="policy_list", sent_at=timezone.now())
    test(owner, recorded_client.client(pair, permit, call, credential))
    ApiCall.objects.filter(pk=call.pk, seconds=None).delete()


# ------------------------------------------------------------ what an error means for the run


def _settle_not_sent(run: Run, error: Exception) -> None:
    """Move the run on after an error that was raised before the request was sent."""
    match error:
        case PermitExpired():
            _requeue(run)
        case CannotOpen():
            sentence = "This call was not sent. An operator has to look at the keys."
            _end(run, Status.FAILED, "cannot_open", str(error), sentence, failure_messages.failed(run))
        case UpdateNotSent():
            _end(run, Status.FAILED, "not_sent", str(error), failure_messages.failed(run))
        case key_pair.WaitForPair():
            run.move(run.status, run.status, **_retry_later(key_pair.WAITS_FOR_PAIR, str(error)))
        case key_pair.NoPairLeft():
            _generate_again(run)
        case key_pair.CannotCall() if key_pair.is_unchanged(run):
            _end(run, Status.FAILED, error.code, str(error), failure_messages.failed(run))


def _settle(run: Run, step: RunStep, error: ExpensifyError) -> None:
    if _retry_with_other_pair(run, step, error):
        return
    if isinstance(error, RateLimited):
        _requeue(run)  # the budget delays the key pair; the run keeps its position
    elif isinstance(error, OutcomeUnknown) and _must_not_be_repeated(run, step):
        _end(run, Status.UNCONFIRMED, error.code, error.happened, failure_messages.unclear(run), quoting=error)
    elif isinstance(error, NotFound) and step is steps.DOWNLOAD:
        ready_after = run.ready_after if run.fetched else None  # this look came too early
        _try_again(run, error.code, error.happened, quoting=error, ready_after=ready_after)
    elif isinstance(error, TryLater | OutcomeUnknown) or (isinstance(error, NotFound) and step is steps.LIST):
        _try_again(run, error.code, error.happened, quoting=error)
    else:
        if isinstance(error, Unauthorized) and run.trial_of is None:
            credentials.refuse(run.credential, error)
        effect = failure_messages.failed(run)
        _end(run, Status.FAILED, error.code, error.happened, _advice(error), effect, quoting=error)


def _advice(error: ExpensifyError) -> str:
    """What the error itself says to do, where the run cannot know better."""
    points_to_words = type(error) is Rejected or isinstance(error, Invalid)
    if isinstance(error, Unreachable) or (isinstance(error, Rejected) and (error.message or not points_to_words)):
        return error.advice
    return ""


def _retry_with_other_pair(run: Run, step: RunStep, error: ExpensifyError) -> bool:
    """During a key rotation a rejected call is not final: the other key pair may still work."""
    is_unclear = error.code == OutcomeUnknown.SERVER_ERROR
    if run.trial_of is not None or not (isinstance(error, Rejected) or is_unclear):
        return False
    fetches = step in {steps.LIST, steps.DOWNLOAD}
    if run.by_previous:
        if isinstance(error, NotFound) or not fetches or (is_unclear and run.marks):
            return False  # the file is not ready yet, or must not be generated again
        _generate_again(run)
    elif isinstance(error, Unauthorized) and key_pair.is_being_replaced(run.credential):
        credentials.refuse(run.credential, error)
        _requeue(run, **_retry_later(key_pair.WAITS_FOR_PAIR, error.happened))
    elif isinstance(error, Unauthorized) and key_pair.was_replaced(run):
        # This check comes after the one before: the rotation may switch in between.
        _requeue(run)
    elif fetches and key_pair.previous_may_fetch(run, error):
        _requeue(run, by_previous=True)
    else:
        return False
    return True


def _generate_again(run: Run) -> None:
    """No key pair can fetch the file: generate another with the present pair, unless generating marked reports.

    Called for a resting run, or for one whose call was rejected.
    """
    sentence = "The pair that had the file made was replaced, and neither it nor the present one gets the file now."
    is_download = run.status in {steps.DOWNLOAD.resting, steps.DOWNLOAD.in_flight}
    if is_download and run.marks:
        _end(run, Status.FAILED, "pair_replaced", sentence, failure_messages.failed(run))
        return
    target = Status.LISTED if run.traits.selects and is_download else Status.QUEUED
    run.move(run.status, target, by_previous=False, remote_file="", generated_at=None, fetched=0, retry_at=None)


def _must_not_be_repeated(run: Run, step: RunStep) -> bool:
    return step in {steps.MARK, steps.APPLY} or (run.marks and step.in_flight == Status.GENERATING)


def _retry_later(code: str, sentence: str) -> dict[str, object]:
    retry_at = clock.now() + timedelta(seconds=settings.RETRY_SECONDS)
    return {"retry_at": retry_at, "error_code": code, "error": sentence}


def _requeue(run: Run, **fields: object) -> bool:
    """Move back to the state before the call; the run keeps its order in the queue."""
    step = steps.under_way(run)
    assert step is not None
    return run.move(step.in_flight, step.resting, **({"retry_at": None} | fields))


def _try_again(
    run: Run, code: str, sentence: str, *, quoting: ExpensifyError | None = None, wait: bool = True, **fields: object
) -> None:
    """Count a failed attempt: wait, longer each time, or fail after the last."""
    attempts = run.attempts + 1
    if attempts >= settings.CALL_ATTEMPTS:
        _end(
            run,
            Status.FAILED,
            code,
            sentence,
            f"This was tried {attempts} times.",
            _advice(quoting) if isinstance(quoting, Unreachable) else "",
            failure_messages.failed(run),
            quoting=quoting,
            attempts=attempts,
        )
        return
    seconds = settings.RETRY_SECONDS * 2 ** (attempts - 1)
    retry_at = clock.now() + timedelta(seconds=seconds) if wait else None
    _requeue(run, attempts=attempts, retry_at=retry_at, error_code=code, error=sentence, **fields)


def _end(
    run: Run, target: Status, code: str, *sentences: str, quoting: ExpensifyError | None = None, **fields: object
) -> None:
    if quoting is not None and quoting.message:
        sentences += (f"Expensify's own words: “{quoting.message}”.",)
    error = " ".join(sentence for sentence in sentences if sentence)
    with transaction.atomic():
        moved = run.move(run.status, target, error_code=code, error=error, retry_at=None, **fields)
        if moved:
            if target == Status.FAILED:
                employee_steps.release(run)
            audit.record(OUTCOMES[target], run, by=PORTAL, code=code, error=error)
    if moved:
        results.clear(run)


# ------------------------------------------------------------ claims


def _claim(run: Run, step: RunStep, order: float) -> ApiCall | None:
    """Claim the run for one call, and record the call before it is sent.

    None when another worker was first, when the run has to wait for another that marks with the same label, or when
    its credential has changed since it was read.
    """
    with transaction.atomic():
        if not key_pair.is_unchanged(run):
            return None
        if run.status == Status.QUEUED and run.mark_label and _another_marks(run):
            sentence = (
                f"Another run is about to mark reports as “{run.mark_label}”. This one begins when that is done, "
                "so that no report is exported twice."
            )
            run.move(Status.QUEUED, Status.QUEUED, **_retry_later(WAITS_FOR_LABEL, sentence), queue_order=order)
            return None
        if not run.move(run.status, step.in_flight, retry_at=None, queue_order=order):
            return None
        return ApiCall.objects.create(
            team=run.team, run=run, credential=run.credential, kind=step.kind, sent_at=timezone.now()
        )


def _another_marks(run: Run) -> bool:
    """Whether a run is between listing its reports and marking them with the label that this run would filter by.

    Both would export the same reports. The lock lets one run at a time check and be claimed.
    """
    with scopes_disabled():
        others = Run.objects.unfinished().filter(
            mark_label=run.mark_label, credential__fingerprint=run.credential.fingerprint
        )
        same_pair = Credential.objects.filter(fingerprint=run.credential.fingerprint).order_by("pk")
        list(same_pair.select_for_update().values_list("pk"))
        at_work = others.exclude(pk=run.pk).exclude(status=Status.QUEUED)
        conflicting = Q(kind__in=MARKING_LAST) | (Q(status=Status.GENERATING) if run.marks_last else Q())
        return bool(at_work.filter(conflicting).exists())
