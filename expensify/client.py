"""The Integration Server as typed calls: one permit, one request, one result or one named error each."""

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
    """What `Client` needs to know of a job; see `expensify.jobs`."""

    @property
    def kind(self) -> str: ...

    @property
    def repeatable(self) -> bool: ...

    @property
    def secrets(self) -> tuple[str, ...]: ...

    def description(self, pair: KeyPair) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Call:
    """One call as the record keeps it: what was asked and answered, without a secret.

    `sent_at` is in UTC, `seconds` runs until the body was read, `message` holds the API's words or else the
    sentence of what went wrong (at most 500 characters), `bytes_received` counts the body only.
    """

    kind: str
    sent_at: datetime
    seconds: float
    http_status: int | None
    response_code: int | None
    message: str
    bytes_received: int


def ignore(_: object) -> None:
    """The observer of whoever does not care."""


class Client:
    """One call with one pair under one permit; a second call needs a second client.

    Every method raises nothing but the errors of `expensify.errors` for whatever the server does. `on_call`
    is told of every call that was tried, just before the method returns or raises; a call whose permit had
    expired was not tried. `answer_seconds` bounds the wait for an answer, and again its reading.
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
        self._spent = False

    def generate(self, job: ReportExport, template: str) -> list[str]:
        """Generate a file and return its name, for `pdf` one name per report.

        `template` is sent for PDFs too, though they ignore its layout [C].
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
        """Write the file into `into` while hashing it; `progress` hears the bytes so far.

        NotFound when the server does not have it, with code `not_ready` when the body was empty; TooLarge
        beyond `max_bytes`. After an error `into` may hold the beginning of the file, never an error's text.
        """
        job = FileDownload(name, file_system)
        return self._post(job, lambda answer: answer.file(name, into, max_bytes, progress))

    def policies(
        self, *, admin_only: bool | None = None, user_email: str | None = None
    ) -> list[ListedPolicy]:
        """The policies the pair can reach, possibly none; a wrong pair is Unauthorized."""
        job = PolicyList(admin_only, user_email or "")
        return self._post(job, lambda answer: answers.read_policies(answer.json()))

    def policy(
        self, ids: Sequence[str], fields: Sequence[str], *, user_email: str | None = None
    ) -> dict[str, PolicyDetails]:
        """Details of policies by identifier; `fields` are some of `jobs.POLICY_FIELDS`."""
        job = PolicyGet(tuple(ids), tuple(fields), user_email or "")
        return self._post(job, lambda answer: answers.read_policy_details(answer.json()))

    def update_employees(
        self, job: EmployeeUpdateJob, feed: Sequence[Mapping[str, Any]] | None
    ) -> EmployeeAnswer:
        """Apply a feed, or try it in a dry run; `feed` is None when Expensify fetches it itself."""
        if (feed is None) != (job.feed is not None):
            raise ValueError("Give the records with the request, or say where Expensify fetches them.")
        form = {} if feed is None else {"data": job.data(feed)}
        # 207 is documented for another job only; here too it could only mean that a part was done [I].
        return self._post(
            job, lambda answer: answers.read_employee_answer(answer.json(accepted=(200, 207))), **form
        )

    def _post(self, job: Job, read: Callable[[Answer], Result], **form: str) -> Result:
        """Send `job` with the other form parameters, and let `read` make the result of the answer."""
        if self._spent:
            raise RuntimeError("A client makes one call; the next one needs its own permit.")
        self._spent = True
        clean = scrubber((*self._pair.secrets, *job.secrets))
        request = self._request(job, form)
        sent_at, started = datetime.now(UTC), time.monotonic()
        answer: Answer | None = None
        outcome: str | None = "The portal broke the call off."
        try:
            answer = Answer(wire.send(self._http, request, self._permit, self._answer_seconds), clean)
            result = read(answer)
            outcome = answer.message
        except PermitExpired:
            outcome = None
            raise
        except ExpensifyError as error:
            self._complete(error, job, answer)
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

    def _request(self, job: Job, form: Mapping[str, str]) -> httpx.Request:
        """The request; only here, and in no variable of `_post`, does the secret stand in plain text."""
        fields = {"requestJobDescription": json.dumps(job.description(self._pair)), **form}
        return self._http.build_request(
            "POST",
            self._url,
            content=urlencode(fields).encode(),
            headers=wire.HEADERS,
            timeout=wire.timeouts(self._answer_seconds),
        )

    def _complete(self, error: ExpensifyError, job: Job, answer: Answer | None) -> None:
        """Add what the place that raised could not know, and tell the permit of a 429 in an envelope."""
        if answer and error.http_status is None:
            error.http_status = answer.response.http_status
        if isinstance(error, RateLimited) and error.http_status != 429:
            self._permit.refused(error.retry_after)
        if isinstance(error, OutcomeUnknown) and job.repeatable:
            error.is_harmless()
