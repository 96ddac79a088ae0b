"""A team's own reports as sample data: made by a starter, offered in the form, and never another team's."""

from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import Credential, Team, User
from exports.columns.presets import PRESETS
from exports.columns.writing import template_of
from exports.models import Run
from exports.runs import actions as runs
from exports.saved_exports import preview_own_data
from exports.saved_exports.preview import try_out
from exports.saved_exports.starter_templates import STARTERS
from sandbox.app import Sandbox
from tests.factories import make_export
from tests.work import Work


def own_run(credential: Credential, by: User, work: Work) -> Run:
    export = make_export(
        credential, by, "Data", template=STARTERS["data"].template, file_extension="json",
        report_ids=[], period="last_month",
    )  # fmt: skip
    run = work(runs.start(export, by=by))
    assert run.status == Run.Status.SUCCEEDED, run.error
    return run


def test_own_reports_are_what_templates_see(
    credential: Credential, alice: User, work: Work, acme: Team, sandbox: Sandbox
) -> None:
    run = own_run(credential, alice, work)

    own = preview_own_data.latest(acme)

    assert own is not None
    assert own.run_id == run.pk
    report = own.data["reports"][0]
    real = sandbox.company.reports[report["reportID"]]
    assert report["submitter"]["fullName"]
    assert report["accountEmail"] == real.account_email
    assert [expense["transactionID"] for expense in report["transactionList"]] == [
        expense["transactionID"] for expense in real.expenses
    ]
    tried = try_out(template_of(PRESETS["detail"].layout), data=own.data, extension="csv")
    assert tried.is_made
    assert len(tried.rows) > 5


def test_the_form_offers_them_and_previews_with_them(
    credential: Credential, alice: User, work: Work, acme: Team, client: Client
) -> None:
    run = own_run(credential, alice, work)
    client.force_login(alice)
    url = reverse("exports:export-preview", args=[acme.slug])

    form = client.get(reverse("exports:export-new", args=[acme.slug])).content.decode()
    preview = client.post(
        url, {"written": "template", "template": STARTERS["report"].template, "sample": "own", "do": "preview"}
    )

    assert f"Your own data, run {run.pk}" in form
    assert preview_own_data.latest(acme).data["reports"][0]["reportID"] in preview.content.decode()


def test_another_teams_data_are_not_offered(
    credential: Credential, alice: User, work: Work, umbrella: Team, charlie: User, client: Client
) -> None:
    own_run(credential, alice, work)
    client.force_login(charlie)

    form = client.get(reverse("exports:export-new", args=[umbrella.slug])).content.decode()

    assert "Your own data" not in form


def test_a_json_result_of_another_shape_is_passed_over(
    credential: Credential, alice: User, work: Work, acme: Team
) -> None:
    template = "[<#list reports as report>${report.total?c}<#sep>,</#sep></#list>]"
    export: Any = make_export(credential, alice, "Totals", template=template, file_extension="json")

    work(runs.start(export, by=alice))

    assert preview_own_data.latest(acme) is None
