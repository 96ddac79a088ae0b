"""One call of one run: claim the row, call, keep what came, move on.

Each function may be cut off between any two lines. What was claimed stays in flight in its row until `give_up_on`
finds it: a generation that marks reports becomes UNCONFIRMED then, everything else goes back to be done again.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import httpx
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit, clock, credentials
from accounts.audit import PORTAL, Action
from accounts.keyring import CannotOpen, unseal
from accounts.models import Credential
from expensify.client import Call, Client, Pair, Permit, http_client
from expensify.errors import (
    ExpensifyError,
    NotFound,
    OutcomeUnknown,
    PermitExpired,
    RateLimited,
    TryLater,
    Unauthorized,
)
from exports import generation_time, jobs, results
from exports.models import ApiCall, Result, Run
from exports.models.run import Status

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
    """Make the run's next call with this permit: generate, or download the next file.

    Harmless when somebody else moved the run in the meantime: nothing is sent, and the permit goes back. `place` is the
    run's order in the line, which it keeps for its later calls.
    """
    step = STEPS.get(run.status)
    if step is None:
        permit.not_sent()
        return
    try:
        pair = _pair(run)
    except CannotOpen as error:
        permit.not_sent()
        _end(
            run,
            Status.FAILED,
            "cannot_open",
            str(error),
            "Nothing was sent. An operator has to look at the keys.",
        )
        return
    except Unauthorized as error:
        permit.not_sent()
        _end(run, Status.FAILED, error.code, error.sentence, _done_so_far(run))
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
        _settle(run, error)
    except results.CannotStore as error:
        _try_again(run, "storage", str(error))


def check(credential: Credential, permit: Permit) -> None:
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
    call = ApiCall.objects.create(
        team=credential.team, credential=credential, kind="policy_list", sent_at=timezone.now()
    )
    credentials.check(credential, _client(pair, permit, call, credential))
    ApiCall.objects.filter(pk=call.pk, seconds=None).delete()


def give_up_on(run: Run) -> None:
    """The worker of this run is gone: go on from the row. Only a person repeats what may have marked reports."""
    if run.status == Status.GENERATING and run.marks:
        _end(run, Status.UNCONFIRMED, "worker_lost", LOST, _unclear(run))
    elif run.status in {step.in_flight for step in STEPS.values()}:
        _try_again(run, "worker_lost", LOST, wait=False)


# ------------------------------------------------------------ the steps


class Step(NamedTuple):
    kind: str
    in_flight: str
    make: Callable[[Run, Client], None]


def _generate(run: Run, client: Client) -> None:
    password = unseal(run.export, "sftp_password") or ""
    names = client.generate(jobs.recall(run.job, sftp_password=password), run.template)
    wait, now = generation_time.before_first_look(run), clock.now()
    run.move(
        Status.GENERATING,
        Status.GENERATED,
        remote_file=",".join(names),
        attempts=0,
        generated_at=now,
        ready_after=wait,
        retry_at=now + timedelta(seconds=wait) if wait else None,
    )


def _download(run: Run, client: Client) -> None:
    name = run.remote_files[run.fetched]
    with results.arriving(name) as file:
        with file.open("wb") as into:
            client.download(name, into, max_bytes=settings.RESULT_MAX_BYTES, progress=_progress(run))
        if run.fetched + 1 < len(run.remote_files):
            results.keep_part(run, name, file)
            run.move(
                Status.DOWNLOADING,
                Status.GENERATED,
                fetched=run.fetched + 1,
                ready_after=generation_time.until_ready(run),
                attempts=0,
                retry_at=None,
            )
            return
        _store(run, name, file)


STEPS: dict[str, Step] = {
    Status.QUEUED: Step("generate", Status.GENERATING, _generate),
    Status.GENERATED: Step("download", Status.DOWNLOADING, _download),
}


def _store(run: Run, name: str, file: Path) -> None:
    """File first, row after: a crash in between leaves a file nobody knows, never a row without its bytes."""
    stored = results.store(run, name, file)
    with transaction.atomic():
        moved = run.move(
            Status.DOWNLOADING,
            Status.SUCCEEDED,
            fetched=run.fetched + 1,
            ready_after=generation_time.until_ready(run),
            bytes_received=stored.size,
            error_code="",
            error="",
        )
        if moved:
            Result.objects.create(team=run.team, run=run, **stored._asdict())
            audit.record(
                Action.RUN_SUCCEEDED,
                run,
                by=PORTAL,
                file=stored.name,
                size=stored.size,
                rows=stored.rows,
                sha256=stored.sha256,
            )
    if moved:
        results.clear(run, keep=stored.file)
    else:
        results.discard(stored.file)


def _progress(run: Run) -> Callable[[int], None]:
    """Shows the bytes on the run's page, at most once a second."""
    shown_at = time.monotonic()

    def show(received: int) -> None:
        nonlocal shown_at
        if time.monotonic() - shown_at >= 1:
            shown_at = time.monotonic()
            Run.objects.filter(pk=run.pk, moves=run.moves).update(bytes_received=received)

    return show


# ------------------------------------------------------------ what an error means for the run


def _settle(run: Run, error: ExpensifyError) -> None:
    generating = run.status == Status.GENERATING
    if isinstance(error, RateLimited):
        _rest(run)  # the budget holds the pair back; the run keeps its place
    elif isinstance(error, OutcomeUnknown) and generating and run.marks:
        _end(run, Status.UNCONFIRMED, error.code, error.sentence, _unclear(run), quoting=error)
    elif isinstance(error, NotFound) and not generating:
        ready_after = run.ready_after if run.fetched else None  # this look came too early
        _try_again(run, error.code, error.sentence, quoting=error, ready_after=ready_after)
    elif isinstance(error, TryLater | OutcomeUnknown):
        _try_again(run, error.code, error.sentence, quoting=error)
    else:
        if isinstance(error, Unauthorized):
            credentials.refuse(run.credential, error)
        _end(run, Status.FAILED, error.code, error.sentence, _done_so_far(run), quoting=error)


def _rest(run: Run, **fields: object) -> bool:
    """Back to the state before the call, at its place in the line."""
    source = run.status
    target = next(resting for resting, step in STEPS.items() if step.in_flight == source)
    return run.move(source, target, **({"retry_at": None} | fields))


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
            _done_so_far(run),
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
            audit.record(OUTCOMES[target], run, by=PORTAL, code=code, error=error)
    if moved:
        results.clear(run)


def _done_so_far(run: Run) -> str:
    """What is true at Expensify when a run fails after its file was generated, and what to do about it."""
    if not run.remote_file:
        return ""
    if not run.marks:
        return "The file had been generated at Expensify; nothing else was changed there. The export can be run again."
    return (
        f"The file had been generated, so {_effects(run)} has happened. To get the file all the same, clone the "
        "export, take these actions and the filter on the label out, and run the clone."
    )


def _unclear(run: Run) -> str:
    return (
        f"Whether {_effects(run)} has happened is not known, so the portal does not repeat it by itself. "
        "Look in Expensify; if it has not happened, run the export again."
    )


def _effects(run: Run) -> str:
    effects = [
        f"marking the reports as “{action['label']}”"
        if "label" in action
        else "the upload to the SFTP server"
        for action in run.job.get("onFinish", [])
        if action["actionName"] in {"markAsExported", "sftpUpload"}
    ]
    return " and ".join(effects)


# ------------------------------------------------------------ claims, calls


def _pair(run: Run) -> Pair:
    """The pair in the clear; no pair, no call."""
    if not run.credential.can_call:
        state = run.credential.get_status_display().lower()
        raise Unauthorized(
            code=f"credential_{run.credential.status}",
            sentence=f"The credential “{run.credential}” is {state}, so nothing was sent. "
            "An Admin has to put it right first.",
        )
    return run.credential.partner_pair()


def _claim(run: Run, step: Step, place: float) -> ApiCall | None:
    """Take the run for one call, and note the call before it is sent. None when another worker was first."""
    with transaction.atomic():
        if not run.move(run.status, step.in_flight, retry_at=None, place=place):
            return None
        return ApiCall.objects.create(
            team=run.team, run=run, credential=run.credential, kind=step.kind, sent_at=timezone.now()
        )


def _client(pair: Pair, permit: Permit, call: ApiCall, target: Run | Credential) -> Client:
    def keep(made: Call) -> None:
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
                kind=made.kind,
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
        on_call=keep,
        answer_seconds=settings.EXPENSIFY_ANSWER_SECONDS,
    )
