"""How long lint takes: `python -m benchmarks.lint` prints the figures.

The page lints while somebody types, so a template of 300 lines should take less than 50 ms.
"""

import time

from expensify.freemarker.lint.check_template import lint
from expensify.freemarker.template import parse
from exports.columns.presets import PRESETS
from exports.columns.writing import template_of
from exports.saved_exports.starter_templates import STARTERS

ROUNDS = 9


def long_template(lines: int) -> str:
    """A template of about that many lines: the loop of a usual preset, again and again."""
    head, loop, rows = template_of(PRESETS["detail"].layout).partition("<#list reports as report>")
    return head + (loop + rows) * round((lines - head.count("\n")) / rows.count("\n"))


def milliseconds(work) -> float:
    """The middle one of several runs."""
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return sorted(taken)[ROUNDS // 2] * 1000


def main() -> None:
    templates = {
        "starter": STARTERS["expense"].template,
        "everything": template_of(PRESETS["everything"].layout),
        "300 lines": long_template(300),
    }
    for name, text in templates.items():
        lines, parsing, linting = (
            text.count("\n"),
            milliseconds(lambda text=text: parse(text)),
            milliseconds(lambda text=text: lint(text)),
        )
        print(
            f"{name:12} {lines:4} lines   parse {parsing:6.1f} ms   lint, parsing included {linting:6.1f} ms"
        )


if __name__ == "__main__":
    main()
