"""The settings of an update, and the hash of exactly what is sent."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from expensify.jobs.employees import EmployeeUpdateJob, FeedSftp, FeedUrl
from exports.employee_updates.feed.fields import Employee

PrimaryPolicy = Literal["none", "new_employees", "all_employees"]

PRIMARY_POLICY: dict[PrimaryPolicy, str] = {
    "none": "Nobody's primary policy is touched",
    "new_employees": "The row's policy becomes the primary policy of its new members",
    "all_employees": "The row's policy becomes everybody's primary policy",
}


@dataclass(frozen=True, kw_only=True)
class UpdateSettings:
    """The job settings of an update and the format of its feed; the defaults are Expensify's own.

    `fix_approval_chains` invites managers and their managers to the policies where they approve;
    `fix_first_level_managers_only` invites only direct managers [M*]. `recipients` get Expensify's summary by e-mail.
    `in_object` writes the feed as an `Employees` object instead of an array [M]. `limits_in_cents` is the unit of an
    approval limit at Expensify, which no source states [I].
    """

    set_primary_policy: str = "none"
    fix_approval_chains: bool = True
    fix_first_level_managers_only: bool = False
    skip_notification_email: bool = False
    recipients: tuple[str, ...] = ()
    in_object: bool = False
    limits_in_cents: bool = True

    def job(self, *, dry_run: bool, feed: FeedUrl | FeedSftp | None = None) -> EmployeeUpdateJob:
        """The job of the update. It sends every setting, so that it does not depend on defaults of the server."""
        return EmployeeUpdateJob(
            dry_run=dry_run,
            feed=feed,
            set_primary_policy=self.set_primary_policy,
            fix_approval_chains=self.fix_approval_chains,
            fix_first_level_managers_only=self.fix_first_level_managers_only,
            skip_notification_email=self.skip_notification_email,
            recipients=self.recipients,
            in_object=self.in_object,
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"recipients": list(self.recipients)}


def settings_from_json(stored: object) -> UpdateSettings:
    """The settings from `UpdateSettings.as_json`; a newer setting has its default. Raises ValueError otherwise."""
    if not isinstance(stored, dict):
        raise ValueError("settings are an object")
    values: dict[str, Any] = {}
    for field in fields(UpdateSettings):
        if field.name not in stored:
            continue
        value = stored[field.name]
        if field.name == "recipients":
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise ValueError("recipients are a list of texts")
            value = tuple(value)
        elif type(value) is not field.type:
            raise ValueError(f"{field.name} cannot be {value!r}")
        values[field.name] = value
    if values.get("set_primary_policy", "none") not in get_args(PrimaryPolicy):
        raise ValueError("set_primary_policy is none, new_employees or all_employees")
    return UpdateSettings(**values)


def records(people: Iterable[Employee], settings: UpdateSettings) -> list[dict[str, Any]]:
    """The feed's objects, exactly as they are sent."""
    return [person.as_record(limits_in_cents=settings.limits_in_cents) for person in people]


def content_hash(
    people: Iterable[Employee], settings: UpdateSettings, *, feed: FeedUrl | FeedSftp | None = None
) -> str:
    """SHA-256, as 64 hex digits, of exactly what is sent: the job's settings and the records in their order.

    Equal for the dry run and the run that applies, so without the dry-run switch, and without passwords. A feed that
    Expensify fetches counts by its address, because its content is unknown. The credential is not part of the hash:
    an update that could change its credential would have to void its approval. Raises ValueError for a limit that
    cannot be sent, which the checks report as an error.
    """
    job = settings.job(dry_run=True, feed=feed)
    described = job.without_secrets()
    del described["dry-run"]
    if feed is not None:
        described["feed"] = {name: value for name, value in asdict(feed).items() if name != "password"}
    described["data"] = json.loads(job.data(records(people, settings))) if feed is None else None
    canonical = json.dumps(described, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
