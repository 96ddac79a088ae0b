import pytest

from accounts.models import Membership
from accounts.permissions import ROLE_PERMISSIONS, Permission, Role

ADMIN, EDITOR, AUDITOR, VIEWER = Role.ADMIN, Role.EDITOR, Role.AUDITOR, Role.VIEWER

# The table by permission, written by hand: a change there needs a change here.
MAY = {
    Permission.VIEW_EXPORTS: {ADMIN, EDITOR, AUDITOR, VIEWER},
    Permission.DOWNLOAD_RESULTS: {ADMIN, EDITOR, AUDITOR, VIEWER},
    Permission.EDIT_EXPORTS: {ADMIN, EDITOR},
    Permission.RUN_EXPORTS: {ADMIN, EDITOR},
    Permission.MANAGE_SCHEDULES: {ADMIN},
    Permission.VIEW_UPDATES: {ADMIN, EDITOR, AUDITOR},
    Permission.PREPARE_UPDATES: {ADMIN, EDITOR},
    Permission.APPROVE_UPDATES: {ADMIN},
    Permission.VIEW_CREDENTIALS: {ADMIN, EDITOR, AUDITOR},
    Permission.MANAGE_CREDENTIALS: {ADMIN},
    Permission.VIEW_TEAM: {ADMIN, EDITOR, AUDITOR},
    Permission.MANAGE_TEAM: {ADMIN},
    Permission.VIEW_AUDIT: {ADMIN, AUDITOR},
}


def test_every_role_has_permissions() -> None:
    assert set(ROLE_PERMISSIONS) == set(Role)


@pytest.mark.parametrize("permission", list(Permission))
def test_permission_has_exactly_these_roles(permission: Permission) -> None:
    assert {role for role in Role if Membership(role=role).may(permission)} == MAY[permission]


@pytest.mark.parametrize("role", [AUDITOR, VIEWER])
def test_viewers_and_auditors_change_nothing(role: Role) -> None:
    changing = {Permission.EDIT_EXPORTS, Permission.RUN_EXPORTS, Permission.MANAGE_CREDENTIALS, Permission.MANAGE_TEAM}

    assert ROLE_PERMISSIONS[role] & changing == set()
