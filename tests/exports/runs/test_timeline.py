from typing import Any

import pytest

from accounts.models import Team, User
from exports.models import SavedExport
from exports.models.run import Status
from exports.runs import timeline
from tests.factories import OF_EXPORTS, make_call, make_run


@pytest.fixture(autouse=True)
def opened(acme_open: Team) -> None:
    """All of this happens in Acme."""


@pytest.mark.parametrize(
    ("status", "fields", "calls", "states"),
    [
        (Status.QUEUED, {}, [], ["now", "ahead", "ahead", "ahead", "ahead"]),
        (Status.GENERATING, {}, ["generate"], ["done", "now", "ahead", "ahead", "ahead"]),
        (Status.GENERATED, {}, ["generate"], ["done", "done", "now", "ahead", "ahead"]),
        (Status.DOWNLOADING, {}, ["generate", "download"], ["done", "done", "done", "now", "ahead"]),
        (Status.SUCCEEDED, {}, ["generate", "download"], ["done"] * 5),
        (Status.FAILED, {}, [], ["failed", "never", "never", "never", "never"]),
        (Status.FAILED, {}, ["generate"], ["done", "failed", "never", "never", "never"]),
        (
            Status.FAILED,
            {"remote_file": "export1.csv"},
            ["generate", "download"],
            ["done", "done", "done", "failed", "never"],
        ),
        (Status.UNCONFIRMED, {}, ["generate"], ["done", "unconfirmed", "never", "never", "never"]),
        (Status.CANCELLED, {}, [], ["cancelled", "never", "never", "never", "never"]),
        (
            Status.CANCELLED,
            {"remote_file": "export1.csv"},
            ["generate"],
            ["done", "done", "cancelled", "never", "never"],
        ),
    ],
)
def test_steps_of_a_run(
    status: str, fields: dict[str, Any], calls: list[str], states: list[str], export: SavedExport, alice: User
) -> None:
    run = make_run(export, alice, status, **fields)
    made = [make_call(run, kind) for kind in calls]

    steps = timeline.steps(run, made)

    assert [step.state for step in steps] == states
    assert [step.name for step in steps] == ["Queued", "Generating", "File name received", "Downloading", "Stored"]


def test_steps_that_came_have_their_times(export: SavedExport, alice: User) -> None:
    run = make_run(export, alice, Status.SUCCEEDED)
    lost, generate = make_call(run, seconds=None), make_call(run)
    download = make_call(run, "download")

    times = [step.at for step in timeline.steps(run, [lost, generate, download])]

    assert times[0] == run.created_at
    assert times[1] == generate.sent_at
    assert (times[2] - generate.sent_at).total_seconds() == generate.seconds
    assert times[3:] == [download.sent_at, run.finished_at]


def test_steps_that_did_not_come_have_none(export: SavedExport, alice: User) -> None:
    run = make_run(export, alice, Status.FAILED)

    assert [step.at for step in timeline.steps(run, [])] == [run.created_at, None, None, None, None]


def test_every_status_can_be_said_in_words(export: SavedExport, alice: User) -> None:
    said = {
        step.state_in_words for status in OF_EXPORTS for step in timeline.steps(make_run(export, alice, status), [])
    }

    assert said == {
        "done",
        "now",
        "still to come",
        "not reached",
        "ended here: failed",
        "ended here: unconfirmed",
        "ended here: cancelled",
    }
