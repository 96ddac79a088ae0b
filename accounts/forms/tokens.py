from typing import Any

from django import forms

from accounts import tokens
from accounts.models import Membership


class TokenForm(forms.Form):
    """Name, permissions and lifetime of a new access token."""

    name = forms.CharField(
        max_length=100, help_text="Say which script uses it, and where: “Month end on the finance server”."
    )
    permissions = forms.MultipleChoiceField(
        label="It may",
        widget=forms.CheckboxSelectMultiple,
        help_text="Choose what the script needs. If your role loses one of them, the token loses it too.",
    )
    days = forms.IntegerField(
        label="Days until it expires",
        min_value=1,
        max_value=tokens.LONGEST.days,
        initial=90,
        help_text=f"{tokens.LONGEST.days} at most.",
    )

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        permissions = self.fields["permissions"]
        assert isinstance(permissions, forms.MultipleChoiceField)
        permissions.choices = [
            (permission.value, permission.value.capitalize()) for permission in tokens.may_be_given(membership)
        ]

    def taken(self) -> str:
        return f"You have a token named “{self.cleaned_data['name']}” already. Revoke it, or choose another name."
