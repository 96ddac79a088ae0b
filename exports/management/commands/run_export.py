import shutil
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django_scopes import scope

from accounts.audit import record as audit
from accounts.models import Team
from exports.models import Run, SavedExport
from exports.models.run import Status
from exports.results import integrity
from exports.runs import actions as runs

POLL_SECONDS = 0.5
FAILED, NOT_FOUND, UNCONFIRMED, STILL_WAITING, NO_FILE = 1, 2, 3, 4, 5
CODES = {Status.FAILED: FAILED, Status.CANCELLED: FAILED, Status.UNCONFIRMED: UNCONFIRMED}


class Command(BaseCommand):
    help = (
        "Run a saved export. Ends with 0 when it succeeded (or was queued), 1 when it failed, 2 when there is nothing "
        "of that name, 3 when it is not known what happened at Expensify, 4 when it was still at work at the time-out, "
        "5 when a file was asked for but no report passed the filters, so that there is none."
    )
    requires_system_checks: list[str] = []  # they load all views, and `migrate` has run them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("team", help="the team's name as it stands in its addresses, like acme")
        parser.add_argument("export", help="the export's name or number")
        parser.add_argument("--wait", action="store_true", help="until it has finished")
        parser.add_argument(
            "--output", metavar="FILE", help="wait, and write the result there; - writes it to standard output"
        )
        parser.add_argument(
            "--timeout",
            type=float,
            default=900,
            metavar="SECONDS",
            help="wait no longer than this (900); the run goes on",
        )

    def handle(self, *, team: str, export: str, wait: bool, output: str | None, timeout: float, **options: Any) -> None:
        row = Team.objects.filter(slug=team).first()
        if row is None:
            raise CommandError(f"There is no team “{team}”.", returncode=NOT_FOUND)
        with scope(team=row):
            run = self._start(row, export)
            self.stderr.write(f"Run {run.pk} of “{run.export}” is queued.")
            if wait or output:
                self._wait(run, timeout)
                self._report(run)
                if output:
                    self._write(run, output)

    def _start(self, team: Team, name: str) -> Run:
        try:
            return runs.start(_find_export(team, name), by=audit.operator(), source=Run.Source.COMMAND)
        except runs.CannotStart as reason:
            raise CommandError(str(reason), returncode=FAILED) from reason

    def _wait(self, run: Run, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not run.is_final:
            if time.monotonic() > deadline:
                raise CommandError(
                    f"Run {run.pk} is still {run.get_status_display().lower()} after {timeout:g} seconds. "
                    "It goes on by itself.",
                    returncode=STILL_WAITING,
                )
            time.sleep(POLL_SECONDS)
            run.refresh_from_db(fields=["status", "error", "report_count"])

    def _report(self, run: Run) -> None:
        if run.status != Status.SUCCEEDED:
            raise CommandError(
                f"Run {run.pk} {run.get_status_display().lower()}. {run.error}", returncode=CODES[Status(run.status)]
            )
        if run.report_count == 0:
            self.stderr.write(f"Run {run.pk} succeeded: no report passed the filters, so there is no file.")
            return
        self.stderr.write(f"Run {run.pk} succeeded: {run.result.name}, {run.result.size} bytes.")

    def _write(self, run: Run, output: str) -> None:
        if run.report_count == 0:
            raise CommandError(f"{output} was not written.", returncode=NO_FILE)
        try:
            stored = integrity.open_result(run.result)
        except (FileNotFoundError, integrity.Damaged) as error:
            reason = str(error) if isinstance(error, integrity.Damaged) else "It is no longer in the portal's storage."
            raise CommandError(f"{output} was not written. {reason}", returncode=NO_FILE) from None
        with stored as file:
            if output == "-":
                shutil.copyfileobj(file, sys.stdout.buffer)
                sys.stdout.buffer.flush()
            else:
                with Path(output).open("wb") as target:
                    shutil.copyfileobj(file, target)
        audit.record(
            audit.Action.RESULT_DOWNLOADED,
            run.result,
            by=audit.operator(),
            size=run.result.size,
            sha256=run.result.sha256,
        )


def _find_export(team: Team, name: str) -> SavedExport:
    """By name, else by number. An archived one only by number: starting it explains that it is archived."""
    exports = team.exports.select_related("credential", "version")
    export: SavedExport | None = exports.live().filter(name__iexact=name).first()
    if export is None and name.isascii() and name.isdecimal():
        export = exports.filter(pk=int(name)).first()
    if export is None:
        raise CommandError(f"The team “{team}” has no saved export “{name}”.", returncode=NOT_FOUND)
    return export
