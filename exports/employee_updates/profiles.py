"""Feed profiles: how a team's HR file is read and sent, stored under a name."""

from typing import Any

from accounts.audit import record as audit
from accounts.audit.record import Action, Actor
from accounts.models import User
from exports.employee_updates.feed.mapping import ColumnMapping
from exports.models import EmployeeUpdate, FeedProfile


def save(update: EmployeeUpdate, name: str, mapping: ColumnMapping, *, by: User | Actor) -> FeedProfile:
    """Store how the file of this update is read and sent; replaces a profile of the same name."""
    old = FeedProfile.objects.select_related("credential").filter(team=update.team, name=name).first()
    profile, is_new = FeedProfile.objects.update_or_create(
        team=update.team,
        name=name,
        defaults={"credential": update.credential, "mapping": mapping.as_json(), "settings": update.settings},
    )
    changes = audit.changes(_audit_fields(old) if old else {}, _audit_fields(profile))
    audit.record(Action.PROFILE_SAVED, profile, by=by, is_new=is_new, **changes)
    return profile


def _audit_fields(profile: FeedProfile) -> dict[str, Any]:
    columns = [f"{column['heading']}: {column['field']}" for column in profile.mapping["columns"]]
    return {"credential": profile.credential.name, "columns": columns, **profile.settings}
