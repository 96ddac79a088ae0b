from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.door import TeamRequest, team_view
from accounts.permissions import Permission
from exports.deliveries import attachments
from exports.models import Result
from exports.results import http_range, integrity, preview

# The largest CSV that is converted while a page waits: it takes 20 seconds on a busy machine.
WORKBOOK_BYTES = 5 * 1024**2


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def result(request: TeamRequest, result_id: int) -> HttpResponse:
    result: Result = get_object_or_404(request.team.results.with_run(), pk=result_id)
    audit.record_reading(Action.RESULT_VIEWED, result, by=request.user)
    # The preview checks the file; `damaged_at` says what it found.
    shown = preview.preview(result)
    has_workbook = attachments.has_workbook(result, most_bytes=WORKBOOK_BYTES)
    can_download = (
        request.membership.may(Permission.DOWNLOAD_RESULTS) and result.purged_at is None and result.damaged_at is None
    )
    context = {"result": result, "preview": shown, "has_workbook": has_workbook, "can_download": can_download}
    return render(request, "exports/result.html", context)


@require_safe
@team_view(Permission.DOWNLOAD_RESULTS)
def result_workbook(request: TeamRequest, result_id: int) -> HttpResponseBase:
    """The rows of a CSV as an Excel workbook, made while the browser waits."""
    result: Result = get_object_or_404(request.team.results.with_run(), pk=result_id)
    try:
        with attachments.workbook_of(result, most_bytes=WORKBOOK_BYTES) as workbook:
            # The open file can still be read after it is deleted.
            file = workbook.path.open("rb")
    except attachments.CannotAttach as error:
        messages.info(request, str(error))
        return redirect(result)
    audit.record(Action.RESULT_DOWNLOADED, result, by=request.user, **result.for_audit | {"as": "Excel workbook"})
    return FileResponse(file, as_attachment=True, filename=workbook.name, content_type=workbook.media_type)


@require_safe
@team_view(Permission.DOWNLOAD_RESULTS)
def result_download(request: TeamRequest, result_id: int) -> HttpResponseBase:
    """The original bytes, always as an attachment: the browser must not render them here."""
    result: Result = get_object_or_404(request.team.results.with_run(), pk=result_id)
    if result.purged_at is not None:
        messages.info(
            request, "This file was deleted when its retention time was over. Run the export again to get it."
        )
        return redirect(result)
    try:
        file = integrity.open_result(result)
    except integrity.Damaged as error:
        messages.error(request, str(error))
        return redirect(result)
    except FileNotFoundError:
        messages.error(request, "The file is no longer in the portal's storage. Run the export again to get it.")
        return redirect(result)
    if request.method == "GET":
        audit.record(Action.RESULT_DOWNLOADED, result, by=request.user, **result.for_audit)
    return http_range.attachment(request, result, file)


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def result_picture(request: TeamRequest, result_id: int) -> HttpResponse:
    """The first page of a PDF, as a PNG."""
    result: Result = get_object_or_404(request.team.results, pk=result_id)
    picture = preview.picture(result)
    if picture is None:
        raise Http404
    audit.record_reading(Action.RESULT_VIEWED, result, by=request.user)
    return HttpResponse(picture, content_type="image/png")
