"""The form for a schedule's recipients and the contents of its mails."""

import re
from dataclasses import asdict
from decimal import Decimal
from typing import Any, cast

from django import forms

from accounts.addresses import read_addresses
from accounts.forms.addresses import AddressField, AddressList
from accounts.models import Team, User
from accounts.numbers import whole_number
from exports.deliveries.allowed_addresses import AllowedAddresses, normalize
from exports.deliveries.recipients import BY_HAND
from exports.deliveries.settings import Content, MailSettings, OnEmpty
from exports.forms.inputs import NewPasswordInput
from exports.models import Recipient, Schedule

CONTENTS = {
    Content.ORIGINAL: "The file as Expensify made it",
    Content.WORKBOOK: "An Excel workbook",
    Content.BOTH: "Both: the file and an Excel workbook",
    Content.ZIP: "A ZIP of the file",
    Content.SEALED_ZIP: "A ZIP with a password",
}
ON_EMPTY = {OnEmpty.SAY: "Say so in a mail without a file", OnEmpty.SKIP: "Send nothing"}
PLACEHOLDERS = {
    "{export}": "the export's name",
    "{period}": "the period of the file, such as October 2026",
    "{rows}": "how many rows it has",
    "{totals}": "the total in each currency",
    "{link}": "the link, where the file is not attached",
    "{team}": "the team's name",
    "{date}": "the day it was due",
}
PEOPLE, SPLIT = "people", "split"
FEWEST_BANDS = 2
MOST_BANDS = 40
MOST_ADDRESSES = 500


class Addresses(AddressList):
    """Addresses without duplicates in any spelling; the form checks them with the team's domains."""

    def clean(self, value: Any) -> list[str]:
        """Length and zero bytes are checked in the text, before it is split."""
        addresses = read_addresses(forms.CharField.clean(self, value))
        return list({normalize(word): word for word in [*addresses.found, *addresses.unread]}.values())


class MailForm(forms.Form):
    """A valid form has `settings`, `chosen_members`, `chosen_addresses`, and `new_zip_password`: None keeps the old."""

    to = forms.ChoiceField(
        label="Who gets it",
        choices=[
            (PEOPLE, "Everybody I name gets the whole file"),
            (SPLIT, "Each person in a column of the file gets their own rows"),
        ],
        widget=forms.RadioSelect,
    )
    members = forms.MultipleChoiceField(
        required=False, label="Members of the team", widget=forms.CheckboxSelectMultiple
    )
    addresses = Addresses(
        required=False,
        label="Other addresses",
        help_text="One a line.",
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    split_by = forms.CharField(
        required=False,
        label="Column with their e-mail addresses",
        max_length=255,
        help_text="Such as the approver's. Rows with the same address go out in one mail.",
    )
    fallback = AddressField(
        required=False, label="Rows without an address go to", max_length=254, help_text="So that no row is lost."
    )
    content = forms.ChoiceField(label="What the mail brings", choices=list(CONTENTS.items()))
    zip_password = forms.CharField(
        required=False, label="Password of the ZIP", strip=False, max_length=200, widget=NewPasswordInput
    )
    always_link = forms.BooleanField(
        required=False,
        label="Always send a link instead of the file",
        help_text="Files that are too large for a mail become a link anyway.",
    )
    subject = forms.CharField(label="Subject", max_length=200)
    text = forms.CharField(
        required=False,
        label="Words before the file",
        max_length=5000,
        help_text="May stay empty.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    first_rows = forms.IntegerField(
        label="First rows shown in the mail", min_value=0, max_value=20, help_text="0: none."
    )
    on_empty = forms.ChoiceField(label="When the file has no rows", choices=list(ON_EMPTY.items()))
    rows_from = forms.IntegerField(required=False, label="At least so many rows", min_value=0)
    rows_to = forms.IntegerField(required=False, label="At most so many rows", min_value=0)

    settings: MailSettings

    def __init__(self, *args: Any, team: Team, schedule: Schedule, headings: list[str], **kwargs: Any) -> None:
        """`headings` are the columns of the export's file, if they are known."""
        super().__init__(*args, **kwargs)
        self.team, self.headings = team, headings
        self.has_stored_password = bool(schedule.zip_password)
        members = team.memberships.filter(user__is_active=True).select_related("user")
        self.people = {
            str(member.user_id): member.user for member in members.order_by("user__first_name", "user__email")
        }
        choices = cast(forms.MultipleChoiceField, self.fields["members"])
        choices.choices = [(pk, _label(user)) for pk, user in self.people.items()]
        self.fields["addresses"].help_text = _describe_domains(team)
        if self.has_stored_password:
            self.fields["zip_password"].help_text = "One is stored. Leave this empty to keep it."
        else:
            self.fields["zip_password"].help_text = "Tell it to the recipients yourself: no mail holds it."
        if headings:
            chosen = self["split_by"].value()
            columns = headings if not chosen or chosen in headings else [*headings, chosen]
            self.fields["split_by"].widget = forms.Select(
                choices=[("", "Choose a column"), *((column, column) for column in columns)]
            )
        stored = self.initial.get("bands", [])
        count = whole_number(self.data.get("band_count", ""), 3) if self.is_bound else None
        if count is None:
            count = len(stored) + 1
        self.band_count = min(max(count, FEWEST_BANDS), MOST_BANDS)
        for number in range(self.band_count):
            values = stored[number] if number < len(stored) else ("", None, None)
            self._add_band(number, *values)

    @classmethod
    def initial_of(cls, schedule: Schedule, to: list[Recipient], by: User) -> dict[str, Any]:
        """Initial values for a schedule with the recipients `to`; `by` creates a new one."""
        mail = MailSettings.from_json(schedule.mail or {})
        listed = [row for row in to if row.kind in BY_HAND and row.state != Recipient.State.REMOVED]
        currencies = sorted(mail.totals_from.keys() | mail.totals_to.keys())
        return asdict(mail) | {
            "to": SPLIT if mail.split_by else PEOPLE,
            "members": [str(row.user_id) for row in listed if row.kind == Recipient.Kind.MEMBER],
            "addresses": [row.address for row in listed if row.kind == Recipient.Kind.ADDRESS],
            "fallback": mail.fallback or (by.email if schedule.pk is None else ""),
            "bands": [
                (currency, mail.totals_from.get(currency), mail.totals_to.get(currency)) for currency in currencies
            ],
        }

    @property
    def bands(self) -> list[tuple[Any, Any, Any]]:
        """The fields of each currency's range, for the page."""
        return [
            (self[f"currency_{number}"], self[f"total_from_{number}"], self[f"total_to_{number}"])
            for number in range(self.band_count)
        ]

    def clean_subject(self) -> str:
        return self._check_placeholders("subject")

    def clean_text(self) -> str:
        return self._check_placeholders("text")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._check_people(cleaned)
        if cleaned.get("content") == Content.SEALED_ZIP and not (
            cleaned.get("zip_password") or self.has_stored_password
        ):
            self.add_error("zip_password", "Set the password that the ZIP is locked with.")
        low, high = cleaned.get("rows_from"), cleaned.get("rows_to")
        if low is not None and high is not None and low > high:
            self.add_error("rows_to", "This is less than the rows it needs at least.")
        totals_from, totals_to = self._clean_totals(cleaned)
        if not self.errors:
            is_split = cleaned["to"] == SPLIT
            self.settings = MailSettings(
                content=Content(cleaned["content"]),
                always_link=cleaned["always_link"],
                split_by=cleaned["split_by"] if is_split else "",
                fallback=cleaned["fallback"] if is_split else "",
                subject=cleaned["subject"],
                text=cleaned["text"],
                first_rows=cleaned["first_rows"],
                on_empty=OnEmpty(cleaned["on_empty"]),
                rows_from=low,
                rows_to=high,
                totals_from=totals_from,
                totals_to=totals_to,
            )
        return cleaned

    @property
    def chosen_members(self) -> list[User]:
        if self.cleaned_data["to"] == SPLIT:
            return []
        return [self.people[pk] for pk in self.cleaned_data["members"]]

    @property
    def chosen_addresses(self) -> list[str]:
        return self.cleaned_data["addresses"] if self.cleaned_data["to"] == PEOPLE else []

    @property
    def new_zip_password(self) -> str | None:
        return self.cleaned_data["zip_password"] or None

    def _check_people(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("to") == SPLIT:
            if not cleaned.get("split_by"):
                self.add_error("split_by", "Choose the column that holds the addresses.")
            if not cleaned.get("fallback") and "fallback" not in self.errors:
                self.add_error("fallback", "Say who gets the rows that name nobody.")
            elif cleaned.get("fallback"):
                self._check_addresses("fallback", [cleaned["fallback"]])
            return
        if "addresses" in self.errors:
            return
        addresses = cleaned.get("addresses") or []
        if len(addresses) > MOST_ADDRESSES:
            self.add_error("addresses", f"These are more than {MOST_ADDRESSES} addresses.")
        self._check_addresses("addresses", addresses)
        if not addresses and not cleaned.get("members"):
            self.add_error("members", "Choose at least one member, or write an address below.")

    def _check_addresses(self, field: str, addresses: list[str]) -> None:
        """Allow only members and the team's allowed domains."""
        reach = AllowedAddresses.of(self.team, addresses)
        for address in addresses:
            if why := reach.why_not(address):
                self.add_error(field, why)

    def _check_placeholders(self, field: str) -> str:
        value = str(self.cleaned_data[field])
        unknown = [f"{{{word}}}" for word in re.findall(r"{([^{}]*)}", value) if f"{{{word}}}" not in PLACEHOLDERS]
        if unknown:
            raise forms.ValidationError(
                f"There is no placeholder {unknown[0]}. These are known: {', '.join(PLACEHOLDERS)}."
            )
        return value

    def _clean_totals(self, cleaned: dict[str, Any]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
        low: dict[str, Decimal] = {}
        high: dict[str, Decimal] = {}
        for number in range(self.band_count):
            name = f"currency_{number}"
            currency = (cleaned.get(name) or "").upper()
            least, most = cleaned.get(f"total_from_{number}"), cleaned.get(f"total_to_{number}")
            if least is None and most is None:
                continue
            if not currency and name not in self.errors:
                self.add_error(name, "Name the currency of this total.")
            elif currency in low or currency in high:
                self.add_error(name, f"{currency} stands here twice.")
            if least is not None and most is not None and least > most:
                self.add_error(f"total_to_{number}", "This is less than the total it needs at least.")
            if least is not None:
                low[currency] = least
            if most is not None:
                high[currency] = most
        return low, high

    def _add_band(self, number: int, currency: str, least: Decimal | None, most: Decimal | None) -> None:
        amount: dict[str, Any] = {"required": False, "max_digits": 18, "decimal_places": 2}
        self.fields[f"currency_{number}"] = forms.RegexField(
            r"^[A-Za-z]{3}$",
            required=False,
            label="Currency",
            initial=currency,
            error_messages={"invalid": "Three letters, such as EUR."},
            widget=forms.TextInput(attrs={"maxlength": 3, "autocapitalize": "characters"}),
        )
        self.fields[f"total_from_{number}"] = forms.DecimalField(label="Total at least", initial=least, **amount)
        self.fields[f"total_to_{number}"] = forms.DecimalField(label="Total at most", initial=most, **amount)


def _label(user: User) -> str:
    return f"{user} ({user.email})" if str(user) != user.email else user.email


def _describe_domains(team: Team) -> str:
    if not team.allowed_domains:
        return (
            "The team names no domains that files may be mailed to, so only members can be chosen. "
            "An Admin can name some in the team's settings."
        )
    return f"One a line, at {' or '.join(team.allowed_domains)}."
