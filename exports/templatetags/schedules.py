from django import template
from django.template.defaultfilters import date as dated
from django.utils.timezone import localtime

from accounts.models import MailStatus
from exports.deliveries import summary
from exports.deliveries.summary import OccurrenceState
from exports.models import Delivery, Recipient, Schedule
from exports.schedules.rules.rule import Rule
from exports.schedules.rules.words import in_words

register = template.Library()

PROOFS = {"code": "with a code", "sign_in": "signed in"}


@register.inclusion_tag("pieces/state.html")
def mail_state(delivery: Delivery) -> dict[str, str]:
    """The state of one mail, as a colour and words. A bounced mail is not called sent."""
    if delivery.bounced_at:
        return {"tone": "bad", "text": "Came back"}
    tone, text = summary.MAIL_WORDS[MailStatus(delivery.status)]
    return {"tone": tone, "text": text}


@register.inclusion_tag("pieces/state.html")
def recipient_state(recipient: Recipient) -> dict[str, str]:
    tone = summary.RECIPIENT_TONES[Recipient.State(recipient.state)]
    return {"tone": tone, "text": recipient.get_state_display()}


@register.inclusion_tag("pieces/state.html")
def outcome_state(outcome: OccurrenceState) -> dict[str, str]:
    return {"tone": outcome.tone, "text": outcome.text}


@register.filter
def rule_in_words(schedule: Schedule) -> str:
    return in_words(Rule.from_json(schedule.rule))


@register.filter
def mail_note(delivery: Delivery) -> str:
    """A sentence about a mail, besides its state; may be empty."""
    if delivery.bounced_at:
        return f"Came back on {dated(localtime(delivery.bounced_at), 'j M Y, H:i')}. {delivery.error}".strip()
    if delivery.status == MailStatus.QUEUED and delivery.retry_at and delivery.attempts:
        next_try = f"The next try is at {localtime(delivery.retry_at):%H:%M:%S}."
        return f"{delivery.error} {next_try}".strip()
    if delivery.status == MailStatus.UNCONFIRMED and not delivery.error:
        return "The mail left and no answer came, so it may have arrived. It is not sent again by itself."
    return delivery.error


@register.filter
def by_proof(proof: str) -> str:
    return PROOFS.get(proof, "")
