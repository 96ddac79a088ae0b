"""The API calls of a run: the job that each sends, and how its answer changes the row.

A worker may die between any two lines; the claimed row then stays in flight.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction

from accounts import clock
from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action
from accounts.credentials.keyring import unseal
from expensify.answers import Download
from expensify.client import Client
from expensify.jobs.export import ReportExport
from exports.models import Run
from exports.models.run import Status
from exports.models.run_kind import Kind, traits_of
from exports.results import store as results
from exports.results.layout import layout_of
from exports.runs import employee_steps, file_checks, generation_time, report_list
from exports.runs.report_list import ReportList
from exports.saved_exports import job as export_job
from exports.saved_exports.job import ExportSettings

# Fields that a successful call resets.
RESET_ON_SUCCESS = {"attempts": 0, "retry_at": None, "error_code": "", "error": ""}


class RunStep(NamedTuple):
    """One call: the resting state in which it is due, and the state while it is in progress."""

    kind: str
    resting: Status
    in_flight: Status
    make: Callable[[Run, Client], None]


def steps_of(kind: str) -> tuple[RunStep, ...]:
    """The calls of a run of this kind, in order."""
    return tuple(CALLS[call] for call in traits_of(kind).calls)


def kind_of(export_settings: ExportSettings) -> Kind:
    """The kind of a run that exports a period with these settings."""
    if export_settings.marks_last:
        return Kind.MARKED_LAST
    return Kind.LISTED_EXPORT if export_settings.selects else Kind.EXPORT


def due(run: Run) -> RunStep | None:
    """The next call of a resting run."""
    return next((step for step in steps_of(run.kind) if step.resting == run.status), None)


def under_way(run: Run) -> RunStep | None:
    """The call that is in progress."""
    return next((step for step in steps_of(run.kind) if step.in_flight == run.status), None)


def calls_left(status: str, kind: str) -> int:
    """How many calls a run in this state still makes, without the one in progress."""
    steps = steps_of(kind)
    for number, step in enumerate(steps):
        if status in (step.resting, step.in_flight):
            return len(steps) - number - (step.in_flight == status)
    return 0


# ------------------------------------------------------------ the calls


def _select(run: Run, client: Client) -> None:
    names = client.generate(report_list.listing(_job(run)), report_list.listing_template(layout_of(run)))
    made_with = run.credential.pair_number
    run.move(Status.SELECTING, Status.SELECTED, selection_file=names[0], made_with=made_with, **RESET_ON_SUCCESS)


def _list(run: Run, client: Client) -> None:
    with results.temporary_download(run.selection_file) as file:
        with file.open("wb") as into:
            client.download(run.selection_file, into, max_bytes=report_list.LIST_MAX_BYTES)
        reports = report_list.read_list(file.read_text(encoding="utf-8", errors="replace"))
    listed = {
        "selection": reports.as_json(),
        "report_count": len(reports.reports),
        "by_previous": False,
    } | RESET_ON_SUCCESS
    if reports.reports:
        run.move(Status.LISTING, Status.LISTED, **listed)
        return
    with transaction.atomic():
        if run.move(Status.LISTING, Status.SUCCEEDED, **listed):
            audit.record(Action.RUN_SUCCEEDED, run, by=PORTAL, reports=0)


def _generate(run: Run, client: Client) -> None:
    job = _job(run)
    if run.traits.selects:
        job = report_list.of_exactly(job, _selection(run).ids, marking=not run.marks_last)
    names = client.generate(job, run.template)
    wait, now = generation_time.before_first_look(run), clock.now()
    run.move(
        Status.GENERATING,
        Status.GENERATED,
        remote_file=",".join(names),
        generated_at=now,
        made_with=run.credential.pair_number,
        ready_after=wait,
        **RESET_ON_SUCCESS | {"retry_at": now + timedelta(seconds=wait) if wait else None},
    )


def _download(run: Run, client: Client) -> None:
    name = run.remote_files[run.fetched]
    with results.temporary_download(name) as file:
        with file.open("wb") as into:
            arrived = client.download(name, into, max_bytes=settings.RESULT_MAX_BYTES, progress=_show_progress(run))
        _check_arrived(run, name, file)
        if run.fetched + 1 < len(run.remote_files):
            results.keep_part(run, name, file)
            moved = run.move(
                Status.DOWNLOADING,
                Status.GENERATED,
                fetched=run.fetched + 1,
                ready_after=generation_time.until_ready(run),
                **RESET_ON_SUCCESS,
            )
            if not moved:
                results.clear_if_over(run)
            return
        _store(run, name, file, arrived)


def _check_arrived(run: Run, name: str, file: Path) -> None:
    """Raise NotTheFile for an error page, or anything else that cannot be the file."""
    expenses = sum(report.expenses for report in _selection(run).reports) if run.selection else 0
    file_checks.check(file, name, run.template, layout_of(run), expenses=expenses)


def _mark(run: Run, client: Client) -> None:
    ids = _selection(run).ids
    client.generate(report_list.marking(_job(run), ids, run.mark_label), report_list.MARKING_TEMPLATE)
    with transaction.atomic():
        if run.move(Status.MARKING, Status.SUCCEEDED, **RESET_ON_SUCCESS):
            audit.record(Action.RUN_SUCCEEDED, run, by=PORTAL, reports=len(ids), marked_as=run.mark_label)


def _store(run: Run, name: str, file: Path, arrived: Download) -> None:
    """Store the file before the row: a crash in between leaves an orphaned file, never a row without a file."""
    checked = report_list.check_file(_selection(run), layout_of(run), file) if run.traits.selects else None
    if checked and checked.problem:
        raise report_list.CannotReadList(checked.problem)
    stored = results.store(run, name, file, arrived)
    if run.marks_last:
        results.verify(stored)
    target, action = (Status.STORED, Action.RUN_STORED) if run.marks_last else (Status.SUCCEEDED, Action.RUN_SUCCEEDED)
    with transaction.atomic():
        moved = run.move(
            Status.DOWNLOADING,
            target,
            fetched=run.fetched + 1,
            bytes_received=stored.size,
            ready_after=generation_time.until_ready(run),
            checked=checked.sentence if checked else "",
            **RESET_ON_SUCCESS,
        )
        if moved:
            stored.save(force_insert=True)
            audit.record(
                action, run, by=PORTAL, file=stored.name, size=stored.size, rows=stored.rows, sha256=stored.sha256
            )
    if moved:
        results.clear(run)
    else:
        default_storage.delete(stored.file.name)


SELECT = RunStep("select", Status.QUEUED, Status.SELECTING, _select)
LIST = RunStep("list", Status.SELECTED, Status.LISTING, _list)
GENERATE = RunStep("generate", Status.QUEUED, Status.GENERATING, _generate)
GENERATE_LISTED = RunStep("generate", Status.LISTED, Status.GENERATING, _generate)
DOWNLOAD = RunStep("download", Status.GENERATED, Status.DOWNLOADING, _download)
MARK = RunStep("mark", Status.STORED, Status.MARKING, _mark)
READ_MEMBERS = RunStep("members", Status.QUEUED, Status.READING, employee_steps.read_members)
TRY_OUT = RunStep("dry_run", Status.QUEUED, Status.UPDATING, employee_steps.try_out)
APPLY = RunStep("apply", Status.QUEUED, Status.UPDATING, employee_steps.apply)
# The calls that the kinds of `exports.models.run_kind` name.
CALLS = {
    "select": SELECT,
    "list": LIST,
    "generate": GENERATE,
    "generate_listed": GENERATE_LISTED,
    "download": DOWNLOAD,
    "mark": MARK,
    "members": READ_MEMBERS,
    "dry_run": TRY_OUT,
    "apply": APPLY,
}


# ------------------------------------------------------------ arguments of the calls


def _job(run: Run) -> ReportExport:
    assert run.export is not None
    return export_job.recall(run.job, sftp_password=unseal(run.export, "sftp_password") or "")


def _selection(run: Run) -> ReportList:
    assert run.selection is not None
    return ReportList.from_json(run.selection)


def _show_progress(run: Run) -> Callable[[int], None]:
    """A callback that shows the received bytes on the run's page, at most once a second."""
    shown_at = time.monotonic()

    def show(received: int) -> None:
        nonlocal shown_at
        if time.monotonic() - shown_at >= 1:
            shown_at = time.monotonic()
            Run.objects.filter(pk=run.pk, moves=run.moves).update(bytes_received=received)

    return show
