"""What the tests of the pages have in common: people who are signed in, runs in any state, results with real files."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from django_scopes import scope

from accounts.models import Credential, Policy, Team, User
from expensify.budget.budget import Budget
from exports.models import ApiCall, Result, Run, SavedExport
from exports.models.run import FINAL, Status
from exports.results import store as results
from exports.results import tables
from exports.runs import queue
from exports.runs.report_list import ListedReport, ReportList
from tests.exports.employee_updates.updates import POLICY


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def acme_open(acme: Team) -> Any:
    """Acme's data can be read in the test itself."""
    with scope(team=acme):
        yield acme


@pytest.fixture
def policy(credential: Credential) -> Policy:
    """A policy that the credential reaches."""
    with scope(team=credential.team):
        return Policy.objects.create(team=credential.team, credential=credential, policy_id=POLICY, name="Headquarters")


@pytest.fixture
def as_erin(erin: User, policy: Policy) -> Client:
    """Erin, an Editor, where a credential reaches a policy."""
    return signed_in(erin)


# The states that a run of a saved export can be in.
OF_EXPORTS = [status for status in Status if status not in {Status.READING, Status.UPDATING}]
ONE_REPORT = ReportList(
    (ListedReport("R00bCluvcO4T", "Trip to Wien", "2026-10-01", "2026-10-03", "2026-11-02", "1300", "EUR", 2),), "1300"
).as_json()


def make_run(export: SavedExport, by: User | None = None, status: str = Status.QUEUED, **fields: Any) -> Run:
    """A run of the export that has come to this state."""
    now = timezone.now()
    marking = status in {Status.STORED, Status.MARKING}
    selecting = status in {Status.SELECTING, Status.SELECTED, Status.LISTING, Status.LISTED}
    fetched = marking or status in {Status.GENERATED, Status.DOWNLOADING, Status.SUCCEEDED}
    described: dict[str, Any] = {
        "job": {"type": "file"},
        "template": export.version.template,
        "marks": False,
        "source": Run.Source.PAGE,
        "requested_by": by,
        "requested_by_name": str(by or "root (command line)"),
        "kind": Run.Kind.MARKED_LAST if selecting or marking else Run.Kind.EXPORT,
        "mark_label": "ERP" if selecting or marking else "",
        "report_count": 1 if marking or status == Status.LISTED else None,
        "selection": ONE_REPORT if marking or status == Status.LISTED else None,
        "remote_file": "export1.csv" if fetched else "",
        "fetched": int(marking or status == Status.SUCCEEDED),
        "finished_at": now if status in FINAL else None,
        "status": status,
    }
    with scope(team=export.team):
        return Run.objects.create(
            team=export.team,
            export=export,
            version=export.version,
            credential=export.credential,
            **(described | fields),
        )


def of_long_windows(settings: Any) -> Budget:
    """The call budget with windows of hours, so that a call still counts when a slow machine shows its page."""
    settings.EXPENSIFY_LIMITS = replace(settings.EXPENSIFY_LIMITS, windows=((5, 3600.0), (20, 7200.0)))
    queue.budget.cache_clear()
    return queue.budget()


def make_call(run: Run, kind: str = "generate", **fields: Any) -> ApiCall:
    answered = {"seconds": 1.5, "http_status": 200, "response_code": 200, "sent_at": timezone.now()}
    with scope(team=run.team):
        return ApiCall.objects.create(
            team=run.team, run=run, credential=run.credential, kind=kind, **(answered | fields)
        )


def make_result(run: Run, content: bytes, name: str = "export1.csv") -> Result:
    """The result of a run that succeeded, its file in private storage."""
    path = default_storage.save(f"teams/{run.team_id}/runs/{run.pk}/{name}", ContentFile(content))
    with scope(team=run.team):
        return Result.objects.create(
            team=run.team,
            run=run,
            file=path,
            name=name,
            media_type=results.MEDIA_TYPES.get(results.extension(name), "application/octet-stream"),
            size=len(content),
            rows=tables.count_rows(Path(default_storage.path(path)), results.extension(name)),
            sha256=hashlib.sha256(content).hexdigest(),
        )
