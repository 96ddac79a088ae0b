"""One function per job of the contract, found by the two types a job names."""

from collections.abc import Callable
from typing import Any

from ..answers import Answer, Refused
from ..parameters import Job
from ..state import Request, State
from . import download, export, policies

Work = Callable[[State, Request], Answer]

_JOBS: dict[tuple[str, str], tuple[str, Work]] = {
    ("file", "combinedReportData"): ("generate", export.generate),
    ("download", ""): ("download", download.download),
    ("get", "policyList"): ("policy_list", policies.list_policies),
}
_SHORT: dict[str, Work] = dict(_JOBS.values())

KINDS = (*_SHORT, "unknown")
"""Words for the jobs, as the log and scripted faults use them."""


def kind_of(job: Job) -> str:
    """The word for a job, "unknown" when no such job exists."""
    settings = job.get("inputSettings")
    sub: Any = settings.get("type") if isinstance(settings, dict) else ""
    if job.get("type") == "download":
        return "download"
    return _JOBS.get((str(job.get("type")), str(sub)), ("unknown", None))[0]


def work(state: State, request: Request) -> Answer:
    """Do the job; Refused 403 for one that does not exist [O: code measured, text ours]."""
    if request.kind in _SHORT:
        return _SHORT[request.kind](state, request)
    types = {job_type for job_type, _ in _JOBS}
    if request.job.get("type") in types:
        raise Refused(410, "Argument 'type' is missing or malformed")
    raise Refused(403, "Unknown job type")
