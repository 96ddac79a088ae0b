"""Permissions, roles, and the permissions of each role."""

from enum import StrEnum

from django.db import models


class Permission(StrEnum):
    VIEW_EXPORTS = "view exports and runs"
    DOWNLOAD_RESULTS = "download results"
    EDIT_EXPORTS = "edit saved exports"
    RUN_EXPORTS = "run saved exports"
    MANAGE_SCHEDULES = "manage schedules and their mails"
    VIEW_UPDATES = "see employee updates"
    PREPARE_UPDATES = "prepare employee updates"
    APPROVE_UPDATES = "approve employee updates"
    VIEW_CREDENTIALS = "see which credentials there are"
    MANAGE_CREDENTIALS = "manage credentials"
    VIEW_TEAM = "see the team's members"
    MANAGE_TEAM = "manage the team"
    VIEW_AUDIT = "read the audit log"


class Role(models.TextChoices):
    ADMIN = "admin", "Admin"
    EDITOR = "editor", "Editor"
    AUDITOR = "auditor", "Auditor"
    VIEWER = "viewer", "Viewer"


P = Permission
ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.EDITOR: frozenset(
        {
            P.VIEW_EXPORTS,
            P.DOWNLOAD_RESULTS,
            P.EDIT_EXPORTS,
            P.RUN_EXPORTS,
            P.VIEW_UPDATES,
            P.PREPARE_UPDATES,
            P.VIEW_CREDENTIALS,
            P.VIEW_TEAM,
        }
    ),
    Role.AUDITOR: frozenset(
        {P.VIEW_EXPORTS, P.DOWNLOAD_RESULTS, P.VIEW_UPDATES, P.VIEW_CREDENTIALS, P.VIEW_TEAM, P.VIEW_AUDIT}
    ),
    Role.VIEWER: frozenset({P.VIEW_EXPORTS, P.DOWNLOAD_RESULTS}),
}
