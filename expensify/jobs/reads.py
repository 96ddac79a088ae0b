"""Jobs that only read: download a file, list policies, get policy details."""

from dataclasses import dataclass
from typing import Any, ClassVar

from expensify.pair import KeyPair

POLICY_FIELDS = ("categories", "reportFields", "tags", "tax", "employees")


@dataclass(frozen=True)
class FileDownload:
    """Download a file by name; `file_system` is `reconciliation` for a reconciliation job's file.

    A download with `inputSettings` is rejected [O], so both keys are siblings of the credentials.
    """

    kind: ClassVar[str] = "download"
    repeatable: ClassVar[bool] = True
    secrets: ClassVar[tuple[str, ...]] = ()

    name: str
    file_system: str = "integrationServer"

    def description(self, pair: KeyPair) -> dict[str, Any]:
        return {
            "type": "download",
            "credentials": pair.credentials(),
            "fileName": self.name,
            "fileSystem": self.file_system,
        }


@dataclass(frozen=True)
class PolicyList:
    """List the policies that the account can access; the cheapest way to test a key pair.

    `user_email` lists the policies of another user, who must have granted access.
    """

    kind: ClassVar[str] = "policy_list"
    repeatable: ClassVar[bool] = True
    secrets: ClassVar[tuple[str, ...]] = ()

    admin_only: bool | None = None
    user_email: str = ""

    def description(self, pair: KeyPair) -> dict[str, Any]:
        settings: dict[str, Any] = {"type": "policyList"}
        if self.admin_only is not None:
            settings["adminOnly"] = self.admin_only
        if self.user_email:
            settings["userEmail"] = self.user_email
        return {"type": "get", "credentials": pair.credentials(), "inputSettings": settings}


@dataclass(frozen=True)
class PolicyGet:
    """Get some of `POLICY_FIELDS` of policies; `employees` needs the rights of a policy admin.

    The IDs are an array here, but comma-separated text in the exporter's filters.
    """

    kind: ClassVar[str] = "policy"
    repeatable: ClassVar[bool] = True
    secrets: ClassVar[tuple[str, ...]] = ()

    ids: tuple[str, ...]
    fields: tuple[str, ...]
    user_email: str = ""

    def description(self, pair: KeyPair) -> dict[str, Any]:
        settings: dict[str, Any] = {"type": "policy", "policyIDList": list(self.ids), "fields": list(self.fields)}
        if self.user_email:
            settings["userEmail"] = self.user_email
        return {"type": "get", "credentials": pair.credentials(), "inputSettings": settings}
