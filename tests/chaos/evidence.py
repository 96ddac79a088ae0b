"""Everything that is known at the end, gathered once: rows, storage, audit log, the sandbox's log, the journal."""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django_scopes import scopes_disabled

from accounts.models import AuditEntry, Notice, Outgoing
from exports.models import ApiCall, Delivery, Result, Run, Schedule
from sandbox.app import Sandbox
from sandbox.state import Arrival, Generation
from tests.chaos.journal import Journal
from tests.smtp import Mail, Mailbox


@dataclass
class Traces:
    """What one run left behind, on both sides."""

    run: Run
    kind: str
    calls: list[ApiCall] = field(default_factory=list)
    entries: list[AuditEntry] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    generated: list[Generation] = field(default_factory=list)
    result: Result | None = None

    @property
    def began_at(self) -> float:
        return self.run.created_at.timestamp()

    @property
    def ended_at(self) -> float:
        return (self.run.finished_at or self.run.moved_at).timestamp()


class Evidence:
    """Gathered when the portal rests. A run is known in the sandbox by its file's base name, which no other has."""

    def __init__(self, sandbox: Sandbox, journal: Journal, mailbox: Mailbox) -> None:
        self.sandbox, self.journal = sandbox, journal
        with scopes_disabled():
            rows = list(Run.objects.select_related("team", "credential").order_by("pk"))
            calls = list(ApiCall.objects.exclude(run=None))
            entries = list(AuditEntry._base_manager.filter(target_type="run").order_by("at"))
            results = list(Result.objects.all())
            self.schedules = list(Schedule.objects.prefetch_related("occurrences__run", "occurrences__deliveries"))
            self.mails: list[Outgoing] = [*Delivery.objects.all(), *Notice.objects.all()]
        self.caught: dict[str, list[Mail]] = {}
        for mail in mailbox.mails:
            self.caught.setdefault(str(mail.message["Message-ID"]).strip("<>"), []).append(mail)
        self.traces = {run.pk: Traces(run, base_name(run).rpartition("_")[0]) for run in rows}
        for call in calls:
            self.traces[call.run_id].calls.append(call)
        for entry in entries:
            self.traces[entry.target_id].entries.append(entry)
        for result in results:
            self.traces[result.run_id].result = result
        self.complaints: list[str] = []
        self.strangers: list[Arrival] = []
        self._share_out(sandbox)

    def _share_out(self, sandbox: Sandbox) -> None:
        """Each request and each generation to the run it is of."""
        by_name = {base_name(traces.run): traces for traces in self.traces.values() if not traces.run.traits.of_batch}
        by_file: dict[str, Traces] = {}
        for arrival in sandbox.log:
            if not arrival.job:
                continue  # its worker was killed while it wrote: nobody can tell what it was to become
            if arrival.kind == "download":
                traces = by_file.get(str(arrival.job["fileName"]))
            else:
                name = str(arrival.job["outputSettings"]["fileBasename"])
                traces = by_name.get(name) or self._by_label(arrival)
            if traces is None:
                self.strangers.append(arrival)
                continue
            traces.arrivals.append(arrival)
            by_file |= dict.fromkeys(arrival.file_name.split(","), traces)
        for generation in sandbox.generated:
            if traces := by_file.get(generation.file_names[0]):
                traces.generated.append(generation)

    def _by_label(self, arrival: Arrival) -> Traces | None:
        """The run whose label this is: the list of reports and their marking go by other file names."""
        words = json.dumps(arrival.job)
        labelled = [
            traces
            for traces in self.traces.values()
            if traces.run.mark_label
            and f'"{traces.run.mark_label}"' in words
            and traces.began_at <= arrival.at  # “Mark these reports now” begins later, with the same label
        ]
        return labelled[-1] if labelled else None

    @cached_property
    def stored(self) -> set[str]:
        """The names of all files in the portal's storage."""
        root = Path(default_storage.location)
        return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}

    @cached_property
    def arriving(self) -> list[str]:
        return sorted(os.listdir(settings.FILE_UPLOAD_TEMP_DIR))

    def codes(self, status: str) -> dict[str, int]:
        """Why runs ended in this state, by the word for programs."""
        return dict(Counter(t.run.error_code for t in self.traces.values() if t.run.status == status))

    def by_state(self) -> dict[str, int]:
        return dict(Counter(traces.run.status for traces in self.traces.values()))

    def by_mail_state(self) -> dict[str, int]:
        return dict(Counter(mail.status for mail in self.mails))


def base_name(run: Run) -> str:
    """As the run asked for it; it ends with a dot, and has no other."""
    return str(run.job["outputSettings"]["fileBasename"])
