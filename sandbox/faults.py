"""What can be made to go wrong, and for whom and when."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

EVIL_NAMES: Mapping[str, str] = {
    "path": "../../../etc/passwd.csv",
    "backslash": "..\\..\\windows\\system.csv",
    "absolute": "/tmp/export.csv",  # noqa: S108
    "url": "https://evil.example/export.csv",
    "control": "export\x00\x1b[31m.csv",
    "line break": "export.csv\r\nX-Evil: 1",
    "markup": "<script>alert(1)</script>.csv",
    "html": "<html><body>Bad Gateway</body></html>",
    "very long": "export" + "a" * 5000 + ".csv",
    "other extension": "export0fd99e06-a636-4974-b6bc-3ceb12163386.exe",
    "several": "export1.csv,export2.csv",
    "hidden": ".htaccess.csv",
    "empty": "",
    "blank": "   ",
}
"""Bodies a careless client would take for a file name; for `Fault(file_name=…)`."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with one request; fields combine, and an empty fault changes nothing.

    In order: the delay, dropping, refusing (none of which let the work happen), the work, the delay after it,
    dropping after it, and last what is done to the answer.
    """

    delay: float = 0.0
    drop_before_work: bool = False
    http_status: int = 0
    """An HTML page with this HTTP status instead of an answer, say 500 or 503; the work is not done …"""
    rate_limited: Literal["", "http", "envelope", "both"] = ""
    retry_after: str = ""
    """The `Retry-After` header that goes with the two above; "date:5" is five seconds from now as a date."""
    envelope: tuple[int, str] | None = None
    """(responseCode, responseMessage) at HTTP 200, and the work is not done …"""
    refuse_after_work: bool = False
    """… unless this is set: then the work is done and the page or envelope hides it."""
    generation_seconds: float = 0.0
    """The generated file exists only so much later, on top of the choice of the same name."""
    delay_after: float = 0.0
    drop_after_work: bool = False
    revoke_after: bool = False
    """This request is served, and from then on its pair is refused."""
    not_ready: Literal["", "404", "empty"] = ""
    """A download is answered as if its file were not there yet."""
    file_name: str | None = None
    """Answered instead of the true name, which stays in `Sandbox.generated`."""
    body: bytes | None = None
    """Answered instead of the true body, status and headers unchanged."""
    response_code: Literal["", "string", "float", "float string", "missing"] = ""
    """How the envelope spells its `responseCode`."""
    content_type: str = ""
    truncate: Literal["", "length", "chunked"] = ""
    """The connection breaks after half of the body, which was announced whole or sent in chunks."""
    bytes_per_second: float = 0.0

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Fault":
        """Build a fault from a JSON object; ValueError names a key that is no field."""
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"Unknown fault: {', '.join(sorted(unknown))}")
        given = dict(values)
        if isinstance(given.get("body"), str):
            given["body"] = given["body"].encode()
        if given.get("envelope") is not None:
            code, message = given["envelope"]
            given["envelope"] = (int(code), str(message))
        return cls(**given)


@dataclass
class Scripted:
    """A fault with the requests it waits for."""

    fault: Fault
    on: str
    times: int
    pair: str | None
    after: int

    def takes(self, kind: str, pair: str) -> bool:
        """Whether this request gets the fault; counts it off when it matches."""
        if self.times <= 0 or self.on not in ("any", kind) or self.pair not in (None, pair):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True
