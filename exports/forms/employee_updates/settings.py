"""The forms that create an employee update and edit its settings."""

from typing import Any

from django import forms

from accounts.forms.addresses import AddressList
from accounts.models import Credential, Team
from expensify.jobs.employees import FeedSftp, FeedUrl
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed import reading, sheet
from exports.employee_updates.feed import settings as feed_settings
from exports.employee_updates.feed.findings import UnreadableFile
from exports.employee_updates.feed.reading import MOST_BYTES
from exports.employee_updates.feed.settings import PRIMARY_POLICY, UpdateSettings
from exports.employee_updates.intake import Content
from exports.forms.hosts import read_host, read_url
from exports.forms.inputs import NewPasswordInput
from exports.models import EmployeeUpdate, FeedProfile
from exports.models.employee_update import EmployeeUpdateQuerySet

FILE, PASTE, GRID, MEMBERS, URL, SFTP = "file", "paste", "grid", "members", "url", "sftp"
SOURCES = {
    FILE: "Upload a file",
    PASTE: "Paste a table or JSON",
    GRID: "Type the rows in",
    MEMBERS: "Start from a policy's present members",
    URL: "Expensify fetches the rows from a web address",
    SFTP: "Expensify fetches the rows from an SFTP server",
}
# The fields that each source needs, and the error for an empty one.
REQUIRED = {
    FILE: {"file": "Choose the file from your HR system."},
    PASTE: {"pasted": "Paste the rows here, or choose another way."},
    GRID: {},
    MEMBERS: {"policy": "Choose the policy whose members to start from."},
    URL: {
        "feed_url": "Give the address of the feed.",
        "feed_user": "Give the user name for this address.",
        "feed_password": "Give the password for this address.",
    },
    SFTP: {
        "sftp_host": "Give the host of the SFTP server.",
        "sftp_login": "Give the login on this server.",
        "sftp_password": "Give the password of this login.",
        "sftp_file": "Give the name of the file on this server.",
    },
}


class UpdateFilter(forms.Form):
    """The filter of the list of employee updates."""

    stage = forms.ChoiceField(
        required=False,
        choices=[
            ("", "All stages"),
            ("preparing", "Being prepared"),
            ("waiting", "Waits for approval"),
            ("approved", "Approved"),
            ("sent", "Being applied"),
            ("applied", "Applied"),
            ("unconfirmed", "Unconfirmed"),
            ("discarded", "Discarded"),
        ],
    )

    def filter(self, updates: EmployeeUpdateQuerySet) -> EmployeeUpdateQuerySet:
        """The updates at the chosen stage; an unknown stage filters nothing."""
        self.full_clean()
        stage = self.cleaned_data.get("stage")
        return updates.at(stage) if stage else updates

    @property
    def is_used(self) -> bool:
        return bool(self.data.get("stage"))


class NewUpdateForm(forms.Form):
    """The source of the rows. A valid form has the `content` for `intake.prepare`."""

    name = forms.CharField(max_length=100, help_text="What it is for, for example “Joiners and leavers of December”.")
    credential: "forms.ModelChoiceField[Credential]" = forms.ModelChoiceField(
        None,
        empty_label="Choose a credential",
        help_text="The update is sent with it, and reaches the policies that it reaches.",
    )
    way = forms.ChoiceField(
        label="Where the rows come from", choices=list(SOURCES.items()), widget=forms.RadioSelect, initial=FILE
    )
    file = forms.FileField(
        required=False,
        help_text=f"CSV with any delimiter, XLSX or JSON; at most {sheet.MOST_ROWS:,} rows and "
        f"{MOST_BYTES // 1024**2} MB. The headings may stand in any order.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.json"}),
    )
    profile: "forms.ModelChoiceField[FeedProfile]" = forms.ModelChoiceField(
        None,
        required=False,
        label="Read it like",
        empty_label="Nothing yet: suggest the columns",
        help_text="A feed profile names the columns, as long as the headings are the same.",
    )
    pasted = forms.CharField(
        required=False,
        strip=False,
        label="Rows",
        help_text="Cells copied from a spreadsheet, lines of a CSV, or a feed in JSON as Expensify's documentation "
        "shows it. Small mistakes of JSON are repaired, and you see which.",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "font-monospace"}),
    )
    policy = forms.ChoiceField(
        required=False,
        help_text="Its members are read at Expensify, one call that changes nothing. Then you edit them as rows.",
    )
    feed_url = forms.CharField(
        required=False,
        max_length=2000,
        label="Address",
        help_text="It begins with https://. Such addresses often carry a key, so it is stored encrypted and not shown "
        "again.",
        widget=NewPasswordInput,
    )
    feed_user = forms.CharField(required=False, max_length=255, label="User name")
    feed_password = forms.CharField(
        required=False, max_length=255, strip=False, label="Password", widget=NewPasswordInput
    )
    sftp_host = forms.CharField(required=False, max_length=255, label="Host")
    sftp_port = forms.IntegerField(required=False, label="Port", initial=22, min_value=1, max_value=65535)
    sftp_login = forms.CharField(required=False, max_length=255, label="Login")
    sftp_password = forms.CharField(
        required=False, max_length=255, strip=False, label="Password", widget=NewPasswordInput
    )
    sftp_file = forms.CharField(required=False, max_length=255, label="File name")

    content: Content

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usable = [Credential.Status.UNCHECKED, Credential.Status.WORKING]
        credentials = team.credentials.filter(status__in=usable).prefetch_related("policies")
        credential, profile, policy = (self.fields[name] for name in ("credential", "profile", "policy"))
        assert isinstance(credential, forms.ModelChoiceField)
        assert isinstance(profile, forms.ModelChoiceField)
        assert isinstance(policy, forms.ChoiceField)
        credential.queryset, profile.queryset = credentials, team.feed_profiles.all()
        if len(credentials) == 1:
            credential.initial = credentials[0].pk
        policy.choices = [
            ("", "Choose a policy"),
            *(
                (stored.name, [(policy.policy_id, str(policy)) for policy in stored.policies.all()])
                for stored in credentials
            ),
        ]
        self.fields["name"].error_messages["required"] = "Give the update a name."
        credential.error_messages["required"] = "Choose the credential to send the update with."

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        way = cleaned.get("way")
        if way is None:
            return cleaned
        for name, sentence in REQUIRED[way].items():
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, sentence)
        # Read the file last, when all other fields are valid: it may be large.
        if not self.errors:
            getattr(self, f"_take_{way}")(cleaned)
        return cleaned

    def _take_file(self, cleaned: dict[str, Any]) -> None:
        # One byte more than the limit shows that a file is too large.
        self._read("file", reading.read_file, cleaned["file"].read(MOST_BYTES + 1))

    def _take_paste(self, cleaned: dict[str, Any]) -> None:
        self._read("pasted", reading.read_pasted, cleaned["pasted"])

    def _take_grid(self, cleaned: dict[str, Any]) -> None:
        self.content = []

    def _take_members(self, cleaned: dict[str, Any]) -> None:
        self.content = []
        if not cleaned["credential"].policies.filter(policy_id=cleaned["policy"]).exists():
            self.add_error("policy", f"The credential “{cleaned['credential']}” does not reach this policy.")

    def _take_url(self, cleaned: dict[str, Any]) -> None:
        try:
            url = read_url(cleaned["feed_url"])
        except forms.ValidationError as reason:
            self.add_error("feed_url", reason)
            return
        self.content = FeedUrl(url, cleaned["feed_user"], cleaned["feed_password"])

    def _take_sftp(self, cleaned: dict[str, Any]) -> None:
        try:
            host = read_host(cleaned["sftp_host"])
        except forms.ValidationError as reason:
            self.add_error("sftp_host", reason)
            return
        self.content = FeedSftp(
            host=host,
            login=cleaned["sftp_login"],
            filename=cleaned["sftp_file"],
            password=cleaned["sftp_password"],
            port=cleaned["sftp_port"] or 22,
        )

    def _read(self, field: str, read: Any, source: bytes | str) -> None:
        profile = self.cleaned_data.get("profile")
        settings = feed_settings.settings_from_json(profile.settings) if profile else UpdateSettings()
        try:
            self.content = read(source, limits_in_cents=settings.limits_in_cents)
        except UnreadableFile as error:
            self.add_error(field, str(error))


class UpdateSettingsForm(forms.Form):
    """How the rows are applied. A valid form has the `settings`."""

    name = forms.CharField(max_length=100)
    set_primary_policy = forms.ChoiceField(
        label="Primary policy",
        choices=list(PRIMARY_POLICY.items()),
        help_text="The policy in which a person's new reports begin.",
    )
    fix_approval_chains = forms.BooleanField(
        required=False,
        label="Invite managers to the policies where they approve",
        help_text="Without it, somebody whose manager is no member of the policy submits to nobody.",
    )
    fix_first_level_managers_only = forms.BooleanField(
        required=False, label="Only direct managers", help_text="The managers of managers are then not invited."
    )
    skip_notification_email = forms.BooleanField(
        required=False, label="Send no e-mail to the people whom the update invites"
    )
    recipients = AddressList(
        required=False,
        label="Expensify e-mails its summary to",
        help_text="E-mail addresses with commas or line breaks between. Empty: to nobody.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    limits_in_cents = forms.BooleanField(
        required=False,
        label="Expensify takes approval limits in cents",
        help_text="Here limits are always in whole currency, like 500. Ticked, 500 is sent as 50000. Expensify's "
        "documentation does not say which it takes: try one person first.",
    )
    in_object = forms.BooleanField(
        required=False,
        label="Send the rows as an “Employees” object",
        help_text="Otherwise as a list. Both are documented; change it if Expensify does not understand the feed.",
    )

    settings: UpdateSettings

    def __init__(self, *args: Any, update: EmployeeUpdate, **kwargs: Any) -> None:
        stored = stored_updates.settings_of(update).as_json()
        kwargs["initial"] = {"name": update.name, **stored}
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.disabled = not update.is_open

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        if cleaned.get("fix_first_level_managers_only") and not cleaned.get("fix_approval_chains"):
            self.add_error(
                "fix_first_level_managers_only", "This narrows the setting above it. Tick that one too, or neither."
            )
        if not self.errors:
            values = {name: value for name, value in cleaned.items() if name != "name"}
            self.settings = feed_settings.settings_from_json(values)
        return cleaned
