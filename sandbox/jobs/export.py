"""The report exporter: select, render, store and mark, all or nothing."""

import logging
import uuid
from collections.abc import Sequence
from typing import Any

from sandbox.answers import Answer, Refused, text
from sandbox.company.fields import report_fields
from sandbox.company.model import Report
from sandbox.jobs import mail
from sandbox.jobs.pdf import report_pdf
from sandbox.jobs.render import TemplateFailed, render_template, template_answer
from sandbox.jobs.selection import choose, read_selection
from sandbox.jobs.workbook import workbook
from sandbox.jobs.xls import old_workbook
from sandbox.parameters import without_secrets
from sandbox.state import Generation, Request, State, StoredFile, section

log = logging.getLogger("sandbox")

EXTENSIONS = ("csv", "xls", "xlsx", "txt", "pdf", "json", "xml")


def generate(state: State, request: Request) -> Answer:
    """Answer with the bare file name, for PDF with comma-separated names [O].

    Refused 500 without `onReceive` [O], 410 for invalid selectors, dates and settings [M*], 500 for a template
    that cannot be rendered (a guess; see `Choices.template_error`).
    """
    _check_on_receive(request)
    selection = read_selection(state, request)
    extension, basename, receipts = _read_output(request)
    actions = _read_actions(request)
    template = request.form.get("template", "")
    if not template:
        raise Refused(410, "Required parameter 'template' is missing")
    reports = choose(state, request, selection)
    if not reports and state.choices.empty_selection == "410":
        raise Refused(410, "No reports match the filters")
    report_data = [report_fields(state.company, report, state.choices) for report in reports]
    names = [f"{basename}{uuid.uuid4()}.{extension}" for _ in (reports if extension == "pdf" else (None,))]
    try:
        mails = _mails(state, request, actions, names)
        contents = _contents(state, report_data, template, extension, receipts)
    except TemplateFailed as failed:
        return template_answer(failed, state.choices)
    ready_at = state.clock() + state.choices.generation_seconds + request.extra_seconds
    for name, content in zip(names, contents, strict=True):
        state.files[name] = StoredFile(content, "integrationServer", request.pair.id, request.pair.account, ready_at)
    labels: list[str] = []
    if not _is_test(state, request):
        labels = _mark(actions, reports)
        state.mails += mails
        state.uploads += _uploads(request, actions, names)
    state.generated.append(
        Generation(
            at=state.clock(),
            pair=request.pair.id,
            label=", ".join(labels),
            report_ids=tuple(report.id for report in reports),
            file_names=tuple(names),
        )
    )
    return text(",".join(names), file_name=",".join(names))


def _check_on_receive(request: Request) -> None:
    if section(request.job, "onReceive").get("immediateResponse") != ["returnRandomFileName"]:
        raise Refused(500, "Internal error")


def _read_output(request: Request) -> tuple[str, str, bool]:
    output = section(request.job, "outputSettings")
    extension = output.get("fileExtension")
    if extension not in EXTENSIONS:
        raise Refused(410, "'fileExtension' parameter is missing or malformed")
    basename = output.get("fileBasename", "export")
    if not isinstance(basename, str) or not basename.isprintable() or set(basename) & set("/\\,<>"):
        raise Refused(410, "'fileBasename' parameter is missing or malformed")
    return extension, basename or "export", output.get("includeFullPageReceiptsPdf") is True


def _read_actions(request: Request) -> list[dict[str, Any]]:
    """Return the `onFinish` actions; Refused 410 when one lacks a key (code and message are invented)."""
    actions = request.job.get("onFinish", [])
    needed = {"markAsExported": "label", "email": "recipients", "sftpUpload": "sftpData"}
    if not isinstance(actions, list):
        raise Refused(410, "'onFinish' object malformed")
    for action in actions:
        name = action.get("actionName") if isinstance(action, dict) else None
        if name not in needed or not action.get(needed[name]):
            raise Refused(410, "'onFinish' object malformed")
    sftp = [action["sftpData"] for action in actions if action["actionName"] == "sftpUpload"]
    if any(not isinstance(data, dict) or not {"host", "login", "password", "port"} <= set(data) for data in sftp):
        raise Refused(410, "'sftpData' object malformed")
    return actions


def _contents(
    state: State, reports: Sequence[dict[str, Any]], template: str, extension: str, receipts: bool
) -> list[bytes]:
    """Return the content of the file, or for PDF of one file per report, which ignores the template."""
    if extension == "pdf":
        return [report_pdf(report, full_page_receipts=receipts) for report in reports]
    try:
        rendered = render_template(template, {"reports": reports, "addHeader": state.choices.add_header}, state.choices)
    except TemplateFailed as failed:
        if state.choices.template_error != "file":
            raise
        rendered = str(failed)
    if extension == "xlsx":
        return [workbook(rendered)]
    if extension == "xls":
        return [old_workbook(rendered)]
    return [rendered.encode()]


def _is_test(state: State, request: Request) -> bool:
    test = request.job.get("test")
    if isinstance(test, bool):
        log.warning("'test' came as a JSON boolean; only the string \"true\" is documented")
        return test and state.choices.test_as_boolean
    return test == "true"


def _mark(actions: Sequence[dict[str, Any]], reports: Sequence[Report]) -> list[str]:
    """Set the labels on the reports, and return them."""
    labels = [str(action["label"]) for action in actions if action["actionName"] == "markAsExported"]
    for report in reports:
        report.labels.update(labels)
    return labels


def _mails(
    state: State, request: Request, actions: Sequence[dict[str, Any]], names: Sequence[str]
) -> list[dict[str, Any]]:
    return [
        mail.record(
            request,
            mail.recipients(action),
            render_template(str(action.get("message", "")), {"filenames": list(names)}, state.choices),
            names,
        )
        for action in actions
        if action["actionName"] == "email"
    ]


def _uploads(request: Request, actions: Sequence[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"pair": request.pair.id, "sftp": without_secrets(action["sftpData"]), "file_names": list(names)}
        for action in actions
        if action["actionName"] == "sftpUpload"
    ]
