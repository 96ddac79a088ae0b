from typing import Any
from zoneinfo import available_timezones

from django import forms

from accounts.models import Team, User
from accounts.permissions import Role
from accounts.second_factor import has_factor


class TeamForm(forms.Form):
    """The team's settings; each field is named as on `Team`."""

    name = forms.CharField(max_length=100)
    time_zone = forms.ChoiceField(
        help_text="“Last month” and every time shown to the team are reckoned in this zone."
    )

    two_people = forms.BooleanField(
        label="Employee updates need a second person",
        required=False,
        help_text="Somebody else than whoever prepared an update has to approve exactly its rows and settings. "
        "Without this, whoever prepares one can apply it alone; pages of updates and the audit log say so.",
    )
    most_leavers = forms.IntegerField(
        label="People who may leave at once",
        min_value=0,
        max_value=100_000,
        help_text="When more leave by one update, an Admin has to type the number.",
    )
    most_leavers_percent = forms.IntegerField(
        label="And at most this share of the members, in percent", min_value=0, max_value=100
    )
    dry_run_hours = forms.IntegerField(
        label="Hours that a dry run stands",
        min_value=1,
        max_value=24 * 14,
        help_text="Afterwards an update needs a new dry run, and with it a new approval.",
    )
    updates_kept_days = forms.IntegerField(
        label="Days that the rows of employee updates are kept",
        min_value=1,
        max_value=3650,
        help_text="Then everything about people is wiped; who did what, and with which hash, stays.",
    )

    second_factor = forms.BooleanField(
        label="Members need a second factor",
        required=False,
        help_text="Who has none can do nothing in this team until they have set one up. You need one yourself first.",
    )

    def __init__(self, *args: Any, team: Team, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team, self.by = team, by
        self.fields["time_zone"].choices = [(zone, zone.replace("_", " ")) for zone in _zones(team.time_zone)]

    def clean_second_factor(self) -> bool:
        """Whoever switches it on would otherwise lock themselves out, and everybody else with them."""
        wanted: bool = self.cleaned_data["second_factor"]
        if wanted and not self.team.second_factor and not has_factor(self.by):
            raise forms.ValidationError(
                "First set up a second factor for yourself, on the page of your account."
            )
        return wanted


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


def _zones(present: str) -> list[str]:
    """Zones named after places, UTC, and the one the team has."""
    places = {zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")}
    return sorted(places | {"UTC", present})
