"""E-mails that a job requests on finish; they are recorded, not sent."""

from collections.abc import Sequence
from typing import Any

from sandbox.parameters import Job
from sandbox.state import Request


def recipients(action: Job) -> list[str]:
    """Return the addresses of an `email` action, which are one comma-separated string."""
    return [part.strip() for part in str(action["recipients"]).split(",")]


def record(request: Request, to: list[str], message: str, file_names: Sequence[str] = ()) -> dict[str, Any]:
    """Return the entry of a mail in `Sandbox.mails`."""
    return {"pair": request.pair.id, "recipients": to, "message": message, "file_names": list(file_names)}


def requested_recipients(job: Job) -> list[list[str]]:
    """Return the recipients of each `email` action; ignore other actions and those without recipients."""
    actions = job.get("onFinish")
    return [
        recipients(action)
        for action in (actions if isinstance(actions, list) else ())
        if isinstance(action, dict) and action.get("actionName") == "email" and action.get("recipients")
    ]
