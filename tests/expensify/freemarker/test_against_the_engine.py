"""Our output equals FreeMarker's byte for byte, and we reject what it rejects."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings

from tests.expensify.freemarker.answers import STORE, Answers, FromEngine
from tests.expensify.freemarker.comparing import differing, ours
from tests.expensify.freemarker.corpus import CORPUS, EXPORTS, SMALL
from tests.expensify.freemarker.data import DATA
from tests.expensify.freemarker.engine import Engine
from tests.expensify.freemarker.grammar import EXPRESSION_TEMPLATE, TEMPLATE

_LIKE_THE_ENGINE = settings(
    max_examples=120, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
# Some of each kind: the whole corpus is compared where there is time.
_FEW = [*list(SMALL)[::50], *list(EXPORTS)[::15]]
# Printing a strategy that refers to itself is slow, and hypothesis says so.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")


@pytest.mark.parametrize("name", CORPUS)
def test_case_prints_what_freemarker_prints(name: str, answers: Answers) -> None:
    assert ours(*CORPUS[name]) == answers.output(name)


@pytest.mark.parametrize("name", [name for name in SMALL if name.startswith("refused: ")])
def test_template_that_freemarker_rejects_is_rejected(name: str, answers: Answers) -> None:
    assert answers.output(name) is None


def test_recorded_generated_templates_print_what_freemarker_printed() -> None:
    recorded = json.loads(STORE.read_text(encoding="utf-8"))["generated"]

    wrong = [case["template"] for case in recorded if ours(case["template"], DATA) != case["output"]]

    assert wrong == []
    assert len(recorded) == 200


@pytest.mark.java
@_LIKE_THE_ENGINE
@given(template=TEMPLATE)
def test_generated_templates_print_what_freemarker_prints(engine: Engine, template: str) -> None:
    assert ours(template, DATA) == engine.render(template, DATA).output


@pytest.mark.java
@_LIKE_THE_ENGINE
@given(template=EXPRESSION_TEMPLATE)
def test_generated_expressions_print_what_freemarker_prints(engine: Engine, template: str) -> None:
    assert ours(template, DATA) == engine.render(template, DATA).output


@pytest.mark.parametrize("names", [_FEW, pytest.param(list(CORPUS), marks=pytest.mark.java)], ids=["a dozen", "all"])
def test_recorded_answers_match_the_engine(engine: Engine, answers: Answers, names: list[str]) -> None:
    live = FromEngine(engine)

    stale = [name for name in names if answers.output(name) != live.output(name)]

    assert stale == []


def test_planted_difference_is_found(answers: Answers) -> None:
    planted = "exports: csv_rows"

    def one_space_more(template: str, data: Mapping[str, object]) -> str | None:
        printed = ours(template, data)
        return printed.replace(",", ", ", 1) if printed and template == CORPUS[planted].template else printed

    assert differing(EXPORTS, answers, one_space_more) == [planted]


def test_planted_acceptance_is_found(answers: Answers) -> None:
    planted = "refused: unclosed if"
    refused = [name for name in SMALL if name.startswith("refused: ")]

    def lenient(template: str, data: Mapping[str, object]) -> str | None:
        return "a" if template == CORPUS[planted].template else ours(template, data)

    assert differing(refused, answers, lenient) == [planted]


def test_corpus_has_the_documented_size() -> None:
    assert (len(SMALL) >= 150, len(EXPORTS) >= 25) == (True, True)
