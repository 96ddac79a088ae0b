from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from accounts.forms.addresses import AddressField
from accounts.models import User
from accounts.permissions import Role


class InviteForm(forms.Form):
    address = AddressField(label="E-mail address", max_length=254)
    role = forms.ChoiceField(choices=Role.choices, initial=Role.VIEWER)


class NewPersonForm(forms.Form):
    """Name and password of a new person who accepts an invitation to `address`."""

    name = forms.CharField(label="Your name", max_length=150)
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters; a few words are easier to keep than signs.",
    )

    def __init__(self, *args: Any, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address = address

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if password := values.get("password"):
            user = User(email=self.address, first_name=values.get("name", ""))
            try:
                validate_password(password, user)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return values
