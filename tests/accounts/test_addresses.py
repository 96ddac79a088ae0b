"""Addresses as people paste them, and every field that takes them."""

import re
from typing import Any

import pytest
from django import forms
from django.core import mail
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.addresses import read_address, read_addresses
from accounts.forms.addresses import AddressField, AddressList
from accounts.models import Credential, Invitation, Policy, Team, User
from exports.deliveries.split_by_recipient import address_in
from exports.employee_updates.feed.cells import FeedRow, person_of
from exports.forms.employee_updates.settings import UpdateSettingsForm
from exports.forms.saved_exports.settings import ExportForm
from exports.forms.schedules.mail import Addresses as ScheduleAddresses
from exports.forms.schedules.mail import MailForm
from exports.models import SavedExport
from tests.accounts.sign_in.factors import resets_are_sent
from tests.clients import signed_in
from tests.exports.saved_exports.posted_form import NEW, filled_in
from tests.factories import PASSWORD

JANE = "jane@acme.example"
# Mailboxes that people have.
ADDRESS = re.compile(r"[a-z0-9]+([._+'=&-][a-z0-9]+)*@([a-z0-9]+\.){1,2}[a-z]+", re.ASCII)
# The same address, in the ways in which it is written and copied.
WAYS = [
    JANE,
    f"  {JANE}\t",
    f"Doe, Jane <{JANE}>",
    f"Jane Doe <{JANE}>",
    f'"Doe, Jane" <{JANE}>',
    f"“Doe, Jane” <{JANE}>",
    f"'Doe, Jane' <{JANE}>",
    f'"Doe \\"JD\\", Jane" <{JANE}>',
    f"Doe, Jane (Finance) <{JANE}>",
    f"<{JANE}>",
    f"'{JANE}'",
    f"{JANE};",
    f"{JANE}.",
    f"{JANE} (Jane Doe)",
    f"Jane <{JANE}> (Finance)",
    f"mailto:{JANE}",
    f"MailTo:{JANE}?subject=Hello",
    "mailto:jane%40acme.example",
    f"<mailto:{JANE}>",
    f"Jane Doe <mailto:{JANE}>",
    f"{JANE}<mailto:{JANE}>",
    f"{JANE} <{JANE}>",
    f"[Jane](mailto:{JANE})",
    f"\ufeff\u200b{JANE}\u2060",
    "jane\u00ad@acme\u200b.example",
    f"\u202a{JANE}\u202c",
    f"Jane\u00a0Doe\u00a0<{JANE}>",
    "jane＠acme.example",
    f"Jane ＜{JANE}＞",
    f"To: Jane Doe <{JANE}>",
    f"{JANE}, {JANE}",
]


@pytest.mark.parametrize("text", WAYS)
def test_every_way_to_write_an_address_is_understood(text: str) -> None:
    assert (read_addresses(text), read_address(text)) == (([JANE], []), JANE)


@pytest.mark.parametrize(
    ("text", "found", "unread"),
    [
        # Outlook puts semicolons between people, Gmail commas, a spreadsheet tabs and line breaks.
        (f"Doe, Jane <{JANE}>; O'Brien, Pat <pat.o'brien@acme.example>", [JANE, "pat.o'brien@acme.example"], []),
        (f'"Doe, Jane" <{JANE}>, Bob Lee <bob@acme.example>,\n', [JANE, "bob@acme.example"], []),
        (f"bob@acme.example, Doe, Jane <{JANE}>, eve@acme.example", ["bob@acme.example", JANE, "eve@acme.example"], []),
        (f"{JANE}\tbob@acme.example\r\n\r\neve@acme.example", [JANE, "bob@acme.example", "eve@acme.example"], []),
        (f"To: Jane <{JANE}>\nCc: bob@acme.example", [JANE, "bob@acme.example"], []),
        (f"Jane <{JANE}> Bob Lee <bob@acme.example>", [JANE, "bob@acme.example"], []),
        (f"<{JANE}>,<bob@acme.example>", [JANE, "bob@acme.example"], []),
        (f"mailto:{JANE},bob@acme.example?subject=Hi", [JANE, "bob@acme.example"], []),
        (f"{JANE}；bob@acme.example，eve@acme.example", [JANE, "bob@acme.example", "eve@acme.example"], []),
        (f"Jane@acme.example, {JANE}", ["Jane@acme.example"], []),
        # Nothing is guessed, and nothing is dropped.
        ("bob@acme.example <eve@evil.example>", [], ["bob@acme.example <eve@evil.example>"]),
        (f"Jane {JANE}", [JANE], ["Jane"]),
        (f"Doe, Jane; {JANE}", [JANE], ["Doe", "Jane"]),
        ("a@b@acme.example", [], ["a@b@acme.example"]),
        ("Jane <jane>", [], ["Jane <jane>"]),
        ("nobody", [], ["nobody"]),
        ("", [], []),
        (" ,; \n", [], []),
    ],
)
def test_pasted_list_is_read_and_what_is_no_address_is_named(text: str, found: list[str], unread: list[str]) -> None:
    assert read_addresses(text) == (found, unread)


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.from_regex(ADDRESS, fullmatch=True)), max_size=4))
def test_no_address_in_a_list_is_lost(people: list[tuple[str, str]]) -> None:
    """A name of any characters hides no address and makes none."""
    names = ["".join(letter for letter in name if letter.isalnum() or letter in " ',-") for name, _ in people]
    text = "; ".join(f'"{name}" <{address}>' for name, (_, address) in zip(names, people, strict=True))

    found, unread = read_addresses(text)

    assert len(found) + len(unread) == len({address.lower() for _, address in people})
    assert {address.lower() for address in found} <= {address.lower() for _, address in people}


@given(st.text(max_size=60))
def test_any_text_is_read_and_its_letters_are_kept(text: str) -> None:
    found, unread = read_addresses(text)

    assert all("@" in address and not any(map(str.isspace, address)) for address in found)
    assert bool(found or unread) or not any(letter.isalnum() for letter in text)


# ------------------------------------------------------------ the fields


def test_every_field_for_addresses_uses_the_reader() -> None:
    one = [MailForm.base_fields["fallback"], ExportForm.base_fields["employee_email"]]
    several = [
        MailForm.base_fields["addresses"],
        ExportForm.base_fields["email_recipients"],
        UpdateSettingsForm.base_fields["recipients"],
    ]

    assert all(isinstance(field, AddressField) for field in one)
    assert all(isinstance(field, AddressList) for field in several)


@pytest.mark.parametrize("text", WAYS)
def test_fields_give_the_address(text: str) -> None:
    row, notes = person_of(FeedRow(1, {"email": text}))

    assert (AddressField().clean(text), AddressList().clean(text)) == (JANE, [JANE])
    assert (ScheduleAddresses().clean(text), address_in(text), row.email) == ([JANE], JANE, JANE)
    assert {note.severity for note in notes} <= {"notice"}


@pytest.mark.parametrize("text", ["Jane", f"Jane {JANE}", f"{JANE}, bob@acme.example", "bob@x.example <eve@y.example>"])
def test_field_for_one_address_refuses_none_and_several(text: str) -> None:
    with pytest.raises(forms.ValidationError):
        AddressField().clean(text)
    assert address_in(text) == ""


def test_list_names_the_piece_that_is_no_address() -> None:
    with pytest.raises(forms.ValidationError, match="“Doe” is not an e-mail address"):
        AddressList().clean(f"Doe; {JANE}")


def test_address_that_is_too_long_is_refused_but_a_long_name_is_not() -> None:
    with pytest.raises(forms.ValidationError, match="longer than 254"):
        AddressField().clean(f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.example")
    assert AddressField().clean(f"{'Jane ' * 70}<{JANE}>") == JANE


def test_export_mails_to_people_pasted_from_outlook(
    credential: Credential, erin: User, acme_open: Team, policy: Policy
) -> None:
    pasted = f"Doe, Jane <{JANE}>; Lee, Bob <bob@acme.example>"

    signed_in(erin).post(NEW, filled_in(credential, email_recipients=pasted, employee_email=f"Doe, Jane <{JANE}>"))

    settings: Any = SavedExport.objects.get().present.settings
    assert (settings["email_recipients"], settings["employee_email"]) == ([JANE, "bob@acme.example"], JANE)


def test_invitation_goes_to_the_address_of_a_pasted_contact(alice: User, acme_open: Team) -> None:
    signed_in(alice).post(
        "/t/acme/team/invitations/new/", {"address": "Doe, Jane <jane@new.example>", "role": "viewer"}
    )

    assert Invitation.objects.get().address == "jane@new.example"


def test_person_signs_in_and_resets_with_a_pasted_contact(alice: User) -> None:
    contact = f"Alice, of Acme <{alice.email}>"
    client = Client()

    client.post("/account/login/", {"login": contact, "password": PASSWORD})
    Client().post("/account/password/reset/", {"email": contact})
    resets_are_sent()

    assert client.session["_auth_user_id"] == str(alice.pk)
    assert [message.to for message in mail.outbox] == [[alice.email]]


@pytest.mark.parametrize("path", ["/account/login/", "/account/password/reset/"])
def test_browser_lets_a_pasted_contact_through(acme: Team, path: str) -> None:
    """A field of the type “email” would be refused by the browser itself."""
    assert 'type="email"' not in Client().get(path).content.decode()
