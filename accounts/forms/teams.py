from typing import Any
from zoneinfo import available_timezones

from django import forms

from accounts.models import Team
from accounts.permissions import Role


class TeamForm(forms.Form):
    name = forms.CharField(max_length=100)
    time_zone = forms.ChoiceField(
        help_text="“Last month” and every time shown to the team are reckoned in this zone."
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = [(zone, zone.replace("_", " ")) for zone in _zones(team.time_zone)]


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


def _zones(present: str) -> list[str]:
    """Zones named after places, UTC, and the one the team has."""
    places = {zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")}
    return sorted(places | {"UTC", present})
