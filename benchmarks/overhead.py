"""Time that the portal adds to Expensify's own, from the click on "Run" to the stored file.

    python -m benchmarks.overhead                     120 runs on SQLite
    script/postgres python -m benchmarks.overhead     the same on Postgres
    python -m benchmarks.overhead --runs 300

A browser's POST to a real web server, one worker process, beat, Redis, and the sandbox as Expensify. Each run has its
own credential, so that no call limit delays it; the next click follows when the run has ended.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from statistics import quantiles

from benchmarks import stage

# ruff: noqa: I001 — the stage comes first.
import httpx
from django_scopes import scope

from accounts.models import Team, User
from expensify.pair import KeyPair
from exports.models import Run, SavedExport
from sandbox.app import Sandbox
from tests.factories import make_export
from tests.waiting import wait_until


NAMES = (
    "click to the page's answer",
    "click to Expensify's first byte",
    "between the two calls",
    "last byte to stored",
    "a whole run, beyond Expensify's time",
)
WARM_UP = 5


@dataclass(frozen=True)
class Call:
    """When Expensify received a request, and when its answer ended: time.time()."""

    began: float
    ended: float


class TimedApp:
    """The sandbox's app; records the time of each request and answer."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app
        self.calls: list[Call] = []

    def __call__(self, environ: object, start_response: object) -> Iterator[bytes]:
        began = time.time()
        return self._record(self.app(environ, start_response), began)

    def _record(self, body: Iterable[bytes], began: float) -> Iterator[bytes]:
        yield from body
        self.calls.append(Call(began, time.time()))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=120)
    runs = options.parse_args().runs
    sandbox = Sandbox()
    timed = sandbox.wsgi = TimedApp(sandbox.wsgi)
    with stage.database() as engine, sandbox.serve() as server:
        team, user = stage.team_with_editor()
        exports = [create_export(team, user, sandbox, number) for number in range(runs + WARM_UP)]
        with stage.portal(server.url) as portal, httpx.Client(headers=stage.signed_in(user)) as browser:
            measured = [click(browser, portal.web, export, timed) for export in exports][WARM_UP:]
    print(f"{f'{runs} runs on {engine}, milliseconds':<38}{'p50':>7} {'p95':>7} {'max':>7}")
    for name, values in zip(NAMES, zip(*measured, strict=True), strict=True):
        cuts = quantiles(values, n=20)
        print(f"{name:<38}{cuts[9] * 1000:>7.0f} {cuts[18] * 1000:>7.0f} {max(values) * 1000:>7.0f}")


def create_export(team: Team, user: User, sandbox: Sandbox, number: int) -> SavedExport:
    """An export with its own credential, which reaches the same policies as Acme's."""
    pair = KeyPair(f"aa_{number}_acme_example", f"secret-{number}")
    policies = sandbox.pairs["aa_demo_acme_example"].policies
    sandbox.add_pair(pair.partner_user_id, pair.partner_user_secret, policies=policies)
    credential = stage.working_credential(team, f"Pair {number}", pair)
    with scope(team=team):
        return make_export(credential, user, f"Export {number}")


def click(browser: httpx.Client, web: str, export: SavedExport, timed: TimedApp) -> tuple[float, ...]:
    """Times of one run in seconds, in the order of NAMES."""
    time.sleep(random.uniform(0.1, 0.4))  # at any time between two ticks of beat
    timed.calls.clear()
    clicked = time.time()
    response = browser.post(f"{web}/t/acme/exports/{export.pk}/run/")
    answered = time.time()
    assert response.status_code == 302, response.status_code
    with scope(team=export.team):
        run = wait_until(lambda: export.runs.exclude(finished_at=None).first(), every=0.02)
    assert run.status == Run.Status.SUCCEEDED, run.error
    generate, download = timed.calls
    finished = run.finished_at.timestamp()
    expensify = sum(call.ended - call.began for call in timed.calls)
    return (
        answered - clicked,
        generate.began - clicked,
        download.began - generate.ended,
        finished - download.ended,
        finished - clicked - expensify,
    )


if __name__ == "__main__":
    main()
