"""Add, rename, test and delete credentials, and store what a test at Expensify found."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts import clock
from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action
from accounts.mail import notifications
from accounts.models import Credential, Policy, Team, User
from expensify.answers import ListedPolicy as ReachedPolicy
from expensify.client import Client
from expensify.errors import ExpensifyError, PermitExpired, RateLimited, Unauthorized
from expensify.pair import KeyPair


@transaction.atomic
def add(team: Team, name: str, pair: KeyPair, *, by: User) -> Credential:
    """Store a key pair for the team and request its test."""
    now = timezone.now()
    credential = Credential(team=team, name=name, check_due_at=now)
    credential.take_pair(pair, now)
    credential.save()
    audit.record(Action.CREDENTIAL_ADDED, credential, by=by, name=name)
    return credential


@transaction.atomic
def rename(credential: Credential, name: str, *, by: User) -> None:
    before = credential.name
    if before == name:
        return
    credential.name = name
    credential.save(update_fields=["name"])
    audit.record(Action.CREDENTIAL_RENAMED, credential, by=by, **audit.changes({"name": before}, {"name": name}))


@transaction.atomic
def ask_for_check(credential: Credential, *, by: User) -> bool:
    """Request a test of the key pair; a worker makes the call when the call budget allows.

    False when the pair was wiped. A REFUSED pair may be tested: that is the way back to WORKING.
    """
    updated = _unwiped(credential).update(check_due_at=clock.now())
    if updated:
        audit.record(Action.CREDENTIAL_CHECK_ASKED, credential, by=by)
    return bool(updated)


@transaction.atomic
def wipe(credential: Credential, *, by: User) -> bool:
    """Delete the key pair for good; the row and its history stay. False when it was wiped already."""
    wiped = _unwiped(credential).update(
        pair=None,
        previous_pair=None,
        previous_pair_until=None,
        pair_number=F("pair_number") + 1,
        status=Credential.Status.WIPED,
        message="",
        check_due_at=None,
    )
    if wiped:
        credential.refresh_from_db()
        audit.record(Action.CREDENTIAL_WIPED, credential, by=by)
    return bool(wiped)


def claim_check(credential: Credential, *, lost_after: timedelta) -> bool:
    """Claim the test that is due; False when another worker has it. It is due again after `lost_after`."""
    now = clock.now()
    return bool(_unwiped(credential).filter(check_due_at__lte=now).update(check_due_at=now + lost_after))


def check(credential: Credential, client: Client) -> None:
    """Test the key pair with one `policyList` call and store the outcome.

    Idempotent: it changes nothing at Expensify, and a later outcome replaces an earlier one.
    """
    try:
        reached = client.policies()
    except (RateLimited, PermitExpired):
        _store_outcome(credential, check_due_at=clock.now())
        return
    except Unauthorized as error:
        refuse(credential, error)
        return
    except ExpensifyError as error:
        with transaction.atomic():
            give_up_check(credential, error.sentence)
            audit.record(Action.CREDENTIAL_CHECKED, credential, by=PORTAL, outcome=error.code, answer=error.message)
        return
    with transaction.atomic():
        working = Credential.Status.WORKING
        if _store_outcome(credential, status=working, message="", checked_at=timezone.now(), check_due_at=None):
            _store_lost_policies(credential, {policy.id for policy in reached})
            keep_policies(credential, [policy_fields(policy) for policy in reached])
            audit.record(Action.CREDENTIAL_CHECKED, credential, by=PORTAL, outcome="working", policies=len(reached))


def give_up_check(credential: Credential, sentence: str) -> None:
    """End a test without a result: the status stays, the sentence says why, and no test is due."""
    _store_outcome(credential, message=sentence[:500], check_due_at=None)


def refuse(credential: Credential, error: Unauthorized) -> None:
    """Mark the key pair as REFUSED: no further call uses it until a person has it tested again."""
    refused = Credential.Status.REFUSED
    with transaction.atomic():
        rows = Credential.objects.select_for_update(no_key=True)
        status_before = rows.values_list("status", flat=True).get(pk=credential.pk)
        if _store_outcome(
            credential, status=refused, message=error.sentence[:500], checked_at=timezone.now(), check_due_at=None
        ):
            audit.record(Action.CREDENTIAL_REFUSED, credential, by=PORTAL, answer=error.message)
            if status_before != refused:
                _notify_refused(credential, error)


def _notify_refused(credential: Credential, error: Unauthorized) -> None:
    notifications.tell_admins(
        credential,
        f"credential {credential.pk} refused {timezone.now():%Y-%m-%d %H:%M:%S}",
        subject=f"Expensify refuses the credential “{credential}”",
        text=f"{error.sentence}\n\nNo further call is made with it. When the pair works again, test it in the portal; "
        "when it was replaced at Expensify, rotate it.",
    )


def _store_outcome(credential: Credential, **fields: Any) -> bool:
    """Update the row with the outcome of a test, unless the pair was replaced or wiped meanwhile."""
    return bool(_unwiped(credential).filter(paired_at=credential.paired_at).update(**fields))


def _unwiped(credential: Credential) -> QuerySet[Credential]:
    """The row of the credential, unless it is wiped: the condition of every update."""
    return Credential.objects.filter(pk=credential.pk).exclude(status=Credential.Status.WIPED)


def _store_lost_policies(credential: Credential, reached: set[str]) -> None:
    """Store the policies that the credential lost, until the Admins are notified."""
    missing = Policy.objects.filter(credential=credential).exclude(policy_id__in=reached)
    lost = {policy.policy_id: policy.name for policy in missing}
    before = credential.lost_policies or {}
    still_lost = {policy_id: name for policy_id, name in before.items() if policy_id not in reached}
    if lost or still_lost != before:
        Credential.objects.filter(pk=credential.pk).update(lost_policies=(still_lost | lost) or None)


def policy_fields(policy: ReachedPolicy) -> dict[str, str]:
    """The fields of `Policy`, from an API answer."""
    return {
        "policy_id": policy.id[:64],
        "name": policy.name[:255],
        "role": policy.role[:50],
        "type": policy.type[:50],
        "owner": policy.owner[:255],
        "currency": policy.output_currency[:10],
    }


def keep_policies(credential: Credential, reached: Sequence[dict[str, str]]) -> None:
    """Replace the policies that the credential reaches by these, from `policy_fields`."""
    policies = {policy["policy_id"]: policy for policy in reached}
    Policy.objects.filter(credential=credential).exclude(policy_id__in=policies).delete()
    Policy.objects.bulk_create(
        [Policy(team=credential.team, credential=credential, **fields) for fields in policies.values()],
        update_conflicts=True,
        unique_fields=["credential", "policy_id"],
        update_fields=["name", "role", "type", "owner", "currency"],
    )
