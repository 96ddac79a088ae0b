"""allauth's forms with the portal's texts; named in settings.ACCOUNT_FORMS."""

from typing import Any

from allauth.account import forms as allauth
from django import forms

from accounts.forms.addresses import AddressField, AddressInput

LABELS = {
    "login": "E-mail address",
    "email": "E-mail address",
    "password": "Password",
    "oldpassword": "Present password",
    "password1": "New password",
    "password2": "New password, once more",
}


class _OwnTexts:
    """Replaces allauth's labels and removes placeholders that repeat them."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = LABELS.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)
        for name in ("password", "oldpassword"):
            if name in self.fields:
                self.fields[name].help_text = ""


class PersonNameForm(forms.Form):
    name = forms.CharField(
        label="Your name",
        max_length=150,
        help_text="As your teams see it, in lists and in the audit log.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class _SmallAddress(AddressField):
    """In small letters, like allauth's own field: accounts are looked up by them."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value).lower()


class _Address:
    """Takes the person's address as mail programs copy it."""

    fields: dict[str, Any]
    address = "email"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given = self.fields[self.address]
        attributes = {name: value for name, value in given.widget.attrs.items() if name not in {"type", "maxlength"}}
        self.fields[self.address] = _SmallAddress(
            label=given.label, help_text=given.help_text, widget=AddressInput(attributes)
        )


class LoginForm(_Address, _OwnTexts, allauth.LoginForm):
    address = "login"


class ChangePasswordForm(_OwnTexts, allauth.ChangePasswordForm):
    pass


class ResetPasswordForm(_Address, _OwnTexts, allauth.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(_OwnTexts, allauth.ResetPasswordKeyForm):
    pass


class ConfirmPasswordForm(_OwnTexts, allauth.ReauthenticateForm):
    pass
