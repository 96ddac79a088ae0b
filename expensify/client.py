"""Typed calls to the Integration Server. Each uses one permit, sends one request, and returns or raises.

Marks in docstrings name the source of a fact: [M] Expensify's manual, [O] observed on the live server, [C] documented
only by public clients, [I] inferred. `sandbox/README.md` lists all of them.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, Protocol, TypeVar
from urllib.parse import urlencode

import httpx

from expensify import answers, wire
from expensify.answers import Download, EmployeeAnswer, ListedPolicy, PolicyDetails
from expensify.errors import ExpensifyError, OutcomeUnknown, PermitExpired, RateLimited
from expensify.jobs.employees import EmployeeUpdateJob
from expensify.jobs.export import ReportExport
from expensify.jobs.reads import FileDownload, PolicyGet, PolicyList
from expensify.pair import KeyPair, scrubber
from expensify.reading import Answer
from expensify.wire import Permit

Result = TypeVar("Result")


class Job(Protocol):
    """A job that `Client` can send; see `expensify.jobs`."""

    @property
    def kind(self) -> str: ...

    @property
    def repeatable(self) -> bool: ...

    @property
    def secrets(self) -> tuple[str, ...]: ...

    def description(self, pair: KeyPair) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Call:
    """The record of one call, without secrets.

    `sent_at` is in UTC. `seconds` lasts until the body was read. `message` is the API's message, or else the
    error's sentence (at most 500 characters). `bytes_received` counts the body only.
    """

    kind: str
    sent_at: datetime
    seconds: float
    http_status: int | None
    response_code: int | None
    message: str
    bytes_received: int


def ignore(_: object) -> None:
    """Observe nothing: the default for `on_call` and `progress`."""


class Client:
    """Makes one call with one key pair and one permit; a second call needs a second client.

    Whatever the server does, a method raises only the errors of `expensify.errors`. `on_call` gets a record
    of each call just before the method returns or raises, except of a call whose permit had expired.
    `answer_seconds` limits the wait for a response, and separately the time to read it.
    """

    def __init__(
        self,
        pair: KeyPair,
        permit: Permit,
        *,
        url: str,
        http: httpx.Client,
        on_call: Callable[[Call], None] = ignore,
        answer_seconds: float = wire.ANSWER_SECONDS,
    ) -> None:
        self._pair = pair
        self._permit = permit
        self._url = url
        self._http = http
        self._on_call = on_call
        self._answer_seconds = answer_seconds
        self._used = False

    def generate(self, job: ReportExport, template: str) -> list[str]:
        """Generate a file and return its name; for `pdf`, one name per report.

        `template` is sent for PDFs too, although they ignore its layout [C].
        """
        return self._post(job, lambda answer: answer.file_names(job.file_extension), template=template)

    def download(
        self,
        name: str,
        into: BinaryIO,
        *,
        file_system: str = "integrationServer",
        max_bytes: int,
        progress: Callable[[int], None] = ignore,
    ) -> Download:
        """Write the file to `into` and hash it; `progress` gets the number of bytes so far.

        Raises NotFound when the server does not have the file (code `not_ready` when the body is empty) and
        TooLarge above `max_bytes`. After an error `into` may hold the beginning of the file, never the text
        of an error.
        """
        job = FileDownload(name, file_system)
        return self._post(job, lambda answer: answer.file(name, into, max_bytes, progress))

    def policies(self, *, admin_only: bool | None = None, user_email: str | None = None) -> list[ListedPolicy]:
        """Return the policies that the key pair can access, possibly none; Unauthorized for a wrong pair."""
        job = PolicyList(admin_only, user_email or "")
        return self._post(job, lambda answer: answers.read_policies(answer.json()))

    def policy(
        self, ids: Sequence[str], fields: Sequence[str], *, user_email: str | None = None
    ) -> dict[str, PolicyDetails]:
        """Return details of policies by ID; `fields` are some of `jobs.reads.POLICY_FIELDS`."""
        job = PolicyGet(tuple(ids), tuple(fields), user_email or "")
        return self._post(job, lambda answer: answers.read_policy_details(answer.json()))

    def update_employees(self, job: EmployeeUpdateJob, feed: Sequence[Mapping[str, Any]] | None) -> EmployeeAnswer:
        """Apply a feed, or dry-run it; `feed` is None when Expensify fetches the records itself."""
        if (feed is None) != (job.feed is not None):
            raise ValueError("Give the records with the request, or say where Expensify fetches them.")
        form = {} if feed is None else {"data": job.data(feed)}
        # 207 is documented for another job only; here it could only mean partly done as well [I].
        return self._post(job, lambda answer: answers.read_employee_answer(answer.json(accepted=(200, 207))), **form)

    def _post(self, job: Job, read: Callable[[Answer], Result], **form: str) -> Result:
        """Send `job` with the other form parameters; `read` turns the answer into the result."""
        if self._used:
            raise RuntimeError("A client makes one call; the next one needs its own permit.")
        self._used = True
        clean = scrubber((*self._pair.secrets, *job.secrets))
        request = self._build_request(job, form)
        sent_at, started = datetime.now(UTC), time.monotonic()
        answer: Answer | None = None
        outcome: str | None = "The portal aborted the call."
        try:
            answer = Answer(wire.send(self._http, request, self._permit, self._answer_seconds), clean)
            result = read(answer)
            outcome = answer.message
        except PermitExpired:
            outcome = None
            raise
        except ExpensifyError as error:
            self._complete_error(error, job, answer)
            outcome = error.message or error.sentence
            raise
        finally:
            if answer:
                answer.response.close()
            if outcome is not None:
                self._on_call(
                    Call(
                        kind=job.kind,
                        sent_at=sent_at,
                        seconds=time.monotonic() - started,
                        http_status=answer.response.http_status if answer else None,
                        response_code=answer.response_code if answer else None,
                        message=answers.one_line(outcome),
                        bytes_received=answer.response.received if answer else 0,
                    )
                )
        return result

    def _build_request(self, job: Job, form: Mapping[str, str]) -> httpx.Request:
        """Only this function holds the secret in plain text; no variable of `_post` does."""
        fields = {"requestJobDescription": json.dumps(job.description(self._pair)), **form}
        return self._http.build_request(
            "POST",
            self._url,
            content=urlencode(fields).encode(),
            headers=wire.HEADERS,
            timeout=wire.timeouts(self._answer_seconds),
        )

    def _complete_error(self, error: ExpensifyError, job: Job, answer: Answer | None) -> None:
        """Add facts that the raising code did not have, and report a 429 in an envelope to the permit."""
        if answer and error.http_status is None:
            error.http_status = answer.response.http_status
        if isinstance(error, RateLimited) and error.http_status != 429:
            self._permit.refused(error.retry_after)
        if isinstance(error, OutcomeUnknown) and job.repeatable:
            error.is_harmless()
