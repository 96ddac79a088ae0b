"""Select the function of a job by the two types that the job names."""

from collections.abc import Callable

from sandbox.answers import Answer, Refused
from sandbox.jobs import create, download, employees, employees_csv, export, policies, reconcile, rules, update
from sandbox.parameters import Job
from sandbox.state import Request, State, section

Work = Callable[[State, Request], Answer]

_JOBS: dict[tuple[str, str], tuple[str, Work]] = {
    ("file", "combinedReportData"): ("generate", export.generate),
    ("download", ""): ("download", download.download),
    ("reconciliation", "Unreported"): ("reconcile", reconcile.reconcile),
    ("reconciliation", "All"): ("reconcile", reconcile.reconcile),
    ("get", "policyList"): ("policy_list", policies.list_policies),
    ("get", "policy"): ("policy", policies.get_policies),
    ("get", "domainCardList"): ("domain_cards", policies.list_cards),
    ("create", "report"): ("create_report", create.create_report),
    ("create", "expenses"): ("create_expenses", create.create_expenses),
    ("create", "policy"): ("create_policy", create.create_policy),
    ("create", "expenseRules"): ("create_rule", rules.create_rule),
    ("update", "policy"): ("update_policy", update.update_policy),
    ("update", "reportStatus"): ("update_report_status", update.update_report_status),
    ("update", "tagApprovers"): ("update_tag_approvers", update.update_tag_approvers),
    ("update", "expenseRules"): ("update_rule", rules.update_rule),
    ("update", "employees"): ("update_employees", employees.update_employees),
}
_CSV: tuple[str, Work] = ("update_employees_csv", employees_csv.update_employees_csv)
_UNKNOWN = "unknown"
_BY_KIND: dict[str, Work] = dict([*_JOBS.values(), _CSV])

KINDS = (*_BY_KIND, _UNKNOWN)
"""The names of the jobs in the log and in scripted faults."""


def kind_of(job: Job) -> str:
    """Return the name of a job, "unknown" when there is no such job."""
    if job.get("type") == "download":
        return "download"  # even with inputSettings, which the job then rejects
    settings = section(job, "inputSettings")
    kind, _ = _JOBS.get((str(job.get("type")), str(settings.get("type"))), (_UNKNOWN, None))
    # Both employee updaters have the same types; only the old one names a file type.
    return _CSV[0] if kind == "update_employees" and "fileType" in settings else kind


def work(state: State, request: Request) -> Answer:
    """Run the job; Refused 403 for an unknown type [O: code], 410 for an unknown sub-type [M]."""
    if request.kind in _BY_KIND:
        return _BY_KIND[request.kind](state, request)
    if request.job.get("type") in {job_type for job_type, _ in _JOBS}:
        raise Refused(410, "Argument 'type' is missing or malformed")
    raise Refused(403, "Unknown job type")
