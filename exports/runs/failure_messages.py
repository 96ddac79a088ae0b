"""Messages for a run that did not succeed: what it did at Expensify, and what to do about it."""

from exports.models import Run
from exports.models.run import Status

MARK_NOW = "“Mark these reports now” on this page"


def done_so_far(run: Run) -> str:
    """What a run that failed in its present state has done at Expensify."""
    if run.kind == Run.Kind.APPLY:
        return "Nobody was changed; the update can be changed and tried again."
    if run.status in {Status.STORED, Status.MARKING}:
        return (
            f"The file is safe in the portal, but its reports are not marked as “{run.mark_label}”, so the next run "
            f"would bring them again. {MARK_NOW} tries again."
        )
    if not run.remote_file:
        return "No report was marked; the export can be run again." if run.marks_last else ""
    if not run.marks:
        what = "no report was marked" if run.marks_last else "nothing else was changed there"
        return f"The file had been generated at Expensify; {what}. The export can be run again."
    unmarked = " No report was marked." if run.marks_last else ""
    return (
        f"The file had been generated, so {_effects(run)} has happened.{unmarked} To get the file all the same, clone "
        "the export, take these actions and the filter on the label out, and run the clone."
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
    unmarked = " No report was marked." if run.marks_last else ""
    return (
        f"Whether {_effects(run)} has happened is not known, so the portal does not repeat it by itself.{unmarked} "
        "Look in Expensify; if it has not happened, run the export again."
    )


def cancelled(run: Run) -> str:
    """What a run has done at Expensify when somebody cancels it."""
    match run.status:
        case Status.QUEUED if not run.attempts:
            return "Nothing was sent to Expensify."
        case Status.QUEUED | Status.SELECTED | Status.LISTED:
            return "Nothing was changed at Expensify."
        case Status.STORED:
            return f"The file is in the portal, but its reports were not marked as “{run.mark_label}”."
        case _ if run.marks:
            return f"Its file was generated, and {_effects(run)} has happened."
        case _:
            return "Its file was generated at Expensify and is left there; nothing else was changed."


def _effects(run: Run) -> str:
    """The effects of generating the file that must not happen twice."""
    effects = []
    for action in run.job.get("onFinish", []):
        if action["actionName"] == "markAsExported" and not run.marks_last:
            effects.append(f"marking the reports as “{action['label']}”")
        elif action["actionName"] == "sftpUpload":
            effects.append("the upload to the SFTP server")
    return " and ".join(effects)
