"""Inputs that several forms use."""

from django import forms


class DayInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"


class NewPasswordInput(forms.PasswordInput):
    """A password that is never shown again; the browser does not fill in one that it knows."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "new-password"})
