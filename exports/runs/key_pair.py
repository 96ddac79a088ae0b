"""Which pair makes a run's next call, and how a run goes on when the pair of its credential is replaced meanwhile.

Every call is made with the present pair. Only a file that the replaced pair had generated, and that the present one is
refused, is fetched with the replaced one, as long as that is kept.
"""

from accounts.models import Credential, Rotation
from expensify.errors import ExpensifyError, NotFound, Rejected, Unauthorized
from expensify.pair import KeyPair
from exports.models import Run

WAITS_FOR_PAIR = "waits_for_pair"


class NoPairLeft(Exception):
    """The replaced pair that was to fetch the run's file is gone or refused."""


class Waits(Exception):
    """The credential is refused while a new pair is on its way: the run waits for that. The text says so to people."""


def of_next_call(run: Run) -> KeyPair:
    """The pair in the clear; no pair, no call. Raises Unauthorized, NoPairLeft, Waits, CannotOpen."""
    if run.trial_of is not None:
        if run.trial_of.status != Rotation.Status.READY:
            raise Unauthorized(
                code="rotation_over", sentence="The new pair it was to try has taken over or was given up."
            )
        return run.trial_of.partner_pair()
    if not run.credential.can_call:
        raise _cannot_call(run.credential)
    if not run.by_previous:
        return run.credential.partner_pair()
    before = run.credential.partner_pair_before()
    if before is None or run.made_with != run.credential.pair_number - 1:
        raise NoPairLeft
    return before


def is_still(run: Run) -> bool:
    """Whether the credential still stands as this run read it: nothing was replaced, refused or wiped since."""
    return Credential.objects.filter(
        pk=run.credential_id, pair_number=run.credential.pair_number, status=run.credential.status
    ).exists()


def was_replaced(run: Run) -> bool:
    """Whether the pair that made this run's call is not the credential's present one any more."""
    number = Credential.objects.filter(pk=run.credential_id).values_list("pair_number", flat=True).get()
    return number != run.credential.pair_number


def new_one_on_its_way(credential: Credential) -> bool:
    return credential.rotations.filter(status__in=[Rotation.Status.TESTING, Rotation.Status.READY]).exists()


def previous_may_fetch(run: Run, error: ExpensifyError) -> bool:
    """Whether the replaced pair should ask for the file that the present one was refused."""
    return (
        isinstance(error, NotFound | Rejected)
        and not isinstance(error, Unauthorized)
        and not run.by_previous
        and run.made_with == run.credential.pair_number - 1
        and run.credential.previous_pair is not None
    )


def _cannot_call(credential: Credential) -> Exception:
    if credential.status == Credential.Status.REFUSED and new_one_on_its_way(credential):
        return Waits(
            f"Expensify refuses the present pair of “{credential}”, and a new one is on its way. Nothing was sent; "
            "this run goes on when the new pair has taken over."
        )
    state = credential.get_status_display().lower()
    return Unauthorized(
        code=f"credential_{credential.status}",
        sentence=f"The credential “{credential}” is {state}, so nothing was sent. "
        "An Admin has to put it right first.",
    )
