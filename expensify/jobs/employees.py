"""The advanced employee updater: invites, changes and removes members of policies from a feed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from expensify.pair import KeyPair


@dataclass(frozen=True)
class FeedUrl:
    """Expensify fetches the feed from a URL with Basic authentication."""

    source: ClassVar[str] = "download"

    url: str = field(repr=False)  # such addresses often carry a token
    user: str
    password: str = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.url, self.password)

    def credentials(self) -> dict[str, object]:
        return {"feedUrl": self.url, "feedUser": self.user, "feedPassword": self.password}


@dataclass(frozen=True)
class FeedSftp:
    """Expensify fetches the feed as a file from an SFTP server."""

    source: ClassVar[str] = "sftp"

    host: str
    login: str
    filename: str
    password: str = field(repr=False)
    port: int = 22

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.password,)

    def credentials(self) -> dict[str, object]:
        return {
            "sftp": {
                "host": self.host,
                "login": self.login,
                "password": self.password,
                "port": self.port,
                "filename": self.filename,
            }
        }


@dataclass(frozen=True)
class EmployeeUpdateJob:
    """How a feed of employees is applied; None and "" leave a setting to the server.

    `dry_run` is always sent: left out, the server would change people. `feed` says where Expensify fetches
    the records, None that they come with the request. `set_primary_policy` is `none` (the server's default),
    `new_employees` or `all_employees`. With `fix_approval_chains` (the server's default) managers are
    invited to the policies where they approve; with `fix_first_level_managers_only` just the direct ones
    [M*]. `recipients` get Expensify's summary by e-mail. The records go as a bare array, as in the newer
    copies of the manual, or with `in_object` under the key `Employees` of the older; clients use both [M][C].
    """

    kind: ClassVar[str] = "update_employees"

    dry_run: bool
    feed: FeedUrl | FeedSftp | None = None
    set_primary_policy: str = ""
    fix_approval_chains: bool | None = None
    fix_first_level_managers_only: bool | None = None
    skip_notification_email: bool | None = None
    recipients: tuple[str, ...] = ()
    in_object: bool = False

    @property
    def repeatable(self) -> bool:
        """Only a dry run; an update sent twice may invite, remove and notify people twice."""
        return self.dry_run

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.feed.secrets if self.feed else ()

    def description(self, pair: KeyPair) -> dict[str, Any]:
        credentials = pair.credentials() | (self.feed.credentials() if self.feed else {})
        return {"type": "update", "credentials": credentials, **self._settings()}

    def without_secrets(self) -> dict[str, Any]:
        """The same for the record, without the pair and without where a feed is fetched from."""
        return {"type": "update", **self._settings()}

    def data(self, records: Sequence[Mapping[str, Any]]) -> str:
        """The form parameter `data`: the records as JSON."""
        people = [dict(record) for record in records]
        return json.dumps({"Employees": people} if self.in_object else people)

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "dry-run": self.dry_run,
            "dataSource": self.feed.source if self.feed else "request",
            "inputSettings": {"type": "employees", "entity": "generic"},
        }
        if self.set_primary_policy:
            settings["setEmployeePrimaryPolicy"] = self.set_primary_policy
        switches = {
            "shouldFixApprovalChains": self.fix_approval_chains,
            "fixFirstLevelManagersOnly": self.fix_first_level_managers_only,
            "shouldSkipNotificationEmail": self.skip_notification_email,
        }
        settings |= {key: value for key, value in switches.items() if value is not None}
        if self.recipients:
            settings["onFinish"] = [{"actionName": "email", "recipients": ",".join(self.recipients)}]
        return settings
