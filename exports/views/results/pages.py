from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.door import team_view
from accounts.permissions import Permission
from exports.deliveries import attachments
from exports.results import http_range, preview

# About so many bytes become a workbook while somebody waits for the page: 20 seconds on a busy machine.
WORKBOOK_BYTES = 5 * 1024**2


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def result(request: HttpRequest, result: int) -> HttpResponse:
    result = get_object_or_404(request.team.results.with_run(), pk=result)
    audit.record_reading(Action.RESULT_VIEWED, result, by=request.user)
    has_workbook = attachments.has_workbook(result, most_bytes=WORKBOOK_BYTES)
    context = {"result": result, "preview": preview.preview(result), "has_workbook": has_workbook}
    return render(request, "exports/result.html", context)


@require_safe
@team_view(Permission.DOWNLOAD_RESULTS)
def result_workbook(request: HttpRequest, result: int) -> HttpResponseBase:
    """The rows of a CSV as an Excel workbook, made while the browser waits."""
    result = get_object_or_404(request.team.results.with_run(), pk=result)
    try:
        with attachments.workbook_of(result, most_bytes=WORKBOOK_BYTES) as made:
            # Open, it can still be read when its name is gone from the disk.
            file = made.path.open("rb")
    except attachments.CannotEnclose as error:
        messages.info(request, str(error))
        return redirect(result)
    audit.record(
        Action.RESULT_DOWNLOADED, result, by=request.user, **result.for_audit, **{"as": "Excel workbook"}
    )
    return FileResponse(file, as_attachment=True, filename=made.name, content_type=made.media_type)


@require_safe
@team_view(Permission.DOWNLOAD_RESULTS)
def result_download(request: HttpRequest, result: int) -> HttpResponseBase:
    """The original bytes, always as a file to save: whatever is in them, the browser does not open it here."""
    result = get_object_or_404(request.team.results.with_run(), pk=result)
    if result.purged_at is not None:
        messages.info(
            request, "This file was deleted when its retention time was over. Run the export again to get it."
        )
        return redirect(result)
    try:
        file = default_storage.open(result.file.name)
    except FileNotFoundError:
        messages.error(
            request, "The file is no longer in the portal's storage. Run the export again to get it."
        )
        return redirect(result)
    if request.method == "GET":
        audit.record(Action.RESULT_DOWNLOADED, result, by=request.user, **result.for_audit)
    return http_range.attachment(request, result, file)


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def result_picture(request: HttpRequest, result: int) -> HttpResponse:
    """The first page of a PDF, drawn."""
    found = get_object_or_404(request.team.results, pk=result)
    drawn = preview.picture(found)
    if drawn is None:
        raise Http404
    audit.record_reading(Action.RESULT_VIEWED, found, by=request.user)
    return HttpResponse(drawn, content_type="image/png", headers={"Cache-Control": "private, max-age=3600"})
