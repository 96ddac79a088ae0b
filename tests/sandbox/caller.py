"""Jobs posted to the sandbox, and its clock."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx

from sandbox.app import Sandbox
from sandbox.company.company import DEMO_PAIRS
from tests.waiting import PATIENCE

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
