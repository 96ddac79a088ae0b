"""allauth's forms for second factors with the portal's texts; named in settings.MFA_FORMS."""

from typing import Any

from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms


class _CodeForm:
    """A form with a code: numeric keyboard on phones, and no placeholder that repeats the label."""

    fields: dict[str, Any]
    label = "Code"
    help_text = "The six digits of your authenticator app, or one of your recovery codes."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.label, code.help_text = self.label, self.help_text
        code.widget.attrs.pop("placeholder", None)
        code.widget.attrs["inputmode"] = "numeric"


class AuthenticateForm(_CodeForm, base.AuthenticateForm):
    pass


class ReauthenticateForm(_CodeForm, base.ReauthenticateForm):
    pass


class ActivateTOTPForm(_CodeForm, totp.ActivateTOTPForm):
    label = "Six digits that the app shows now"
    help_text = ""


class AddPasskeyForm(webauthn.AddWebAuthnForm):
    name = forms.CharField(
        label="Name of the passkey",
        max_length=60,
        required=False,
        help_text="By which you tell it from others: “Laptop”, “Key on my ring”.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].label = "Sign in with it alone, without e-mail address and password"
        self.fields["passwordless"].help_text = "It then has to ask for your finger, face or PIN itself."


class RenamePasskeyForm(webauthn.EditWebAuthnForm):
    name = forms.CharField(label="Name of the passkey", max_length=60)
