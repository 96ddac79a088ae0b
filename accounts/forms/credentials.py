from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from accounts.models import Team
from expensify.pair import KeyPair


class NameForm(forms.Form):
    """The name of a credential, unique in the team."""

    name = forms.CharField(
        max_length=100, help_text="How your team calls it, for example the company or the Expensify account."
    )

    def __init__(self, *args: Any, team: Team, kept: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._others = team.credentials.exclude(pk__in=[kept] if kept else [])

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self._others.filter(name__iexact=name).exists():
            raise forms.ValidationError(self.taken())
        return name

    @staticmethod
    def taken() -> str:
        return "The team has a credential of this name already, perhaps a wiped one. Choose another name."


class PairForm(forms.Form):
    """A key pair. The secret is never shown again, not even after an error."""

    partner_user_id = forms.CharField(
        label="partnerUserID",
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )
    partner_user_secret = forms.CharField(
        label="partnerUserSecret",
        max_length=255,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="It is stored encrypted. Nobody can read it here again, you included.",
    )

    def pair(self) -> KeyPair:
        return KeyPair(self.cleaned_data["partner_user_id"], self.cleaned_data["partner_user_secret"])


class NewCredentialForm(PairForm, NameForm):
    """A name and a key pair."""

    field_order = ("name",)


class SwitchForm(forms.Form):
    """When to switch to the new key pair: now, or at a time in the team's time zone."""

    at = forms.DateTimeField(
        label="At",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="By your team's clock. Empty: now.",
    )

    def clean_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["at"]
        if at is not None and at <= timezone.now():
            raise forms.ValidationError("This time has passed. Choose a later one, or leave it empty for now.")
        return at
