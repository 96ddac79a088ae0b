"""allauth's forms in the portal's words; settings.ACCOUNT_FORMS names them."""

from typing import Any

from allauth.account import forms as allauth

LABELS = {
    "login": "E-mail address",
    "email": "E-mail address",
    "password": "Password",
    "oldpassword": "Present password",
    "password1": "New password",
    "password2": "New password, once more",
}


class _InOurWords:
    """A label says what a field is for; allauth's placeholders would say it twice."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = LABELS.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)
        for name in ("password", "oldpassword"):
            if name in self.fields:
                self.fields[name].help_text = ""


class LoginForm(_InOurWords, allauth.LoginForm):
    pass


class ChangePasswordForm(_InOurWords, allauth.ChangePasswordForm):
    pass


class ResetPasswordForm(_InOurWords, allauth.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(_InOurWords, allauth.ResetPasswordKeyForm):
    pass


class ReauthenticateForm(_InOurWords, allauth.ReauthenticateForm):
    pass
