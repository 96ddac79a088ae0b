"""Messages for a run that did not succeed: what it did at Expensify, and what to do about it.

They follow what happened to the last call, and speak of the run as a whole: an earlier call may have marked reports.
"""

from exports.models import Run
from exports.models.run import Status

MARK_NOW = "“Mark these reports now” on this page"
DOWNLOAD_AGAIN = "“Download again” on this page"


def failed(run: Run) -> str:
    """What a run that failed in its present state has done at Expensify, and the next step."""
    if run.traits.of_update or run.kind == Run.Kind.TRIAL:
        return _OF_OTHERS[Run.Kind(run.kind)]
    if run.status in {Status.STORED, Status.MARKING}:
        return (
            f"The file is safe in the portal, but its reports are not marked as “{run.mark_label}”, so the next run "
            f"would bring them again. {MARK_NOW} tries again."
        )
    if not run.remote_file:
        return f"{_nothing_done(run)} {_capitalized(_start_over(run))}."
    if not run.marks:
        what = "no report was marked" if run.marks_last else "nothing else was changed there"
        return (
            f"The file had been generated at Expensify; {what}. {DOWNLOAD_AGAIN} fetches it, if Expensify still has "
            f"it; otherwise {_start_over(run)}."
        )
    return (
        f"The file had been generated, so {_effects(run)} {_has(run)} happened.{_unmarked(run)} {DOWNLOAD_AGAIN} "
        f"fetches the file, if Expensify still has it. If it is gone, {_recover(run)}."
    )


def unclear(run: Run) -> str:
    """What is unknown when no answer came to a call that must not be repeated, and how a person decides."""
    if run.kind == Run.Kind.APPLY:
        return (
            "Whether the people were changed is not known, so the portal does not repeat it by itself. The page of the "
            "employee update compares it with the policies' members as they are now."
        )
    if run.status == Status.MARKING:
        return (
            f"The file is safe in the portal. Whether its reports are marked as “{run.mark_label}” is not known, so "
            f"the portal does not repeat it by itself. Look at one of them in Expensify; if it is not marked, "
            f"{MARK_NOW} does it."
        )
    no, yes = ("neither has", "either") if _has(run) == "have" else ("it has not", "it")
    return (
        f"Whether {_effects(run)} {_has(run)} happened is not known, so the portal does not repeat it by itself."
        f"{_unmarked(run)} {_where_to_look(run)}. If {no} happened, {_start_over(run)}. If {yes} has happened and "
        f"the file is still needed, {_recover(run)}."
    )


def cancelled(run: Run) -> str:
    """What a run has done at Expensify when somebody cancels it, and the next step."""
    if run.traits.of_update or run.kind == Run.Kind.TRIAL:
        return _OF_OTHERS[Run.Kind(run.kind)]
    match run.status:
        case Status.QUEUED if not (run.attempts or run.calls.exists()):
            return f"Nothing was sent to Expensify. To get the file, {_start_over(run)}."
        case Status.QUEUED | Status.SELECTED | Status.LISTED:
            return f"Nothing was changed at Expensify. To get the file, {_start_over(run)}."
        case Status.STORED:
            return (
                f"The file is in the portal, but its reports were not marked as “{run.mark_label}”. {MARK_NOW} does it."
            )
        case _ if run.marks:
            return (
                f"Its file was generated, and {_effects(run)} {_has(run)} happened.{_unmarked(run)} {DOWNLOAD_AGAIN} "
                f"fetches the file, if Expensify still has it. If it is gone, {_recover(run)}."
            )
        case _:
            return (
                f"Its file was generated at Expensify and is left there; nothing else was changed.{_unmarked(run)} "
                f"{DOWNLOAD_AGAIN} fetches it, if Expensify still has it; otherwise {_start_over(run)}."
            )


_OF_OTHERS = {
    Run.Kind.APPLY: "Nobody was changed; the update can be changed and tried again.",
    Run.Kind.MEMBERS: "Nothing was changed at Expensify. Read the members again from the page of the employee update.",
    Run.Kind.DRY_RUN: "A dry run changes nobody. Start it again from the page of the employee update.",
    Run.Kind.TRIAL: (
        "A trial changes nothing at Expensify. While the new pair waits, try it again from the page of the credential."
    ),
}


def _start_over(run: Run) -> str:
    """How to make the file by a new run."""
    if run.kind == Run.Kind.SAME_REPORTS:
        return f"use “Same reports again” on the page of run {run.again_of_id}"
    return "run the export again"


def _recover(run: Run) -> str:
    """How to make the file by a new run, after the effects of generating it have happened."""
    if run.traits.selects and run.report_count and not _uploads(run):
        return "“Same reports again” on this page makes it once more and marks nothing"
    parts = []
    if _labels(run):
        parts += ["the marking", "the filter on the label"]
    if _uploads(run):
        parts.append("the upload")
    return f"clone the export, take {_joined(parts)} out of the clone, and run it"


def _nothing_done(run: Run) -> str:
    parts = []
    if run.mark_label:
        parts.append("no report was marked")
    if _uploads(run):
        parts.append("nothing was uploaded")
    return f"{_joined(parts).capitalize()}." if parts else "Nothing was changed at Expensify."


def _unmarked(run: Run) -> str:
    return " No report was marked." if run.marks_last else ""


def _where_to_look(run: Run) -> str:
    places = []
    if _labels(run):
        places.append("at one of the reports in Expensify")
    if _uploads(run):
        places.append("on the SFTP server")
    return f"Look {_joined(places)}"


def _effects(run: Run) -> str:
    """The effects of generating the file that must not happen twice."""
    effects = [f"marking the reports as “{label}”" for label in _labels(run)]
    if _uploads(run):
        effects.append("the upload to the SFTP server")
    return _joined(effects)


def _has(run: Run) -> str:
    return "have" if _labels(run) and _uploads(run) else "has"


def _labels(run: Run) -> list[str]:
    """The labels that generating the file puts on its reports."""
    actions = [] if run.marks_last else run.job.get("onFinish", [])
    return [action["label"] for action in actions if action["actionName"] == "markAsExported"]


def _uploads(run: Run) -> bool:
    return any(action["actionName"] == "sftpUpload" for action in run.job.get("onFinish", []))


def _capitalized(text: str) -> str:
    return text[0].upper() + text[1:]


def _joined(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
