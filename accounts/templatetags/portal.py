"""Template tags: navigation, links to the audit log, times, and the data of audit entries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.db.models import Model
from django.template import Context
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.timezone import localdate, localtime

from accounts.permissions import Permission

register = template.Library()


@dataclass(frozen=True)
class MenuItem:
    label: str
    icon: str
    url: str
    is_current: bool


# Label, icon, URL name, permission to see it, and the first words of the URL names that belong to it.
MENU = [
    ("Home", "home", "exports:home", Permission.VIEW_EXPORTS, {"home", "budget"}),
    ("Exports", "file-export", "exports:export-list", Permission.VIEW_EXPORTS, {"export"}),
    ("Runs", "history", "exports:run-list", Permission.VIEW_EXPORTS, {"run", "result"}),
    (
        "Schedules",
        "calendar",
        "exports:schedule-list",
        Permission.VIEW_EXPORTS,
        {"schedule", "occurrence", "delivery", "recipient", "link", "calendar", "holiday", "freeze"},
    ),
    ("People", "users", "exports:update-list", Permission.VIEW_UPDATES, {"update"}),
    ("Credentials", "key", "accounts:credential-list", Permission.VIEW_CREDENTIALS, {"credential"}),
    ("Audit", "shield-check", "accounts:audit-list", Permission.VIEW_AUDIT, {"audit"}),
    ("Team", "settings", "accounts:team", Permission.VIEW_TEAM, {"team", "member"}),
]

FORMATS = {"": "%b %Y, %H:%M", "seconds": "%b %Y, %H:%M:%S", "zone": "%b %Y, %H:%M %Z"}


@register.simple_tag(takes_context=True)
def navigation(context: Context) -> list[MenuItem]:
    """The menu of the open team with the pages that this person may see."""
    request = context["request"]
    name = request.resolver_match.url_name if request.resolver_match else ""
    return [
        MenuItem(label, f"icons/{icon}.svg", reverse(url, args=[request.team.slug]), name.split("-")[0] in words)
        for label, icon, url, needed, words in MENU
        if request.membership.may(needed)
    ]


@register.inclusion_tag("pieces/audit_link.html", takes_context=True)
def audit_link(context: Context, thing: Model) -> dict[str, Any]:
    """A link to the audit entries of an object, for those who may read them."""
    return {
        "team": context["request"].team,
        "may_read": context["request"].membership.may(Permission.VIEW_AUDIT),
        "object": f"{thing._meta.model_name}-{thing.pk}",
    }


@register.filter
def moment(at: datetime | None, detail: str = "") -> str:
    """A time in the team's zone: "22 Nov 2026, 14:26". Detail may be "seconds" or "zone"."""
    if at is None:
        return "–"
    local = localtime(at)
    shown = f"{local.day} {local.strftime(FORMATS[detail])}"
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), f"{local:%A, %H:%M:%S %Z}", shown)


@register.simple_block_tag
def empty_state(content: str, title: str, icon: str = "inbox", url: str = "", action: str = "") -> str:
    """What a list without rows shows: an icon, a title, the sentence between the tags, and a button to `url`."""
    context = {"title": title, "text": content, "icon": f"icons/{icon}.svg", "url": url, "action": action}
    return render_to_string("pieces/empty.html", context)


@register.filter
def days_ago(at: datetime) -> str:
    """How many days ago, in the team's zone: "today", "yesterday", "40 days ago"."""
    days = (localdate() - localtime(at).date()).days
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


@register.filter
def said(data: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    """The data of an audit entry as (label, value, None), or (label, before, after) for a change."""
    rows: list[tuple[str, str, str | None]] = []
    for name, value in data.items():
        label = name.replace("_", " ")
        if isinstance(value, dict) and value.keys() == {"before", "after"}:
            rows.append((label, _as_text(value["before"]), _as_text(value["after"])))
        else:
            rows.append((label, _as_text(value), None))
    return rows


def _as_text(value: Any) -> str:
    if value is None or value == "" or value == []:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_as_text, value))
    return str(value)
