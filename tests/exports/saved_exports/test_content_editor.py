"""The builder and the template editor as posted without JavaScript, and the preview."""

import re
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import Credential, Team, User
from expensify.freemarker.template import parse
from exports.columns.layout import Layout, column
from exports.columns.presets import PRESETS
from exports.columns.writing import template_of
from exports.forms.saved_exports.content import Contents
from exports.models import ExportVersion, SavedExport
from exports.runs import actions as runs
from exports.saved_exports import actions as saved_exports
from exports.saved_exports import preview as template_preview
from exports.saved_exports.starter_templates import STARTERS
from tests.clients import signed_in
from tests.exports.saved_exports.posted_form import NEW, filled_in, problems
from tests.factories import make_credential, make_export
from tests.waiting import PATIENCE

PREVIEW = "/t/acme/exports/preview/"


@pytest.fixture(autouse=True)
def patient_previews(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop a runaway template by its steps only, so that slow machines do not fail the tests."""
    monkeypatch.setattr(template_preview, "LIMITS", replace(template_preview.LIMITS, steps=200_000, seconds=PATIENCE))


@pytest.fixture
def erin_at_work(erin: User) -> Client:
    return signed_in(erin)


def built(*names: str, **fields: Any) -> dict[str, Any]:
    """The builder's fields for these columns, as a browser posts them."""
    sent = {"written": "columns", "columns": str(len(names)), "rows": "expense", "kind": "csv", "heading": "on"}
    for number, name in enumerate(names, start=1):
        chosen = column(name)
        sent |= {
            f"column-{number}-source": "field",
            f"column-{number}-name": name,
            f"column-{number}-heading": chosen.heading,
            f"column-{number}-format": chosen.format,
            **({f"column-{number}-excel_text": "on"} if chosen.excel_text else {}),
        }
    return sent | fields


def names(contents: Contents) -> list[str]:
    return [column.name or column.source for column in contents.layout.columns]


# ------------------------------------------------------------ saving


def test_columns_are_saved_with_the_template_they_write(
    erin_at_work: Client, credential: Credential, acme_open: Team
) -> None:
    erin_at_work.post(NEW, filled_in(credential, **built("expense.transactionID", "final.merchant", guard="on")))

    version = SavedExport.objects.get().version
    layout = Layout(columns=(column("expense.transactionID"), column("final.merchant")))
    assert (version.columns, version.template) == (layout.as_json(), template_of(layout))


def test_reopened_builder_has_the_same_columns(erin_at_work: Client, credential: Credential, acme_open: Team) -> None:
    erin_at_work.post(NEW, filled_in(credential, **built("final.created", "final.amount", delimiter="semicolon")))
    export = SavedExport.objects.get()

    contents = erin_at_work.get(f"/t/acme/exports/{export.pk}/edit/").context["contents"]

    assert (contents.is_built, contents.columns) == (True, export.version.columns)
    assert contents.layout.delimiter == ";"


def test_every_field_of_a_column_is_kept(erin_at_work: Client, credential: Credential, acme_open: Team) -> None:
    own = {
        "column-1-heading": "Chargeable",
        "column-1-yes": "J",
        "column-1-no": "N",
        "column-1-fallback": "?",
        "column-2-source": "constant",
        "column-2-heading": "Company",
        "column-2-text": "4711",
        "column-2-excel_text": "on",
        "column-3-source": "number",
        "column-3-heading": "Line",
        "column-3-width": "7",
        "columns": "3",
        "keep_line_breaks": "on",
        "quoting": "always",
    }

    erin_at_work.post(NEW, filled_in(credential, **built("expense.billable") | own))

    stored = SavedExport.objects.get().version.columns
    assert [
        {name: value for name, value in column.items() if value not in ("", False, 20, ["Yes", "No"])}
        for column in stored["columns"]
    ] == [
        {"heading": "Chargeable", "source": "field", "name": "expense.billable", "words": ["J", "N"], "fallback": "?"},
        {"heading": "Company", "source": "constant", "text": "4711", "excel_text": True},
        {"heading": "Line", "source": "number", "width": 7},
    ]
    assert (stored["quoting"], stored["line_breaks"], stored["guard"]) == ("always", "keep", False)


def test_edited_text_is_a_template_and_keeps_the_columns_beside_it(
    erin_at_work: Client, credential: Credential, acme_open: Team
) -> None:
    erin_at_work.post(NEW, filled_in(credential, **built("final.merchant")))
    export = SavedExport.objects.get()
    edit = f"/t/acme/exports/{export.pk}/edit/"
    as_text = erin_at_work.post(edit, filled_in(credential, **built("final.merchant", do="as-text")))
    edited = as_text.context["contents"].template + "The end\n"
    erin_at_work.post(edit, filled_in(credential, template=edited, columns=as_text.context["contents"].columns_json))

    opened = erin_at_work.get(edit)

    export.refresh_from_db()
    assert (export.version.number, export.version.columns, export.version.template) == (2, None, edited)
    assert opened.context["contents"].is_built is False
    assert "Go back to the columns" in opened.content.decode()
    back = opened.context["contents"].act("as-columns", {})
    assert (back.is_built, names(back), back.template) == (True, ["final.merchant"], edited)


def test_unedited_text_is_saved_with_its_columns(erin_at_work: Client, credential: Credential, acme_open: Team) -> None:
    layout = Layout(columns=(column("final.merchant"),))
    contents = Contents(written="template", layout=layout, template=template_of(layout))

    erin_at_work.post(NEW, filled_in(credential, template=contents.template, columns=contents.columns_json))

    assert SavedExport.objects.get().version.columns == layout.as_json()


def test_columns_with_problems_are_not_saved(erin_at_work: Client, credential: Credential, acme_open: Team) -> None:
    none = erin_at_work.post(NEW, filled_in(credential, **built()))
    unfit = erin_at_work.post(NEW, filled_in(credential, **built("final.merchant", file_extension="json")))

    assert problems(none) == {"template": ["Choose at least one column."]}
    assert problems(unfit)["template"][0].startswith("These columns are written as CSV, but the file type is JSON.")
    assert SavedExport.objects.count() == 0


def test_a_pdf_needs_no_columns(erin_at_work: Client, credential: Credential, acme_open: Team) -> None:
    erin_at_work.post(NEW, filled_in(credential, **built(file_extension="pdf")))

    version = SavedExport.objects.get().version
    assert (version.template, version.columns) == ("default", None)


# ------------------------------------------------------------ drafts


def test_malformed_template_is_saved_as_a_draft_that_cannot_run(
    erin_at_work: Client, erin: User, credential: Credential, acme_open: Team
) -> None:
    response = erin_at_work.post(NEW, filled_in(credential, template="a\n${reports"), follow=True)

    export = SavedExport.objects.select_related("version", "credential", "team").get()
    assert export.version.draft_because.startswith("Line 2, column 9: ")
    assert "as a draft: its template cannot be read" in response.content.decode()
    assert "Run now" not in response.content.decode()
    with pytest.raises(runs.CannotStart, match="This export is a draft"):
        runs.start(export, by=erin)


@pytest.mark.parametrize(
    "template", ["<#include 'x'>", "${'1'?eval}", "<#ftl strict_syntax=false>", "<#if true>" * 70 + "</#if>" * 70]
)
def test_template_that_only_expensify_can_run_is_no_draft(
    template: str, erin_at_work: Client, erin: User, credential: Credential, acme_open: Team
) -> None:
    erin_at_work.post(NEW, filled_in(credential, template=template))
    export = SavedExport.objects.select_related("version", "credential", "team").get()
    preview = erin_at_work.get(f"{export.get_absolute_url()}edit/").content.decode()

    assert export.version.is_draft is False
    assert runs.start(export, by=erin).version == export.version
    assert "The preview cannot show this template." in preview
    assert "so there is no preview" not in preview


def test_template_with_warnings_is_not_a_draft(erin_at_work: Client, credential: Credential, acme_open: Team) -> None:
    erin_at_work.post(NEW, filled_in(credential, template="${expense.merchnt}"))

    assert SavedExport.objects.get().version.is_draft is False


def test_corrected_draft_can_run(erin: User, credential: Credential, acme_open: Team) -> None:
    export = make_export(credential, erin, template="${")

    saved_exports.save(export, settings=_settings(export), template="${1}", sftp_password=None, by=erin)

    assert runs.start(export, by=erin).version.number == 2


def _settings(export: SavedExport) -> Any:
    return saved_exports.ExportSettings.from_json(export.version.settings)


def test_versions_with_drafts_are_immutable(export: SavedExport, acme_open: Team) -> None:
    with pytest.raises(IntegrityError if connection.vendor == "sqlite" else Exception, match="never changes"):
        with transaction.atomic():
            ExportVersion.objects.update(columns={})


# ------------------------------------------------------------ the builder's buttons


@pytest.mark.parametrize(
    ("do", "after"),
    [
        ("up:2", ["final.merchant", "final.created", "final.amount"]),
        ("up:1", ["final.created", "final.merchant", "final.amount"]),
        ("down:1", ["final.merchant", "final.created", "final.amount"]),
        ("down:3", ["final.created", "final.merchant", "final.amount"]),
        ("remove:2", ["final.created", "final.amount"]),
        ("move:3-1", ["final.amount", "final.created", "final.merchant"]),
        ("add:expense.tag", ["final.created", "final.merchant", "final.amount", "expense.tag"]),
        ("add:number", ["final.created", "final.merchant", "final.amount", "number"]),
        ("add:constant", ["final.created", "final.merchant", "final.amount", "constant"]),
        ("add:nothing", ["final.created", "final.merchant", "final.amount"]),
        ("up:9", ["final.created", "final.merchant", "final.amount"]),
        ("remove:-1", ["final.created", "final.merchant", "final.amount"]),
        ("", ["final.created", "final.merchant", "final.amount"]),
    ],
)
def test_button_changes_the_columns(do: str, after: list[str]) -> None:
    contents = Contents.from_post(built("final.created", "final.merchant", "final.amount"))

    assert names(contents.act(do, {})) == after


@pytest.mark.parametrize(
    ("field", "filled", "added"),
    [
        ("final.tagX", "2", ["final.tag2"]),
        ("expense.ntagXGlCode", "1", ["expense.ntag1GlCode"]),
        ("report.customField.<Name>", "Cost centre", ["report.customField.Cost_centre"]),
        ("report.customField.<Name>", " ", []),
        ("final.tagX", "two", []),
    ],
)
def test_tag_level_and_report_field_name_are_filled_in(field: str, filled: str, added: list[str]) -> None:
    contents = Contents.from_post(built()).act(f"add:{field}", {f"fill:{field}": filled})

    assert names(contents) == added


@pytest.mark.parametrize("key", PRESETS)
def test_preset_sets_columns_and_ticks_states(
    key: str, erin_at_work: Client, credential: Credential, acme_open: Team
) -> None:
    response = erin_at_work.post(NEW, filled_in(credential, do=f"preset:{key}"))

    assert response.context["contents"].layout == PRESETS[key].layout
    assert response.context["form"]["states"].value() == list(PRESETS[key].states)
    assert SavedExport.objects.count() == 0


def test_without_javascript_a_button_saves_nothing_and_keeps_the_form(
    erin_at_work: Client, credential: Credential, acme_open: Team
) -> None:
    response = erin_at_work.post(NEW, filled_in(credential, **built("final.merchant", do="add:final.amount")))

    assert names(response.context["contents"]) == ["final.merchant", "final.amount"]
    assert response.context["form"]["name"].value() == "January"
    assert response.context["tryout"].headings == ["Merchant", "Amount"]
    assert SavedExport.objects.count() == 0


def test_search_finds_fields_by_meaning(erin_at_work: Client) -> None:
    page = erin_at_work.post(PREVIEW, built(do="find", find="tax rate")).content.decode()

    offered = re.findall(r'value="add:([^"]+)"', page)
    assert "expense.taxRate" in offered
    assert "final.merchant" not in offered


# ------------------------------------------------------------ the preview


def test_preview_shows_the_file_for_sample_data(erin_at_work: Client) -> None:
    preview = erin_at_work.post(PREVIEW, built("final.merchant", "final.amount")).context["tryout"]

    assert (preview.headings, preview.rows[0]) == (["Merchant", "Amount"], ["DB Bahn", "89.90"])
    assert preview.text.startswith("Merchant,Amount\nDB Bahn,89.90\n")


def test_preview_of_json_is_a_table_too(erin_at_work: Client) -> None:
    sent = built("final.merchant", "final.amount", kind="json", file_extension="json")

    preview = erin_at_work.post(PREVIEW, sent).context["tryout"]

    assert (preview.headings, preview.rows[0]) == (["Merchant", "Amount"], ["DB Bahn", "89.90"])


def test_edge_cases_can_be_chosen(erin_at_work: Client) -> None:
    company = erin_at_work.post(PREVIEW, built("final.merchant")).context["tryout"]
    edges = erin_at_work.post(PREVIEW, built("final.merchant", sample="edges")).context["tryout"]

    assert company.rows != edges.rows
    assert any('"' in row[0] or "," in row[0] for row in edges.rows)


def test_finding_has_a_position_a_sentence_and_a_working_fix(erin_at_work: Client) -> None:
    template = "<#list reports as report><#list report.transactionList as expense>${expense.billable}</#list></#list>"
    response = erin_at_work.post(PREVIEW, {"template": template})
    finding = next(item for item in response.context["tryout"].findings if item.code == "boolean-format")

    fixed = erin_at_work.post(
        PREVIEW, {"template": template, "do": f"fix:{finding.line}:{finding.column}:boolean-format"}
    ).context["contents"]

    assert f"fix:{finding.line}:{finding.column}:boolean-format" in response.content.decode()
    assert '${expense.billable?string("Yes", "No")}' in fixed.template


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("${1 / 0}", "Line 1, column"),
        ("a\n<#list 1..999999999 as x></#list>", "Line 2, column"),
        ("<#macro m><@m/></#macro><@m/>", "Line 1, column"),
        ("${", "Line 1, column"),
        ("<#list reports as r>", "Line 1, column 1"),
        ("", "There is no template yet."),
    ],
)
def test_failing_template_has_a_sentence(template: str, words: str, erin_at_work: Client) -> None:
    response = erin_at_work.post(PREVIEW, {"template": template})

    assert response.status_code == 200
    assert words in response.context["tryout"].problem


NONSENSE: list[dict[str, Any]] = [
    {"written": "columns", "columns": "99999999999"},
    {"written": "columns", "columns": "-1", "rows": "x", "kind": "x", "delimiter": "x"},
    {"written": "columns", "columns": "1", "column-1-source": "field", "column-1-name": "report.nothing"},
    {"written": "columns", "columns": "1", "column-1-source": "x"},
    built("final.amount") | {"column-1-format": "x"},
    built("final.amount") | {"column-1-heading": 'a\nb"\x00'},
    built("final.amount", kind="fixed") | {"column-1-width": "9" * 400},
    built("final.amount", kind="fixed", file_extension="txt") | {"column-1-width": "0"},
    built("final.amount", rows="totals"),
    built("final.amount", sample="x", find="x" * 5000, do="find"),
    *({"template": "${reports", "do": f"fix:{place}"} for place in ("", "x", "1:1", "a:b:c")),
    *(
        built("final.amount", do=f"{verb}:{what}")
        for verb in ("up", "move", "x")
        for what in ("", "²", "1-", "1-99", "-")
    ),
    {"template": "[1, {}]", "file_extension": "json"},
    {"template": "[" * 100_000, "file_extension": "json"},
    {"template": "{}", "file_extension": "xml"},
    {"template": "a" * 1_000_001},
    {"template": "\x00\ud7ff\U0001f9fe", "columns": "{"},
    {"template": "x", "columns": '{"columns": 5}'},
    {"template": "x", "columns": "[" * 100_000},
]


@pytest.mark.parametrize("sent", NONSENSE, ids=range(len(NONSENSE)))
def test_any_post_gets_an_answer(sent: dict[str, Any], erin_at_work: Client) -> None:
    assert erin_at_work.post(PREVIEW, sent).status_code == 200


# ------------------------------------------------------------ answers to frequent questions


def test_builder_warns_of_identifiers_that_excel_would_change(erin_at_work: Client) -> None:
    sent = built("expense.transactionID", do="up:1")
    del sent["column-1-excel_text"]

    assert "Excel keeps 15 digits of a number" in erin_at_work.post(PREVIEW, sent).content.decode()


def test_identifiers_are_text_for_excel_by_default() -> None:
    contents = Contents.from_post(built()).act("add:expense.transactionID", {})

    assert contents.layout.columns[0].excel_text is True


def test_approver_of_a_report_that_is_processing_is_explained(erin_at_work: Client) -> None:
    page = erin_at_work.post(PREVIEW, built("report.managerEmail", do="up:1")).content.decode()

    assert "While a report is processing, this is the person who has to approve it next." in page


def test_one_persons_reports_are_explained_beside_the_editor(erin_at_work: Client) -> None:
    page = erin_at_work.get(f"{NEW}?starter=expense").content.decode()

    assert "Only one person&#x27;s reports" in page or "Only one person's reports" in page


# ------------------------------------------------------------ other parts of the form


def test_the_only_credential_is_preselected(erin_at_work: Client, credential: Credential) -> None:
    assert erin_at_work.get(NEW).context["form"]["credential"].value() == credential.pk


def test_neither_of_two_credentials_is_preselected(erin_at_work: Client, credential: Credential, acme: Team) -> None:
    make_credential(acme, "Second")

    assert erin_at_work.get(NEW).context["form"]["credential"].value() is None


def test_starters_parse() -> None:
    for starter in STARTERS.values():
        parse(starter.template)
