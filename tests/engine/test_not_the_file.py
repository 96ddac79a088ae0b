"""An error page, or anything else that the job cannot have made, is never stored as the file and never marked."""

import pytest

from accounts.models import Credential, User
from exports.models import Result, Run, SavedExport
from exports.runs import actions as runs
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.factories import TEMPLATE, make_export
from tests.work import Work

pytestmark = pytest.mark.usefixtures("wide_limits")
LABEL = "ERP November"
NO_HEADING = TEMPLATE.split("</#if>\n")[1]
WRONG = {
    "maintenance": Fault(maintenance=True),
    "a page after the work": Fault(maintenance=True, refuse_after_work=True),
    "another file": Fault(body=b"Something,else\n1,2\n"),
    "the heading only": Fault(body=b"Merchant,Amount\n"),
}


@pytest.fixture
def safe(credential: Credential, alice: User) -> SavedExport:
    """Its template is written by hand; it marks when the file is safe."""
    return make_export(
        credential, alice, period="last_month", report_ids=[], not_marked_as=LABEL, mark_as=LABEL, mark_when="safe"
    )


def marked(sandbox: Sandbox) -> set[str]:
    return {report for report, labels in sandbox.marks.items() if LABEL in labels}


@pytest.mark.parametrize("fault", WRONG.values(), ids=WRONG.keys())
def test_wrong_body_once_costs_one_more_download(
    fault: Fault, safe: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.script(fault, on="download", after=1)

    run = work(runs.start(safe, by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert [call.kind for call in run.calls.all()] == ["select", "list", "generate", "download", "download", "mark"]
    with run.result.file.open("rb") as file:
        assert file.read().startswith(b"Merchant,Amount\n")
    assert len(marked(sandbox)) == run.report_count


@pytest.mark.parametrize("fault", WRONG.values(), ids=WRONG.keys())
def test_wrong_body_each_time_fails_with_nothing_stored_and_nothing_marked(
    fault: Fault, safe: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.script(fault, on="download", after=1, times=99)

    run = work(runs.start(safe, by=alice))

    assert (run.status, run.error_code, run.attempts) == (Run.Status.FAILED, "not_the_file", 3)
    assert not Result.objects.filter(run=run).exists()
    assert marked(sandbox) == set()


def test_page_instead_of_the_list_costs_one_more_download(
    safe: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.script(Fault(maintenance=True), on="download")

    run = work(runs.start(safe, by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert [call.kind for call in run.calls.all()][:3] == ["select", "list", "list"]


@pytest.mark.parametrize("extension", ["csv", "txt", "json", "xml", "xls", "xlsx", "pdf"])
@pytest.mark.parametrize("mark_as", ["", LABEL], ids=["plain", "marks"])
def test_page_is_no_file_of_any_kind(
    extension: str, mark_as: str, credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    export = make_export(credential, alice, template=NO_HEADING, file_extension=extension, mark_as=mark_as)
    sandbox.script(Fault(maintenance=True), on="download", times=99)

    run = work(runs.start(export, by=alice))

    assert (run.status, run.error_code) == (Run.Status.FAILED, "not_the_file")
    assert not Result.objects.filter(run=run).exists()
    assert len(sandbox.generated) == 1


@pytest.mark.parametrize("bad", [0, 1])
def test_page_among_several_pdfs_is_fetched_again(
    bad: int, credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    reached = sandbox.pairs[credential.partner_pair().partner_user_id].policies
    ids = [report.id for report in sandbox.company.reports.values() if report.policy_id in reached][:2]
    export = make_export(credential, alice, report_ids=ids, file_extension="pdf")
    sandbox.script(Fault(maintenance=True), on="download", after=bad)

    run = work(runs.start(export, by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert [call.kind for call in run.calls.all()] == ["generate", "download", "download", "download"]


def test_page_instead_of_the_file_name_is_no_name(
    export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.script(Fault(maintenance=True), on="generate")

    run = work(runs.start(export, by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert [call.kind for call in run.calls.all()] == ["generate", "generate", "download"]
