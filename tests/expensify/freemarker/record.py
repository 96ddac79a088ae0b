"""Record the real engine's answers: `python -m tests.expensify.freemarker.record`."""

import json
import warnings

from hypothesis import HealthCheck, Phase, given, settings

from tests.expensify.freemarker.answers import STORE, digest
from tests.expensify.freemarker.corpus import CORPUS
from tests.expensify.freemarker.data import DATA
from tests.expensify.freemarker.engine import Engine
from tests.expensify.freemarker.grammar import EXPRESSION_TEMPLATE, TEMPLATE

GENERATED = 200
"""How many generated templates are kept; the longest are not."""


def record(engine: Engine) -> dict[str, object]:
    corpus = {
        name: {"case": digest(case), "output": engine.render(case.template, case.data).output}
        for name, case in CORPUS.items()
    }
    generated = [
        {"template": template, "output": engine.render(template, DATA).output}
        for template in sorted(_templates(), key=len)
    ]
    return {"corpus": corpus, "generated": generated[:GENERATED]}


def _templates() -> set[str]:
    found: set[str] = set()

    @settings(
        max_examples=300,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(TEMPLATE, EXPRESSION_TEMPLATE)
    def collect(template: str, expressions: str) -> None:
        found.update((template, expressions))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collect()
    return found


if __name__ == "__main__":
    engine = Engine()
    STORE.write_text(json.dumps(record(engine), indent=0, ensure_ascii=True) + "\n", encoding="utf-8")
    engine.close()
