import os
import time
from collections.abc import Iterator, Sequence
from datetime import time as clock_time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django_scopes import scope

from accounts import clock, teams
from accounts.audit import record as audit
from accounts.credentials import actions as credentials
from accounts.models import Team, User
from accounts.permissions import Role
from expensify.pair import KeyPair
from exports.columns.layout import Layout, column
from exports.columns.writing import headings_of, template_of
from exports.deliveries.settings import MailSettings
from exports.models import ApiCall, Run, SavedExport, Schedule
from exports.models.run import Status
from exports.results import integrity
from exports.runs import actions as runs
from exports.runs import queue
from exports.saved_exports import actions as saved_exports
from exports.saved_exports import starter_templates
from exports.saved_exports.job import WHEN_SAFE, ExportSettings
from exports.schedules import actions as schedules
from exports.schedules.rules.rule import Rule, RuleKind

PASSWORD = "try-the-portal"
COMPANY = {
    "Acme": (
        "Europe/Berlin",
        [("Alice", Role.ADMIN), ("Erin", Role.EDITOR), ("Audrey", Role.AUDITOR), ("Bob", Role.VIEWER)],
    ),
    "Umbrella": ("America/New_York", [("Charlie", Role.ADMIN)]),
}
# The report and template of the walkthrough on Expensify's help page.
HELP_PAGE_EXPORT = "Help page example"
HELP_PAGE_REPORT = "50352738"
HELP_PAGE_TEMPLATE = """\
<#if addHeader>
 Merchant,Amount,Transaction Date<#lt>
</#if>
<#list reports as report>
 <#list report.transactionList as expense>
 <#if expense.modifiedMerchant?has_content>
 <#assign merchant = expense.modifiedMerchant>
 <#else>
 <#assign merchant = expense.merchant>
 </#if>
 <#if expense.convertedAmount?has_content>
 <#assign amount = expense.convertedAmount/100>
 <#elseif expense.modifiedAmount?has_content>
 <#assign amount = expense.modifiedAmount/100>
 <#else>
 <#assign amount = expense.amount/100>
 </#if>
 <#if expense.modifiedCreated?has_content>
 <#assign created = expense.modifiedCreated>
 <#else>
 <#assign created = expense.created>
 </#if>
 ${merchant},<#t>
 ${amount},<#t>
 ${created}<#lt>
 </#list>
</#list>
"""
# The export that the schedule mails; its last column holds the recipients.
APPROVERS_EXPORT = "Last month, for the approvers"
APPROVERS_SCHEDULE = "Last month to the approvers"
APPROVERS_LAYOUT = Layout(
    columns=tuple(
        map(
            column,
            [
                "report.accountEmail",
                "report.reportName",
                "final.created",
                "final.merchant",
                "final.reportAmount",
                "report.currency",
                "report.managerEmail",
            ],
        )
    )
)
# Seconds. Longer than the minute that the call budget may wait after a restart of Redis.
PATIENCE = 150
FIRST_LINES = 6


class Command(BaseCommand):
    help = (
        "Make the demo company, once, and say who can sign in: two teams, five people, and, with a pair for each team "
        "in DEMO_PAIRS (acme=ID:SECRET,umbrella=ID:SECRET), credentials, saved exports, and for Acme a schedule that "
        "is due at once."
    )
    # Every start of the demo waits for this command, and `script/check` runs the checks.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--run", action="store_true", help=f"then run “{HELP_PAGE_EXPORT}”, wait for its file and tell each step"
        )

        parser.add_argument(
            "--migrate", action="store_true", help="bring the database up to date first, and say when it is"
        )
        parser.add_argument("--static", action="store_true", help="with --migrate: collect what browsers load, too")
        parser.add_argument(
            "--new-redis",
            action="store_true",
            help="with --migrate: this Redis has just been made, and no call was made before",
        )

    def handle(self, *args: Any, run: bool, migrate: bool, static: bool, new_redis: bool, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is not a demo, and the password of its people is public. Set DEMO=yes.")
        if migrate:
            if new_redis:
                queue.budget().introduce(fresh=True)
            call_command("migrate", interactive=False, verbosity=0)
            if static:
                call_command("collectstatic", interactive=False, verbosity=0)
            self._say("The database is ready.")
        pairs = _pairs(os.environ.get("DEMO_PAIRS", ""))
        for name in COMPANY:
            team = _make_team(name)
            if team.slug in pairs:
                _make_exports(team, pairs[team.slug])
        if migrate or not run:
            self._say_who_can_sign_in()
        if migrate:
            self._say("The company is ready.")
        if run:
            acme = Team.objects.get(slug="acme")
            with scope(team=acme):
                self._run(acme)

    def _say(self, line: str) -> None:
        """Write without buffering: script/stack.py waits for these lines."""
        self.stdout.write(line)
        self.stdout.flush()

    def _say_who_can_sign_in(self) -> None:
        self.stdout.write(f"Sign in with the password {PASSWORD} as")
        for name, (_, people) in COMPANY.items():
            for who, role in people:
                self.stdout.write(f"  {_address(who, name):<28} {role.label:<8} of {name}")

    def _run(self, team: Team) -> None:
        export = team.exports.live().filter(name=HELP_PAGE_EXPORT).first()
        if export is None:
            raise CommandError(f"{team} has no export “{HELP_PAGE_EXPORT}”, so there is nothing to run.")
        try:
            run = runs.start(export, by=audit.operator(), source=Run.Source.COMMAND)
        except runs.CannotStart as error:
            raise CommandError(f"The run was not started. {error}") from None
        self._follow(run)
        if run.status != Status.SUCCEEDED:
            raise CommandError(f"{run} has {run.get_status_display().lower()}. {run.error}")
        with integrity.open_result(run.result) as file:
            for line in file.read(4096).decode(errors="replace").splitlines()[:FIRST_LINES]:
                self.stdout.write(f"          | {line}")

    def _follow(self, run: Run) -> None:
        started = time.monotonic()
        shown = 0
        while not run.is_final or shown == 0:
            calls = list(run.calls.all())
            run.refresh_from_db()  # After the calls, so that it has the outcome of each.
            events = list(_events(run, calls))
            for sentence in events[shown:]:
                self.stdout.write(f"{time.monotonic() - started:7.1f} s  {sentence}")
            self.stdout.flush()
            shown = len(events)
            if not run.is_final and time.monotonic() - started > PATIENCE:
                state = run.get_status_display().lower()
                raise CommandError(f"{run} is still {state} after {PATIENCE} seconds. Is a worker running?")
            time.sleep(0.1)


@transaction.atomic
def _make_team(name: str) -> Team:
    """The team with its people; create it unless it exists."""
    team = Team.objects.filter(slug=name.lower()).first()
    if team is not None:
        return team
    zone, people = COMPANY[name]
    users = [(User.objects.create_user(_address(who, name), PASSWORD, first_name=who), role) for who, role in people]
    team = teams.create(name, zone, admin=users[0][0], by=audit.operator())
    for user, role in users[1:]:
        teams.add(team, user, role, by=audit.operator())
    return team


@transaction.atomic
def _make_exports(team: Team, pair: KeyPair) -> None:
    """Create the team's credential and exports, unless it has a credential."""
    with scope(team=team):
        if team.credentials.exists():
            return
        admin = team.memberships.filter(role=Role.ADMIN).earliest("pk").user
        credential = credentials.add(team, f"{team}, demo account", pair, by=admin)
        for name, export_settings, contents in _exports():
            columns = contents.as_json() if isinstance(contents, Layout) else None
            export = saved_exports.save(
                SavedExport(team=team, credential=credential, name=name),
                settings=ExportSettings.from_json(export_settings),
                template=template_of(contents) if isinstance(contents, Layout) else contents,
                columns=columns,
                sftp_password=None,
                by=admin,
            )
            if team.slug == "acme" and name == APPROVERS_EXPORT:
                _make_schedule(export, admin)


def _make_schedule(export: SavedExport, owner: User) -> None:
    """Create a schedule that mails each approver their own rows. It is due at once, so that its mails can be seen."""
    team = export.team
    teams.change(team, by=owner, recipient_domains=f"{team.slug}.example")
    schedule = schedules.create(
        export,
        name=APPROVERS_SCHEDULE,
        rule=Rule(RuleKind.BUSINESS_DAY, (clock_time(7, 30),), team.time_zone, nth=2),
        mail=MailSettings(split_by=headings_of(APPROVERS_LAYOUT)[-1], fallback=owner.email),
        zip_password=None,
        after_outage=Schedule.AfterOutage.RUN_LATE,
        pause_after=5,
        owner=owner,
        by=owner,
    )
    Schedule.objects.filter(pk=schedule.pk).update(next_at=clock.now())


def _exports() -> Iterator[tuple[str, dict[str, Any], str | Layout]]:
    """Name, settings that differ from the defaults, and template or columns of each export."""
    yield HELP_PAGE_EXPORT, {"report_ids": [HELP_PAGE_REPORT]}, HELP_PAGE_TEMPLATE
    yield (
        "Last month, one row per expense",
        {"period": "last_month", "file_basename": "expenses_"},
        starter_templates.EXPENSES,
    )
    yield (APPROVERS_EXPORT, {"period": "last_month", "file_basename": "approvers_"}, APPROVERS_LAYOUT)
    yield (
        "Month to date, one row per report",
        {"period": "month_to_date", "file_basename": "reports_"},
        starter_templates.REPORTS,
    )
    yield (
        "Approved and not yet in the ledger",
        {
            "period": "last_quarter",
            "states": ["APPROVED", "REIMBURSED"],
            "not_marked_as": "Ledger",
            "mark_as": "Ledger",
            "mark_when": WHEN_SAFE,
            "look_back_days": 60,
            "file_basename": "ledger_",
        },
        starter_templates.EXPENSES,
    )


def _events(run: Run, calls: Sequence[ApiCall]) -> Iterator[str]:
    """Sentences about the run so far; later calls only append to them."""
    yield f"{run} of “{run.export}” is queued with the credential “{run.credential}”."
    for call in calls:
        if call.seconds is None:
            return
        answer = f"HTTP {call.http_status}" if call.http_status else "no answer"
        message = f" “{call.message}”" if call.message else ""
        yield f"Call at {settings.EXPENSIFY_URL} to {call.kind}: {answer}{message}, after {call.seconds:.2f} s."
        if call.kind == "generate" and run.remote_file:
            yield f"The file is called {run.remote_file}."
    if run.status == Status.SUCCEEDED:
        result = run.result
        yield f"Stored: {result.rows} rows, {result.size} bytes, SHA-256 {result.sha256}."


def _address(who: str, team: str) -> str:
    return f"{who.lower()}@{team.lower()}.example"


def _pairs(text: str) -> dict[str, KeyPair]:
    """Parse "acme=ID:SECRET,umbrella=ID:SECRET" to a key pair for each team's slug."""
    pairs = {}
    for part in filter(None, text.split(",")):
        slug, _, pair = part.partition("=")
        partner_user_id, _, partner_user_secret = pair.partition(":")
        if not (slug and partner_user_id and partner_user_secret):
            raise CommandError("DEMO_PAIRS is not of the form acme=ID:SECRET,umbrella=ID:SECRET.")
        pairs[slug.strip()] = KeyPair(partner_user_id, partner_user_secret)
    return pairs
