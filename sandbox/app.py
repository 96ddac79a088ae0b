"""The sandbox server: a WSGI app that checks limits, injects faults and runs jobs."""

import json
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate
from typing import Any

from sandbox import control
from sandbox.answers import RATE_LIMITED, Answer, Refused, envelope, page
from sandbox.choices import Choices
from sandbox.company.company import DEMO_PAIRS, Company
from sandbox.faults import Fault, Scripted
from sandbox.jobs import dispatch
from sandbox.parameters import Job, read_form, read_job, read_query, without_secrets
from sandbox.server import PATH, App, Cut, Environ, Server, StartResponse
from sandbox.state import Arrival, Generation, Pair, Request, State
from sandbox.windows import Windows

log = logging.getLogger("sandbox")

REASONS = {200: "OK", 302: "Found", 404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error",
           502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}  # fmt: skip


class Sandbox:
    """An Integration Server with a made-up company and a log of every request."""

    def __init__(
        self,
        *,
        choices: Choices | None = None,
        company: Company | None = None,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
        control: bool = False,
    ) -> None:
        """`wait` sleeps for seconds and returns whether the server stopped meanwhile; tests pass their own."""
        self.choices = choices or Choices()
        self.clock = clock
        self.control = control
        self.wsgi: App = self._wsgi
        self._stopping = threading.Event()
        self._pause = wait or self._stopping.wait
        self._start_over(company or Company.untouched())

    # State that tests read and change

    @property
    def company(self) -> Company:
        return self.state.company

    @property
    def pairs(self) -> dict[str, Pair]:
        return self.state.pairs

    @property
    def log(self) -> list[Arrival]:
        """Every request in the order of arrival."""
        return self.state.log

    @property
    def generated(self) -> list[Generation]:
        return self.state.generated

    @property
    def marks(self) -> dict[str, set[str]]:
        """Export labels by report identifier."""
        return self.state.marks

    @property
    def mails(self) -> list[dict[str, Any]]:
        """E-mails of `onFinish`, recorded instead of sent."""
        return self.state.mails

    @property
    def uploads(self) -> list[dict[str, Any]]:
        """SFTP uploads of `onFinish`, recorded instead of made, without their passwords."""
        return self.state.uploads

    @property
    def feeds(self) -> dict[str, str]:
        """Employee feeds the server would fetch: text by URL or SFTP file name."""
        return self.state.feeds

    @property
    def refused(self) -> int:
        """How many requests were over a limit; scripted refusals are not counted."""
        return self.state.refused

    def add_pair(
        self,
        id: str,
        secret: str,
        *,
        policies: Iterable[str] | None = None,
        account: str = "",
        domain_admin: bool = True,
    ) -> Pair:
        """Add a key pair. It has access to its account's policies, or to all of them without an account."""
        if policies is None:
            policies = [
                policy.id for policy in self.company.policies.values() if not account or account in policy.members
            ]
        self.pairs[id] = Pair(id, secret, account or id, frozenset(policies), domain_admin)
        return self.pairs[id]

    def revoke(self, id: str) -> None:
        """Remove the pair; the server then rejects it as unknown."""
        del self.pairs[id]

    def replace_secret(self, id: str, secret: str) -> None:
        self.pairs[id].secret = secret

    def script(self, fault: Fault, *, on: str = "any", times: int = 1, pair: str | None = None, after: int = 0) -> None:
        """Apply `fault` to the next `times` requests of kind `on` by `pair`, after skipping `after` of them.

        A request gets the first matching fault, in the order in which they were scripted; a request over a limit
        gets none. Raises ValueError for an unknown kind.
        """
        if on != "any" and on not in dispatch.KINDS:
            raise ValueError(f"{on!r} is not one of: any, {', '.join(dispatch.KINDS)}")
        with self.state.lock:
            self._scripted.append(Scripted(fault, on, times, pair, after))

    def unscript(self) -> None:
        """Remove the faults that are left."""
        with self.state.lock:
            self._scripted.clear()

    def reset(self) -> None:
        """Restore the initial state: log, files, marks, limits, faults, pairs and company."""
        self._start_over(self.company.again())

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Server:
        """A server for `with`, whose `.url` is the endpoint; port 0 selects a free port."""
        self._stopping.clear()
        return Server(self.wsgi, host, port, on_stop=self._stopping.set)

    def _start_over(self, company: Company) -> None:
        choices = self.choices
        self.state = State(choices, company, self.clock)
        self._scripted: list[Scripted] = []
        self._windows = Windows(choices.limits, choices.limit_model, count_refused=choices.count_refused)
        for id, secret in DEMO_PAIRS.items():
            self.add_pair(id, secret, account=company.account_of(id))

    # One request

    def _wsgi(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        fault = None
        if path == PATH:
            answer, fault = self._receive(environ, body)
        elif self.control and path.startswith("/_sandbox/"):
            answer = control.answer(self, method, path, body)
        else:
            answer = page(404, "Not Found")
        return self._send(answer, fault or Fault(), start_response)

    def _receive(self, environ: Environ, body: bytes) -> tuple[Answer, Fault | None]:
        query = read_query(environ.get("QUERY_STRING", "")) if self.choices.query_parameters else {}
        form = query | read_form(body, environ.get("CONTENT_TYPE") or "")
        problem = None
        try:
            job = read_job(form, lenient=self.choices.lenient_json)
        except Refused as refused:
            job, problem = {}, refused
        arrival = Arrival(
            at=0.0,
            pair=_pair_id(job),
            kind=dispatch.kind_of(job),
            job=without_secrets(job),
            form={name: value for name, value in form.items() if name != "requestJobDescription"},
            in_url="requestJobDescription" in query,
        )
        answer = self._admit(arrival, environ.get("REMOTE_ADDR", ""))
        if answer is None:
            fault = arrival.fault or Fault()
            self._wait(fault.delay)
            if fault.drop_before_work:
                raise Cut
            answer = _refusal(fault)
            if answer is None or fault.refuse_after_work:
                worked = self._work(arrival, job, form, problem, fault)
                answer = answer or worked
            if fault.revoke_after:
                self.pairs.pop(arrival.pair, None)
        arrival.code, arrival.http_status = answer.code, answer.http_status
        return answer, arrival.fault

    def _admit(self, arrival: Arrival, address: str) -> Answer | None:
        """Log the request and check it against the limits; an answer means that it is refused."""
        choices = self.choices
        with self.state.lock:
            arrival.at = self.clock()
            self.state.log.append(arrival)
            wait = None
            if arrival.kind != "download" or choices.count_downloads:
                caller = {"pair": arrival.pair, "address": address, "account": self._account(arrival.pair)}
                wait = self._windows.arrive(caller[choices.limit_per], arrival.at)
            if wait is None:
                arrival.fault = next(
                    (one.fault for one in self._scripted if one.takes(arrival.kind, arrival.pair)), None
                )
                return None
            self.state.refused += 1
        retry_after = {"": "", "seconds": str(math.ceil(wait)), "date": f"date:{wait}"}[choices.retry_after]
        return _rate_limited(choices.limit_answer, retry_after)

    def _account(self, pair: str) -> str:
        registered = self.pairs.get(pair)
        return registered.account if registered else pair

    def _work(self, arrival: Arrival, job: Job, form: dict[str, str], problem: Refused | None, fault: Fault) -> Answer:
        try:
            if problem is not None:
                raise problem
            pair = self._authenticate(job)
            request = Request(
                arrival.kind, job, form, pair, fault.generation_seconds, lenient=self.choices.lenient_json
            )
            with self.state.lock:
                answer = dispatch.work(self.state, request)
        except Refused as refused:
            return envelope(refused.code, refused.message)
        arrival.done = answer.code in (200, 207)
        arrival.file_name = answer.file_name
        return answer

    def _authenticate(self, job: Job) -> Pair:
        """[O] 403 without credentials, 404 with wrong ones."""
        credentials = job.get("credentials")
        if not isinstance(credentials, dict) or not credentials.get("partnerUserID"):
            raise Refused(403, "No authentication method specified")
        pair = self.pairs.get(str(credentials["partnerUserID"]))
        if pair is None or pair.secret != credentials.get("partnerUserSecret"):
            raise Refused(404, "Authentication error")
        return pair

    # One answer

    def _send(self, answer: Answer, fault: Fault, start_response: StartResponse) -> Iterable[bytes]:
        self._wait(fault.delay_after)
        if fault.drop_after_work:
            raise Cut
        body = _spoil(answer, fault)
        content_type = fault.content_type or answer.content_type
        headers = [("Content-Type", content_type), *answer.headers]
        if fault.truncate != "chunked":
            headers.append(("Content-Length", str(len(body))))
        status = answer.http_status
        start_response(f"{status} {REASONS.get(status, 'Unknown')}", headers)
        return self._parts(body, fault)

    def _parts(self, body: bytes, fault: Fault) -> Iterator[bytes]:
        end = len(body) // 2 if fault.truncate else len(body)
        step = max(1, int(fault.bytes_per_second / 20)) if fault.bytes_per_second else max(1, end)
        for start in range(0, end, step):
            yield body[start : min(start + step, end)]
            if fault.bytes_per_second:
                self._wait(step / fault.bytes_per_second)
        if fault.truncate:
            raise Cut

    def _wait(self, seconds: float) -> None:
        if seconds > 0 and self._pause(seconds):
            raise Cut  # the server stops; do not wait for the rest of a scripted delay


def _pair_id(job: Job) -> str:
    credentials = job.get("credentials")
    return str(credentials.get("partnerUserID", "")) if isinstance(credentials, dict) else ""


def _rate_limited(form: str, retry_after: str) -> Answer:
    if form == "http":
        answer = page(429, "Too Many Requests")
    else:
        answer = envelope(429, RATE_LIMITED, http_status=429 if form == "both" else 200)
    answer.code = 429
    answer.headers = _retry_after(retry_after)
    return answer


def _retry_after(text: str) -> tuple[tuple[str, str], ...]:
    if text.startswith("date:"):
        text = formatdate(time.time() + float(text.removeprefix("date:")), usegmt=True)
    return (("Retry-After", text),) if text else ()


def _refusal(fault: Fault) -> Answer | None:
    """The answer of a fault that replaces the job's answer."""
    if fault.rate_limited:
        return _rate_limited(fault.rate_limited, fault.retry_after)
    if fault.http_status:
        answer = page(fault.http_status, REASONS.get(fault.http_status, "Error"))
        answer.headers = _retry_after(fault.retry_after)
        if 300 <= fault.http_status < 400:
            answer.headers += (("Location", "https://login.example/"),)
        return answer
    if fault.maintenance:
        return page(200, "Scheduled maintenance")
    if fault.envelope:
        return envelope(*fault.envelope)
    if fault.not_ready == "404":
        return envelope(404, "File not found")
    if fault.not_ready == "empty":
        return Answer(b"")
    return None


def _spoil(answer: Answer, fault: Fault) -> bytes:
    if fault.body is not None:
        return fault.body
    if fault.file_name is not None:
        return fault.file_name.encode()
    if not fault.response_code:
        return answer.body
    try:
        values = json.loads(answer.body)
    except ValueError:
        return answer.body
    if not isinstance(values, dict) or "responseCode" not in values:
        return answer.body
    code = values.pop("responseCode")
    spelt = {"string": str(code), "float": float(code), "float string": str(float(code))}
    if fault.response_code in spelt:
        values["responseCode"] = spelt[fault.response_code]
    return json.dumps(values).encode()
