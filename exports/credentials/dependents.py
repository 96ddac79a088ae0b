"""The exports and schedules of a credential, and which of them miss a policy that it lost."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import Credential
from exports.models import SavedExport, Schedule
from exports.saved_exports.job import ExportSettings


@dataclass(frozen=True)
class Dependent:
    """A saved export of the credential; `missing` are the names of lost policies that it exports."""

    export: SavedExport
    schedules: list[Schedule]
    missing: list[str]


def of(credential: Credential, *, lost: Iterable[dict[str, str]] = ()) -> list[Dependent]:
    """The live exports of the credential, by name; `lost` are policies with `policy_id` and `name`.

    An export that names no policy exports all of them, so it misses every lost one.
    """
    names = {policy["policy_id"]: policy["name"] for policy in lost}
    exports = credential.exports.live().filter(team=credential.team).select_related("version", "team")
    schedules: dict[int, list[Schedule]] = {}
    for schedule in Schedule.objects.live().filter(export__credential=credential).select_related("team"):
        schedules.setdefault(schedule.export_id, []).append(schedule)
    return [
        Dependent(export, schedules.get(export.pk, []), _missing(export, names))
        for export in exports.order_by("name", "pk")
    ]


def _missing(export: SavedExport, lost: dict[str, str]) -> list[str]:
    settings = ExportSettings.from_json(export.present.settings)
    if settings.policy_ids:
        return [lost[policy] for policy in settings.policy_ids if policy in lost]
    return [] if settings.report_ids else list(lost.values())
