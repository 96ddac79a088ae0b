"""Editor of columns and template: the builder's buttons, preview and lint. Nothing is saved here."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accounts.door import TeamRequest, team_view
from accounts.models import Team
from accounts.numbers import whole_number
from accounts.permissions import Permission
from exports.columns.layout import DELIMITERS, KINDS, ROWS
from exports.columns.presets import PRESETS
from exports.forms.saved_exports import builder
from exports.forms.saved_exports.content import OWN, Contents
from exports.samples.choose import SAMPLES, sample
from exports.saved_exports import preview_own_data
from exports.saved_exports.preview import Tryout, try_out
from exports.saved_exports.preview_own_data import OwnData
from exports.saved_exports.starter_templates import STARTERS
from exports.saved_exports.wording import STATES


@require_POST
@team_view(Permission.EDIT_EXPORTS)
def export_preview(request: TeamRequest) -> HttpResponse:
    """Apply the button `do`, if any, to the posted contents, and render the part of the page that changes."""
    contents, do = Contents.from_post(request.POST), request.POST.get("do", "")
    if do == "find":
        return render(request, "exports/_fields.html", editor_context(contents, request.team, request.POST))
    after = contents.act(do, request.POST)
    context = editor_context(after, request.team, request.POST, do=do) | {"is_partial": True}
    if do.startswith(("add:", "up:", "down:", "move:", "remove:")):
        return render(request, "exports/_columns.html", context)
    if do not in ("", "preview"):
        return render(request, "exports/_contents.html", context)
    return render(request, "exports/_preview.html", context)


def editor_context(contents: Contents, team: Team, data: QueryDict | None = None, *, do: str = "") -> dict[str, Any]:
    """Context of the templates for contents. `do` is the pressed button; its row keeps the focus."""
    find = data.get("find", "")[:100] if data else ""
    own = preview_own_data.latest(team)
    context = {
        "contents": contents,
        "samples": SAMPLES,
        "presets": PRESETS,
        "starters": STARTERS,
        "own_data": own,
        "tryout": _preview(contents, own),
        "find": find,
        "state_choices": STATES,
        "wanted_states": contents.states,
    }
    if contents.is_built:
        context |= {
            "rows": builder.rows(contents.layout),
            "groups": builder.groups(contents.layout.rows, find),
            "row_choices": ROWS,
            "kinds": KINDS,
            "delimiters": DELIMITERS,
            "focus": _focus(do, len(contents.layout.columns)),
        }
    else:
        context["completions"] = builder.completions()
    return context


def _preview(contents: Contents, own: OwnData | None) -> Tryout:
    if contents.extension == "pdf":
        return Tryout(problem="Expensify lays out a PDF by itself, so there is nothing to preview.")
    if contents.is_built and contents.problems:
        return Tryout(problem=" ".join(contents.problems))
    if not contents.text.strip():
        return Tryout(problem="There is no template yet.")
    return try_out(
        contents.text,
        data=_data(contents.sample, own),
        extension=contents.extension,
        layout=contents.layout if contents.is_built else None,
    )


def _data(name: str, own: OwnData | None) -> Mapping[str, Any]:
    if name == OWN:
        return own.data if own else sample("company")
    return sample(name)


def _focus(do: str, count: int) -> str:
    """Button and row that get the focus after `do`, such as "up-3": the focus follows a moved row."""
    verb, _, rows = do.partition(":")
    number = whole_number(rows.partition("-")[0], 5) or 0
    match verb:
        case "up" if number > 2:
            return f"up-{number - 1}"
        case "up":
            return "down-1"
        case "down" if number + 1 < count:
            return f"down-{number + 1}"
        case "down":
            return f"up-{count}"
        case "remove" if count:
            return f"remove-{min(number, count)}"
    return ""
