"""The test's side of a crashing worker: where it dies, and that time passes for the rows it leaves."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db.models import F
from django_scopes import scopes_disabled

from accounts.models import MailStatus, Notice
from exports.models import Delivery, Occurrence, Run
from tests.waiting import wait_until
from tests.workers import Processes

# Longer than any worker may keep a row.
LONG = timedelta(days=1)
# The database may round its time up to milliseconds.
ROUNDED = timedelta(milliseconds=2)


class Trap:
    """Kills one process of the crashing workers of `processes` at a point."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._file = Path(processes.environment["CRASH_FILE"])
        self._died, self._rounds = self._file.with_suffix(".died"), self._file.with_suffix(".rounds")

    def set(self, point: str) -> None:
        self._died.unlink(missing_ok=True)
        self._file.write_text(point)

    def catch(self) -> None:
        """Wait until a process has died there. Then let its claims run out, instead of waiting until they do."""
        wait_until(self._died.exists, log=self._processes.logs)
        with scopes_disabled():
            # What a living process claimed after that death keeps its time.
            died_at = datetime.fromtimestamp(float(self._died.read_text()), UTC) + ROUNDED
            Run.objects.in_flight().filter(moved_at__lte=died_at).update(moved_at=F("moved_at") - LONG)
            Occurrence.objects.filter(settled_at=None, settling_since__lte=died_at).update(
                settling_since=F("settling_since") - LONG
            )
            for mails in (Notice, Delivery):
                mails.objects.filter(status=MailStatus.SENDING, claimed_at__lte=died_at).update(
                    claimed_at=F("claimed_at") - LONG
                )

    def rounds(self) -> int:
        """How many rounds of sending mails were finished."""
        return self._rounds.stat().st_size if self._rounds.exists() else 0
