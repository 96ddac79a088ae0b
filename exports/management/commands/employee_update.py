import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django_scopes import scope

from accounts.audit import record as audit
from accounts.models import Team
from exports.employee_updates import actions as employee_updates
from exports.employee_updates import intake
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed import fields, mapping, reading
from exports.employee_updates.feed import settings as feed_settings
from exports.employee_updates.feed.answers import OUTCOMES
from exports.employee_updates.feed.findings import RowFinding, UnreadableFile
from exports.employee_updates.feed.reading import MOST_BYTES
from exports.employee_updates.feed.sheet import Feed, Sheet
from exports.employee_updates.rules import Cannot
from exports.models import EmployeeUpdate, FeedProfile, Run
from exports.models.run import Status

POLL_SECONDS = 0.5
FAILED, NOT_FOUND, STILL_WAITING, WARNINGS = 1, 2, 4, 5
MOST_FINDINGS = 20


class Command(BaseCommand):
    help = (
        "Prepare an employee update from a file, as its feed profile reads it, and try it at Expensify; with --submit "
        "it then waits for the approval of a second person. Nothing is changed at Expensify: that takes a person. "
        "Ends with 0 when that is done (without --wait, when the dry run is queued), 1 when the file, its rows or a "
        "call failed, 2 when there is nothing of that name, 4 when Expensify was still at work at the time-out, 5 when "
        "there are warnings that nobody has accepted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("team", help="the team's name as it stands in its addresses, like acme")
        parser.add_argument("profile", help="the feed profile's name or number")
        parser.add_argument("file", type=Path, help="the file: CSV, XLSX or JSON")
        goal = parser.add_mutually_exclusive_group(required=True)
        goal.add_argument("--dry-run", action="store_true", help="stop after the dry run")
        goal.add_argument("--submit", action="store_true", help="send it for approval when the dry run is done")
        parser.add_argument("--wait", action="store_true", help="until the dry run is done")
        parser.add_argument("--accept-warnings", action="store_true", help="say of every warning that it is meant")
        parser.add_argument(
            "--timeout",
            type=float,
            default=900,
            metavar="SECONDS",
            help="wait no longer than this (900) for a call; it goes on",
        )

    def handle(
        self,
        *,
        team: str,
        profile: str,
        file: Path,
        submit: bool,
        wait: bool,
        accept_warnings: bool,
        timeout: float,
        **options: Any,
    ) -> None:
        owner = Team.objects.filter(slug=team).first()
        if owner is None:
            raise CommandError(f"There is no team “{team}”.", returncode=NOT_FOUND)
        with scope(team=owner):
            try:
                update = self._prepare(_find_profile(owner, profile), file, submit)
                self._refuse_errors(update)
                self._read_members(update, timeout)
                update.refresh_from_db()
                self._refuse_errors(update)
                self._accept_warnings(update, accept_warnings)
                run = employee_updates.try_out(update, by=audit.operator())
            except (Cannot, UnreadableFile) as reason:
                raise CommandError(str(reason), returncode=FAILED) from reason
            if not wait:
                self.stderr.write(f"Its dry run {run.pk} is queued.")
                return
            self._wait(run, timeout)
            update.refresh_from_db()
            self._report(update)

    def _prepare(self, profile: FeedProfile, file: Path, submit: bool) -> EmployeeUpdate:
        settings = feed_settings.settings_from_json(profile.settings)
        content = _read_file(file, limits_in_cents=settings.limits_in_cents)
        if isinstance(content, Sheet):
            placed = mapping.place(mapping.mapping_from_json(profile.mapping), content)
            if not placed.fits:
                raise CommandError(
                    f"The feed profile “{profile}” does not fit this file, so nothing was prepared. "
                    + " ".join(placed.sentences),
                    returncode=FAILED,
                )
        now = timezone.localtime(timezone=profile.team.zone)
        update, sentences = intake.prepare(
            profile.credential,
            intake.default_name(profile, now),
            content,
            by=audit.operator(),
            profile=profile,
            submits_itself=submit,
        )
        self.stderr.write(
            f"Update {update.pk}, “{update}”, is prepared: {_counted(update.row_count, 'row')}. "
            f"It is at {update.get_absolute_url()} in the portal."
        )
        for sentence in sentences:
            self.stderr.write(sentence)
        return update

    def _read_members(self, update: EmployeeUpdate, timeout: float) -> None:
        """Read the present members; without them leavers, renamed logins and joiners are unknown."""
        self._wait(employee_updates.read_members(update, by=audit.operator()), timeout)

    def _refuse_errors(self, update: EmployeeUpdate) -> None:
        if not update.error_count:
            return
        self._print_findings(stored_updates.analyse(update).checked.errors)
        raise CommandError(
            f"There {'is' if update.error_count == 1 else 'are'} {_counted(update.error_count, 'error')} in the rows, "
            "so nothing was tried. Mend them in the file and start anew, or in the portal.",
            returncode=FAILED,
        )

    def _accept_warnings(self, update: EmployeeUpdate, accepts: bool) -> None:
        if update.is_accepted:
            return
        self._print_findings(stored_updates.analyse(update).checked.warnings)
        if not accepts:
            raise CommandError(
                f"There {'is' if update.warning_count == 1 else 'are'} {_counted(update.warning_count, 'warning')}, so "
                "nothing was tried. If they are meant, say so in the portal, or start anew with --accept-warnings.",
                returncode=WARNINGS,
            )
        employee_updates.accept_warnings(update, by=audit.operator(), content_hash=update.content_hash)
        update.refresh_from_db()
        self.stderr.write(f"Accepted: {_counted(update.warning_count, 'warning')}.")

    def _print_findings(self, findings: list[RowFinding]) -> None:
        for finding in findings[:MOST_FINDINGS]:
            place = f"Row {finding.row}" if finding.row else "All rows"
            field = f", {fields.FIELDS[finding.field].heading}" if finding.field else ""
            self.stderr.write(f"{place}{field}: {finding.sentence}")
        if len(findings) > MOST_FINDINGS:
            self.stderr.write(f"And {len(findings) - MOST_FINDINGS:,} more.")

    def _wait(self, run: Run, timeout: float) -> None:
        """Wait until the run succeeds."""
        give_up = time.monotonic() + timeout
        while not run.is_final:
            if time.monotonic() > give_up:
                raise CommandError(
                    f"Run {run.pk} is still {run.get_status_display().lower()} after {timeout:g} seconds. It goes on "
                    "by itself; look at the update in the portal.",
                    returncode=STILL_WAITING,
                )
            time.sleep(POLL_SECONDS)
            run.refresh_from_db(fields=["status", "error"])
        if run.status != Status.SUCCEEDED:
            raise CommandError(f"Run {run.pk} {run.get_status_display().lower()}. {run.error}", returncode=FAILED)

    def _report(self, update: EmployeeUpdate) -> None:
        receipt = stored_updates.receipt_of(update, "tried_answer")
        assert receipt is not None
        counts = [
            f"{receipt.count(outcome):,} {words.lower()}"
            for outcome, (words, _) in OUTCOMES.items()
            if receipt.count(outcome)
        ]
        self.stderr.write(f"Dry run done: {', '.join(counts)}.")
        if update.submitted_at:
            self.stderr.write("It waits for approval.")


def _find_profile(team: Team, wanted: str) -> FeedProfile:
    """Find a feed profile by name, else by number."""
    profiles = team.feed_profiles.select_related("team", "credential__team")
    profile = profiles.filter(name__iexact=wanted).first()
    if profile is None and wanted.isascii() and wanted.isdecimal():
        profile = profiles.filter(pk=int(wanted)).first()
    if profile is None:
        raise CommandError(f"The team “{team}” has no feed profile “{wanted}”.", returncode=NOT_FOUND)
    return profile


def _read_file(file: Path, *, limits_in_cents: bool) -> Sheet | Feed:
    try:
        with file.open("rb") as stream:
            # One byte more than the limit shows that a file is too large.
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise CommandError(
            f"{file} cannot be read: {error.strerror}. Nothing was prepared.", returncode=NOT_FOUND
        ) from error
    return reading.read_file(content, limits_in_cents=limits_in_cents)


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
