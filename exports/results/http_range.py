"""HTTP range requests: resume interrupted downloads."""

import re
from collections.abc import Iterator
from typing import IO, Protocol

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


class FileInfo(Protocol):
    """A file to send: a Result, or the attachment of a download link."""

    name: str
    media_type: str
    size: int
    sha256: str


def attachment(request: HttpRequest, result: FileInfo, file: IO[bytes]) -> HttpResponseBase:
    """Stream the file as an attachment: all of it, or the requested range of bytes.

    A range applies only while the file is unchanged (`If-Range` with its SHA-256). A request for several ranges gets
    the whole file, as the standard allows. HEAD gets the size of the whole file.
    """
    etag = f'"{result.sha256}"'
    byte_range = _requested_range(request, etag, result.size)
    first, last = byte_range or (0, result.size - 1)
    response: HttpResponseBase
    if byte_range and first >= result.size:
        file.close()
        response = HttpResponse(status=416, headers={"Content-Range": f"bytes */{result.size}"})
    else:
        if request.method == "HEAD":
            file.close()
            response = HttpResponse(content_type=result.media_type)
        else:
            # Not a FileResponse, whose pieces of 4 KB take three times as long.
            response = StreamingHttpResponse(_stream(file, first, last), content_type=result.media_type)
        if byte_range:
            response.status_code = 206
            response.headers["Content-Range"] = f"bytes {first}-{last}/{result.size}"
        response.headers["Content-Length"] = str(last - first + 1)
        response.headers["Content-Disposition"] = content_disposition_header(True, result.name) or ""
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = etag
    return response


def _requested_range(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """The first and last requested byte; None for the whole file."""
    match = _RANGE.fullmatch(request.headers.get("Range", "") if request.method == "GET" else "")
    if match is None or match.groups() == ("", "") or request.headers.get("If-Range", etag) != etag:
        return None
    if not match[1]:  # a suffix range: the last n bytes
        return max(0, size - int(match[2])), size - 1
    first, last = int(match[1]), min(int(match[2]) if match[2] else size - 1, size - 1)
    return (first, last) if first <= last or first >= size else None


def _stream(file: IO[bytes], first: int, last: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        remaining = last - first + 1
        while remaining and (chunk := file.read(min(CHUNK, remaining))):
            remaining -= len(chunk)
            yield chunk
