import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
import pytest

from sandbox.app import Sandbox
from sandbox.choices import Choices
from sandbox.company.company import DEMO_PAIRS, Company
from tests.servers import PATIENCE

TODAY = date(2026, 3, 18)
ACME, UMBRELLA = DEMO_PAIRS
ROWS = """<#list reports as report>
<#list report.transactionList as expense>
${expense.transactionID}<#lt>
</#list>
</#list>
"""


class Caller:
    """Posts jobs to one sandbox the way the manual says."""

    def __init__(self, sandbox: Sandbox, url: str) -> None:
        self.sandbox = sandbox
        self.url = url
        self.base_url = url.removesuffix("/Integration-Server/ExpensifyIntegrations")
        self.http = httpx.Client(timeout=PATIENCE, trust_env=False, verify=False)

    def credentials(self, pair: str = ACME) -> dict[str, str]:
        known = self.sandbox.pairs.get(pair)
        return {"partnerUserID": pair, "partnerUserSecret": known.secret if known else "gone"}

    def post(self, job: dict[str, Any], *, pair: str = ACME, **form: str) -> httpx.Response:
        described = {"credentials": self.credentials(pair), **job}
        return self.http.post(self.url, data={"requestJobDescription": json.dumps(described), **form})

    def envelope(self, job: dict[str, Any], *, pair: str = ACME, **form: str) -> dict[str, Any]:
        answer = self.post(job, pair=pair, **form)
        assert answer.status_code == 200
        return answer.json()

    def get(self, job_type: str, *, pair: str = ACME, **settings: Any) -> dict[str, Any]:
        return self.envelope({"type": "get", "inputSettings": {"type": job_type, **settings}}, pair=pair)

    def export(
        self,
        *,
        template: str = ROWS,
        extension: str = "csv",
        pair: str = ACME,
        settings: dict[str, Any] | None = None,
        output: dict[str, Any] | None = None,
        job: dict[str, Any] | None = None,
        **filters: str,
    ) -> httpx.Response:
        described = {
            "type": "file",
            "onReceive": {"immediateResponse": ["returnRandomFileName"]},
            "inputSettings": {"type": "combinedReportData", "filters": filters, **(settings or {})},
            "outputSettings": {"fileExtension": extension, **(output or {})},
            **(job or {}),
        }
        return self.post(described, pair=pair, template=template)

    def download(self, name: str, *, pair: str = ACME, **keys: Any) -> httpx.Response:
        return self.post({"type": "download", "fileName": name, **keys}, pair=pair)

    def exported(self, **options: Any) -> str:
        """The text of a finished export."""
        name = self.export(**options).text
        return self.download(name, pair=options.get("pair", ACME)).text

    def ids(self, **options: Any) -> list[str]:
        """Identifiers of the exported reports, in the file's order."""
        template = "<#list reports as report>${report.reportID} </#list>"
        return self.exported(template=template, extension="txt", **options).split()


@dataclass
class Clock:
    """The sandbox's clock, in seconds; it moves only when the test moves it."""

    now: float = 1000.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def calling(clock: Clock) -> Iterator[Callable[..., Caller]]:
    """Start a sandbox with the given choices (no limits unless asked for) and get a caller for it.

    It uses `clock`, and calls `wait` instead of sleeping, if given.
    """
    with ExitStack() as stack:

        def start(*, control: bool = False, wait: Callable[[float], bool] | None = None, **choices: Any) -> Caller:
            sandbox = Sandbox(
                choices=Choices(**{"limits": (), **choices}),
                company=Company.untouched(TODAY),
                clock=lambda: clock.now,
                wait=wait,
                control=control,
            )
            caller = Caller(sandbox, stack.enter_context(sandbox.serve()).url)
            stack.callback(caller.http.close)
            return caller

        yield start


@pytest.fixture
def caller(calling: Callable[..., Caller]) -> Caller:
    return calling()
