"""Leavers: whom they approve now, who takes over, and whether so many leavers need a confirmation."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from exports.employee_updates.feed.chains import PolicyChains, policies_after, renamed_logins
from exports.employee_updates.feed.changes import Change
from exports.employee_updates.feed.fields import APPROVERS, FIELDS, Employee
from exports.employee_updates.feed.known import Known


@dataclass(frozen=True)
class Handover:
    """A person whose approver in `field` is a leaver; `to` is the next approver, "" for none."""

    policy: str
    email: str
    field: str
    to: str


@dataclass(frozen=True)
class Leaver:
    """A leaver and the people they approve. `is_known` is False when a policy's members were not read."""

    row: int
    email: str
    policies: tuple[str, ...]
    handovers: tuple[Handover, ...]
    is_known: bool

    @property
    def is_ready(self) -> bool:
        """Whether everybody whom the leaver approves gets another approver."""
        return self.is_known and all(handover.to for handover in self.handovers)


@dataclass(frozen=True)
class LeaverLimit:
    """The number of leavers among all people; `stops`: an Admin must type the number of leavers."""

    leavers: int
    people: int
    stops: bool
    sentence: str


def find_leavers(rows: Sequence[tuple[int, Employee]], changes: Sequence[Change], known: Known) -> list[Leaver]:
    """For each leaver the people they approve now, with the next approver."""
    after = {policy.id: policy for policy in policies_after(rows, known)}
    approved_by: dict[tuple[str, str], list[tuple[Employee, str]]] = defaultdict(list)
    policies = {policy for change in changes for policy in change.removed}
    renamed = renamed_logins(rows, known)
    for policy in policies:
        for member in known.members.get(policy, ()):
            for name in APPROVERS:
                address = getattr(member, name)
                if address and address != member.email:
                    approved_by[policy, address].append((member, name))
    leavers = []
    for change in changes:
        if "leaver" not in change.kinds:
            continue
        addresses = dict.fromkeys(filter(None, (change.email, known.renamed_from(change.person))))
        handovers = [
            Handover(
                policy,
                now := renamed.get(member.email, member.email),
                name,
                _next_approver(after.get(policy), now, name, change.email),
            )
            for policy in change.removed
            for address in addresses
            for member, name in approved_by.get((policy, address), ())
            # A person who leaves too needs no approver.
            if policy in after and renamed.get(member.email, member.email) in after[policy].places
        ]
        is_known = all(policy in known.members for policy in change.removed)
        leavers.append(Leaver(change.row, change.email, change.removed, tuple(handovers), is_known))
    return leavers


def _next_approver(policy: PolicyChains | None, email: str, name: str, leaver: str) -> str:
    place = policy.places.get(email) if policy else None
    address = place.approvers.get(name, "") if place else ""
    return "" if address == leaver or (policy and address in policy.leaving) else address


def check_leaver_limit(changes: Sequence[Change], known: Known, *, most_share: float, most_people: int) -> LeaverLimit:
    """Whether more people leave than a share of the members or than a number, whichever is exceeded first.

    The share is of the present members of the policies in the feed; if they were not read, of the last feed; without
    one, of the rows.
    """
    leavers = {change.email for change in changes if "leaver" in change.kinds}
    touched = {policy for change in changes for policy in (*change.person.policies, *change.removed)}
    if touched <= set(known.members):
        people = {member.email for policy in touched for member in known.members[policy]}
    else:
        people = {person.email for person in known.last_feed if not person.is_leaving}
    people = people or {change.email for change in changes}
    many = len(leavers) > most_people
    large = bool(leavers) and len(leavers) > most_share * len(people)
    who = "1 person leaves" if len(leavers) == 1 else f"{len(leavers):,} people leave"
    sentence = f"{who}, of {len(people):,}."
    if many or large:
        limits = " and ".join([f"{most_people:,} people"] * many + [f"{most_share * 100:.4g} % of the members"] * large)
        sentence = f"{who}, of {len(people):,}: more than {limits} at once. An Admin has to type the number."
    return LeaverLimit(len(leavers), len(people), many or large, sentence)


def handover_sentence(handover: Handover) -> str:
    """“bob@… has them as manager; ann@… takes over.”"""
    heading = FIELDS[handover.field].heading.lower()
    successor = f"{handover.to} takes over" if handover.to else "nobody takes over yet"
    return f"{handover.email} has them as {heading}; {successor}."
