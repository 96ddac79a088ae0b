from collections.abc import Iterator

import pytest

from tests.expensify.freemarker.answers import Answers, FromEngine, FromStore
from tests.expensify.freemarker.engine import Engine, is_installed


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The real FreeMarker; tests that cannot do without it are skipped where it is not installed."""
    if not is_installed():
        pytest.skip("java or FreeMarker's jar is not installed")
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def answers(request: pytest.FixtureRequest) -> Answers:
    """FreeMarker's answers: live where it is installed, else recorded."""
    return FromEngine(request.getfixturevalue("engine")) if is_installed() else FromStore()
