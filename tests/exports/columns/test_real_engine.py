"""The builder's templates render to the same bytes in the real FreeMarker as in ours."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from expensify.freemarker.template import parse, render
from exports.columns.layout import Layout
from exports.columns.presets import PRESETS
from exports.columns.writing import template_of
from exports.samples.choose import SAMPLES, sample
from tests.expensify.freemarker import engine
from tests.exports.columns.strategies import DATA, STRICT, layouts, variants

pytestmark = pytest.mark.java


@pytest.fixture(scope="module")
def real_engine() -> Iterator[engine.Engine]:
    if not engine.is_installed():
        pytest.skip("the real FreeMarker is not installed")
    running = engine.Engine()
    yield running
    running.close()


def same(real_engine: engine.Engine, layout: Layout, data: dict[str, Any]) -> None:
    template = template_of(layout)

    answer = real_engine.render(template, data, missing="error", boolean="error")

    assert answer.output == render(parse(template), data, settings=STRICT), answer.error


@pytest.mark.parametrize("data", SAMPLES)
@pytest.mark.parametrize("key", PRESETS)
def test_preset_renders_the_same_in_freemarker(real_engine: engine.Engine, key: str, data: str) -> None:
    for layout in variants(PRESETS[key].layout):
        same(real_engine, layout, sample(data))


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
@given(layout=layouts(), data=DATA)
def test_any_layout_renders_the_same_in_freemarker(
    real_engine: engine.Engine, layout: Layout, data: dict[str, Any]
) -> None:
    same(real_engine, layout, data)
