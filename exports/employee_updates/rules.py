"""The conditions of each action on an employee update; each refusal is a sentence for people.

`exports.employee_updates.actions` checks them under the lock of its transaction; pages ask earlier, with `why_not`.
"""

from collections.abc import Callable
from typing import ParamSpec

from accounts.audit.record import Action
from accounts.models import AuditEntry, Membership
from accounts.permissions import Permission
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed import leaving
from exports.employee_updates.feed.leaving import LeaverLimit
from exports.models import EmployeeUpdate


class Cannot(Exception):
    """The action is refused now; the message says why and what to do."""


Arguments = ParamSpec("Arguments")


def why_not(check: Callable[Arguments, None], *arguments: Arguments.args, **options: Arguments.kwargs) -> str:
    """The sentence of a refusal; "" when the check passes."""
    try:
        check(*arguments, **options)
    except Cannot as reason:
        return str(reason)
    return ""


# ------------------------------------------------------------ actions


def may_submit(update: EmployeeUpdate) -> None:
    refuse_closed(update)
    refuse_untried(update)
    if not update.team.two_people:
        raise Cannot("This team needs no second person, so there is nothing to ask for. Apply the update.")


def may_approve(update: EmployeeUpdate, by: Membership) -> None:
    """Every condition except the number of leavers, which is typed with the action."""
    refuse_closed(update)
    refuse_untried(update)
    if not by.may(Permission.APPROVE_UPDATES):
        raise Cannot("Your role does not include approving employee updates.")
    if by.user_id == update.author_id:
        raise Cannot("You prepared this update. Another person has to approve it.")
    if _has_changed(update, by):
        raise Cannot("You changed this update after it was prepared. Another person has to approve it.")
    if update.submitted_at is None:
        raise Cannot("This update was not sent for approval yet. Its author does that after the dry run.")


def may_apply(update: EmployeeUpdate) -> None:
    """Every condition except the number of leavers, which is typed with the action."""
    refuse_closed(update)
    refuse_untried(update)
    if update.team.two_people and not update.is_approved:
        raise Cannot("This update needs the approval of a second person before it can be applied.")


# ------------------------------------------------------------ conditions


def refuse_closed(update: EmployeeUpdate) -> None:
    if not update.is_open:
        raise Cannot("This employee update is closed: it was sent, discarded or wiped. Prepare a new one instead.")


def refuse_other(update: EmployeeUpdate, content_hash: str) -> None:
    if update.error_count:
        refuse_errors(update)
    if content_hash != update.content_hash:
        raise Cannot("The update was changed since you opened this page. Look at it again.")


def refuse_errors(update: EmployeeUpdate) -> None:
    if update.error_count:
        errors = "is 1 error" if update.error_count == 1 else f"are {update.error_count:,} errors"
        mend = "it" if update.error_count == 1 else "them"
        raise Cannot(f"There {errors} in the rows. Mend {mend} first; nothing was sent.")
    if not update.content_hash:
        raise Cannot("The columns of this update have no names yet.")
    if not update.row_count and not update.is_hosted:
        raise Cannot("The update has no rows. Add some first.")
    if not update.is_accepted:
        raise Cannot("There are warnings. Look at them and say that they are meant; nothing was sent.")


def refuse_untried(update: EmployeeUpdate) -> None:
    refuse_errors(update)
    if not update.is_tried():
        raise Cannot(
            "There is no dry run of exactly these rows and settings "
            f"from the last {update.team.dry_run_hours} hours. Make one first."
        )


def refuse_leavers(update: EmployeeUpdate, by: Membership, typed: int | None) -> None:
    """With many leavers, an Admin must type their number."""
    limit = leaver_limit_of(update)
    if limit.stops and not (typed == limit.leavers and by.may(Permission.APPROVE_UPDATES)):
        raise Cannot(limit.sentence)


def leaver_limit_of(update: EmployeeUpdate) -> LeaverLimit:
    """Whether the team's limits require a typed number of leavers."""
    analysis, team = stored_updates.analyse(update), update.team
    return leaving.check_leaver_limit(
        analysis.changes, analysis.known, most_share=team.most_leavers_percent / 100, most_people=team.most_leavers
    )


def _has_changed(update: EmployeeUpdate, by: Membership) -> bool:
    """Whether this person changed the content, by the audit log."""
    return AuditEntry.objects.filter(
        team=update.team,
        target_type="employeeupdate",
        target_id=update.pk,
        action=Action.UPDATE_CHANGED,
        actor_id=by.user_id,
    ).exists()
