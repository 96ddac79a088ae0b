from collections.abc import Iterator

import pytest

from tests.expensify.freemarker.answers import Answers, FromStore
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
def answers() -> Answers:
    """FreeMarker's answers as they were recorded; tests marked `java` ask it again."""
    return FromStore()
