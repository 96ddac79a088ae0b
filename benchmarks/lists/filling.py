"""Create two years of data of a large installation in a minute or two. Acme has half of the runs."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from benchmarks import stage

# ruff: noqa: I001 — the stage comes first.
from django.db import connection
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.audit.record import Action
from accounts.models import AuditChain, AuditEntry, Membership, Team, User
from accounts.permissions import Role
from expensify.pair import KeyPair
from exports.models import ApiCall, Result, Run, SavedExport
from exports.models.run import Status
from tests.factories import make_export

TEAMS = ("Acme", "Umbrella", "Initech", "Globex", "Hooli", "Stark")
SPAN = timedelta(days=730)
EXPORTS = 60
BATCH = 5000
# Per thousand runs; the others succeeded.
ENDS = {Status.FAILED: 20, Status.CANCELLED: 8, Status.UNCONFIRMED: 1}


@dataclass
class Installation:
    """A team. Its quiet export and former member have been inactive since the first days."""

    team: Team
    people: list[User]
    exports: list[SavedExport]

    @property
    def quiet(self) -> SavedExport:
        return self.exports[-1]

    @property
    def former(self) -> User:
        return self.people[-1]


def fill(runs: int, entries: int) -> Installation:
    """Create Acme with so many runs and audit entries, and the other teams."""
    ends_at = timezone.now()
    teams = [create_team(name) for name in TEAMS]
    for model in (Run, Result):
        model._meta.get_field("created_at").auto_now_add = False
    with scopes_disabled():
        all_runs = create_runs(teams, 2 * runs, ends_at - SPAN)
        while batch := list(islice(all_runs, BATCH)):
            Run.objects.bulk_create(batch)
            Result.objects.bulk_create(result_of(run) for run in batch if run.status == Status.SUCCEEDED)
            ApiCall.objects.bulk_create(call for run in batch for call in calls_of(run))
    for team in teams:
        fill_audit(team, entries if team is teams[0] else entries // 20, ends_at - SPAN)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return teams[0]


def create_team(name: str) -> Installation:
    """A team of twelve people, the last of whom has left, with saved exports of three credentials."""
    team = Team.objects.create(name=name, slug=name.lower(), time_zone="Europe/Berlin")
    people = [
        User.objects.create_user(f"p{number}@{team.slug}.example", "password", first_name=f"Person {number:02}")
        for number in range(12)
    ]
    for person in people[:-1]:
        Membership.objects.create(team=team, user=person, role=Role.ADMIN)
    credentials = [
        stage.working_credential(team, f"Pair {number}", KeyPair(f"aa_{team.slug}_{number}", "secret"))
        for number in range(3)
    ]
    exports = [make_export(credentials[number % 3], people[0], f"Export {number:02}") for number in range(EXPORTS)]
    return Installation(team, people, exports)


def create_runs(teams: list[Installation], count: int, began: datetime) -> Iterator[Run]:
    """Runs, oldest first, every second one Acme's. Some exports and people are far busier than others."""
    draw = random.Random(1)
    ends = [status for status, share in ENDS.items() for _ in range(share)]
    for number in range(count):
        team = teams[0] if number % 2 else teams[1 + number // 2 % (len(teams) - 1)]
        is_early = number < count / 200
        index = int(draw.random() ** 2 * (EXPORTS - 1))
        export = team.quiet if is_early and draw.random() < 0.05 else team.exports[index]
        person = team.former if is_early and draw.random() < 0.2 else team.people[int(draw.random() ** 2 * 11)]
        of_thousand = draw.randrange(1000)
        status = ends[of_thousand] if of_thousand < len(ends) else Status.SUCCEEDED
        at = began + SPAN * (number / count)
        yield Run(
            team=team.team,
            created_at=at,
            export=export,
            version=export.present,
            credential=export.credential,
            job={"type": "file", "inputSettings": {"type": "combinedReportData"}},
            template=export.present.template,
            marks=False,
            source=Run.Source.PAGE,
            requested_by=person,
            requested_by_name=str(person),
            status=status,
            moves=4,
            moved_at=at,
            finished_at=at + timedelta(seconds=9),
            remote_file="" if status == Status.FAILED else f"export{number}.csv",
            error="Expensify did not answer. Nothing was changed there." if status == Status.FAILED else "",
            looked_after_at=at if number < 0.99 * count else None,
        )


def result_of(run: Run) -> Result:
    assert run.finished_at
    return Result(
        team=run.team,
        created_at=run.finished_at,
        run=run,
        file=f"teams/{run.team_id}/runs/{run.pk}/4-{run.remote_file}",
        name=run.remote_file,
        media_type="text/csv",
        size=20_000,
        rows=200,
        sha256=f"{run.pk:064x}",
    )


def calls_of(run: Run) -> list[ApiCall]:
    answered: dict[str, Any] = {"seconds": 3.5, "http_status": 200, "response_code": 200}
    return [
        ApiCall(team=run.team, run=run, credential=run.credential, kind=kind, sent_at=run.moved_at, **answered)
        for kind in ("generate", "download")
    ]


def fill_audit(data: Installation, count: int, began: datetime) -> None:
    """Create a team's entries at equal intervals. Their hashes are random: nothing reads the chain here.

    The portal made more than half of them; a removed member is rare.
    """
    chain = AuditChain.objects.get(team=data.team)
    usual_actions = [
        Action.API_CALLED,
        Action.API_CALLED,
        Action.RUN_SUCCEEDED,
        Action.RUN_STARTED,
        Action.RESULT_DOWNLOADED,
    ]
    parameters: dict[str, Any] = {
        "chain": chain.pk,
        "team": data.team.pk,
        "first": chain.length + 1,
        "began": began,
        "step": SPAN / count,
        "count": count,
        "early": count // 100,
        "former": data.former.pk,
        "people": [person.pk for person in data.people[:-1]],
        "rare": Action.MEMBER_REMOVED.value,
        "usual": [action.value for action in usual_actions],
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {AuditEntry._meta.db_table} (chain_id, number, at, team_id, actor_id, actor_name, address,
                action, target_type, target_id, target_name, data, previous_hash, hash)
            SELECT %(chain)s, %(first)s + n, %(began)s + %(step)s * n, %(team)s,
                CASE WHEN n %% 5 < 3 THEN NULL WHEN n < %(early)s AND n %% 10 = 9 THEN %(former)s
                    ELSE (%(people)s::bigint[])[1 + n %% 7] END,
                'Somebody', '192.0.2.7',
                CASE WHEN n %% (%(count)s / 4) = 7 THEN %(rare)s ELSE (%(usual)s::text[])[1 + n %% 5] END,
                'run', 1 + n / 4, 'Run ' || (1 + n / 4), '{{"kind": "generate", "milliseconds": 3500}}',
                md5('p' || n) || md5('q' || n), md5('r' || n) || md5('s' || n)
            FROM generate_series(0, %(count)s - 1) n
            """,
            parameters,
        )
        chain.length += count
        chain.save(update_fields=["length"])
