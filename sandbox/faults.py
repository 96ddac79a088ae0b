"""Scripted faults: what goes wrong, and for which requests."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request; the fields combine, and an empty fault changes nothing.

    The order: `delay`, drop, refuse (each prevents the work), the work, `delay_after`, drop after the work,
    changes to the answer.
    """

    delay: float = 0.0
    drop_before_work: bool = False
    http_status: int = 0
    """An HTML page with this HTTP status, such as 503, instead of an answer. The work is not done."""
    maintenance: bool = False
    """An HTML page about maintenance at HTTP 200. The work is not done."""
    rate_limited: Literal["", "http", "envelope", "both"] = ""
    retry_after: str = ""
    """The `Retry-After` header for the page and the refusal above; "date:5" is five seconds from now as a date."""
    envelope: tuple[int, str] | None = None
    """(responseCode, responseMessage) at HTTP 200. The work is not done."""
    refuse_after_work: bool = False
    """The work is done nevertheless, and the page or envelope hides it."""
    generation_seconds: float = 0.0
    """An additional delay until the generated file exists."""
    delay_after: float = 0.0
    drop_after_work: bool = False
    revoke_after: bool = False
    """The key pair is revoked after this request."""
    not_ready: Literal["", "404", "empty"] = ""
    """A download is answered as if its file did not exist yet."""
    file_name: str | None = None
    """Answered instead of the true name, which stays in `Sandbox.generated`."""
    body: bytes | None = None
    """Answered instead of the true body; status and headers are unchanged."""
    response_code: Literal["", "string", "float", "float string", "missing"] = ""
    """The type of the envelope's `responseCode`."""
    content_type: str = ""
    truncate: Literal["", "length", "chunked"] = ""
    """The connection breaks after half of the body, with a Content-Length or chunked."""
    bytes_per_second: float = 0.0

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Fault":
        """Build a fault from a JSON object; ValueError names unknown keys."""
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"Unknown fault: {', '.join(sorted(unknown))}")
        settings = dict(values)
        if isinstance(settings.get("body"), str):
            settings["body"] = settings["body"].encode()
        if settings.get("envelope") is not None:
            code, message = settings["envelope"]
            settings["envelope"] = (int(code), str(message))
        return cls(**settings)


@dataclass
class Scripted:
    """A fault and the requests that it applies to."""

    fault: Fault
    on: str
    times: int
    pair: str | None
    after: int

    def takes(self, kind: str, pair: str) -> bool:
        """Whether this request gets the fault; count a match."""
        if self.times <= 0 or self.on not in ("any", kind) or self.pair not in (None, pair):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True
