from django import template
from django.utils.html import format_html

from exports.models import EmployeeUpdate
from exports.models.employee_update import Stage

register = template.Library()

TONES = {
    Stage.MAPPING: "wait",
    Stage.ERRORS: "bad",
    Stage.DRAFT: "wait",
    Stage.TRIED: "wait",
    Stage.WAITING: "wait",
    Stage.APPROVED: "good",
    Stage.APPLYING: "busy",
    Stage.APPLIED: "good",
    Stage.UNCONFIRMED: "warn",
    Stage.DISCARDED: "quiet",
}


@register.inclusion_tag("pieces/state.html")
def update_stage(update: EmployeeUpdate) -> dict[str, str]:
    """The stage of an employee update as a coloured label."""
    if update.stage == Stage.ERRORS and not update.error_count:
        return {"tone": "wait", "text": "No rows yet"}
    return {"tone": TONES[update.stage], "text": update.stage.label}


@register.filter
def short_hash(digest: str) -> str:
    """The first digits of a hash; the tooltip shows all of them."""
    if len(digest) < 16:
        return digest or "–"
    return format_html('<abbr class="hash" title="{}">{}…</abbr>', digest, digest[:12])
