"""Any text parses or raises TemplateError, and any template with any data renders or raises it, quickly."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expensify.freemarker.errors import TemplateError
from expensify.freemarker.settings import RenderLimits
from expensify.freemarker.template import Template, parse, render
from tests.expensify.freemarker.corpus import CORPUS
from tests.expensify.freemarker.data import DATA
from tests.expensify.freemarker.soup import ANY_TEXT, DAMAGED, EXPRESSIONS, SOUP

_LIMITS = RenderLimits(steps=20_000, depth=20, output_chars=100_000, seconds=2)
_MANY = settings(
    max_examples=400, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


def tried(text: str, data: dict[str, object]) -> str | TemplateError:
    """The output, or the error, which must name a place in the text."""
    try:
        output = render(parse(text), data, limits=_LIMITS)
    except TemplateError as error:
        complaint = error
    else:
        output.encode("utf-8")
        return output
    assert 1 <= complaint.line <= text.count("\n") + text.count("\r") + 1
    assert 1 <= complaint.column <= len(text) + 1
    assert complaint.message
    return complaint


@_MANY
@given(text=st.one_of(SOUP, ANY_TEXT, DAMAGED, EXPRESSIONS))
def test_any_text_ends_as_output_or_template_error(text: str) -> None:
    assert isinstance(tried(text, DATA), (str, TemplateError))


_LEAF = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=5),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.binary(max_size=3),
    st.just(object()),
    st.just(iter([1, 2])),
)
_VALUE = st.recursive(
    _LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_PROBES = [
    "${x}", "${x!}", "<#list x as i>${i!}</#list>", "<#list x as k, v>${k}</#list>", "${x.a!}", "${x[0]!}",
    "${x + 1}", "${x * 2}", "${x?string}", "${x?c}", "${x?size}", "${x?has_content?c}", "${x == x}",
    "${(x lt x)?c}", "${x?string('0.00')}", "${x?string.iso}", "${x?length}", "${x?join(',')}",
    "${x?sort?size}", "${x?keys?join('')}", "${x?round}", "${x?date?string('yyyy')}", "<#if x>a</#if>",
    "${x?upper_case}", "${x?html}", "${[x, x]?seq_contains(x)?c}", "${x?number}", "${x?is_string?c}",
    "${'a' + x}", "${x?long}", "${x[1..2]}",
]  # fmt: skip


@_MANY
@given(value=_VALUE, probe=st.sampled_from(_PROBES))
def test_any_data_end_as_output_or_template_error(value: object, probe: str) -> None:
    assert isinstance(tried(probe, {"x": value}), (str, TemplateError))


@pytest.mark.parametrize("depth", [50, 500, 5000, 50_000])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [("(", ")"), ("[", "]"), ("{'a': ", "}"), ("!", ""), ("x[", "]"), ("f(", ")"), ("x!", ""), ("x?then(", ", 1)")],
)
def test_nesting_of_any_depth_ends_as_output_or_template_error(opening: str, closing: str, depth: int) -> None:
    assert isinstance(tried("${" + opening * depth + "n" + closing * depth + "}", DATA), (str, TemplateError))


@pytest.mark.parametrize("depth", [50, 500, 20_000])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [("<#if yes>", "</#if>"), ("<#list xs as x>", "</#list>"), ("<#compress>", "</#compress>"), ("<@m>", "</@m>")],
)
def test_tags_nested_to_any_depth_end_as_output_or_template_error(opening: str, closing: str, depth: int) -> None:
    assert isinstance(tried(opening * depth + closing * depth, DATA), (str, TemplateError))


def test_long_chains_do_not_count_as_nesting() -> None:
    template = "${" + " + ".join(["n"] * 5000) + "}"

    assert render(parse(template), {"n": 2}) == "10000"


def test_all_spans_are_inside_the_text() -> None:
    for case in CORPUS.values():
        try:
            template = parse(case.template)
        except TemplateError:
            continue
        for start, end in _spans(template):
            assert 0 <= start <= end <= len(case.template)


def _spans(template: Template) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    waiting: list[object] = [template.body]
    while waiting:
        item = waiting.pop()
        if isinstance(item, tuple) and not hasattr(item, "_fields"):
            waiting.extend(item)
        elif hasattr(item, "span"):
            found.append((item.span.start, item.span.end))
            waiting.extend(getattr(item, name) for name in item.__dataclass_fields__ if name != "span")
    return found


def test_data_may_contain_times_and_decimals() -> None:
    data = {"a": dt.datetime(2024, 1, 2, 3, 4, 5), "b": dt.time(3, 4), "c": Decimal("1.50"), "d": {1: "x"}}  # noqa: DTZ001

    output = render(parse("${a?string.iso} ${b?string('HH:mm')} ${c} ${d?keys?join(',')}"), data)

    assert output == "2024-01-02T03:04:05Z 03:04 1.5 1"
