from django import forms

from exports.deliveries.download_links import CODE_DIGITS


class CodeForm(forms.Form):
    """The code mailed to the recipient of a link."""

    code = forms.CharField(
        label="Code",
        max_length=50,
        error_messages={"required": "Type the code from the mail."},
        help_text=f"The {CODE_DIGITS} digits from the mail.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )
