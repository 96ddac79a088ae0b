"""The form of a saved export: every setting of a job, in plain words, checked against the API's contract."""

import re
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django_scopes.forms import SafeModelChoiceField

from accounts.forms.addresses import AddressField, AddressList
from accounts.models import Credential, Team
from exports.forms.hosts import read_host
from exports.forms.inputs import DayInput, NewPasswordInput
from exports.forms.saved_exports import contract
from exports.forms.saved_exports.content import Contents
from exports.models import SavedExport
from exports.saved_exports import job as export_job
from exports.saved_exports import periods
from exports.saved_exports.actions import unreadable
from exports.saved_exports.job import ExportSettings
from exports.saved_exports.starter_templates import PDF
from exports.saved_exports.wording import FILE_TYPES, STATES


class Secretive(forms.Textarea):
    """A text area that never shows its value again."""

    def format_value(self, value: Any) -> str:
        return ""


class Words(forms.CharField):
    """Words separated by commas, semicolons, spaces or line breaks, as a list without duplicates."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        return list(dict.fromkeys(re.findall(r"[^\s,;]+", super().clean(value))))


class PolicyIDs(forms.MultipleChoiceField):
    """Accept any ID; `ExportForm` checks whether the credential reaches it."""

    widget = forms.CheckboxSelectMultiple

    def valid_value(self, value: str) -> bool:
        return True


class ExportForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes no parameter at run time.
    """Name, credential and settings of a saved export.

    A valid form has `settings`, `template_text`, `columns` and `new_sftp_password` for `saved_exports.save`.
    """

    pasted_job = forms.CharField(
        required=False,
        label="Job from Expensify's documentation",
        help_text="The requestJobDescription. Credentials and passwords in it are neither kept nor shown.",
        widget=Secretive(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off", "class": "font-monospace"}),
    )
    policy_ids = PolicyIDs(required=False, label="Policies (workspaces)")
    period = forms.ChoiceField(
        required=False,
        label="Period",
        choices=[("", "Any time"), *periods.KINDS.items()],
        help_text="The day a report was created or submitted, whichever is later. Counted when the run starts.",
    )
    period_start = forms.DateField(required=False, label="First day", widget=DayInput)
    period_end = forms.DateField(required=False, label="Last day", widget=DayInput)
    look_back_days = forms.IntegerField(
        required=False,
        label="Days to look back for late ones",
        help_text="A report that is approved after its period was closed is in no later period. With these days "
        "the period begins earlier, and the label to skip keeps out what was exported before. 60 is usual.",
        min_value=0,
        max_value=300,
    )
    approved_since = forms.ChoiceField(
        required=False,
        label="Approved after",
        choices=[("", "Approved or not"), *periods.KINDS.items()],
        help_text="The first day of the period you choose; only reports approved after it are exported.",
    )
    approved_since_date = forms.DateField(required=False, label="Approved after this day", widget=DayInput)
    report_ids = Words(
        required=False,
        label="Report IDs",
        help_text="The long IDs from the reports' details, with commas, spaces or line breaks between.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    states = forms.MultipleChoiceField(
        required=False,
        label="Report states",
        choices=list(STATES.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: reports in any state.",
    )
    not_marked_as = forms.CharField(
        required=False,
        label="Skip reports already marked with",
        max_length=255,
        help_text="An export label. Together with the same label below, each report is exported once.",
    )
    limit = forms.IntegerField(
        required=False, label="At most this many reports", help_text="Empty: all of them.", max_value=1_000_000
    )
    employee_email = AddressField(
        required=False,
        label="From the account of this employee",
        max_length=254,
        help_text="An e-mail address. Expensify allows this to certain domains only; leave it empty if in doubt.",
    )
    file_extension = forms.ChoiceField(label="File type", choices=list(FILE_TYPES.items()))
    file_basename = forms.CharField(
        required=False,
        label="Beginning of the file name",
        max_length=255,
        help_text="Expensify adds a random part. Empty: “export”.",
    )
    full_page_receipts = forms.BooleanField(required=False, label="Full-page receipts in the PDF")
    mark_as = forms.CharField(
        required=False,
        label="Mark the reports as exported, with this label",
        max_length=255,
        help_text="Once marked, a report cannot be unmarked from here.",
    )
    mark_when = forms.ChoiceField(
        required=False,
        label="When to mark them",
        choices=list(export_job.MARK_WHEN.items()),
        help_text="Marked with the file, reports whose file is then lost are marked although nobody has it.",
    )
    email_recipients = AddressList(
        required=False,
        label="Expensify e-mails a link to the file to",
        help_text="E-mail addresses with commas between.",
        widget=forms.Textarea(attrs={"rows": 1}),
    )
    email_message = forms.CharField(required=False, label="Message", widget=forms.Textarea(attrs={"rows": 2}))
    sftp_host = forms.CharField(
        required=False,
        label="Host",
        max_length=255,
        help_text="Expensify uploads the file to the home folder of this login.",
    )
    sftp_port = forms.IntegerField(required=False, label="Port", initial=22)
    sftp_login = forms.CharField(required=False, label="Login", max_length=255)
    sftp_password = forms.CharField(required=False, label="Password", strip=False, widget=NewPasswordInput)
    remove_sftp_password = forms.BooleanField(required=False, label="Remove the stored password")
    test = forms.BooleanField(
        required=False,
        label="Only test",
        help_text="Expensify makes the file, but does none of the above: nothing is marked, e-mailed or uploaded.",
    )
    # Carries errors only: the page shows the fields of `contents`.
    template = forms.CharField(required=False, strip=False)

    settings: ExportSettings

    class Meta:
        model = SavedExport
        fields = ["name", "credential"]
        field_classes = {"credential": SafeModelChoiceField}

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        team: Team,
        now: datetime,
        instance: SavedExport,
        initial: dict[str, Any],
        contents: Contents,
    ):
        """`now` is the time for the rules about dates; `initial` overrides the stored values.

        `contents` are the columns or the template, which have fields of their own.
        """
        initial = _stored(instance) | {"template": contents.template} | initial
        super().__init__(data, instance=instance, initial=initial)
        self.team, self.now, self.contents = team, now, contents
        callable_statuses = [Credential.Status.UNCHECKED, Credential.Status.WORKING]
        credentials = team.credentials.filter(status__in=callable_statuses)
        if instance.credential_id:
            credentials = credentials | team.credentials.filter(pk=instance.credential_id)
        if instance.pk is None and len(credentials) == 1:
            self.initial["credential"] = self.initial.get("credential") or credentials[0].pk
        credential, policy_ids = self.fields["credential"], self.fields["policy_ids"]
        assert isinstance(credential, SafeModelChoiceField)
        assert isinstance(policy_ids, PolicyIDs)
        credential.queryset = credentials
        credential.empty_label = "Choose a credential"
        credential.error_messages["required"] = "Choose the credential to ask Expensify with."
        self.fields["name"].error_messages["required"] = "Give the export a name."
        policy_ids.choices = self._policy_choices(credentials)
        if instance.sftp_password:
            self.fields["sftp_password"].help_text = "A password is stored. Leave this empty to keep it."
        else:
            del self.fields["remove_sftp_password"]

    @property
    def has_stored_password(self) -> bool:
        return "remove_sftp_password" in self.fields

    def entered(self) -> dict[str, Any]:
        """Values of the form's fields, without secrets, to show them again without errors."""
        excluded = {"pasted_job", "sftp_password", "template"}
        return {name: self[name].value() for name in self.fields if name not in excluded}

    def _policy_choices(self, credentials: QuerySet[Credential]) -> list[tuple[str, list[tuple[str, str]]]]:
        """Policies by credential; last the ticked ones that no credential lists."""
        groups = [
            (
                credential.name,
                [(policy.policy_id, f"{policy.name} ({policy.policy_id})") for policy in credential.policies.all()],
            )
            for credential in credentials.prefetch_related("policies")
        ]
        listed = {policy_id for _, policies in groups for policy_id, _ in policies}
        unlisted = [policy_id for policy_id in self["policy_ids"].value() or [] if policy_id not in listed]
        groups.append(("In no credential's list", [(policy_id, policy_id) for policy_id in unlisted]))
        return [(name, policies) for name, policies in groups if policies]

    # ------------------------------------------------------------ rules

    def _get_validation_exclusions(self) -> set[str]:
        # The unique constraint on a team's names needs these two, which are no fields of the form.
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # not in Django's stubs
        return excluded - {"team", "archived_at"}

    def clean_email_message(self) -> str:
        message: str = self.cleaned_data["email_message"].replace("\r\n", "\n")
        if reason := unreadable(message):
            raise forms.ValidationError(reason)
        return message

    def clean_sftp_host(self) -> str:
        return read_host(self.cleaned_data["sftp_host"])

    def clean_mark_when(self) -> str:
        """Without a label there is nothing to choose; with one, the safe way is the default."""
        chosen = self.cleaned_data["mark_when"] or export_job.WHEN_SAFE
        return chosen if self.cleaned_data.get("mark_as") else export_job.AT_GENERATION

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        self._check_contents(cleaned)
        self._check_dates(cleaned)
        self._check_policies(cleaned)
        self._check_afterwards(cleaned)
        if not self.errors.keys() - {"name", "credential", "template", "policy_ids"}:
            self._check_contract(cleaned)
        return cleaned

    def _check_contents(self, cleaned: dict[str, Any]) -> None:
        """A template that cannot be read is no error: it makes the export a draft."""
        if cleaned.get("file_extension") == "pdf":
            return
        for sentence in self.contents.problems:
            self.add_error("template", sentence)
        if not self.contents.is_built and not self.contents.template.strip():
            sentence = "Write a template, or put in one of the ready ones and change it to your liking."
            self.add_error("template", sentence)

    def _check_dates(self, cleaned: dict[str, Any]) -> None:
        """Ignore dates that the chosen periods do not use; demand those that they need."""
        if cleaned.get("period") != periods.FIXED:
            cleaned["period_start"] = cleaned["period_end"] = None
        elif {"period_start", "period_end"} <= cleaned.keys() and not (
            cleaned["period_start"] or cleaned["period_end"]
        ):
            self.add_error("period_start", "Give the first day, the last day or both, or choose another period.")
        if cleaned.get("period") in {None, "", periods.FIXED}:
            cleaned["look_back_days"] = 0
        elif cleaned.get("look_back_days") and not cleaned.get("not_marked_as"):
            self.add_error(
                "look_back_days",
                "Give the label to skip as well: without it the reports of these days come again with every run.",
            )
        if cleaned.get("approved_since") != periods.FIXED:
            cleaned["approved_since_date"] = None
        elif "approved_since_date" in cleaned and not cleaned["approved_since_date"]:
            self.add_error("approved_since_date", "Give the day, or choose another period.")

    def _check_policies(self, cleaned: dict[str, Any]) -> None:
        """The credential must reach the ticked policies. One without a list was never tested."""
        credential = cleaned.get("credential")
        if credential is None:
            return
        reachable = set(credential.policies.values_list("policy_id", flat=True))
        unreachable = [policy_id for policy_id in cleaned.get("policy_ids", []) if policy_id not in reachable]
        if reachable and unreachable:
            policies = self.team.policies.filter(policy_id__in=unreachable)
            policy_names = dict(policies.values_list("policy_id", "name"))
            names = ", ".join(f"“{policy_names.get(policy_id, policy_id)}”" for policy_id in unreachable)
            self.add_error(
                "policy_ids",
                f"The credential “{credential}” does not reach {names}. "
                "Untick what it does not reach, or choose another credential.",
            )

    def _check_afterwards(self, cleaned: dict[str, Any]) -> None:
        if (
            cleaned.get("email_message")
            and not cleaned.get("email_recipients")
            and "email_recipients" not in self.errors
        ):
            self.add_error("email_recipients", "Say to whom the message goes, or leave it empty.")
        if cleaned.get("sftp_login") and not cleaned.get("sftp_host"):
            self.add_error("sftp_host", "Give the host of the SFTP server, or leave the login empty.")
        if cleaned.get("sftp_password") and not cleaned.get("sftp_host"):
            self.add_error("sftp_host", "Give the host this password is for, or leave the password empty.")
        if cleaned.get("sftp_password") and cleaned.get("remove_sftp_password"):
            self.add_error("remove_sftp_password", "Enter a new password or remove the stored one, not both.")

    def _check_contract(self, cleaned: dict[str, Any]) -> None:
        """Show at its field what Expensify would reject."""
        self.settings = ExportSettings(
            **{"policy_ids": []}
            | {
                name: [*value] if isinstance(value, list) else value
                for name, value in cleaned.items()
                if name in ExportSettings.__dataclass_fields__
            }
            | {
                name: cleaned[name].isoformat() if cleaned[name] else ""
                for name in ("period_start", "period_end", "approved_since_date")
            }
            | {"look_back_days": cleaned["look_back_days"] or 0}
            | {"sftp_port": cleaned["sftp_port"] if cleaned["sftp_port"] is not None else 22}
        )
        has_password = cleaned["sftp_password"] or (self.has_stored_password and not cleaned["remove_sftp_password"])
        for field, sentence in contract.problems(
            self.settings, at=self.now, zone=self.team.zone, has_password=bool(has_password)
        ):
            self.add_error(field, sentence)

    @property
    def template_text(self) -> str:
        """The template to send. Expensify lays out a PDF by itself."""
        if self.cleaned_data["file_extension"] == "pdf" and (
            self.contents.is_built or not self.contents.template.strip()
        ):
            return PDF
        return self.contents.text

    @property
    def columns(self) -> dict[str, Any] | None:
        return self.contents.columns if self.cleaned_data["file_extension"] != "pdf" else None

    @property
    def new_sftp_password(self) -> str | None:
        """None keeps the stored password, "" removes it. Without a host there is none."""
        if self.cleaned_data["sftp_password"]:
            return str(self.cleaned_data["sftp_password"])
        removed = self.cleaned_data.get("remove_sftp_password") or not self.cleaned_data["sftp_host"]
        return "" if self.has_stored_password and removed else None


def _stored(export: SavedExport) -> dict[str, Any]:
    """Initial values of the form: the present version's settings, or the defaults of a new export."""
    if export.version is None:
        return {"period": "last_month", "file_extension": "csv", "sftp_port": 22, "mark_when": export_job.WHEN_SAFE}
    stored = ExportSettings.from_json(export.version.settings).as_json()
    # An export that marks nothing so far begins with the safe way, once somebody enters a label.
    return stored if stored["mark_as"] else stored | {"mark_when": export_job.WHEN_SAFE}
