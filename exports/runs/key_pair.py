"""Which key pair makes a run's next call, and how a run continues when its credential is rotated meanwhile.

Every call uses the credential's present pair, with one exception: a file that the replaced pair generated, and that
the present pair may not fetch, is fetched with the replaced pair while that is kept.

NoPair
├── NoPairLeft   the run has to generate its file again
├── WaitForPair  the run waits for a rotation
└── CannotCall   the run fails
"""

from accounts.models import Credential, Rotation
from expensify.errors import ExpensifyError, OutcomeUnknown, Rejected, Unauthorized
from expensify.pair import KeyPair
from exports.models import Run

WAITS_FOR_PAIR = "waits_for_pair"


class NoPair(Exception):
    """No key pair can make the run's next call now."""


class NoPairLeft(NoPair):
    """The replaced pair that should fetch the run's file was deleted or rejected."""


class WaitForPair(NoPair):
    """The credential was rejected and a rotation is in progress: the run waits. The text says so to people."""


class CannotCall(NoPair):
    """The credential, or the rotation that the run tries, allows no calls. The text says so to people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def of_next_call(run: Run) -> KeyPair:
    """The decrypted key pair for the run's next call. Raises NoPair or CannotOpen."""
    if run.trial_of is not None:
        if run.trial_of.status != Rotation.Status.READY:
            raise CannotCall("rotation_over", "The new pair it was to try has taken over or was given up.")
        return run.trial_of.partner_pair()
    if not run.credential.can_call:
        raise _cannot_call(run.credential)
    if not run.by_previous:
        return run.credential.partner_pair()
    previous = run.credential.previous_partner_pair()
    if previous is None or run.made_with != run.credential.pair_number - 1:
        raise NoPairLeft
    return previous


def is_unchanged(run: Run) -> bool:
    """Whether the credential is as this run read it: not rotated, rejected or wiped since."""
    return Credential.objects.filter(
        pk=run.credential_id, pair_number=run.credential.pair_number, status=run.credential.status
    ).exists()


def was_replaced(run: Run) -> bool:
    """Whether the credential was rotated since the run read it."""
    number = Credential.objects.filter(pk=run.credential_id).values_list("pair_number", flat=True).get()
    return number != run.credential.pair_number


def is_being_replaced(credential: Credential) -> bool:
    """Whether a rotation of the credential is in progress."""
    return credential.rotations.filter(status__in=[Rotation.Status.TESTING, Rotation.Status.READY]).exists()


def previous_may_fetch(run: Run, error: ExpensifyError) -> bool:
    """Whether to retry with the replaced pair, after the present one was not given the file."""
    return (
        (isinstance(error, Rejected) or error.code == OutcomeUnknown.SERVER_ERROR)
        and not isinstance(error, Unauthorized)
        and not run.by_previous
        and run.made_with == run.credential.pair_number - 1
        and run.credential.previous_pair is not None
    )


def _cannot_call(credential: Credential) -> NoPair:
    if credential.status == Credential.Status.REFUSED and is_being_replaced(credential):
        return WaitForPair(
            f"Expensify refuses the present pair of “{credential}”, and a new one is on its way. Nothing was sent; "
            "this run goes on when the new pair has taken over."
        )
    return CannotCall(
        f"credential_{credential.status}",
        f"The credential “{credential}” is {credential.status_in_words}, so nothing was sent. "
        "An Admin has to put it right first.",
    )
