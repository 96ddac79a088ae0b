"""Read a response as the job expects it: JSON, file names, or the bytes of a file."""

import hashlib
from collections.abc import Callable, Collection
from itertools import chain
from typing import Any, BinaryIO

from expensify.answers import Clean, Download, media_type, parse, read_file_names
from expensify.errors import NotFound, OutcomeUnknown, TooLarge
from expensify.verdicts import judge
from expensify.wire import Response

# Twice the names of ten thousand PDFs.
NAMES_BYTES = 1024 * 1024
# Three times a company of fifty thousand employees in full.
JSON_BYTES = 64 * 1024 * 1024
# An error's envelope has some hundred bytes; anything larger than this is a file.
HEAD_BYTES = 64 * 1024


class Answer:
    """Reads a response once; `message` and `response_code` come from its envelope."""

    def __init__(self, response: Response, clean: Clean) -> None:
        self.response = response
        self.message = ""
        self.response_code: int | None = None
        self._clean = clean

    def json(self, accepted: Collection[int] = (200,)) -> dict[str, Any]:
        """Return the object of a successful answer; OutcomeUnknown when it is no object or has no code."""
        value = self._judge(self._read_text(JSON_BYTES), accepted)
        if not isinstance(value, dict) or self.response_code is None:
            raise OutcomeUnknown(code="unreadable")
        return value

    def file_names(self, extension: str) -> list[str]:
        """Return the names in a successful exporter's answer; see `read_file_names`."""
        text = self._read_text(NAMES_BYTES)
        return read_file_names(text, self._judge(text), extension)

    def file(self, name: str, into: BinaryIO, max_bytes: int, progress: Callable[[int], None]) -> Download:
        """Copy the body to `into` once its beginning shows that it is no error.

        A small body is buffered until it is complete, because an error comes as HTTP 200 too. An export that
        is a JSON object with a `responseCode` other than 200 looks like an error and is treated as one.
        """
        if not self.response.succeeded:
            self._judge(self._read_text(HEAD_BYTES))
        if self.response.announced > max(max_bytes, HEAD_BYTES):
            raise TooLarge
        head, pieces = bytearray(), self.response.pieces()
        for piece in pieces:
            head += piece
            if len(head) > HEAD_BYTES:
                break
        else:
            self._judge(self._decode(head))
        if not head:
            raise NotFound(code="not_ready", happened=_NOT_READY, advice="Download it again in a minute.")

        digest, size = hashlib.sha256(), 0
        for piece in chain([bytes(head)], pieces):
            size += len(piece)
            if size > max_bytes:
                raise TooLarge
            into.write(piece)
            digest.update(piece)
            progress(size)
        return Download(size, digest.hexdigest(), media_type(name))

    def _read_text(self, max_bytes: int) -> str:
        """Read the whole body as text without secrets, so that a traceback's variables hold none."""
        if self.response.succeeded:
            return self._decode(self.response.body(max_bytes))
        try:  # the HTTP status alone is the verdict here; the body only adds a message
            return self._decode(self.response.body(HEAD_BYTES))
        except OutcomeUnknown:
            return ""

    def _decode(self, body: bytes | bytearray) -> str:
        return self._clean(body.decode("utf-8-sig", "replace"))

    def _judge(self, text: str, accepted: Collection[int] = (200,)) -> Any:
        """Return the JSON value of `text` or None; raise the error that the answer means."""
        value = parse(text, self._clean)
        verdict = judge(
            self.response.http_status, value, text=text, retry_after=self.response.retry_after, accepted=accepted
        )
        self.message, self.response_code = verdict.message, verdict.response_code
        if verdict.error:
            raise verdict.error
        return value


_NOT_READY = "Expensify has not finished the file yet, or the export came out empty."
