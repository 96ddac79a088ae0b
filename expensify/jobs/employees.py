"""The advanced employee updater: it invites, changes and removes members of policies from a feed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from expensify.pair import KeyPair


@dataclass(frozen=True)
class FeedUrl:
    """Expensify fetches the feed from a URL with Basic authentication."""

    source: ClassVar[str] = "download"

    url: str = field(repr=False)  # such URLs often contain a token
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
    """The settings of an employee update; None and "" leave a setting to the server.

    `dry_run` is always sent: without it the server would change people. `feed` says where Expensify fetches
    the records; None sends them with the request. `set_primary_policy` is `none` (the server's default),
    `new_employees` or `all_employees`. With `fix_approval_chains` (the server's default) managers are
    invited to the policies where they approve; with `fix_first_level_managers_only` only the direct managers
    [M*]. `recipients` get Expensify's summary by e-mail. The records are sent as a bare array, as newer
    copies of the manual show, or with `in_object` under the key `Employees`, as older copies show; clients
    use both [M][C].
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
        """Whether this is a dry run; an update sent twice may invite, remove and notify people twice."""
        return self.dry_run

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.feed.secrets if self.feed else ()

    def description(self, pair: KeyPair) -> dict[str, Any]:
        """Return the `requestJobDescription`, with the feed's login among the credentials."""
        credentials = pair.credentials() | (self.feed.credentials() if self.feed else {})
        return {"type": "update", "credentials": credentials, **self._settings()}

    def without_secrets(self) -> dict[str, Any]:
        """Return the description to be stored: without the key pair and the address of a feed."""
        return {"type": "update", **self._settings()}

    def data(self, records: Sequence[Mapping[str, Any]]) -> str:
        """Return the form parameter `data`: the records as JSON."""
        employees = [dict(record) for record in records]
        return json.dumps({"Employees": employees} if self.in_object else employees)

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
