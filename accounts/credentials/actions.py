"""What people do with credentials, and what a test at Expensify found."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
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
    """Store a pair for the team and ask for its test."""
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
    audit.record(
        Action.CREDENTIAL_RENAMED, credential, by=by, **audit.changes({"name": before}, {"name": name})
    )


@transaction.atomic
def ask_for_check(credential: Credential, *, by: User) -> bool:
    """Have the pair tried with one `policyList` call; a worker makes it as soon as the call budget allows.

    False when the pair was wiped. A REFUSED pair may be tried: it is the way back to WORKING.
    """
    asked = (
        Credential.objects.filter(pk=credential.pk)
        .exclude(status=Credential.Status.WIPED)
        .update(check_due_at=clock.now())
    )
    if asked:
        audit.record(Action.CREDENTIAL_CHECK_ASKED, credential, by=by)
    return bool(asked)


@transaction.atomic
def wipe(credential: Credential, *, by: User) -> bool:
    """Delete the pair for good; the row and its history stay. False when somebody else has wiped it."""
    wiped = (
        Credential.objects.filter(pk=credential.pk)
        .exclude(status=Credential.Status.WIPED)
        .update(
            pair=None,
            previous_pair=None,
            previous_pair_until=None,
            pair_number=F("pair_number") + 1,
            status=Credential.Status.WIPED,
            message="",
            check_due_at=None,
        )
    )
    if wiped:
        credential.refresh_from_db()
        audit.record(Action.CREDENTIAL_WIPED, credential, by=by)
    return bool(wiped)


def claim_check(credential: Credential, *, lost_after: timedelta) -> bool:
    """Take the test that is due; False when another worker has it. It is due again if nothing comes of it."""
    now = clock.now()
    claimed = (
        Credential.objects.filter(pk=credential.pk, check_due_at__lte=now)
        .exclude(status=Credential.Status.WIPED)
        .update(check_due_at=now + lost_after)
    )
    return bool(claimed)


def check(credential: Credential, client: Client) -> None:
    """Try the pair with one `policyList` call and keep what came of it.

    May be done twice: it changes nothing at Expensify, and the later answer replaces the earlier.
    """
    try:
        reached = client.policies()
    except (RateLimited, PermitExpired):
        _keep(credential, check_due_at=clock.now())
        return
    except Unauthorized as error:
        refuse(credential, error)
        return
    except ExpensifyError as error:
        with transaction.atomic():
            give_up_check(credential, error.sentence)
            audit.record(
                Action.CREDENTIAL_CHECKED, credential, by=PORTAL, outcome=error.code, answer=error.message
            )
        return
    with transaction.atomic():
        working = Credential.Status.WORKING
        if _keep(credential, status=working, message="", checked_at=timezone.now(), check_due_at=None):
            _note_lost(credential, {policy.id for policy in reached})
            keep_policies(credential, [policy_fields(policy) for policy in reached])
            audit.record(
                Action.CREDENTIAL_CHECKED, credential, by=PORTAL, outcome="working", policies=len(reached)
            )


def give_up_check(credential: Credential, sentence: str) -> None:
    """The test told nothing about the pair: its status stays, the sentence says why, and no test is due."""
    _keep(credential, message=sentence[:500], check_due_at=None)


def refuse(credential: Credential, error: Unauthorized) -> None:
    """Expensify does not take the pair: no further call is made with it until a person has it tested again."""
    refused = Credential.Status.REFUSED
    with transaction.atomic():
        rows = Credential.objects.select_for_update(no_key=True)
        was = rows.values_list("status", flat=True).get(pk=credential.pk)
        if _keep(
            credential,
            status=refused,
            message=error.sentence[:500],
            checked_at=timezone.now(),
            check_due_at=None,
        ):
            audit.record(Action.CREDENTIAL_REFUSED, credential, by=PORTAL, answer=error.message)
            if was != refused:
                _tell_refused(credential, error)


def _tell_refused(credential: Credential, error: Unauthorized) -> None:
    notifications.tell(
        credential.team,
        f"credential {credential.pk} refused {timezone.now():%Y-%m-%d %H:%M:%S}",
        notifications.admins(credential.team),
        subject=f"Expensify refuses the credential “{credential}”",
        text=f"{error.sentence}\n\nNo further call is made with it. When the pair works again, test it in the portal; "
        "when it was replaced at Expensify, rotate it.",
        path=credential.get_absolute_url(),
    )


def _keep(credential: Credential, **fields: Any) -> bool:
    """Note a test's outcome on the row, unless its pair was replaced or wiped in the meantime."""
    return bool(
        Credential.objects.filter(pk=credential.pk, paired_at=credential.paired_at)
        .exclude(status=Credential.Status.WIPED)
        .update(**fields)
    )


def _note_lost(credential: Credential, reached: set[str]) -> None:
    """What the credential no longer reaches waits on its row until the Admins are told, see `exports.reach`."""
    gone = Policy.objects.filter(credential=credential).exclude(policy_id__in=reached)
    lost = {policy.policy_id: policy.name for policy in gone}
    known = {each: name for each, name in (credential.lost_policies or {}).items() if each not in reached}
    if lost or known != (credential.lost_policies or {}):
        Credential.objects.filter(pk=credential.pk).update(lost_policies=(known | lost) or None)


def policy_fields(policy: ReachedPolicy) -> dict[str, str]:
    """What the portal keeps of a policy, by the names of `Policy`'s fields."""
    return {
        "policy_id": policy.id[:64],
        "name": policy.name[:255],
        "role": policy.role[:50],
        "type": policy.type[:50],
        "owner": policy.owner[:255],
        "currency": policy.output_currency[:10],
    }


def keep_policies(credential: Credential, reached: Sequence[dict[str, str]]) -> None:
    """These are the policies that the credential reaches now, as `policy_fields` made them."""
    found = {policy["policy_id"]: policy for policy in reached}
    Policy.objects.filter(credential=credential).exclude(policy_id__in=found).delete()
    Policy.objects.bulk_create(
        [Policy(team=credential.team, credential=credential, **fields) for fields in found.values()],
        update_conflicts=True,
        unique_fields=["credential", "policy_id"],
        update_fields=["name", "role", "type", "owner", "currency"],
    )
