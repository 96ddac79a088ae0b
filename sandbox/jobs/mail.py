"""E-mails a job asks for when it is finished; recorded, never sent."""

from collections.abc import Sequence
from typing import Any

from sandbox.parameters import Job
from sandbox.state import Request


def recipients(action: Job) -> list[str]:
    """The addresses of an `email` action, which are one string with commas between."""
    return [part.strip() for part in str(action["recipients"]).split(",")]


def record(request: Request, to: list[str], message: str, file_names: Sequence[str] = ()) -> dict[str, Any]:
    """A mail as `Sandbox.mails` keeps it."""
    return {"pair": request.pair.id, "recipients": to, "message": message, "file_names": list(file_names)}


def asked_for(job: Job) -> list[list[str]]:
    """The recipients of each `email` action; actions of other kinds or without recipients ask for nothing."""
    actions = job.get("onFinish")
    return [
        recipients(action)
        for action in (actions if isinstance(actions, list) else ())
        if isinstance(action, dict) and action.get("actionName") == "email" and action.get("recipients")
    ]
