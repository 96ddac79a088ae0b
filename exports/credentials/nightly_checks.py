"""What is looked at every night: whether credentials still reach their policies, and which pairs have grown old."""

from datetime import datetime, timedelta

from django.db import transaction
from django_scopes import scopes_disabled

from accounts.door import team_of
from accounts.mail import notifications
from accounts.models import Credential
from exports.credentials import dependents

# Admins are reminded again of a pair that is due after so long.
REMIND_EVERY = timedelta(days=30)


def ask_for_checks(now: datetime) -> int:
    """Have every working credential tested; how many that were. A test that is due already is not asked for twice."""
    with scopes_disabled():
        working = Credential.objects.filter(status=Credential.Status.WORKING, check_due_at=None)
        return working.update(check_due_at=now)


def tell_of_lost_policies() -> int:
    """Tell the Admins what their credentials no longer reach, once; how many credentials that were."""
    with scopes_disabled():
        pks = list(Credential.objects.filter(lost_policies__isnull=False).values_list("pk", flat=True))
    for pk in pks:
        with team_of(Credential, pk) as credential, transaction.atomic():
            lost = [{"policy_id": each, "name": name} for each, name in credential.lost_policies.items()]
            # Told or changed since it was read: the next round looks again.
            if not Credential.objects.filter(pk=pk, lost_policies=credential.lost_policies).update(
                lost_policies=None
            ):
                continue
            _tell_lost(credential, lost)
    return len(pks)


def remind_of_old_pairs(now: datetime) -> int:
    """Remind the Admins of pairs that are due for rotation, every month until it is done; how many mails that were."""
    told = 0
    with scopes_disabled():
        credentials = list(Credential.objects.exclude(status=Credential.Status.WIPED).select_related("team"))
    for credential in credentials:
        due_at = credential.paired_at + timedelta(days=credential.team.pair_days)
        if due_at > now:
            continue
        with team_of(Credential, credential.pk) as found:
            told += notifications.tell(
                found.team,
                f"credential {found.pk} due {found.paired_at:%Y-%m-%d} {(now - due_at) // REMIND_EVERY}",
                notifications.admins(found.team),
                subject=f"The pair of “{found}” is due for rotation",
                text=f"It was entered on {found.paired_at:%d %B %Y}; your team replaces pairs after "
                f"{found.team.pair_days} days. Make a new pair at Expensify and enter it under “Rotate”.",
                path=found.get_absolute_url(),
            )
    return told


def _tell_lost(credential: Credential, lost: list[dict[str, str]]) -> None:
    short = [each.export.name for each in dependents.of(credential, lost=lost) if each.missing]
    names = ", ".join(sorted(policy["name"] for policy in lost))
    which = f"These exports will be short: {', '.join(short)}." if short else "No saved export asks for them."
    notifications.tell(
        credential.team,
        f"credential {credential.pk} lost {' '.join(sorted(policy['policy_id'] for policy in lost))}"[:200],
        notifications.admins(credential.team),
        subject=f"“{credential}” has lost access to {len(lost)} workspace{'s' if len(lost) > 1 else ''}",
        text=f"Since its test before, the credential “{credential}” no longer reaches: {names}.\n\n{which}\n\n"
        "Ask an administrator of these workspaces to give the Expensify account its access back.",
        path=credential.get_absolute_url(),
    )
