"""What must hold when all is calm again, whatever happened before.

A new rule is a function here and a line in INVARIANTS. Each yields what breaks it: the run, or None for the portal as
a whole, and a sentence.
"""

import hashlib
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator

from django.core.files.storage import default_storage

from accounts.audit import verify as audit_verify
from accounts.audit.record import Action
from accounts.models import MAIL_FINAL, AuditChain, MailStatus
from exports.models import ApiCall
from exports.models.run import FINAL, Status
from exports.runs import queue
from tests.chaos import pace
from tests.chaos.evidence import Evidence, Traces
from tests.chaos.kinds import KINDS

Broken = tuple[int | None, str]
Invariant = Callable[[Evidence], Iterator[Broken]]

OUTCOMES = {
    Status.SUCCEEDED: Action.RUN_SUCCEEDED,
    Status.FAILED: Action.RUN_FAILED,
    Status.UNCONFIRMED: Action.RUN_UNCONFIRMED,
    Status.CANCELLED: Action.RUN_CANCELLED,
}
# What a call is to the portal, by what it is to Expensify.
SENT_AS = {"generate": ("select", "generate", "mark"), "download": ("list", "download")}
# What takes a worker away in the middle of a call. A SIGTERM does not, nor does a restart of Redis.
WORKER_GONE = ("SIGKILL to a", "SIGSTOP")


def every_run_ends(evidence: Evidence) -> Iterator[Broken]:
    for pk, traces in evidence.traces.items():
        if traces.run.status not in FINAL:
            yield pk, f"It is still {traces.run.status}."


def every_request_belongs_to_a_run_and_was_noted_before(evidence: Evidence) -> Iterator[Broken]:
    for arrival in evidence.strangers:
        yield None, f"A {arrival.kind} that no run explains arrived at {arrival.at:.3f}."
    for pk, traces in evidence.traces.items():
        for kind, noted_as in SENT_AS.items():
            arrived = sum(arrival.kind == kind for arrival in traces.arrivals)
            noted = sum(call.kind in noted_as for call in traces.calls)
            if arrived > noted:
                yield pk, f"{arrived} requests to {kind} arrived, {noted} are noted."


def every_call_is_finished_or_its_worker_was_gone(evidence: Evidence) -> Iterator[Broken]:
    for pk, traces in evidence.traces.items():
        for call in traces.calls:
            sent_at = call.sent_at.timestamp()
            lost_by = sent_at + 2 * pace.ANSWER + pace.STUCK
            if call.seconds is None and not evidence.journal.between(sent_at, lost_by, *WORKER_GONE):
                yield (pk, f"Its {call.kind} of {call.sent_at:%H:%M:%S.%f} was never finished, and no worker was gone.")


def what_marks_is_generated_at_most_once(evidence: Evidence) -> Iterator[Broken]:
    for pk, traces in evidence.traces.items():
        marked = sum(bool(generation.label) for generation in traces.generated)
        if marked > 1:
            yield pk, f"It marked its reports {marked} times."
        if traces.run.marks and len(traces.generated) > 1:
            yield pk, f"It marks or uploads, and was generated {len(traces.generated)} times."


def what_succeeded_was_generated_and_marked(evidence: Evidence) -> Iterator[Broken]:
    for pk, traces in evidence.traces.items():
        labels = {generation.label for generation in traces.generated if generation.label}
        if labels - {traces.run.mark_label}:
            yield (pk, f"It was to mark as “{traces.run.mark_label}”, and marked as {', '.join(sorted(labels))}.")
        if traces.run.status == Status.SUCCEEDED and not traces.generated:
            yield pk, "It succeeded, and Expensify generated nothing."
        if traces.run.status == Status.SUCCEEDED and traces.run.mark_label and not labels:
            yield pk, "It succeeded, and its reports are not marked."


def an_unconfirmed_run_has_a_reason(evidence: Evidence) -> Iterator[Broken]:
    for pk, traces in evidence.traces.items():
        if traces.run.status != Status.UNCONFIRMED:
            continue
        if not (traces.run.marks or traces.run.marks_last):
            yield pk, "It is unconfirmed, and marks nothing."
        call = [call for call in traces.calls if call.kind in ("generate", "mark")][-1:]
        since = call[0].sent_at.timestamp() if call else traces.began_at
        if traces.run.error_code == "worker_lost":
            explained = bool(evidence.journal.between(since, traces.ended_at, *WORKER_GONE)) or (
                _database_went_with_the_answer(evidence, call)
            )
        else:
            faulty = any(arrival.fault for arrival in traces.arrivals if arrival.at >= since)
            explained = (
                faulty
                or bool(evidence.journal.between(since, traces.ended_at, "network", "SIGSTOP"))
                or _machine_was_too_busy(traces, since)
            )
        if not explained:
            yield (pk, f"It is unconfirmed ({traces.run.error_code}), and nothing went wrong while it was generated.")


def _machine_was_too_busy(traces: Traces, since: float) -> bool:
    """By the sandbox's own log it did the work only when the portal had stopped waiting for its answer."""
    return any(generation.at >= since + pace.ANSWER for generation in traces.generated)


def _database_went_with_the_answer(evidence: Evidence, calls: list[ApiCall]) -> bool:
    """A restart while Expensify works is waited for; one in the instant in which the answer is written down is not."""
    for call in calls:
        answered_at = call.sent_at.timestamp() + (call.seconds or 0)
        if evidence.journal.between(answered_at - 0.5, answered_at + 1, "Postgres"):
            return True
    return False


def a_failed_run_has_a_reason(evidence: Evidence) -> Iterator[Broken]:
    reasons = {"worker_lost": WORKER_GONE, "unreachable": ("network",), "storage": ("disk",)}
    for pk, traces in evidence.traces.items():
        if traces.run.status != Status.FAILED:
            continue
        kinds = reasons.get(traces.run.error_code)
        if kinds:
            explained = bool(evidence.journal.between(traces.began_at, traces.ended_at, *kinds))
        else:
            faulty = any(arrival.fault for arrival in traces.arrivals)
            explained = (
                faulty
                or traces.kind == "empty"
                or bool(evidence.journal.between(traces.began_at, traces.ended_at, "network"))
            )
        if not explained:
            yield pk, f"It failed ({traces.run.error_code}), and nothing went wrong."


def a_result_is_what_expensify_generated(evidence: Evidence) -> Iterator[Broken]:
    for pk, traces in evidence.traces.items():
        if traces.result is None and traces.run.status == Status.SUCCEEDED and not traces.run.traits.of_batch:
            yield pk, "It succeeded, and has no result."
        if traces.result is not None and traces.run.status != Status.SUCCEEDED and not traces.run.marks_last:
            yield pk, f"It is {traces.run.status}, and has a result."
        if traces.result is not None:
            for sentence in _wrong_bytes(evidence, traces):
                yield pk, sentence


def _wrong_bytes(evidence: Evidence, traces: Traces) -> Iterator[str]:
    result, files = traces.result, evidence.sandbox.state.files
    assert result is not None
    if result.file.name not in evidence.stored:
        yield f"Its result {result.file.name} is not in storage."
        return
    with default_storage.open(result.file.name) as file:
        content = file.read()
    if len(content) != result.size or hashlib.sha256(content).hexdigest() != result.sha256:
        yield "The bytes in storage are not those its result tells of."
        return
    names = traces.run.remote_files
    if len(names) == 1:
        if content != files[names[0]].content:
            yield "The bytes in storage are not those Expensify generated."
        return
    with default_storage.open(result.file.name) as file, zipfile.ZipFile(file) as archive:
        if archive.namelist() != names:
            yield f"The ZIP holds {archive.namelist()}, not {names}."
        elif any(archive.read(name) != files[name].content for name in names):
            yield "The files in the ZIP are not those Expensify generated."


def nothing_is_in_storage_without_a_row(evidence: Evidence) -> Iterator[Broken]:
    known = {traces.result.file.name for traces in evidence.traces.values() if traces.result}
    for name in sorted(evidence.stored - known):
        run = name.split("/")[3]  # teams/1/runs/2/…
        yield int(run), f"{name} is in storage, and no result knows it."


def nothing_is_left_where_files_arrive(evidence: Evidence) -> Iterator[Broken]:
    for name in evidence.arriving:
        yield None, f"{name} was left where files arrive."


def the_audit_log_tells_each_run_once(evidence: Evidence) -> Iterator[Broken]:
    for pk, traces in evidence.traces.items():
        told = Counter(entry.action for entry in traces.entries)
        expected = Counter([Action.RUN_STARTED.value])
        if traces.run.status in OUTCOMES:
            expected[OUTCOMES[traces.run.status].value] = 1
        about_it = {Action.RUN_STARTED.value, *(action.value for action in OUTCOMES.values())}
        found = Counter({action: times for action, times in told.items() if action in about_it})
        if found != expected:
            yield pk, f"It is {traces.run.status}, and the audit log says {dict(found)}."


def the_audit_log_is_whole(evidence: Evidence) -> Iterator[Broken]:
    for chain in AuditChain.objects.all():
        for sentence in audit_verify.faults(chain):
            yield None, f"The audit log of {chain.team or 'the portal'} is not whole. {sentence}"


def no_call_was_one_too_many(evidence: Evidence) -> Iterator[Broken]:
    for arrival in evidence.sandbox.log:
        if arrival.code == 429 and not (arrival.fault and arrival.fault.rate_limited):
            yield None, f"A {arrival.kind} by {arrival.pair} at {arrival.at:.3f} was over the limit."


def nobody_is_left_in_a_line(evidence: Evidence) -> Iterator[Broken]:
    keys = sorted({traces.run.credential.fingerprint for traces in evidence.traces.values()})
    for key, usage in queue.budget().usages(keys).items():
        if usage.waiting:
            yield None, f"{usage.waiting} tickets wait in the line of the pair {key}."


def each_kind_keeps_its_own_rules(evidence: Evidence) -> Iterator[Broken]:
    checks = {kind.name: kind.checks for kind in KINDS}
    for pk, traces in evidence.traces.items():
        for check in checks[traces.kind]:
            for sentence in check(traces):
                yield pk, sentence


def what_comes_due_runs_once(evidence: Evidence) -> Iterator[Broken]:
    for schedule in evidence.schedules:
        occurrences = list(schedule.occurrences.all())
        if len(occurrences) != 1:
            yield None, f"{schedule} was due once, and has {len(occurrences)} occurrences."
        for occurrence in occurrences:
            if occurrence.run is None or occurrence.settled_at is None:
                yield occurrence.run_id, f"{schedule} has no run, or is not settled."
                continue
            expected = 2 if occurrence.run.status == Status.SUCCEEDED else 0
            if len(occurrence.deliveries.all()) != expected:
                yield (occurrence.run_id, f"{schedule} has {len(occurrence.deliveries.all())} mails, not {expected}.")


def a_mail_is_caught_as_its_row_tells(evidence: Evidence) -> Iterator[Broken]:
    known = {mail.message_id.strip("<>") for mail in evidence.mails if mail.message_id}
    for mail in evidence.mails:
        caught = len(evidence.caught.get(mail.message_id.strip("<>"), ())) if mail.message_id else 0
        may_be = {MailStatus.SENT: {1}, MailStatus.UNCONFIRMED: {0, 1}}.get(MailStatus(mail.status), {0})
        if mail.status not in MAIL_FINAL:
            yield None, f"“{mail}” for {mail.address} is still {mail.status}."
        elif caught not in may_be:
            yield None, f"“{mail}” for {mail.address} is {mail.status}, and was caught {caught} times."
    for name in sorted(evidence.caught.keys() - known):
        yield None, f"A mail that no row explains was caught: {name}."


def an_unconfirmed_mail_has_a_reason(evidence: Evidence) -> Iterator[Broken]:
    for mail in evidence.mails:
        if mail.status != MailStatus.UNCONFIRMED:
            continue
        assert mail.claimed_at is not None
        since = mail.claimed_at.timestamp()
        reasons = (*WORKER_GONE, "mail server", "Postgres")
        if not evidence.journal.between(since, since + pace.MAIL_STUCK, *reasons):
            yield None, f"“{mail}” for {mail.address} is unconfirmed ({mail.error}), and nothing went wrong."


def workers_end_as_they_are_told(evidence: Evidence) -> Iterator[Broken]:
    for complaint in evidence.complaints:
        yield None, complaint


INVARIANTS: tuple[Invariant, ...] = (
    every_run_ends,
    every_request_belongs_to_a_run_and_was_noted_before,
    every_call_is_finished_or_its_worker_was_gone,
    what_marks_is_generated_at_most_once,
    what_succeeded_was_generated_and_marked,
    an_unconfirmed_run_has_a_reason,
    a_failed_run_has_a_reason,
    a_result_is_what_expensify_generated,
    nothing_is_in_storage_without_a_row,
    nothing_is_left_where_files_arrive,
    the_audit_log_tells_each_run_once,
    the_audit_log_is_whole,
    no_call_was_one_too_many,
    nobody_is_left_in_a_line,
    each_kind_keeps_its_own_rules,
    what_comes_due_runs_once,
    a_mail_is_caught_as_its_row_tells,
    an_unconfirmed_mail_has_a_reason,
    workers_end_as_they_are_told,
)
