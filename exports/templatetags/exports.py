from typing import Any

from django import template

from accounts.models import Credential, Rotation
from exports.credentials import dependents
from exports.models import ApiCall, Run
from exports.models.run import IN_FLIGHT, RESTING, Status
from exports.runs import budget_usage, calls_per_day

register = template.Library()

TONES = {
    **dict.fromkeys(RESTING, "wait"),
    **dict.fromkeys(IN_FLIGHT, "busy"),
    Status.SUCCEEDED: "good",
    Status.FAILED: "bad",
    Status.UNCONFIRMED: "warn",
    Status.CANCELLED: "quiet",
}
KINDS = {
    "select": "List the reports",
    "list": "Download the list",
    "generate": "Make the file",
    "download": "Download the file",
    "mark": "Mark the reports",
    "policy_list": "List the policies",
    "members": "Read the members",
    "dry_run": "Dry run of the employee update",
    "apply": "Employee update",
}


@register.inclusion_tag("pieces/state.html")
def run_state(run: Run) -> dict[str, str]:
    """The status of a run, with its colour."""
    return {"tone": TONES[Status(run.status)], "text": run.get_status_display()}


@register.filter
def rotation_tone(rotation: Rotation) -> str:
    """The colour of a rotation's status."""
    return {"ready": "wait", "testing": "busy", "switched": "good", "done": "good", "refused": "bad"}.get(
        rotation.status, "quiet"
    )


@register.inclusion_tag("exports/rotations/_dependents.html")
def dependents_of(credential: Credential) -> dict[str, Any]:
    """The exports and schedules of a credential, for pages of `accounts`, which must not import `exports`."""
    return {"dependents": dependents.of(credential)}


@register.inclusion_tag("exports/rotations/_usage.html")
def calls_by_day(credential: Credential) -> dict[str, Any]:
    """The credential's calls per day."""
    return {"days": calls_per_day.by_day(credential)}


@register.inclusion_tag("exports/_meters.html")
def budget_meters(credential: Credential) -> dict[str, Any]:
    """A credential's call budget, for pages of `accounts`, which must not import `exports`."""
    return budget_usage.read([credential])


@register.filter
def kind_in_words(call: ApiCall) -> str:
    return KINDS.get(call.kind, call.kind)


@register.filter
def about(seconds: float | None) -> str:
    """An approximate waiting time: "a few seconds", "about 40 seconds", "about 12 minutes"."""
    if seconds is None:
        return ""
    if seconds < 5:
        return "a few seconds"
    if seconds < 90:
        return f"about {5 * round(seconds / 5)} seconds"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {round(seconds / 3600)} hours"
