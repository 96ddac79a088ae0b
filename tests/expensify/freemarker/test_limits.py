"""Limits on templates: without them, each of these would hang a worker or exhaust its memory."""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from expensify.freemarker import runtime
from expensify.freemarker.builtin.compile import names
from expensify.freemarker.errors import LimitExceeded, RenderError, TemplateError
from expensify.freemarker.settings import RenderLimits
from expensify.freemarker.template import parse, render
from tests.expensify.freemarker.greedy import GREEDY


@pytest.mark.timeout(60)
@pytest.mark.parametrize("template", GREEDY.values(), ids=GREEDY.keys())
def test_greedy_template_exceeds_a_limit_other_than_time(template: str) -> None:
    """How long that takes is in `python -m benchmarks.freemarker`."""
    limits = RenderLimits(steps=300_000, depth=30, output_chars=1_000_000, seconds=math.inf)

    with pytest.raises(LimitExceeded) as caught:
        render(parse(template), {}, limits=limits)

    assert caught.value.line == 1


def test_clock_is_checked_every_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [0]

    def thread_time() -> float:
        looks[0] += 1
        return 0.0

    monkeypatch.setattr(runtime, "thread_time", thread_time)

    with pytest.raises(LimitExceeded):
        render(parse("<#list 1.. as i></#list>"), {}, limits=RenderLimits(steps=100_000))

    assert looks[0] >= 100_000 / 600


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(.*a){12}x", "a*a*a*a*a*a*b", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_regular_expression_that_backtracks_for_ever_elsewhere_is_quick(pattern: str) -> None:
    output = render(parse("${s?matches(p)?c}"), {"s": "a" * 200 + "!", "p": pattern})

    assert output == "false"


@pytest.mark.parametrize("pattern", ["(a|aa)+$", "(?:a|b|ab)*+c|(a?){30}b", "(?=(a|aa)+$)a"])
def test_regular_expression_that_backtracks_for_ever_is_ended_by_the_clock(pattern: str) -> None:
    template = parse("<#attempt>\n${s?replace(p, '', 'r')}<#recover>survived</#attempt>")

    with pytest.raises(LimitExceeded, match="regular expression did not end within the 0 seconds") as caught:
        render(template, {"s": "a" * 200 + "!", "p": pattern}, limits=RenderLimits(seconds=0))

    assert (caught.value.line, caught.value.column) == (2, 5)


def test_attempt_does_not_catch_exceeded_limits() -> None:
    template = parse("<#attempt><#list 1.. as i></#list><#recover>survived</#attempt>")

    with pytest.raises(LimitExceeded):
        render(template, {}, limits=RenderLimits(steps=1000))


def test_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A twentieth of a second passes whenever the clock is looked at."""
    looks = [0]

    def thread_time() -> float:
        looks[0] += 1
        return looks[0] / 20

    monkeypatch.setattr(runtime, "thread_time", thread_time)
    template = parse("<#list 1.. as i></#list>")

    with pytest.raises(LimitExceeded, match=r"for more than 0\.22 seconds"):
        render(template, {}, limits=RenderLimits(steps=10**12, seconds=0.22))

    assert looks == [6]  # one at the start, and one for each twentieth


def test_depth_within_the_limit_is_allowed() -> None:
    template = parse("<#function f x><#if x == 0><#return 0></#if><#return 1 + f(x - 1)></#function>${f(n)}")

    assert render(template, {"n": 40}) == "40"
    with pytest.raises(LimitExceeded, match="more than 60 deep"):
        render(template, {"n": 60})


def test_output_up_to_the_limit_is_allowed() -> None:
    template = parse("${s}${s}")

    assert render(template, {"s": "12345"}, limits=RenderLimits(output_chars=10)) == "1234512345"
    with pytest.raises(LimitExceeded):
        render(template, {"s": "12345"}, limits=RenderLimits(output_chars=9))


def test_iterator_in_the_data_is_read_once_and_bounded() -> None:
    def endless() -> Iterator[int]:
        while True:
            yield 1

    assert render(parse("${xs?size} ${xs?size}"), {"xs": iter([1, 2])}) == "2 2"
    with pytest.raises(LimitExceeded):
        render(parse("${xs?size}"), {"xs": endless()}, limits=RenderLimits(steps=1000))


def test_template_length_is_limited() -> None:
    with pytest.raises(TemplateError, match="at most 200000 characters"):
        parse("x" * 200_001)


@pytest.mark.parametrize("piece", ["${a}", "${a!", "!", "(", "'", "a.", "<#-- -->", "\\"])
def test_parsing_takes_linear_time(piece: str) -> None:
    """Calls are counted, which are the same on every machine; the seconds are in `python -m benchmarks.freemarker`."""
    works = [calls_of(lambda size=size: parse(_repeated(piece, size))) for size in (8_000, 16_000)]  # type: ignore[misc]

    assert works[1] < 2.2 * works[0]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("piece", [pytest.param("${a}", marks=pytest.mark.thorough), "${a!", "!", "(", "\\"])
def test_template_of_maximum_length_is_parsed_or_rejected(piece: str) -> None:
    with suppress(TemplateError):
        parse(_repeated(piece, 199_999))


def _repeated(piece: str, length: int) -> str:
    text = piece * (length // len(piece))
    return "${" + text[2:] if piece in "!('a.\\" else text


def calls_of(action: Callable[[], object]) -> int:
    """How many calls of functions it makes, those of Python itself included."""
    counted = [0]

    def count(_: object, event: str, __: object) -> None:
        counted[0] += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        with suppress(TemplateError):
            action()
    finally:
        sys.setprofile(None)
    return counted[0]


def test_thousands_of_trims_on_one_line_are_rejected() -> None:
    with pytest.raises(TemplateError, match=r"^there are too many tags on this line"):
        parse("x<#t>" * 5_000)


def test_thousands_of_trims_on_separate_lines_are_allowed() -> None:
    assert render(parse("  x<#t>\n" * 5_000), {}) == "x" * 5_000


_VALUES: dict[str, object] = {
    "s": "some Text",
    "n": 12,
    "neg": -3.5,
    "b": True,
    "xs": [2, 1],
    "m": {"a": 1},
    "none": None,
    "zero": "",
}
_ARGUMENTS = [
    "",
    "()",
    "(1)",
    "('x')",
    "(-1)",
    "(xs)",
    "(m)",
    "(b)",
    "('(')",
    "(1, 2)",
    "('a', 'b')",
    "(99, 'z', 'i')",
    "(x -> x)",
    "('a', 'b', 'r')",
]


@pytest.mark.parametrize("name", names())
def test_built_in_of_any_value_prints_or_raises(name: str) -> None:
    limits = RenderLimits(steps=10_000, output_chars=10_000)
    lines: set[int] = set()
    for arguments in _ARGUMENTS:
        for value in _VALUES:
            try:
                render(parse(f"\n${{({value}?{name}{arguments})!}}"), _VALUES, limits=limits)
            except TemplateError as error:
                lines.add(error.line)

    assert lines == {2}


def test_limit_is_a_render_error() -> None:
    assert issubclass(LimitExceeded, RenderError)
