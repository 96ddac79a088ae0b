"""The downloader."""

from sandbox.answers import Answer, Refused
from sandbox.state import Request, State, StoredFile

MEDIA_TYPES = {
    "csv": "text/csv;charset=utf-8",
    "txt": "text/plain;charset=utf-8",
    "json": "application/json",
    "xml": "text/xml;charset=utf-8",
    "pdf": "application/pdf",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def download(state: State, request: Request) -> Answer:
    """Answer with the content of a file; Refused 404 `File not found` [M*] when the caller has no such file.

    A job with `inputSettings` is rejected [O]; the code and message are invented.
    """
    job = request.job
    if "inputSettings" in job:
        raise Refused(410, "'inputSettings' is not supported by this job")
    name = job.get("fileName")
    if not isinstance(name, str) or not name:
        raise Refused(410, "Required parameter 'fileName' is missing")
    file = state.files.get(name)
    now = state.clock()
    if (
        file is None
        or file.file_system != job.get("fileSystem", "integrationServer")
        or not _may_fetch(state, request, file)
        or now >= file.ready_at + state.choices.file_seconds
    ):
        raise Refused(404, "File not found")
    if now < file.ready_at:
        if state.choices.not_ready == "empty":
            return Answer(b"", file_name=name)
        raise Refused(404, "File not found")
    return Answer(file.content, content_type=MEDIA_TYPES[name.rpartition(".")[2]], file_name=name)


def _may_fetch(state: State, request: Request, file: StoredFile) -> bool:
    match state.choices.download_by:
        case "anyone":
            return True
        case "account":
            return file.account == request.pair.account
        case "pair":
            return file.pair == request.pair.id
