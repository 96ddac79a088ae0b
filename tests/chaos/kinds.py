"""The kinds of run that people start here: what each asks for, and what must have come of it besides."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from exports.models.run import Status
from exports.saved_exports.job import WHEN_SAFE
from tests.chaos.evidence import Traces
from tests.factories import TEMPLATE

# Two megabytes, quickly made.
LARGE = "<#list 1..600 as page>\n<#list 1..10 as part>" + "0123456789abcdef;" * 20 + "\n</#list></#list>"
NOTHING = "<#list reports as report>${report.reportID}</#list>"

Check = Callable[[Traces], Iterator[str]]


def holds_as_many_files(number: int) -> Check:
    def check(traces: Traces) -> Iterator[str]:
        if traces.run.status == Status.SUCCEEDED and len(traces.run.remote_files) != number:
            yield f"It has {len(traces.run.remote_files)} files, not {number}."

    return check


def marks_last_what_is_safe(traces: Traces) -> Iterator[str]:
    for generation in traces.generated:
        if not generation.label:
            continue
        listed = [report["id"] for report in (traces.run.selection or {"reports": []})["reports"]]
        if list(generation.report_ids) != listed:
            yield f"It marked {', '.join(generation.report_ids)}, and had listed {', '.join(listed)}."
        if traces.result is None and not traces.run.traits.of_batch:
            yield "It marked reports whose file is not in the portal."


def comes_to_nothing(traces: Traces) -> Iterator[str]:
    if traces.run.status == Status.SUCCEEDED:
        yield "It succeeded, though Expensify had nothing to give."


@dataclass(frozen=True)
class Kind:
    """`asked` makes the settings from some report IDs of the credential and a label that nobody else uses."""

    name: str
    weight: int
    asked: Callable[[list[str], str], dict[str, Any]]
    template: str = TEMPLATE
    checks: tuple[Check, ...] = ()


KINDS = (
    Kind("harmless", 8, lambda reports, label: {"report_ids": reports[:1]}),
    Kind("marking", 8, lambda reports, label: {"report_ids": reports[:2], "mark_as": label}),
    Kind(
        "uploading",
        2,
        lambda reports, label: {"report_ids": reports[:1], "sftp_host": "files.example.com", "sftp_login": label},
    ),
    Kind(
        "pdfs",
        3,
        lambda reports, label: {"report_ids": reports[:3], "file_extension": "pdf"},
        checks=(holds_as_many_files(3),),
    ),
    Kind(
        "marking-pdfs",
        3,
        lambda reports, label: {"report_ids": reports[:2], "file_extension": "pdf", "mark_as": label},
        checks=(holds_as_many_files(2),),
    ),
    Kind(
        "safe",
        4,
        lambda reports, label: {
            "report_ids": reports[:2],
            "mark_as": label,
            "not_marked_as": label,
            "mark_when": WHEN_SAFE,
        },
        checks=(marks_last_what_is_safe,),
    ),
    Kind("large", 2, lambda reports, label: {"report_ids": reports[:1]}, template=LARGE),
    Kind("empty", 1, lambda reports, label: {"report_ids": ["1"]}, template=NOTHING, checks=(comes_to_nothing,)),
)
