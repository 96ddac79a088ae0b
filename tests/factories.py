"""Factories of the tests: each makes and saves one object with all it needs, and takes its fields as keywords.

They open the team's data themselves, so they work inside and outside of `scope`.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from django_scopes import scope

from accounts.models import Credential, MailStatus, Membership, Policy, Team, User
from accounts.permissions import Role
from expensify.pair import KeyPair
from exports.deliveries.settings import MailSettings
from exports.employee_updates import actions as employee_updates
from exports.employee_updates.feed.cells import FeedRow
from exports.models import (
    ApiCall,
    Delivery,
    EmployeeUpdate,
    Link,
    LinkOpening,
    Occurrence,
    Recipient,
    Result,
    Run,
    SavedExport,
    Schedule,
)
from exports.models.run import FINAL, Status
from exports.results import store as results
from exports.results import tables
from exports.runs.report_list import ListedReport, ReportList
from exports.saved_exports import actions as saved_exports
from exports.saved_exports.job import ExportSettings
from exports.schedules.rules.rule import Rule, RuleKind
from sandbox.company.company import DEMO_PAIRS

# The file that is mailed where a test does not care.
MAILED = b"Merchant,Amount\nHofbr\xc3\xa4u,12.50\n"
PASSWORD = "correct horse battery staple"
TEMPLATE = """<#if addHeader>
  Merchant,Amount<#lt>
</#if>
<#list reports as report>
  <#list report.transactionList as expense>
    "${expense.merchant?replace("\\"", "\\"\\"")}",<#t>
    ${(expense.amount / 100)?string("0.00")}<#lt>
  </#list>
</#list>
"""
ONE_REPORT = ReportList(
    (ListedReport("R00bCluvcO4T", "Trip to Wien", "2026-10-01", "2026-10-03", "2026-11-02", "1300", "EUR", 2),), "1300"
).as_json()
# The policy of tests that need one.
POLICY = "0123456789ABCDEF"
# The states that a run of a saved export can be in.
OF_EXPORTS = [status for status in Status if status not in {Status.READING, Status.UPDATING}]
SECOND_BUSINESS_DAY = Rule(RuleKind.BUSINESS_DAY, times=(time(7, 30),), zone="Europe/Berlin", nth=2)


# ------------------------------------------------------------ people and teams


def make_team(name: str, time_zone: str = "Europe/Berlin", **fields: Any) -> Team:
    return Team.objects.create(name=name, slug=name.lower(), time_zone=time_zone, **fields)


def make_member(team: Team, name: str, role: Role) -> User:
    user = User.objects.create_user(f"{name.lower()}@{team.slug}.example", PASSWORD, first_name=name)
    Membership.objects.create(team=team, user=user, role=role)
    return user


# ------------------------------------------------------------ credentials and exports


def pair_of(team: Team) -> KeyPair:
    """The sandbox's key pair for this team."""
    return next(KeyPair(id, secret) for id, secret in DEMO_PAIRS.items() if team.slug in id)


def make_credential(team: Team, name: str = "Main", *, pair: KeyPair | None = None, **fields: Any) -> Credential:
    """A working credential, by default with the sandbox's key pair for the team."""
    credential = Credential(team=team, name=name)
    credential.take_pair(pair or pair_of(team), timezone.now())
    credential.status = Credential.Status.WORKING
    for field, value in fields.items():
        setattr(credential, field, value)
    credential.save()
    return credential


def make_policy(credential: Credential, policy_id: str, name: str = "Headquarters", **fields: Any) -> Policy:
    """A policy that the credential reaches."""
    with scope(team=credential.team):
        return Policy.objects.create(
            team=credential.team, credential=credential, policy_id=policy_id, name=name, **fields
        )


def make_export(
    credential: Credential, by: User, name: str = "Monthly expenses", *, template: str = TEMPLATE, **options: Any
) -> SavedExport:
    """A saved export, by default of the report of Expensify's help page."""
    options = {"policy_ids": [], "report_ids": ["50352738"], "states": [], "email_recipients": []} | options
    export = SavedExport(team=credential.team, credential=credential, name=name)
    with scope(team=credential.team):
        return saved_exports.save(
            export, settings=ExportSettings(**options), template=template, sftp_password=None, by=by
        )


# ------------------------------------------------------------ runs and results


def make_run(export: SavedExport, by: User | None = None, status: str = Status.QUEUED, **fields: Any) -> Run:
    """A run of the export that has come to this state."""
    assert export.version is not None
    now = timezone.now()
    marking = status in {Status.STORED, Status.MARKING}
    selecting = status in {Status.SELECTING, Status.SELECTED, Status.LISTING, Status.LISTED}
    fetched = marking or status in {Status.GENERATED, Status.DOWNLOADING, Status.SUCCEEDED}
    described: dict[str, Any] = {
        "team": export.team,
        "export": export,
        "version": export.version,
        "credential": export.credential,
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
        return Run.objects.create(**(described | fields))


def make_call(run: Run, kind: str = "generate", **fields: Any) -> ApiCall:
    """A call of this run, answered unless `fields` say otherwise."""
    answered = {"seconds": 1.5, "http_status": 200, "response_code": 200, "sent_at": timezone.now()}
    with scope(team=run.team):
        return ApiCall.objects.create(
            team=run.team, run=run, credential=run.credential, kind=kind, **(answered | fields)
        )


def make_result(run: Run, content: bytes, name: str = "export1.csv", **fields: Any) -> Result:
    """The result of a run that succeeded, its file in private storage."""
    path = default_storage.save(f"teams/{run.team_id}/runs/{run.pk}/{name}", ContentFile(content))
    described: dict[str, Any] = {
        "file": path,
        "name": name,
        "media_type": results.MEDIA_TYPES.get(results.extension(name), "application/octet-stream"),
        "size": len(content),
        "rows": tables.count_rows(Path(default_storage.path(path)), results.extension(name)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    with scope(team=run.team):
        return Result.objects.create(team=run.team, run=run, **(described | fields))


def make_part(whole: Result, value: str, content: bytes = b"a,b\n", **fields: Any) -> Result:
    """The rows of one recipient out of a whole file."""
    described: dict[str, Any] = {
        "name": f"{value}.csv",
        "media_type": "text/csv",
        "size": len(content),
        "rows": 1,
        "sha256": hashlib.sha256(content).hexdigest(),
        "file": default_storage.save("tests/part.csv", ContentFile(content)),
    }
    with scope(team=whole.team):
        return Result.objects.create(team=whole.team, part_of=whole, part_value=value, **(described | fields))


# ------------------------------------------------------------ schedules and deliveries


def make_schedule(
    export: SavedExport,
    owner: User | None,
    name: str = "To approvers",
    *,
    mail: MailSettings | None = None,
    **fields: Any,
) -> Schedule:
    """A schedule for the second business day, due in three days unless it is paused or archived."""
    is_stopped = fields.get("paused_at") or fields.get("archived_at")
    described: dict[str, Any] = {
        "rule": SECOND_BUSINESS_DAY.to_json(),
        "mail": (mail or MailSettings()).to_json(),
        "owner": owner,
        "owner_name": str(owner or "Somebody"),
        "next_at": None if is_stopped else timezone.now() + timedelta(days=3),
    }
    with scope(team=export.team):
        return Schedule.objects.create(team=export.team, export=export, name=name, **(described | fields))


def make_recipient(schedule: Schedule, address: str, **fields: Any) -> Recipient:
    with scope(team=schedule.team):
        return Recipient.objects.create(
            team=schedule.team, schedule=schedule, address=address, **({"kind": Recipient.Kind.ADDRESS} | fields)
        )


def make_occurrence(
    schedule: Schedule, *, due_at: datetime | None = None, run: Run | str | None = Run.Status.SUCCEEDED, **fields: Any
) -> Occurrence:
    """One with this run, or a new one in this state; without one, for a due time that was left out.

    It is settled if the run is final.
    """
    now = timezone.now()
    described: dict[str, Any] = {"outcome": Occurrence.Outcome.STARTED, "settled_at": now}
    if run == Run.Status.SUCCEEDED:
        described |= {"rows": 120, "totals": {"EUR": "4321.00"}}
    if isinstance(run, str):
        run = make_run(schedule.export, None, run, source=Run.Source.SCHEDULE)
    if run is None:
        described = {"outcome": Occurrence.Outcome.SKIPPED}
    elif not run.is_final:
        described["settled_at"] = None
    with scope(team=schedule.team):
        return Occurrence.objects.create(
            team=schedule.team, schedule=schedule, due_at=due_at or now, run=run, **(described | fields)
        )


def make_delivery(
    occurrence: Occurrence, recipient: Recipient, status: str = MailStatus.SENT, **fields: Any
) -> Delivery:
    described: dict[str, Any] = {"run": occurrence.run, "address": recipient.address}
    if status == MailStatus.SENT:
        described |= {"sent_at": timezone.now(), "way": Delivery.Way.ATTACHED, "size": 43_210}
    with scope(team=occurrence.team):
        return Delivery.objects.create(
            team=occurrence.team, occurrence=occurrence, recipient=recipient, status=status, **(described | fields)
        )


def make_delivery_of_file(recipient: Recipient, content: bytes = MAILED, name: str = "month.csv") -> Delivery:
    """A mail that was sent with the file of a run that this makes."""
    run = make_run(recipient.schedule.export, status=Run.Status.SUCCEEDED)
    due_at = datetime(2026, 11, 3, 6, 30, tzinfo=UTC).replace(microsecond=run.pk % 1_000_000)
    occurrence = make_occurrence(recipient.schedule, due_at=due_at, run=run)
    return make_delivery(occurrence, recipient, result=make_result(run, content, name))


def make_link(delivery: Delivery, *, opened_by: str = "", **fields: Any) -> Link:
    now = timezone.now()
    with scope(team=delivery.team):
        link = Link.objects.create(
            team=delivery.team,
            delivery=delivery,
            **({"token_hash": f"{delivery.pk:064x}", "expires_at": now + timedelta(days=30)} | fields),
        )
        if opened_by:
            LinkOpening.objects.create(team=delivery.team, link=link, at=now, by_name=opened_by, proof="code")
            Link.objects.filter(pk=link.pk).update(opened_at=now, openings=1)
    return link


# ------------------------------------------------------------ employee updates


def make_update(
    credential: Credential, by: User, rows: Sequence[dict[str, str]], name: str = "November", **options: Any
) -> EmployeeUpdate:
    """An employee update of these rows, typed in and checked."""
    content = [FeedRow(number, cells) for number, cells in enumerate(rows, start=1)]
    with scope(team=credential.team):
        return employee_updates.prepare(credential, name, by=by, content=content, **options)
