from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.permissions import Permission
from accounts.sso import company as sso


def team(request: HttpRequest) -> dict[str, Any]:
    """Context for base.html: the open team, the person's teams for the switcher, and their permissions here."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"sso_name": sso.name()}
    membership = getattr(request, "membership", None)
    return {
        "team": getattr(request, "team", None),
        "membership": membership,
        "confirm_first": getattr(request, "confirm_first", ""),
        "may": {permission.name: membership is not None and membership.may(permission) for permission in Permission},
        "demo_mailbox_url": settings.DEMO_MAILBOX_URL,
        "my_memberships": user.memberships.select_related("team").order_by("team__name"),
    }
