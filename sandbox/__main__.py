"""`python -m sandbox`: run the sandbox as a server."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from sandbox.app import Sandbox
from sandbox.choices import Choices, parse_limits


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; print one line with the address when it listens."""
    options = _parser().parse_args(arguments)
    choices = Choices(limits=() if options.no_limits else options.limits, generation_seconds=options.generation_seconds)
    sandbox = Sandbox(choices=choices.faster(options.speed), control=options.control)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with sandbox.serve(options.host, options.port) as server:
        print(server.url, flush=True)  # noqa: T201
        stopped.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    limits = parser.add_mutually_exclusive_group()
    limits.add_argument("--limits", type=parse_limits, default=Choices.limits, metavar="5/10s,20/60s")
    limits.add_argument("--no-limits", action="store_true")
    parser.add_argument("--generation-seconds", type=float, default=0.0, help="until a file can be fetched")
    parser.add_argument("--speed", type=float, default=1.0, help="divides every time above")
    parser.add_argument("--control", action="store_true", help="open /_sandbox/ for scripted faults and the log")
    return parser


if __name__ == "__main__":
    sys.exit(main())
