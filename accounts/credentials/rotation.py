"""Rotation: test a new key pair beside the old one, switch between two calls, delete the old one later."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import clock
from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action, Actor
from accounts.credentials import actions as credentials
from accounts.credentials.keyring import unseal
from accounts.door import each_of
from accounts.mail import notifications
from accounts.models import Credential, Policy, Rotation, User
from accounts.models.credential import fingerprint
from expensify.client import Client
from expensify.errors import ExpensifyError, PermitExpired, RateLimited, Unauthorized
from expensify.pair import KeyPair

Status = Rotation.Status
# Rotations or old key pairs per sweep; the next sweep takes the next ones.
BATCH = 200


class CannotRotate(Exception):
    """Nothing was changed; the message says why and what to do."""


# ------------------------------------------------------------ actions of people


@transaction.atomic
def start_rotation(credential: Credential, pair: KeyPair, *, by: User) -> Rotation:
    """Store a new key pair beside the current one and request its test. Raises CannotRotate."""
    credential = _locked(credential)
    if credential.pair is not None and credential.partner_pair() == pair:
        raise CannotRotate("This is the pair that the credential has already. Make a new one at Expensify first.")
    rotation = Rotation(
        team=credential.team,
        credential=credential,
        pair={"id": pair.partner_user_id, "secret": pair.partner_user_secret},
        fingerprint=fingerprint(pair.partner_user_id),
        check_due_at=clock.now(),
        started_by=by,
        started_by_name=str(by),
    )
    try:
        with transaction.atomic():
            rotation.save()
    except IntegrityError:
        raise CannotRotate(
            "A new pair is on its way into this credential already. Finish that rotation, or cancel it."
        ) from None
    _record(Action.ROTATION_STARTED, rotation, by=by)
    return rotation


@transaction.atomic
def ask_for_check(rotation: Rotation, *, by: User) -> bool:
    """Request another test of the new key pair; False when the rotation is no longer open."""
    updated = _open(rotation).update(check_due_at=clock.now(), message="")
    if updated:
        _record(Action.ROTATION_CHECK_ASKED, rotation, by=by)
    return bool(updated)


@transaction.atomic
def approve(rotation: Rotation, *, by: User) -> None:
    """Approve the new key pair as a second Admin. Raises CannotRotate."""
    rotation = _locked_rotation(rotation.pk)
    if rotation.status != Status.READY:
        raise CannotRotate("Only a new pair that was tested can be approved.")
    if rotation.started_by_id == by.pk:
        raise CannotRotate("You entered this pair yourself: another Admin has to approve it.")
    rotation.approved_by, rotation.approved_by_name = by, str(by)
    rotation.save(update_fields=["approved_by", "approved_by_name"])
    _record(Action.ROTATION_APPROVED, rotation, by=by)


@transaction.atomic
def switch(rotation: Rotation, *, at: datetime | None, by: User) -> None:
    """Switch to the new key pair now, or plan it for a later time. Raises CannotRotate."""
    rotation = _locked_rotation(rotation.pk)
    _require_switchable(rotation)
    if at is not None and at > timezone.now():
        rotation.switch_at, rotation.switch_by_name = at, str(by)
        rotation.save(update_fields=["switch_at", "switch_by_name"])
        _record(Action.ROTATION_PLANNED, rotation, by=by, at=at)
        return
    _switch_to_new_pair(rotation, by=by)


@transaction.atomic
def cancel(rotation: Rotation, *, by: User) -> bool:
    """Discard the new key pair; the current one stays. False when the rotation is no longer open."""
    if not _open(rotation).update(status=Status.CANCELLED, pair=None, check_due_at=None, switch_at=None):
        return False
    _record(Action.ROTATION_CANCELLED, rotation, by=by)
    return True


@transaction.atomic
def roll_back(rotation: Rotation, *, by: User) -> None:
    """Switch back to the old key pair while it is kept; the new one is then kept as long. Raises CannotRotate."""
    credential = _locked(rotation.credential)
    rotation = _locked_rotation(rotation.pk)
    previous = unseal(credential, "previous_pair")
    newest = credential.rotations.filter(switched_at__isnull=False).order_by("-switched_at", "-pk").first()
    if rotation.status != Status.SWITCHED or newest != rotation or previous is None:
        raise CannotRotate("The old pair was wiped or replaced already, so there is nothing to go back to.")
    _switch_pair(credential, KeyPair(previous["id"], previous["secret"]), credential.previous_pair_until)
    Rotation.objects.filter(pk=rotation.pk).update(status=Status.ROLLED_BACK)
    _record(Action.ROTATION_ROLLED_BACK, rotation, by=by)


@transaction.atomic
def leaked(credential: Credential, *, by: User) -> bool:
    """Delete the current key pair, the previous and the next one, so that no further call uses them.

    A request that was sent cannot be recalled. False when the pair was wiped already.
    """
    credential = _locked(credential)
    for rotation in credential.rotations.filter(status__in=[Status.TESTING, Status.READY]):
        cancel(rotation, by=by)
    credential.rotations.filter(status=Status.SWITCHED).update(status=Status.DONE)
    if not credentials.wipe(credential, by=by):
        return False
    notifications.tell_admins(
        credential,
        f"credential {credential.pk} leaked {credential.pair_number} {timezone.now():%Y-%m-%d %H:%M:%S}",
        subject=f"The credential “{credential}” was reported as leaked",
        text=f"{by} reported that the pair of the credential “{credential}” leaked. The portal has deleted it and "
        "makes no further call with it.\n\nRevoke it at Expensify as well, make a new pair there, and enter that in "
        "the portal.",
    )
    return True


# ------------------------------------------------------------ actions of workers


def claim_check(rotation: Rotation, *, lost_after: timedelta) -> bool:
    """Claim the test that is due; False when another worker has it. It is due again after `lost_after`."""
    now = clock.now()
    return bool(_open(rotation).filter(check_due_at__lte=now).update(check_due_at=now + lost_after))


def check_new_pair(rotation: Rotation, client: Client) -> None:
    """Test the new key pair with one `policyList` call. Idempotent: it changes nothing at Expensify."""
    try:
        reached = client.policies()
    except (RateLimited, PermitExpired):
        _open(rotation).update(check_due_at=clock.now())
    except Unauthorized as error:
        with transaction.atomic():
            if _open(rotation).update(
                status=Status.REFUSED, pair=None, check_due_at=None, switch_at=None, message=error.sentence[:500]
            ):
                _record(Action.ROTATION_CHECKED, rotation, by=PORTAL, outcome="refused")
    except ExpensifyError as error:
        give_up_check(rotation, error.sentence)
    else:
        with transaction.atomic():
            updated = _open(rotation).update(
                status=Status.READY,
                message="",
                check_due_at=None,
                checked_at=timezone.now(),
                reach=[credentials.policy_fields(policy) for policy in reached],
            )
            if updated:
                _record(Action.ROTATION_CHECKED, rotation, by=PORTAL, outcome="working", policies=len(reached))


def give_up_check(rotation: Rotation, sentence: str) -> None:
    """End a test without a result: a person may request another."""
    _open(rotation).update(message=sentence[:500], check_due_at=None)


def switch_due(now: datetime) -> int:
    """Switch the rotations whose planned time has come; return how many."""
    switched, is_due = 0, Q(status=Status.READY, switch_at__lte=now)
    for due in each_of(lambda: Rotation.objects.filter(is_due).order_by("switch_at")[:BATCH]):
        with transaction.atomic():
            rotation = _locked_rotation(due.pk)
            try:
                _require_switchable(rotation)
            except CannotRotate as reason:
                if Rotation.objects.filter(pk=due.pk, switch_at__isnull=False).update(switch_at=None):
                    _notify_not_switched(rotation, str(reason))
                continue
            _switch_to_new_pair(rotation, by=Actor(rotation.switch_by_name))
            switched += 1
    return switched


def wipe_previous(now: datetime) -> int:
    """Delete old key pairs whose overlap has ended, and log it; return how many."""
    wiped, is_over = 0, Q(previous_pair_until__lte=now, previous_pair__isnull=False)
    for credential in each_of(lambda: Credential.objects.filter(is_over).order_by("pk")[:BATCH]):
        with transaction.atomic():
            row = Credential.objects.filter(is_over, pk=credential.pk)
            count = row.update(previous_pair=None, previous_pair_until=None)
            if count:
                credential.rotations.filter(status=Status.SWITCHED).update(status=Status.DONE)
                audit.record(
                    Action.PREVIOUS_PAIR_WIPED, credential, by=PORTAL, kept_until=credential.previous_pair_until
                )
            wiped += count
    return wiped


# ------------------------------------------------------------ policies of the old and the new pair


@dataclass(frozen=True)
class PolicyComparison:
    """Policies by how access to them changes, with ID and name; `changed` also with both roles."""

    kept: list[dict[str, str]]
    gained: list[dict[str, str]]
    lost: list[dict[str, str]]
    changed: list[dict[str, str]]


def compare(before: Iterable[Policy], after: Iterable[dict[str, str]]) -> PolicyComparison:
    """Compare the policies of the last test with those that the new pair reaches."""
    old = {policy.policy_id: policy for policy in before}
    new = {policy["policy_id"]: policy for policy in after}
    both = [(old[key], new[key]) for key in sorted(old.keys() & new.keys(), key=lambda key: new[key]["name"])]
    return PolicyComparison(
        kept=[now for was, now in both if was.role == now["role"]],
        gained=sorted((new[key] for key in new.keys() - old.keys()), key=lambda policy: policy["name"]),
        lost=[
            {"policy_id": policy.policy_id, "name": policy.name, "role": policy.role}
            for policy in sorted((old[key] for key in old.keys() - new.keys()), key=lambda policy: policy.name)
        ],
        changed=[now | {"role_before": was.role} for was, now in both if was.role != now["role"]],
    )


# ------------------------------------------------------------ steps


def _switch_to_new_pair(rotation: Rotation, *, by: User | Actor) -> None:
    credential = _locked(rotation.credential)
    until = timezone.now() + timedelta(hours=rotation.team.overlap_hours)
    credential.rotations.filter(status=Status.SWITCHED).update(status=Status.DONE)  # its old pair is replaced now
    _switch_pair(credential, rotation.partner_pair(), until)
    credentials.keep_policies(credential, rotation.reach or [])
    Rotation.objects.filter(pk=rotation.pk).update(
        status=Status.SWITCHED, pair=None, check_due_at=None, switch_at=None, switched_at=timezone.now()
    )
    kept_until = until if credential.previous_pair else None
    approved_by = rotation.approved_by_name
    _record(Action.ROTATION_SWITCHED, rotation, by=by, old_pair_kept_until=kept_until, approved_by=approved_by)


def _switch_pair(credential: Credential, pair: KeyPair, until: datetime | None) -> None:
    """Switch to `pair`, which all calls use from now on, and keep the current key pair until then."""
    current = unseal(credential, "pair")
    credential.previous_pair, credential.previous_fingerprint = current, credential.fingerprint
    credential.previous_pair_until = until if current else None
    credential.take_pair(pair, timezone.now())
    credential.status, credential.checked_at = Credential.Status.WORKING, timezone.now()
    credential.check_due_at = None
    credential.pair_number += 1
    credential.save(
        update_fields=[
            "pair",
            "fingerprint",
            "paired_at",
            "status",
            "message",
            "checked_at",
            "check_due_at",
            "pair_number",
            "previous_pair",
            "previous_fingerprint",
            "previous_pair_until",
        ]
    )


def _require_switchable(rotation: Rotation) -> None:
    if rotation.status != Status.READY or rotation.is_being_checked:
        raise CannotRotate("Only a new pair whose test succeeded can take over.")
    if rotation.team.two_admins and rotation.approved_by_id is None:
        raise CannotRotate("In this team a second Admin has to approve a new pair before it takes over.")


def _notify_not_switched(rotation: Rotation, reason: str) -> None:
    notifications.tell_admins(
        rotation,
        f"rotation {rotation.pk} not switched",
        subject=f"The new pair of “{rotation.credential}” did not take over",
        text=f"It was to take over by itself, but: {reason} The present pair goes on working.",
    )


def _record(action: Action, rotation: Rotation, *, by: User | Actor, **data: Any) -> None:
    """Record an event of a rotation in the history of its credential."""
    audit.record(action, rotation.credential, by=by, team=rotation.team, rotation=rotation.pk, **data)


def _locked(credential: Credential) -> Credential:
    # Only this row, and not its key: starting runs and writing the audit log are not blocked.
    rows = Credential.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("team").get(pk=credential.pk)


def _locked_rotation(pk: int) -> Rotation:
    rows = Rotation.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("team", "credential").get(pk=pk)


def _open(rotation: Rotation) -> QuerySet[Rotation]:
    return Rotation.objects.filter(pk=rotation.pk, status__in=[Status.TESTING, Status.READY])
