"""Nightly checks: whether credentials still reach their policies, and which key pairs are due for rotation."""

from datetime import datetime, timedelta

from django.db import transaction
from django_scopes import scopes_disabled

from accounts.door import each_of, team_of
from accounts.mail import notifications
from accounts.models import Credential
from exports.credentials import dependents

# How often Admins are reminded of a key pair that is due.
REMIND_EVERY = timedelta(days=30)


def ask_for_checks(now: datetime) -> int:
    """Schedule a test of every working credential that has none due. Returns their number."""
    with scopes_disabled():
        working = Credential.objects.filter(status=Credential.Status.WORKING, check_due_at=None)
        return working.update(check_due_at=now)


def tell_of_lost_policies() -> int:
    """Notify the Admins once about policies that their credentials lost. Returns the number of credentials."""
    count = 0
    for credential in each_of(lambda: Credential.objects.filter(lost_policies__isnull=False)):
        count += 1
        with transaction.atomic():
            policies = credential.lost_policies or {}
            lost = [{"policy_id": policy_id, "name": name} for policy_id, name in policies.items()]
            unchanged = Credential.objects.filter(pk=credential.pk, lost_policies=credential.lost_policies)
            # Otherwise another process notified, or the policies changed: the next round checks again.
            if unchanged.update(lost_policies=None):
                _notify_lost(credential, lost)
    return count


def remind_of_old_pairs(now: datetime) -> int:
    """Remind the Admins every month of key pairs that are due for rotation. Returns the number of mails."""
    mails = 0
    with scopes_disabled():
        credentials = list(Credential.objects.exclude(status=Credential.Status.WIPED).select_related("team"))
    for credential in credentials:
        due_at = credential.paired_at + timedelta(days=credential.team.pair_days)
        if due_at > now:
            continue
        with team_of(Credential, credential.pk):
            mails += notifications.tell_admins(
                credential,
                f"credential {credential.pk} due {credential.paired_at:%Y-%m-%d} {(now - due_at) // REMIND_EVERY}",
                subject=f"The pair of “{credential}” is due for rotation",
                text=f"It was entered on {credential.paired_at:%d %B %Y}; your team replaces pairs after "
                f"{credential.team.pair_days} days. Make a new pair at Expensify and enter it under “Rotate”.",
            )
    return mails


def _notify_lost(credential: Credential, lost: list[dict[str, str]]) -> None:
    short = [item.export.name for item in dependents.of(credential, lost=lost) if item.missing]
    names = ", ".join(sorted(policy["name"] for policy in lost))
    which = f"These exports will be short: {', '.join(short)}." if short else "No saved export asks for them."
    notifications.tell_admins(
        credential,
        f"credential {credential.pk} lost {' '.join(sorted(policy['policy_id'] for policy in lost))}"[:200],
        subject=f"“{credential}” has lost access to {len(lost)} workspace{'s' if len(lost) > 1 else ''}",
        text=f"Since its test before, the credential “{credential}” no longer reaches: {names}.\n\n{which}\n\n"
        "Ask an administrator of these workspaces to give the Expensify account its access back.",
    )
