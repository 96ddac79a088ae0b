"""What a run says when it ends without success, for every kind of run × step × ending.

`sentences.txt` has what each says about the run as a whole, to be read from top to bottom. With `WRITE_SENTENCES=1` in
the environment the test writes it anew instead of comparing it.
"""

import os
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Credential, Rotation, User
from expensify.errors import ExpensifyError
from exports.models import Run, SavedExport
from exports.models.run import Status
from exports.models.run_kind import KINDS, Kind
from exports.runs import actions as runs
from exports.runs import steps, worker
from exports.runs.download_again import can_download_again
from tests.engine import endings
from tests.engine.endings import LABEL, Ending
from tests.factories import ONE_REPORT, make_result, make_update
from tests.people import person

TABLE = Path(__file__).with_name("sentences.txt")
TRIED = "This was tried 3 times."
NEXT = re.compile(
    r"“(Download|Same reports) again”|“Mark these reports now”|[Rr]un the export again|can be changed and tried again"
    r"|[Rr]ead the members again|[Ss]tart it again|try it again|The page of the employee update compares"
)


@pytest.fixture
def owners(export: SavedExport, credential: Credential, alice: User) -> dict[str, Any]:
    # A rotation that is over: during one, a rejected call is not the end.
    rotation = Rotation.objects.create(
        team=credential.team, credential=credential, status="cancelled", fingerprint="f", started_by_name="Alice"
    )
    return {
        "export": export,
        "update": make_update(credential, alice, [person("0123456789ABCDEF", "nina@acme.example", "N-1")]),
        "trial": rotation,
    }


def ended(ending: Ending, owners: dict[str, Any], by: User) -> Run:
    """A run that has come to the step, and there to its end."""
    run = _run_before(ending, owners)
    error = endings.error_of(ending)
    if ending.cause == endings.CANCELLED:
        assert runs.cancel(run, by=by)
    elif error is None:
        worker.give_up_on(run)
    else:
        worker.settle(run, ending.step, error)
    return Run.objects.select_related("export", "update").get(pk=run.pk)


def _run_before(ending: Ending, owners: dict[str, Any]) -> Run:
    traits, export = KINDS[ending.kind], owners["export"]
    calls = [steps.CALLS[call] for call in traits.calls]
    done = {step.kind for step in calls[: calls.index(ending.step)]}
    is_listed = "list" in done or ending.kind == Kind.MARKING
    has_name = "generate" in done or ending.kind == Kind.MARKING
    subject: dict[str, Any] = {"export": export, "version": export.version}
    if traits.of_update:
        subject = {"update": owners["update"]}
        Run.objects.filter(status=Status.UNCONFIRMED).update(status=Status.FAILED)  # it may be applied once
    run = Run.objects.create(
        team=export.team,
        kind=ending.kind,
        credential=export.credential,
        job={"onFinish": ending.actions},
        template="",
        marks=ending.makes_twice if not traits.of_update else ending.kind == Kind.APPLY,
        mark_label=LABEL if "marks" in ending.effects else "",
        selection_file="list.csv" if "select" in done else "",
        selection=ONE_REPORT if is_listed else None,
        report_count=1 if is_listed else None,
        remote_file="export1.csv" if has_name else "",
        fetched=int(ending.step is steps.MARK),
        trial_of=owners["trial"] if ending.kind == Kind.TRIAL else None,
        again_of=Run.objects.order_by("pk").first() if ending.kind in {Kind.SAME_REPORTS, Kind.MARKING} else None,
        source="page",
        requested_by_name="Alice",
        attempts=0 if ending.cause == endings.CANCELLED else 2,
        status=ending.step.resting if ending.cause == endings.CANCELLED else ending.step.in_flight,
        **subject,
    )
    if ending.step is steps.MARK and ending.kind == Kind.MARKED_LAST:
        make_result(run, b"a,b\n")
    return run


def about_the_run(ending: Ending, run: Run) -> str:
    """The text without what is said about the last call."""
    error, text = endings.error_of(ending), run.error
    if isinstance(error, ExpensifyError):
        words = f"Expensify's own words: “{error.message}”." if error.message else ""
        parts = [error.happened, TRIED, error.advice, words]
    else:
        parts = [str(error or ""), worker.recorded_client.LOST, TRIED, "Alice cancelled this run."]
    for part in filter(None, parts):
        text = text.replace(part, "", 1)
    if run.again_of_id:
        text = text.replace(f"run {run.again_of_id}.", "run 1.")
    return " ".join(text.split())


def test_every_ending_says_what_is_so_and_what_to_do(owners: dict[str, Any], alice: User) -> None:
    table: dict[str, list[str]] = defaultdict(list)
    wrong = []
    for ending in endings.endings():
        run = ended(ending, owners, alice)
        table[f"{run.get_status_display()}: {about_the_run(ending, run)}"].append(ending.name)
        wrong += [f"{ending.name}: {problem}: {run.error}" for problem in problems(ending, run)]

    written = "".join(f"{text}\n{_compact(names)}\n" for text, names in table.items())
    if os.environ.get("WRITE_SENTENCES"):
        TABLE.write_text(written)
    assert "\n".join(wrong) == ""
    assert TABLE.read_text() == written


def problems(ending: Ending, run: Run) -> list[str]:
    """What is wrong with the text of a run that ended."""
    text, found = run.error, []
    is_unclear = ending.cause in {*endings.UNCLEAR, endings.LOST} and endings.must_not_be_repeated(ending)
    expected = Status.UNCONFIRMED if is_unclear else Status.FAILED
    if run.status != (Status.CANCELLED if ending.cause == endings.CANCELLED else expected):
        found.append(f"it is {run.status}")
    is_made = bool(run.remote_file) and run.kind != Kind.MARKING
    has_happened = is_made and ending.makes_twice and ending.step is not steps.MARK
    if has_happened != bool(re.search("(has|have) happened", text) and "Whether" not in text):
        found.append("it is silent about what has happened, or makes it up")
    if ("Whether" in text) != is_unclear:
        found.append("it doubts what is certain, or the reverse")
    if (has_happened or is_unclear) and re.search(
        "[Nn]othing (else )?was changed|without harm|Nobody was changed", text
    ):
        found.append("it contradicts itself")
    if not NEXT.search(text):
        found.append("it has no next step")
    if "“Download again”" in text and not can_download_again(run):
        found.append("there is no such button: Download again")
    if can_download_again(run) and "“Download again”" not in text:
        found.append("it hides: Download again")
    if "“Mark these reports now” on this page" in text and not runs.can_be_marked(run):
        found.append("there is no such button: Mark these reports now")
    if "“Same reports again” on this page" in text and not (run.traits.selects and run.report_count):
        found.append("there is no such button: Same reports again")
    if is_unclear and ending.step.in_flight == Status.GENERATING and "file is still needed" not in text:
        found.append("it does not say how to get the file")
    if "Its own words" in text and "Expensify's own words: “" not in text:
        found.append("it points to words that are not there")
    if re.search(r"None|  |\.\.|“”| ,|\s\.", text) or not text.endswith("."):
        found.append("it is not well written")
    sentences = re.split(r"(?<=\.) ", text)
    if len(set(sentences)) != len(sentences):
        found.append("it repeats itself")
    return found


def _compact(names: list[str]) -> str:
    """The endings with this text, a line for each kind and step."""
    lines: dict[str, list[str]] = defaultdict(list)
    for name in names:
        place, _, cause = name.partition(": ")
        lines[place].append(cause)
    return "".join(f"    {place}: {', '.join(causes)}\n" for place, causes in lines.items())


def test_credential_is_called_by_its_name_in_a_sentence(credential: Credential) -> None:
    assert Credential(status="refused").status_in_words == "refused by Expensify"
    assert Credential(status="unchecked").status_in_words == "not tested yet"
