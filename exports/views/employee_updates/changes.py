"""The changes of an employee update, person by person, before and after."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.door import TeamRequest, team_view
from accounts.paging import part_of
from accounts.permissions import Permission
from exports.employee_updates import rules as update_rules
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed import cells, leaving
from exports.employee_updates.feed import changes as feed_changes
from exports.employee_updates.feed.changes import KINDS, Change
from exports.employee_updates.feed.fields import FIELDS
from exports.employee_updates.feed.leaving import Leaver
from exports.views.employee_updates.pages import find_update

SHOWN = 50
SHOWN_TREES = 10
SHOWN_HANDOVERS = 20
# A filter of this page, not a kind of change: people of the last feed without a row.
MISSING = "missing"
TROUBLES = {"cycle": "goes round in a circle", "missing": "leads to nobody", "leaver": "hangs on somebody who leaves"}


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_changes(request: TeamRequest, update_id: int) -> HttpResponse:
    """Filter by `?kind=`; without a kind, show all people who change."""
    update = find_update(request, update_id)
    analysis = stored_updates.analyse(update)
    kind = request.GET.get("kind", "")
    if kind == MISSING:
        page = part_of(analysis.missing, request.GET, size=SHOWN)
    else:
        changes = [change for change in analysis.changes if _matches(change, kind)]
        page = part_of(changes, request.GET, size=SHOWN)
        leavers = {leaver.row: leaver for leaver in analysis.leavers}
        page = page.with_rows([_describe_change(change, analysis, leavers.get(change.row)) for change in page.rows])
    trees = analysis.checked.trees
    return render(
        request,
        "exports/updates/update_changes.html",
        {
            "update": update,
            "page": page,
            "kind": kind,
            "tabs": _tabs(analysis),
            "leaver_limit": update_rules.leaver_limit_of(update) if update.leaver_count else None,
            "ready": sum(leaver.is_ready for leaver in analysis.leavers),
            "leavers": len(analysis.leavers),
            "trees": [
                (tree, analysis.policy_name(tree.policy), TROUBLES[tree.trouble]) for tree in trees[:SHOWN_TREES]
            ],
            "more_trees": max(0, len(trees) - SHOWN_TREES),
        },
    )


def _matches(change: Change, kind: str) -> bool:
    return kind in change.kinds if kind in KINDS else change.kinds != ("unchanged",)


def _tabs(analysis: stored_updates.Analysis) -> list[tuple[str, str, int]]:
    """Each filter: its value in the query, its name, and how many people it shows."""
    counts = feed_changes.counts(analysis.changes)
    changing = sum(change.kinds != ("unchanged",) for change in analysis.changes)
    tabs = [
        ("", "All changes", changing),
        *((kind, name, counts[kind]) for kind, name in KINDS.items() if counts[kind]),
    ]
    return [*tabs, (MISSING, "Without a row", len(analysis.missing))] if analysis.missing else tabs


def _describe_change(change: Change, analysis: stored_updates.Analysis, leaver: Leaver | None) -> dict[str, Any]:
    """A change as the page shows it. A field's `before` is None when it is unknown."""
    fields = [
        {
            "heading": FIELDS[field.field].heading
            + (f" in {analysis.policy_name(field.policy)}" if field.policy else ""),
            "before": cells.text_of(FIELDS[field.field], field.before) if field.is_known else None,
            "after": cells.text_of(FIELDS[field.field], field.after),
        }
        for field in change.fields
        if change.before is not None or field.field != "email"
    ]
    person = change.after
    handovers = leaver.handovers if leaver else ()
    return {
        "change": change,
        "name": f"{person.first_name} {person.last_name}".strip(),
        "kinds": [KINDS[kind] for kind in change.kinds],
        "fields": fields,
        "joins": [analysis.policy_name(policy) for policy in change.added],
        "leaves": [
            analysis.policy_name(policy) + (", which the row does not name" if policy in change.implied else "")
            for policy in change.removed
        ],
        "handovers": [leaving.handover_sentence(handover) for handover in handovers[:SHOWN_HANDOVERS]],
        "more_handovers": max(0, len(handovers) - SHOWN_HANDOVERS),
        "is_ready": leaver.is_ready if leaver else None,
    }
