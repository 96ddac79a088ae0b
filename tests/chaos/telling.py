"""What a person reads: the running line, the history of a run, the table at the end."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime

from sandbox.faults import Fault
from tests.chaos.evidence import Evidence, Traces


def clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]


def history(evidence: Evidence, traces: Traces) -> str:
    """All that is known of a run in the order of time, with what was done to the portal meanwhile."""
    run = traces.run
    lines = [(entry.at.timestamp(), f"audit    {entry.action} {entry.data}") for entry in traces.entries]
    lines += [
        (
            call.sent_at.timestamp(),
            f"call     {call.kind}: {'no answer noted' if call.seconds is None else f'{call.seconds:.3f} s'}"
            f" {call.http_status or ''} {call.response_code or ''} {call.message}",
        )
        for call in traces.calls
    ]
    lines += [
        (arrival.at, f"sandbox  {arrival.kind} -> {arrival.code} {arrival.http_status}{said(arrival.fault)}")
        for arrival in traces.arrivals
    ]
    lines += [(made.at, f"sandbox  generated {', '.join(made.file_names)} {made.label}") for made in traces.generated]
    lines += [
        (event.at, f"havoc    {event.kind}: {event.detail}" + (f", until {clock(event.until)}" if event.until else ""))
        for event in evidence.journal.between(traces.began_at, traces.ended_at)
    ]
    told = [f"{run} ({traces.kind}, {run.credential}): {run.status} {run.error_code}, {run.moves} moves. {run.error}"]
    return "\n".join(told + [f"  {clock(at)} {line}" for at, line in sorted(lines)])


def said(fault: Fault | None) -> str:
    """A fault by what differs from none."""
    if fault is None:
        return ""
    set_fields = {name: value for name, value in asdict(fault).items() if value != getattr(Fault(), name)}
    return f", fault {set_fields}"


def table(rows: Iterable[tuple[str, object]]) -> str:
    rows = list(rows)
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def counted(counts: Counter[str] | dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items(), key=lambda item: -item[1])) or "none"
