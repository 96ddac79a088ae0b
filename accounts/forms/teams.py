from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import DomainNameValidator

from accounts.models import Team, User
from accounts.models.team import LinkProof
from accounts.permissions import Role
from accounts.sign_in.two_factor import has_factor

MEGABYTE = 1_000_000
_is_domain = DomainNameValidator(accept_idna=False)


class TeamForm(forms.Form):
    """The settings of a team; fields have the names of `Team`'s."""

    name = forms.CharField(max_length=100)
    time_zone = forms.ChoiceField(help_text="“Last month” and every time shown to the team are reckoned in this zone.")

    two_people = forms.BooleanField(
        label="Employee updates need a second person",
        required=False,
        help_text="Somebody else than whoever prepared an update has to approve exactly its rows and settings. "
        "Without this, whoever prepares one can apply it alone; pages of updates and the audit log say so. Another "
        "Admin approves switching this off; without one it takes 24 hours.",
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

    recipient_domains = forms.CharField(
        label="Domains that files may be mailed to",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line, such as example.com. Members are always reached, whatever their address.",
    )
    attach_limit = forms.DecimalField(
        label="Largest mail with its file attached, in MB",
        min_value=Decimal("0.1"),
        max_value=50,
        decimal_places=1,
        help_text="A file that would make the mail larger goes as a link.",
    )
    link_days = forms.IntegerField(label="Days that a link opens", min_value=1, max_value=365)
    link_proof = forms.ChoiceField(label="What opens a link", choices=LinkProof.choices)
    confirm_outside_days = forms.IntegerField(
        label="Days after which outside recipients are confirmed anew",
        min_value=0,
        max_value=3650,
        help_text="The owner of a schedule is asked about recipients who are no members; 0 is never.",
    )
    results_kept_days = forms.IntegerField(
        label="Days that files of runs are kept",
        min_value=1,
        max_value=3650,
        help_text="Then files and their parts are deleted, and links say so; what they were stays on record.",
    )

    pair_days = forms.IntegerField(
        label="Days after which a pair is due for rotation",
        min_value=1,
        max_value=3650,
        help_text="The Admins are reminded then, and every month until it is done.",
    )
    overlap_hours = forms.IntegerField(
        label="Hours that a replaced pair is kept",
        min_value=0,
        max_value=720,
        help_text="So long one click goes back to it. Then it is deleted.",
    )
    two_admins = forms.BooleanField(
        label="A new pair needs a second Admin",
        required=False,
        help_text="Another Admin than the one who entered it approves it before it takes over. Switching this off "
        "needs another Admin too; without one it takes 24 hours.",
    )
    second_factor = forms.BooleanField(
        label="Members need a second factor",
        required=False,
        help_text="Who has none can do nothing in this team until they have set one up. You need one yourself first.",
    )

    audit_kept_days = forms.IntegerField(
        label="Days that the audit log is kept",
        required=False,
        min_value=90,
        max_value=36_500,
        help_text="Then entries are replaced by a signed summary of how many there were of each kind. Empty: for good.",
    )

    def __init__(self, *args: Any, team: Team, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team, self.by = team, by
        time_zone = self.fields["time_zone"]
        assert isinstance(time_zone, forms.ChoiceField)
        time_zone.choices = [(zone, zone.replace("_", " ")) for zone in zones(team.time_zone)]

    def clean_recipient_domains(self) -> str:
        domains = list(dict.fromkeys(self.cleaned_data["recipient_domains"].lower().replace("@", "").split()))
        for domain in domains:
            try:
                _is_domain(domain)
            except ValidationError:
                raise ValidationError(f"“{domain}” is not a domain. Write it like example.com.") from None
        return "\n".join(domains)

    def clean_attach_limit(self) -> int:
        return int(self.cleaned_data["attach_limit"] * MEGABYTE)

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        value = super().get_initial_for_field(field, field_name)
        return Decimal(value) / MEGABYTE if field_name == "attach_limit" and value else value

    def clean_second_factor(self) -> bool:
        """An Admin without a second factor would lock themselves out."""
        is_required: bool = self.cleaned_data["second_factor"]
        if is_required and not self.team.second_factor and not has_factor(self.by):
            raise forms.ValidationError("First set up a second factor for yourself, on the page of your account.")
        return is_required


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


def zones(current: str) -> list[str]:
    """Zones named after places, UTC, and the team's current zone."""
    places = {zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")}
    return sorted(places | {"UTC", current})
