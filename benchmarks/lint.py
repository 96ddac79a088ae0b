"""Time that lint takes: `python -m benchmarks.lint`.

The page lints while somebody types, so a template of 300 lines should take less than 50 ms.
"""

import time
from collections.abc import Callable
from functools import partial

from expensify.freemarker.lint.check_template import lint
from expensify.freemarker.template import parse
from exports.columns.presets import PRESETS
from exports.columns.writing import template_of
from exports.saved_exports.starter_templates import STARTERS

ROUNDS = 9


def long_template(lines: int) -> str:
    """A template of about so many lines: the loop of a usual preset, repeated."""
    head, loop, rows = template_of(PRESETS["detail"].layout).partition("<#list reports as report>")
    return head + (loop + rows) * round((lines - head.count("\n")) / rows.count("\n"))


def milliseconds(work: Callable[[], object]) -> float:
    """Median time of several runs."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return sorted(times)[ROUNDS // 2] * 1000


def main() -> None:
    templates = {
        "starter": STARTERS["expense"].template,
        "everything": template_of(PRESETS["everything"].layout),
        "300 lines": long_template(300),
    }
    for name, text in templates.items():
        lines, parsing, linting = (
            text.count("\n"),
            milliseconds(partial(parse, text)),
            milliseconds(partial(lint, text)),
        )
        print(f"{name:12} {lines:4} lines   parse {parsing:6.1f} ms   lint, parsing included {linting:6.1f} ms")


if __name__ == "__main__":
    main()
