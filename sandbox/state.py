"""The sandbox's state: key pairs, the log of requests, generated files."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.answers import Refused
from sandbox.choices import Choices
from sandbox.company.company import Company
from sandbox.company.model import Policy, Report
from sandbox.faults import Fault
from sandbox.parameters import Job


@dataclass
class Pair:
    """A key pair; it has the rights of its account in its policies."""

    id: str
    secret: str = field(repr=False)
    account: str
    policies: frozenset[str]
    domain_admin: bool = True


@dataclass
class Arrival:
    """One request, logged on arrival; the fields after `fault` are set with the answer."""

    at: float
    pair: str
    kind: str
    job: Job = field(repr=False)
    """As sent, without secrets and passwords."""
    form: dict[str, str] = field(repr=False)
    """The other parameters: template, data, file."""
    in_url: bool = False
    """Whether the job was in the URL, where it does not belong."""
    fault: Fault | None = None
    code: int | None = None
    http_status: int | None = None
    file_name: str = ""
    done: bool = False
    """Whether the work was done, whatever the caller saw of it."""


@dataclass(frozen=True)
class Generation:
    """The files of one exporter job and the reports that it marked; no job may appear twice."""

    at: float
    pair: str
    label: str
    """The export label set on the reports, "" for none; several are joined by a comma and a space."""
    report_ids: tuple[str, ...]
    file_names: tuple[str, ...]


@dataclass(frozen=True)
class StoredFile:
    content: bytes = field(repr=False)
    file_system: str
    pair: str
    account: str
    ready_at: float


@dataclass
class State:
    """The data of the jobs, which hold `lock` while they run."""

    choices: Choices
    company: Company
    clock: Callable[[], float]
    pairs: dict[str, Pair] = field(default_factory=dict)
    log: list[Arrival] = field(default_factory=list)
    generated: list[Generation] = field(default_factory=list)
    files: dict[str, StoredFile] = field(default_factory=dict)
    mails: list[dict[str, Any]] = field(default_factory=list)
    uploads: list[dict[str, Any]] = field(default_factory=list)
    feeds: dict[str, str] = field(default_factory=dict)
    """Employee feeds by URL or SFTP file name, for jobs that let the server fetch them."""
    refused: int = 0
    """The number of requests over a limit."""
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def marks(self) -> dict[str, set[str]]:
        """Export labels by report identifier."""
        return {report.id: report.labels for report in self.company.reports.values()}


@dataclass(frozen=True)
class Request:
    """A job from an authenticated caller."""

    kind: str
    job: Job
    form: dict[str, str]
    pair: Pair
    extra_seconds: float = 0.0
    """Added to the generation time by a fault."""
    lenient: bool = True

    @property
    def settings(self) -> Job:
        """`inputSettings`, or {} when it is missing or no object."""
        return section(self.job, "inputSettings")


def section(job: Job, key: str) -> Job:
    """Return a nested object of a job, or {}."""
    value = job.get(key)
    return value if isinstance(value, dict) else {}


def reach(state: State, pair: Pair, policy_id: str) -> Policy:
    """Return a policy that the key pair can access; Refused 404 otherwise [M: code; text ours]."""
    policy = state.company.policies.get(policy_id)
    if policy is None or policy_id not in pair.policies:
        raise Refused(404, f"Policy '{policy_id}' not found")
    return policy


def administer(state: State, pair: Pair, policy_id: str) -> Policy:
    """Return a policy that the key pair's account administers; Refused 404 or 403 otherwise."""
    policy = reach(state, pair, policy_id)
    if role(policy, pair.account) != "admin":
        raise Refused(403, f"Not authorized to administer policy '{policy_id}'")
    return policy


def role(policy: Policy, account: str) -> str:
    """Return the account's role; an account with a key pair for the policy that is not a member counts as admin."""
    member = policy.members.get(account)
    return member.role if member else "admin"


def sees(state: State, pair: Pair, report: Report) -> bool:
    """Whether the key pair can access a report: admins and auditors see all of their policies, others their own."""
    if report.policy_id not in pair.policies:
        return False
    policy = state.company.policies[report.policy_id]
    return role(policy, pair.account) in ("admin", "auditor") or report.account_email == pair.account
