"""The form of a saved export, as posted without JavaScript."""

from typing import Any

import pytest
from django.test import Client

from accounts.credentials.keyring import unseal
from accounts.models import Credential, Policy, Team, User
from expensify.freemarker.template import parse
from exports.models import SavedExport
from exports.saved_exports.starter_templates import STARTERS
from tests.clients import signed_in
from tests.documentation import JOB, TEMPLATE
from tests.exports.saved_exports.posted_form import NEW, filled_in, problems
from tests.factories import make_credential, make_export, make_policy


@pytest.fixture
def erin_at_work(erin: User) -> Client:
    return signed_in(erin)


@pytest.fixture
def sales(acme_open: Team, credential: Credential) -> Policy:
    """A policy that the credential reaches."""
    return make_policy(credential, "0123456789ABCDEF", "Sales")


def changed_settings(export: SavedExport) -> dict[str, Any]:
    """Settings of the present version that differ from an untouched form."""
    untouched = {"file_extension": "csv", "sftp_port": 22, "mark_when": "generated"}
    return {name: value for name, value in export.version.settings.items() if value and untouched.get(name) != value}


# ------------------------------------------------------------ saving


def test_minimal_form_creates_an_export_with_its_first_version(
    erin_at_work: Client, credential: Credential, acme_open: Team
) -> None:
    response = erin_at_work.post(NEW, filled_in(credential))

    export = SavedExport.objects.get()
    assert response.headers["Location"] == f"/t/acme/exports/{export.pk}/"
    assert (export.name, export.credential, export.version.number) == ("January", credential, 1)
    assert (changed_settings(export), export.version.template) == ({"report_ids": ["50352738"]}, "${reports?size}")


def test_every_field_is_kept(erin_at_work: Client, credential: Credential, sales: Policy) -> None:
    fields = {
        "policy_ids": [sales.policy_id],
        "report_ids": "R1aa, R2bb;R3cc\r\nR1aa",
        "period": "fixed",
        "period_start": "2026-01-01",
        "period_end": "2026-01-31",
        "approved_since": "fixed",
        "approved_since_date": "2026-01-02",
        "states": ["APPROVED", "REIMBURSED"],
        "not_marked_as": "ERP",
        "limit": "25",
        "employee_email": "erin@acme.example",
        "file_extension": "pdf",
        "file_basename": "january",
        "full_page_receipts": "on",
        "mark_as": "ERP",
        "mark_when": "generated",
        "email_recipients": "a@acme.example, b@acme.example",
        "email_message": "Ready:\r\n${filenames[0]}",
        "sftp_host": "sftp.acme.example",
        "sftp_port": "2222",
        "sftp_login": "e",
        "sftp_password": " canary ",
        "test": "on",
    }

    erin_at_work.post(NEW, filled_in(credential, **fields))

    export = SavedExport.objects.get()
    assert export.version.settings == {
        "policy_ids": ["0123456789ABCDEF"],
        "report_ids": ["R1aa", "R2bb", "R3cc"],
        "period": "fixed",
        "period_start": "2026-01-01",
        "period_end": "2026-01-31",
        "approved_since": "fixed",
        "approved_since_date": "2026-01-02",
        "states": ["APPROVED", "REIMBURSED"],
        "not_marked_as": "ERP",
        "limit": 25,
        "employee_email": "erin@acme.example",
        "file_extension": "pdf",
        "file_basename": "january",
        "full_page_receipts": True,
        "mark_as": "ERP",
        "mark_when": "generated",
        "look_back_days": 0,
        "email_recipients": ["a@acme.example", "b@acme.example"],
        "email_message": "Ready:\n${filenames[0]}",
        "sftp_host": "sftp.acme.example",
        "sftp_port": 2222,
        "sftp_login": "e",
        "test": True,
    }
    assert unseal(export, "sftp_password") == " canary "


def test_new_marking_export_marks_when_the_file_is_safe(
    erin_at_work: Client, credential: Credential, acme_open: Team
) -> None:
    shown = erin_at_work.get(NEW).context["form"]

    erin_at_work.post(NEW, filled_in(credential, mark_as="ERP", mark_when=shown["mark_when"].value()))

    assert changed_settings(SavedExport.objects.get()) == {
        "report_ids": ["50352738"], "mark_as": "ERP", "mark_when": "safe",
    }  # fmt: skip


def test_older_export_still_marks_with_its_file(erin_at_work: Client, credential: Credential, erin: User) -> None:
    export = make_export(credential, erin, mark_as="ERP")

    form = erin_at_work.get(f"/t/acme/exports/{export.pk}/edit/").context["form"]

    assert form["mark_when"].value() == "generated"


def test_looking_back_without_a_label_to_skip_is_refused(erin_at_work: Client, credential: Credential) -> None:
    response = erin_at_work.post(NEW, filled_in(credential, period="last_month", look_back_days="60"))

    assert list(problems(response)) == ["look_back_days"]


def test_days_to_look_back_apply_only_to_a_relative_period(
    erin_at_work: Client, credential: Credential, acme_open: Team
) -> None:
    erin_at_work.post(NEW, filled_in(credential, look_back_days="60"))

    assert changed_settings(SavedExport.objects.get()) == {"report_ids": ["50352738"]}


def test_unchanged_form_makes_no_version(
    erin_at_work: Client, credential: Credential, erin: User, sales: Policy
) -> None:
    export = make_export(
        credential, erin, period="last_month", report_ids=[], policy_ids=[sales.policy_id], states=["APPROVED"], limit=3
    )
    form = erin_at_work.get(f"/t/acme/exports/{export.pk}/edit/").context["form"]
    shown = {name: value for name in form.fields if (value := form[name].value()) not in (None, False)}

    erin_at_work.post(f"/t/acme/exports/{export.pk}/edit/", shown)

    export.refresh_from_db()
    assert export.version.number == 1


def test_template_keeps_its_whitespace(erin_at_work: Client, credential: Credential, acme_open: Team) -> None:
    erin_at_work.post(NEW, filled_in(credential, template="\r\n  a<#lt>\r\nb \r\n"))

    assert SavedExport.objects.get().version.template == "\n  a<#lt>\nb \n"


def test_pdf_needs_no_template(erin_at_work: Client, credential: Credential, acme_open: Team) -> None:
    erin_at_work.post(NEW, filled_in(credential, file_extension="pdf", template=""))

    assert SavedExport.objects.get().version.template == "default"


def test_dates_apply_only_to_fixed_dates(erin_at_work: Client, credential: Credential, acme_open: Team) -> None:
    stale = {"period_start": "2020-01-01", "period_end": "2020-01-02", "approved_since_date": "2020-01-01"}

    erin_at_work.post(NEW, filled_in(credential, period="last_month", **stale))

    assert changed_settings(SavedExport.objects.get()) == {"report_ids": ["50352738"], "period": "last_month"}


# ------------------------------------------------------------ errors at their fields


@pytest.mark.parametrize(
    ("fields", "where", "words"),
    [
        ({"name": ""}, "name", "Give the export a name."),
        ({"credential": ""}, "credential", "Choose the credential"),
        ({"report_ids": ""}, "period", "one must select reports"),
        ({"report_ids": "R1aa,R1"}, "report_ids", "“R1” is not a report ID"),
        ({"period": "fixed"}, "period_start", "Give the first day"),
        ({"period": "fixed", "period_start": "31.01.2026"}, "period_start", "Enter a valid date"),
        ({"period": "fixed", "period_start": "2020-01-01"}, "period_end", "give an end date"),
        (
            {"period": "fixed", "period_start": "2020-01-01", "period_end": "2021-01-02"},
            "period_start",
            "longer than a year",
        ),
        ({"period": "fixed", "period_start": "2026-02-01", "period_end": "2026-01-01"}, "period_end", "lies before"),
        ({"approved_since": "fixed"}, "approved_since_date", "Give the day"),
        ({"approved_since": "fixed", "approved_since_date": "2020-01-01"}, "period", "give an end date"),
        ({"states": ["OPEN"], "employee_email": "erin@acme.example"}, "states", "Open reports cannot be exported"),
        ({"states": ["PAID"]}, "states", "not one of the available choices"),
        ({"employee_email": "erin"}, "employee_email", "whole e-mail address"),
        ({"limit": "0"}, "limit", "at least one report"),
        ({"limit": "many"}, "limit", "Enter a whole number"),
        ({"file_extension": "docx"}, "file_extension", "not one of the available choices"),
        ({"file_basename": "../january"}, "file_basename", "Name the file"),
        ({"email_recipients": "cfo"}, "email_recipients", "“cfo” is not an e-mail address"),
        ({"email_message": "Hello"}, "email_recipients", "Say to whom"),
        ({"email_recipients": "a@acme.example", "email_message": "${"}, "email_message", "Line 1, column"),
        ({"sftp_host": "sftp.acme.example", "sftp_login": "e"}, "sftp_host", "the password of the SFTP server"),
        ({"sftp_login": "e"}, "sftp_host", "Give the host"),
        ({"sftp_password": "canary"}, "sftp_host", "Give the host"),
        (
            {"sftp_host": "a.example", "sftp_login": "e", "sftp_password": "canary", "sftp_port": "70000"},
            "sftp_host",
            "from 1 to 65535",
        ),
        ({"template": " "}, "template", "Write a template"),
    ],
)
def test_error_of_the_contract_shows_at_its_field(
    fields: dict[str, Any], where: str, words: str, erin_at_work: Client, credential: Credential, acme_open: Team
) -> None:
    response = erin_at_work.post(NEW, filled_in(credential, **fields))

    assert list(problems(response)) == [where]
    assert [words in sentence for sentence in problems(response)[where]] == [True]
    assert SavedExport.objects.count() == 0


def test_end_date_alone_allows_an_old_approval_date(
    erin_at_work: Client, credential: Credential, acme_open: Team
) -> None:
    fields = {
        "approved_since": "fixed",
        "approved_since_date": "2020-01-01",
        "period": "fixed",
        "period_end": "2020-12-31",
    }

    erin_at_work.post(NEW, filled_in(credential, **fields))

    assert changed_settings(SavedExport.objects.get()) == {"report_ids": ["50352738"], **fields}


def test_several_errors_show_at_once(erin_at_work: Client, credential: Credential) -> None:
    response = erin_at_work.post(NEW, filled_in(credential, name="", limit="0", template="", file_basename="/"))

    assert set(problems(response)) == {"name", "limit", "template", "file_basename"}


def test_name_is_unique_per_team_regardless_of_case(
    erin_at_work: Client, credential: Credential, export: SavedExport
) -> None:
    response = erin_at_work.post(NEW, filled_in(credential, name="MONTHLY expenses"))

    assert problems(response) == {"__all__": ["The team has a saved export of this name already. Choose another name."]}


def test_name_of_an_archived_export_is_free(
    erin_at_work: Client, credential: Credential, export: SavedExport, acme_open: Team
) -> None:
    erin_at_work.post(f"/t/acme/exports/{export.pk}/archive/")

    erin_at_work.post(NEW, filled_in(credential, name=export.name))

    assert SavedExport.objects.live().get().name == export.name


# ------------------------------------------------------------ credentials and policies


def test_usable_credentials_and_the_present_one_are_offered(
    erin_at_work: Client, acme: Team, umbrella: Team, erin: User
) -> None:
    working = make_credential(acme, "Working")
    untested = make_credential(acme, "Untested", status=Credential.Status.UNCHECKED)
    refused = make_credential(acme, "Refused", status=Credential.Status.REFUSED)
    make_credential(umbrella, "Umbrella's")
    export = make_export(refused, erin)

    def offered(url: str) -> list[str]:
        return [
            str(label) for value, label in erin_at_work.get(url).context["form"].fields["credential"].choices if value
        ]

    assert offered(NEW) == [untested.name, working.name]
    assert offered(f"/t/acme/exports/{export.pk}/edit/") == [refused.name, untested.name, working.name]


def test_another_teams_credential_is_refused(
    erin_at_work: Client, credential: Credential, umbrella: Team, acme_open: Team
) -> None:
    theirs = make_credential(umbrella)

    response = erin_at_work.post(NEW, filled_in(theirs))

    assert list(problems(response)) == ["credential"]


def test_policies_are_listed_by_credential(erin_at_work: Client, acme: Team, sales: Policy) -> None:
    other = make_credential(acme, "Other")
    make_policy(other, "FF", "Marketing")

    choices = erin_at_work.get(NEW).context["form"].fields["policy_ids"].choices

    assert choices == [
        ("Main", [("0123456789ABCDEF", "Sales (0123456789ABCDEF)")]),
        ("Other", [("FF", "Marketing (FF)")]),
    ]


def test_unreachable_policy_is_refused_by_name(
    erin_at_work: Client, acme: Team, credential: Credential, sales: Policy
) -> None:
    other = make_credential(acme, "Other")
    make_policy(other, "FF", "Marketing")

    response = erin_at_work.post(NEW, filled_in(credential, policy_ids=["0123456789ABCDEF", "FF"]))

    assert problems(response) == {
        "policy_ids": [
            "The credential “Main” does not reach “Marketing”. "
            "Untick what it does not reach, or choose another credential."
        ]
    }


def test_unlisted_policy_stays_ticked_and_visible(
    erin_at_work: Client, credential: Credential, erin: User, sales: Policy
) -> None:
    export = make_export(credential, erin, policy_ids=["0123456789ABCDEF", "GONE1"])

    form = erin_at_work.get(f"/t/acme/exports/{export.pk}/edit/").context["form"]

    assert form.fields["policy_ids"].choices[-1] == ("In no credential's list", [("GONE1", "GONE1")])
    assert form["policy_ids"].value() == ["0123456789ABCDEF", "GONE1"]


def test_untested_credential_allows_any_policy(erin_at_work: Client, credential: Credential, acme_open: Team) -> None:
    erin_at_work.post(NEW, filled_in(credential, policy_ids=["0123456789ABCDEF"]))

    assert SavedExport.objects.get().version.settings["policy_ids"] == ["0123456789ABCDEF"]


# ------------------------------------------------------------ the SFTP password


@pytest.fixture
def uploading(erin_at_work: Client, credential: Credential, acme_open: Team) -> SavedExport:
    fields = {"sftp_host": "sftp.acme.example", "sftp_login": "e", "sftp_password": "canary"}
    erin_at_work.post(NEW, filled_in(credential, **fields))
    return SavedExport.objects.get()


@pytest.mark.parametrize(
    ("fields", "kept"),
    [({}, "canary"), ({"sftp_password": "second"}, "second"), ({"sftp_host": "", "sftp_login": ""}, None)],
    ids=["left empty", "new password", "upload removed"],
)
def test_stored_password_after_an_edit(
    fields: dict[str, str], kept: str | None, uploading: SavedExport, erin_at_work: Client
) -> None:
    upload = {"sftp_host": "sftp.acme.example", "sftp_login": "e"}

    erin_at_work.post(f"/t/acme/exports/{uploading.pk}/edit/", filled_in(uploading.credential, **(upload | fields)))

    uploading.refresh_from_db()
    assert unseal(uploading, "sftp_password") == kept


def test_password_can_only_be_removed_with_the_upload(uploading: SavedExport, erin_at_work: Client) -> None:
    fields = {"sftp_host": "sftp.acme.example", "sftp_login": "e", "remove_sftp_password": "on"}

    response = erin_at_work.post(f"/t/acme/exports/{uploading.pk}/edit/", filled_in(uploading.credential, **fields))

    assert list(problems(response)) == ["sftp_host"]


def test_password_is_in_no_page_and_no_audit_entry(uploading: SavedExport, erin_at_work: Client, acme: Team) -> None:
    wrong = filled_in(
        uploading.credential, name="", sftp_host="sftp.acme.example", sftp_login="e", sftp_password="canary"
    )
    pages = [
        erin_at_work.get(f"/t/acme/exports/{uploading.pk}/"),
        erin_at_work.get(f"/t/acme/exports/{uploading.pk}/edit/"),
        erin_at_work.post(f"/t/acme/exports/{uploading.pk}/edit/", wrong),
        erin_at_work.post(f"/t/acme/exports/{uploading.pk}/edit/", wrong | {"do": "starter:expense"}),
    ]

    assert ["canary" in page.content.decode() for page in pages] == [False] * 4
    assert "canary" not in str([entry.data for entry in acme.audit_entries.all()])


# ------------------------------------------------------------ pasting and starting


def test_help_pages_export_can_be_entered_unchanged(
    erin_at_work: Client, credential: Credential, acme_open: Team
) -> None:
    entered = filled_in(credential, report_ids="", template=TEMPLATE.replace("\n", "\r\n"))

    read = erin_at_work.post(NEW, entered | {"pasted_job": JOB, "read_job": "1"})
    form = read.context["form"]
    shown = {name: value for name in form.fields if (value := form[name].value()) not in (None, False)}
    erin_at_work.post(NEW, shown)

    export = SavedExport.objects.get()
    assert (changed_settings(export), export.version.template) == ({"report_ids": ["50352738"]}, TEMPLATE)


def test_reading_a_job_saves_nothing_and_keeps_other_fields(
    erin_at_work: Client, credential: Credential, acme_open: Team
) -> None:
    response = erin_at_work.post(NEW, filled_in(credential, period="last_month", pasted_job=JOB, report_ids="R9"))

    form = response.context["form"]
    assert SavedExport.objects.count() == 0
    assert (form["name"].value(), form["credential"].value()) == ("January", str(credential.pk))
    assert (form["report_ids"].value(), form["period"].value()) == ("50352738", "")
    assert form.errors == {}


@pytest.mark.parametrize("pasted", [JOB, JOB[:-30], "no job, my_user_secret"])
def test_pasted_credentials_are_not_shown_again(pasted: str, erin_at_work: Client, credential: Credential) -> None:
    response = erin_at_work.post(NEW, filled_in(credential, pasted_job=pasted))

    assert "my_user_" not in response.content.decode()


def test_unreadable_job_leaves_the_form_unchanged(erin_at_work: Client, credential: Credential) -> None:
    response = erin_at_work.post(NEW, filled_in(credential, pasted_job="nonsense"))

    assert "There is no job in this text" in response.content.decode()
    assert response.context["form"]["report_ids"].value() == "50352738"


@pytest.mark.parametrize("name", STARTERS)
def test_starter_in_the_url_fills_the_template(name: str, erin_at_work: Client) -> None:
    form = erin_at_work.get(f"{NEW}?starter={name}").context["form"]

    assert form["template"].value() == STARTERS[name].template


def test_starter_replaces_only_the_template(erin_at_work: Client, credential: Credential, acme_open: Team) -> None:
    response = erin_at_work.post(NEW, filled_in(credential, do="starter:report"))

    form = response.context["form"]
    assert (form["name"].value(), form["template"].value()) == ("January", STARTERS["report"].template)
    assert SavedExport.objects.count() == 0


def test_unknown_starter_changes_nothing(erin_at_work: Client, credential: Credential) -> None:
    response = erin_at_work.post(NEW, filled_in(credential, do="starter:nothing"))

    assert response.context["form"]["template"].value() == "${reports?size}"


def test_help_pages_template_parses() -> None:
    parse(TEMPLATE)


def test_archived_export_is_not_edited(erin_at_work: Client, export: SavedExport) -> None:
    erin_at_work.post(f"/t/acme/exports/{export.pk}/archive/")

    assert erin_at_work.get(f"/t/acme/exports/{export.pk}/edit/").status_code == 404
