"""Form fields for e-mail addresses, which take them as mail programs copy them."""

from typing import Any

from django import forms
from django.core.validators import EmailValidator, validate_email

from accounts.addresses import read_address, read_addresses


class AddressInput(forms.TextInput):
    """Not of the type "email": browsers would refuse “Doe, Jane <jane@acme.example>” before it is sent."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "email", "autocapitalize": "off", "spellcheck": "false"} | (attrs or {}))


class AddressField(forms.EmailField):
    """One address; “Doe, Jane <jane@acme.example>” and a mailto link are read as their address."""

    widget = AddressInput
    # Of the validator, so that it is the only sentence about the address.
    default_validators = [EmailValidator("Give one whole e-mail address, like name@example.com.")]

    def __init__(self, **kwargs: Any) -> None:
        # The length is that of the address, not of the name before it.
        self.longest = kwargs.pop("max_length", 254)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        return read_address(super().to_python(value) or "")

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        if len(value) > self.longest:
            raise forms.ValidationError(f"This address is longer than {self.longest} characters.")


class AddressList(forms.CharField):
    """Addresses as a list without duplicates, from a text in any of the ways in which people paste them."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        """Raises ValidationError for the first piece that is no address."""
        addresses = read_addresses(super().clean(value))
        for word in [*addresses.unread, *addresses.found]:
            try:
                validate_email(word)
            except forms.ValidationError:
                raise forms.ValidationError(f"“{word}” is not an e-mail address.") from None
        return addresses.found
