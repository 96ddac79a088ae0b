"""What the sandbox gets wrong by itself, as scripted faults at random calls."""

import random
from collections.abc import Callable

from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.chaos import pace

Draw = Callable[[random.Random], Fault]

ANY: dict[str, Draw] = {
    "no answer": lambda chance: Fault(drop_after_work=True),
    "not even begun": lambda chance: Fault(drop_before_work=True),
    "error page": lambda chance: Fault(http_status=chance.choice([500, 502, 503, 504])),
    "error page after the work": lambda chance: Fault(http_status=502, refuse_after_work=True),
    "code 500": lambda chance: Fault(envelope=(500, "Internal error"), refuse_after_work=chance.choice([True, False])),
    "too many requests": lambda chance: Fault(
        rate_limited=chance.choice(["http", "envelope", "both"]), retry_after=chance.choice(["", "1"])
    ),
    "half an answer": lambda chance: Fault(truncate=chance.choice(["length", "chunked"])),
    "slow": lambda chance: Fault(delay=chance.uniform(0.2, 0.8) * pace.ANSWER),
    "too slow": lambda chance: Fault(delay_after=pace.ANSWER + 0.5),
    "dripping": lambda chance: Fault(bytes_per_second=200_000),
}
GENERATE = ANY | {
    "empty answer": lambda chance: Fault(body=b""),
    "refused": lambda chance: Fault(envelope=(410, "No such thing today")),
    "file later": lambda chance: Fault(generation_seconds=1.0),
}
DOWNLOAD = ANY | {"404": lambda chance: Fault(not_ready="404"), "empty file": lambda chance: Fault(not_ready="empty")}


def script(sandbox: Sandbox, chance: random.Random, *, calls: int, share: float) -> dict[int, str]:
    """Let faults befall this share of so many calls of each kind; their names, by the id of each fault."""
    names = {}
    for kind, faults in (("generate", GENERATE), ("download", DOWNLOAD)):
        for number in range(calls):
            if chance.random() < share:
                name = chance.choice(list(faults))
                fault = faults[name](chance)
                names[id(fault)] = name
                sandbox.script(fault, on=kind, after=number)
    return names
