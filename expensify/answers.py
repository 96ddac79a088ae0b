"""Parse the server's answers: file names, policies, receipts. Pure functions; no input is trusted."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from expensify.errors import OutcomeUnknown

MESSAGE_LENGTH = 500

MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
}

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._ -]{0,199}")
_ESCAPES = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&apos;": "'"}
_ESCAPE = re.compile("|".join(_ESCAPES))
_CODE = re.compile(r"-?[0-9]{1,9}(\.0+)?")

Clean = Callable[[str], str]


@dataclass(frozen=True)
class Download:
    """A complete file: `size` in bytes, `sha256` as 64 hex digits.

    The media type follows from the requested name. The server's content type is not documented, and must
    not decide how a browser treats a stored file.
    """

    size: int
    sha256: str
    media_type: str


@dataclass(frozen=True)
class ListedPolicy:
    """An entry of the policy list; `role` and `type` are open sets, `extra` holds all other keys."""

    id: str
    name: str
    role: str
    type: str
    owner: str
    output_currency: str
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TagLevel:
    """One level of a policy's tags; `name` is "" when the policy has a flat list."""

    name: str
    tags: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class PolicyDetails:
    """The requested sections of a policy, with entries as the API returns them; the others are empty.

    `tags` comes from the server as a flat list or as a list of levels, sometimes both in one answer [M][O];
    here it is always levels. `tax` is empty for a policy without tax.
    """

    categories: tuple[dict[str, Any], ...] = ()
    report_fields: tuple[dict[str, Any], ...] = ()
    tags: tuple[TagLevel, ...] = ()
    tax: dict[str, Any] = field(default_factory=dict)
    employees: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class SkippedEmployee:
    """A record that the server did not apply; both fields are "" when the server does not send them."""

    email: str
    reason: str


@dataclass(frozen=True)
class EmployeeAnswer:
    """The receipt of an employee update; a map that is missing or empty is read as empty [M].

    A record can be skipped while the job succeeds, so compare `updated` with the number sent. `dry_run` is
    the mode that the server reports, or None. `added` and `removed` hold addresses by policy ID, `groups` by
    domain group; `raw` is the whole answer.
    """

    dry_run: bool | None
    updated: int | None
    added: dict[str, tuple[str, ...]]
    removed: dict[str, tuple[str, ...]]
    groups: dict[str, tuple[str, ...]]
    skipped: tuple[SkippedEmployee, ...]
    raw: dict[str, Any]


def parse(text: str, clean: Clean) -> Any:
    """Return the JSON value in `text` with every string cleaned, or None when it is not JSON."""
    try:
        return _clean_value(json.loads(text), clean)
    except (ValueError, RecursionError):  # a thousand nested brackets are valid JSON, and an attack
        return None


def _clean_value(value: Any, clean: Clean) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_clean_value(item, clean) for item in value]
    if isinstance(value, dict):
        return {clean(key): _clean_value(item, clean) for key, item in value.items()}
    return value


def without_escapes(value: Any) -> Any:
    """The value with the five named HTML escapes in its texts decoded once: stored text can be escaped [M]."""
    if isinstance(value, str):
        return _ESCAPE.sub(lambda found: _ESCAPES[found[0]], value) if "&" in value else value
    if isinstance(value, list):
        return [without_escapes(item) for item in value]
    if isinstance(value, dict):
        return {key: without_escapes(item) for key, item in value.items()}
    return value


def whole_number(value: object) -> int | None:
    """Return a code or count written as 200, 200.0, "200" or "200.0"; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and _CODE.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and abs(value) < 10**9 else None


def one_line(text: str) -> str:
    """Make text for a log or a page: printable, on one line, at most 500 characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MESSAGE_LENGTH]


def read_retry_after(value: str | None, sent: str | None) -> float | None:
    """Return the seconds of a `Retry-After` header, a number or an HTTP date; None when unreadable.

    `sent` is the `Date` of the same answer: a date counts from there, because this machine's clock may be
    wrong.
    """
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        return float(text)
    at = _read_date(text)
    if at is None:
        return None
    now = _read_date(sent or "") or datetime.now(UTC)
    return max(0.0, (at - now).total_seconds())


def _read_date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    # Python parses "-0000" as naive; it means UTC (RFC 5322).
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def read_file_names(text: str, value: Any, extension: str) -> list[str]:
    """Return the file names in a successful exporter's answer: one, or for `pdf` one or more.

    The answer is the bare name without a line end, for PDFs names separated by commas [O]; a JSON object
    with `filename` is accepted too. A name becomes part of a later request and of a download, so a name with
    characters other than letters, digits, `.`, `_`, `-` and spaces, or with an extension other than the
    requested one, is OutcomeUnknown: the file and its marks may exist nevertheless.
    """
    answer = value.get("filename") if isinstance(value, dict) else text
    if not isinstance(answer, str):
        raise OutcomeUnknown(code="unreadable")
    names = [name.strip() for name in (answer.split(",") if extension.lower() == "pdf" else [answer])]
    if not all(_is_safe_name(name, extension) for name in names):
        raise OutcomeUnknown(code="unreadable")
    return names


def _is_safe_name(name: str, extension: str) -> bool:
    return bool(_NAME.fullmatch(name)) and name.lower().endswith("." + extension.lower())


def media_type(name: str) -> str:
    """Return the media type for a file name's extension; `application/octet-stream` for an unknown one."""
    return MEDIA_TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")


def read_policies(value: dict[str, Any]) -> list[ListedPolicy]:
    """Return the policies of a `policyList` answer, without escapes; OutcomeUnknown for another shape."""
    return [_read_policy(item) for item in _read_objects(without_escapes(value.get("policyList")))]


def _read_policy(item: dict[str, Any]) -> ListedPolicy:
    extra = dict(item)

    def take(key: str) -> str:
        text = extra.pop(key, "")
        return text if isinstance(text, str) else ""

    policy = ListedPolicy(
        id=take("id"),
        name=take("name"),
        role=take("role"),
        type=take("type"),
        owner=take("owner"),
        output_currency=take("outputCurrency"),
        extra=extra,
    )
    if not policy.id:
        raise OutcomeUnknown(code="unreadable")
    return policy


def read_policy_details(value: dict[str, Any]) -> dict[str, PolicyDetails]:
    """Return the policies of a `policy` answer by ID, without escapes; OutcomeUnknown for another shape."""
    info = without_escapes(value.get("policyInfo"))
    if not isinstance(info, dict) or not all(isinstance(sections, dict) for sections in info.values()):
        raise OutcomeUnknown(code="unreadable")
    return {policy_id: _read_details(sections) for policy_id, sections in info.items()}


def _read_details(sections: dict[str, Any]) -> PolicyDetails:
    tax = sections.get("tax")
    return PolicyDetails(
        categories=_read_objects(sections.get("categories") or []),
        report_fields=_read_objects(sections.get("reportFields") or []),
        tags=_read_tag_levels(_read_objects(sections.get("tags") or [])),
        tax=tax if isinstance(tax, dict) else {},
        employees=_read_objects(sections.get("employees") or []),
    )


def _read_tag_levels(entries: tuple[dict[str, Any], ...]) -> tuple[TagLevel, ...]:
    flat = tuple(entry for entry in entries if "tags" not in entry)
    levels = [
        TagLevel(str(entry.get("name") or ""), _read_objects(entry["tags"] or []))
        for entry in entries
        if "tags" in entry
    ]
    return (*([TagLevel("", flat)] if flat else []), *levels)


def _read_objects(value: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise OutcomeUnknown(code="unreadable")
    return tuple(value)


def read_employee_answer(value: dict[str, Any]) -> EmployeeAnswer:
    """Return the receipt of an accepted update. Raises nothing: unexpected parts stay in `raw` only."""
    dry_run, diff, skipped = value.get("dry-run"), value.get("diff"), value.get("skippedEmployees")
    diff = diff if isinstance(diff, dict) else {}
    return EmployeeAnswer(
        dry_run=dry_run if isinstance(dry_run, bool) else None,
        updated=whole_number(value.get("updatedEmployeesCount")),
        added=_read_addresses(diff.get("diffToAdd")),
        removed=_read_addresses(diff.get("diffToRemove")),
        groups=_read_addresses(value.get("securityGroupEmployeesMap")),
        skipped=tuple(
            SkippedEmployee(str(item.get("email") or ""), str(item.get("reason") or ""))
            for item in (skipped if isinstance(skipped, list) else [])
            if isinstance(item, dict)
        ),
        raw=value,
    )


def _read_addresses(value: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        return {}
    return {
        key: tuple(item for item in addresses if isinstance(item, str))
        for key, addresses in value.items()
        if isinstance(addresses, list)
    }
