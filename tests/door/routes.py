"""Every route of the portal: what it asks for, written by hand, and what the URLconf has."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import pytest
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.permissions import Permission

P = Permission
READ, CHANGE, FORM = {"GET"}, {"POST"}, {"GET", "POST"}

# The permission and the methods of each team route. A new route fails test_completeness.py until it is here.
ROUTES: dict[str, tuple[Permission, set[str]]] = {
    "accounts:credential-list": (P.VIEW_CREDENTIALS, READ),
    "accounts:credential-new": (P.MANAGE_CREDENTIALS, FORM),
    "accounts:credential": (P.VIEW_CREDENTIALS, READ),
    "accounts:credential-status": (P.VIEW_CREDENTIALS, READ),
    "accounts:credential-rename": (P.MANAGE_CREDENTIALS, FORM),
    "accounts:credential-check": (P.MANAGE_CREDENTIALS, CHANGE),
    "accounts:credential-wipe": (P.MANAGE_CREDENTIALS, FORM),
    "accounts:audit-list": (P.VIEW_AUDIT, READ),
    "accounts:audit-csv": (P.VIEW_AUDIT, READ),
    "accounts:audit-jsonl": (P.VIEW_AUDIT, READ),
    "accounts:audit-view-save": (P.VIEW_AUDIT, CHANGE),
    "accounts:audit-view-remove": (P.VIEW_AUDIT, CHANGE),
    "exports:audit-prove": (P.VIEW_AUDIT, FORM),
    "accounts:token-list": (P.VIEW_EXPORTS, READ),
    "accounts:token-new": (P.VIEW_EXPORTS, FORM),
    "accounts:token-revoke": (P.VIEW_EXPORTS, CHANGE),
    "accounts:team": (P.VIEW_TEAM, READ),
    "accounts:team-edit": (P.MANAGE_TEAM, FORM),
    "accounts:rule-approve": (P.MANAGE_TEAM, CHANGE),
    "accounts:rule-keep": (P.MANAGE_TEAM, CHANGE),
    "accounts:member-role": (P.MANAGE_TEAM, CHANGE),
    "accounts:member-remove": (P.MANAGE_TEAM, CHANGE),
    "accounts:member-invite": (P.MANAGE_TEAM, FORM),
    "accounts:member-invitation-again": (P.MANAGE_TEAM, CHANGE),
    "accounts:member-invitation-revoke": (P.MANAGE_TEAM, CHANGE),
    "exports:home": (P.VIEW_EXPORTS, READ),
    "exports:budget": (P.VIEW_EXPORTS, READ),
    "exports:credential-budget": (P.VIEW_CREDENTIALS, READ),
    "exports:rotation-new": (P.MANAGE_CREDENTIALS, FORM),
    "exports:credential-leaked": (P.MANAGE_CREDENTIALS, FORM),
    "exports:rotation": (P.VIEW_CREDENTIALS, READ),
    "exports:rotation-status": (P.VIEW_CREDENTIALS, READ),
    "exports:rotation-check": (P.MANAGE_CREDENTIALS, CHANGE),
    "exports:rotation-try": (P.MANAGE_CREDENTIALS, CHANGE),
    "exports:rotation-approve": (P.MANAGE_CREDENTIALS, CHANGE),
    "exports:rotation-switch": (P.MANAGE_CREDENTIALS, CHANGE),
    "exports:rotation-cancel": (P.MANAGE_CREDENTIALS, CHANGE),
    "exports:rotation-roll-back": (P.MANAGE_CREDENTIALS, CHANGE),
    "exports:export-list": (P.VIEW_EXPORTS, READ),
    "exports:export-new": (P.EDIT_EXPORTS, FORM),
    "exports:export": (P.VIEW_EXPORTS, READ),
    "exports:export-edit": (P.EDIT_EXPORTS, FORM),
    "exports:export-clone": (P.EDIT_EXPORTS, CHANGE),
    "exports:export-archive": (P.EDIT_EXPORTS, CHANGE),
    "exports:export-preview": (P.EDIT_EXPORTS, CHANGE),
    "exports:export-import": (P.EDIT_EXPORTS, CHANGE),
    "exports:export-compare": (P.VIEW_EXPORTS, READ),
    "exports:export-restore": (P.EDIT_EXPORTS, CHANGE),
    "exports:export-share": (P.VIEW_EXPORTS, READ),
    "exports:export-run": (P.RUN_EXPORTS, CHANGE),
    "exports:run-list": (P.VIEW_EXPORTS, READ),
    "exports:run": (P.VIEW_EXPORTS, READ),
    "exports:run-timeline": (P.VIEW_EXPORTS, READ),
    "exports:run-cancel": (P.RUN_EXPORTS, CHANGE),
    "exports:run-again": (P.RUN_EXPORTS, CHANGE),
    "exports:run-same-reports": (P.RUN_EXPORTS, CHANGE),
    "exports:run-download-again": (P.RUN_EXPORTS, CHANGE),
    "exports:run-mark-now": (P.RUN_EXPORTS, CHANGE),
    "exports:run-looked-after": (P.RUN_EXPORTS, CHANGE),
    "exports:result": (P.VIEW_EXPORTS, READ),
    "exports:result-download": (P.DOWNLOAD_RESULTS, READ),
    "exports:result-workbook": (P.DOWNLOAD_RESULTS, READ),
    "exports:result-picture": (P.VIEW_EXPORTS, READ),
    "exports:calendar": (P.VIEW_EXPORTS, READ),
    "exports:holiday-list": (P.VIEW_EXPORTS, READ),
    "exports:holiday-add": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:holiday-strike": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:holiday-national": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:holiday-import": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:holiday-remove": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:freeze-list": (P.VIEW_EXPORTS, READ),
    "exports:freeze-add": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:freeze-remove": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:schedule-list": (P.VIEW_EXPORTS, READ),
    "exports:schedule-new": (P.MANAGE_SCHEDULES, FORM),
    "exports:schedule-preview": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:schedule": (P.VIEW_EXPORTS, READ),
    "exports:schedule-edit": (P.MANAGE_SCHEDULES, FORM),
    "exports:schedule-pause": (P.MANAGE_SCHEDULES, FORM),
    "exports:schedule-resume": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:schedule-archive": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:schedule-recipients": (P.VIEW_EXPORTS, READ),
    "exports:schedule-confirm": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:recipient-confirm": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:occurrence": (P.VIEW_EXPORTS, READ),
    "exports:occurrence-send-anyway": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:delivery-again": (P.MANAGE_SCHEDULES, FORM),
    "exports:delivery-withdraw": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:link-revoke": (P.MANAGE_SCHEDULES, CHANGE),
    "exports:update-list": (P.VIEW_UPDATES, READ),
    "exports:update-new": (P.PREPARE_UPDATES, FORM),
    "exports:update-columns": (P.PREPARE_UPDATES, FORM),
    "exports:update-settings": (P.PREPARE_UPDATES, FORM),
    "exports:update-rows": (P.VIEW_UPDATES, READ),
    "exports:update-rows-change": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-rows-paste": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-rows-members": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-rows-read": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-rows-keep": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-rows-waiting": (P.VIEW_UPDATES, READ),
    "exports:update": (P.VIEW_UPDATES, READ),
    "exports:update-course": (P.VIEW_UPDATES, READ),
    "exports:update-changes": (P.VIEW_UPDATES, READ),
    "exports:update-answer": (P.VIEW_UPDATES, READ),
    "exports:update-receipt": (P.VIEW_UPDATES, READ),
    "exports:update-receipt-file": (P.VIEW_UPDATES, READ),
    "exports:update-present": (P.VIEW_UPDATES, READ),
    "exports:update-members": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-accept": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-try": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-submit": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-approve": (P.APPROVE_UPDATES, CHANGE),
    "exports:update-withdraw": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-apply": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-discard": (P.PREPARE_UPDATES, CHANGE),
    "exports:update-reverse": (P.PREPARE_UPDATES, CHANGE),
}

# Whose changes ask for a fresh sign-in: credentials, members, settings of the team, and approvals.
FRESH = {
    "accounts:credential-new",
    "accounts:credential-rename",
    "accounts:credential-check",
    "accounts:credential-wipe",
    "accounts:team-edit",
    "accounts:rule-approve",
    "accounts:rule-keep",
    "accounts:member-role",
    "accounts:member-remove",
    "accounts:member-invite",
    "accounts:member-invitation-again",
    "accounts:member-invitation-revoke",
    "exports:update-approve",
    "exports:rotation-new",
    "exports:credential-leaked",
    "exports:rotation-check",
    "exports:rotation-try",
    "exports:rotation-approve",
    "exports:rotation-switch",
    "exports:rotation-cancel",
    "exports:rotation-roll-back",
    "accounts:token-new",
}

# The same for scripts, which come with a token.
API_ROUTES_BY_NAME: dict[str, tuple[Permission, set[str]]] = {
    "exports:api-export-list": (P.VIEW_EXPORTS, READ),
    "exports:api-run-start": (P.RUN_EXPORTS, CHANGE),
    "exports:api-run": (P.VIEW_EXPORTS, READ),
    "exports:api-result-download": (P.DOWNLOAD_RESULTS, READ),
    "exports:api-audit-list": (P.VIEW_AUDIT, READ),
}

# What lies outside of every team, and why it may.
WITHOUT_A_TEAM = {
    "accounts:start",  # leads on to a team of one's own
    "exports:api",  # describes the API, and nothing of any team
    "exports:api-schema",
    "healthz",
    "readyz",
    "accounts:invitation",  # opened by its token
    "account",
    # For recipients, most of whom have no account: the token says whose they are.
    "exports:link",  # shows a page; the file waits for a proof
    "exports:link-code",  # mails a code to the link's own address
    "exports:link-file",  # gives the file to who has proved to be its recipient
    "exports:unsubscribe",  # stops one schedule for one address
    "account_login",
    "account_sso",  # both only when OIDC_ISSUER is set
    "account_sso_callback",
    "account_end_session",
    "usersessions_list",
    "mfa_index",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_login_webauthn",
    "mfa_reauthenticate_webauthn",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
    "account_logout",
    "account_inactive",
    "account_signup",  # closed
    "account_reauthenticate",
    "account_change_name",
    "account_change_password",
    "account_set_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}


# Which of them answer somebody who has not signed in: all that leads to a sign-in, and what a token opens.
FOR_ANYBODY = {
    "healthz",
    "readyz",
    "exports:api-schema",
    "exports:link",
    "exports:link-code",
    "exports:link-file",
    "exports:unsubscribe",
    "accounts:invitation",
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_sso",
    "account_sso_callback",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}


class Route(NamedTuple):
    name: str
    path: str
    view: Callable[..., HttpResponse]
    arguments: tuple[str, ...]

    @property
    def objects(self) -> set[str]:
        """The objects that the URL arguments name: “run” for `run_id`."""
        return {name.removesuffix("_id") for name in self.arguments} - {"team"}


def walk(
    resolver: URLResolver, prefix: str = "", namespace: str = "", arguments: tuple[str, ...] = ()
) -> Iterator[Route]:
    for each in resolver.url_patterns:
        path = prefix + str(each.pattern)
        names = (*arguments, *each.pattern.converters)
        if isinstance(each, URLPattern):
            yield Route(f"{namespace}{each.name}", path, each.callback, names)
        else:
            yield from walk(each, path, f"{each.namespace}:" if each.namespace else namespace, names)


ALL = list(walk(get_resolver()))
TEAM_ROUTES = [route for route in ALL if route.path.startswith("t/")]
API_ROUTES = [route for route in ALL if route.path.startswith("api/t/")]
WITH_OBJECT = [route for route in TEAM_ROUTES if len(route.arguments) > 1]
OUTSIDE = [route for route in ALL if route not in [*TEAM_ROUTES, *API_ROUTES]]
ALL_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def by_name(routes: Iterable[Route]) -> Any:
    """One test per route."""
    return pytest.mark.parametrize("route", routes, ids=lambda route: route.name)


def methods_of(route: Route) -> list[str]:
    """The methods in the table; none when the route is missing there, which test_completeness.py reports."""
    _, methods = (ROUTES | API_ROUTES_BY_NAME).get(route.name, (None, set()))
    return sorted(methods)


def knocks(routes: Iterable[Route]) -> list[tuple[Route, str]]:
    """Each route with each of its methods."""
    return [(route, method) for route in routes for method in methods_of(route)]


def refused_methods(route: Route) -> list[str]:
    return sorted(ALL_METHODS - set(methods_of(route)))
