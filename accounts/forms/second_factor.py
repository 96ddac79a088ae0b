"""allauth's forms for second factors with the portal's texts; named in settings.MFA_FORMS."""

from typing import Any

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms

from accounts.sign_in import two_factor


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


class _CheckCodeForm(_CodeForm):
    """A form that takes a code of the app or a recovery code, each once."""

    authenticator: Authenticator

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]  # of allauth's form, the other base
        is_app = self.authenticator.type == Authenticator.Type.TOTP
        if is_app and not two_factor.use_code(self.authenticator, normalize_user_code(code)):
            self._emit_authentication_failed(self.authenticator)  # type: ignore[attr-defined]  # likewise
            raise get_adapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(_CheckCodeForm, base.AuthenticateForm):
    pass


class ConfirmCodeForm(_CheckCodeForm, base.ReauthenticateForm):
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
