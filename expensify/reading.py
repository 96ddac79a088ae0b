"""One answer read for what the job calls for: JSON, file names, or the bytes of a file."""

import hashlib
from collections.abc import Callable, Collection
from itertools import chain
from typing import Any, BinaryIO

from expensify.answers import Clean, Download, judge, media_type, parse, read_file_names
from expensify.errors import NotFound, OutcomeUnknown, TooLarge
from expensify.wire import Response

# The names of ten thousand PDFs are half of it.
NAMES_BYTES = 1024 * 1024
# A company of fifty thousand employees in full is about a third of it.
JSON_BYTES = 64 * 1024 * 1024
# An error's envelope has some hundred bytes; whatever is larger than this is a file.
HEAD_BYTES = 64 * 1024


class Answer:
    """Reads a response once; `message` and `response_code` are what it said of itself."""

    def __init__(self, response: Response, clean: Clean) -> None:
        self.response = response
        self.message = ""
        self.response_code: int | None = None
        self._clean = clean

    def json(self, accepted: Collection[int] = (200,)) -> dict[str, Any]:
        """The object of a successful answer; OutcomeUnknown when it is no object or has no code."""
        value = self._judged(self._text(JSON_BYTES), accepted)
        if not isinstance(value, dict) or self.response_code is None:
            raise OutcomeUnknown(code="unreadable")
        return value

    def file_names(self, extension: str) -> list[str]:
        """The names in a successful exporter's answer, see `read_file_names`."""
        text = self._text(NAMES_BYTES)
        return read_file_names(text, self._judged(text), extension)

    def file(self, name: str, into: BinaryIO, max_bytes: int, progress: Callable[[int], None]) -> Download:
        """Copy the body into `into`, once its beginning shows that it is no error.

        A small body is held back until it is whole, since an error comes as HTTP 200 too. An export that is
        a JSON object with `responseCode` cannot be told from an envelope, and is taken for one unless it
        is 200.
        """
        if not self.response.succeeded:
            self._judged(self._text(HEAD_BYTES))
        if self.response.announced > max(max_bytes, HEAD_BYTES):
            raise TooLarge
        head, pieces = bytearray(), self.response.pieces()
        for piece in pieces:
            head += piece
            if len(head) > HEAD_BYTES:
                break
        else:
            self._judged(self._cleaned(head))
        if not head:
            raise NotFound(code="not_ready", sentence=_NOT_READY)

        digest, size = hashlib.sha256(), 0
        for piece in chain([bytes(head)], pieces):
            size += len(piece)
            if size > max_bytes:
                raise TooLarge
            into.write(piece)
            digest.update(piece)
            progress(size)
        return Download(size, digest.hexdigest(), media_type(name))

    def _text(self, most: int) -> str:
        """The whole body as text without secrets, so that none stands in a variable when an error rises."""
        if self.response.succeeded:
            return self._cleaned(self.response.body(most))
        try:  # the status alone is a verdict here, so the body is only asked for its words
            return self._cleaned(self.response.body(HEAD_BYTES))
        except OutcomeUnknown:
            return ""

    def _cleaned(self, body: bytes | bytearray) -> str:
        return self._clean(body.decode("utf-8-sig", "replace"))

    def _judged(self, text: str, accepted: Collection[int] = (200,)) -> Any:
        """The JSON value of `text`, or None; raises the error the answer amounts to."""
        value = parse(text, self._clean)
        verdict = judge(
            self.response.http_status, value, retry_after=self.response.retry_after, accepted=accepted
        )
        self.message, self.response_code = verdict.message, verdict.response_code
        if verdict.error:
            raise verdict.error
        return value


_NOT_READY = (
    "Expensify has not finished the file yet, or the export came out empty. Nothing was changed. "
    "Download it again in a minute."
)
