"""A part of a file for a browser that goes on with a download that broke off."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


class Described(Protocol):
    """What is known of a file: a Result, or what a link hands over."""

    name: str
    media_type: str
    size: int
    sha256: str


def attachment(request: HttpRequest, result: Described, file: BinaryIO) -> HttpResponseBase:
    """The file to save, streamed: all of it, or the one range of bytes that the request asks for.

    A range counts only while the file is the one the browser began with (`If-Range` against its SHA-256). Several
    ranges at once are answered with the whole file, as the standard allows. HEAD is told the whole file's size.
    """
    etag = f'"{result.sha256}"'
    wanted = _wanted(request, etag, result.size)
    first, last = wanted or (0, result.size - 1)
    response: HttpResponseBase
    if wanted and first >= result.size:
        file.close()
        response = HttpResponse(status=416, headers={"Content-Range": f"bytes */{result.size}"})
    else:
        if request.method == "HEAD":
            file.close()
            response = HttpResponse(content_type=result.media_type)
        else:
            # Not a FileResponse: its pieces of 4 KB take three times as long.
            response = StreamingHttpResponse(_part(file, first, last), content_type=result.media_type)
        if wanted:
            response.status_code = 206
            response.headers["Content-Range"] = f"bytes {first}-{last}/{result.size}"
        response.headers["Content-Length"] = str(last - first + 1)
        response.headers["Content-Disposition"] = content_disposition_header(True, result.name)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = etag
    return response


def _wanted(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """First and last byte asked for; None for the whole file."""
    found = _RANGE.fullmatch(request.headers.get("Range", "") if request.method == "GET" else "")
    if found is None or found.groups() == ("", "") or request.headers.get("If-Range", etag) != etag:
        return None
    if not found[1]:  # the last so many bytes
        return max(0, size - int(found[2])), size - 1
    first, last = int(found[1]), min(int(found[2]) if found[2] else size - 1, size - 1)
    return (first, last) if first <= last or first >= size else None


def _part(file: BinaryIO, first: int, last: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        left = last - first + 1
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
