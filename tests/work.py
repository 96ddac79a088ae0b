"""The work of beat and workers, done in the test's own process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection
from django_scopes import scopes_disabled

from exports.models import Run
from exports.runs import queue, recorded_client, tasks

Work = Callable[[Run], Run]


def work_off(run: Run) -> Run:
    """Do the work of a worker in this process until the run is final, or waits for something else than its turn."""
    for _ in range(12):
        run.refresh_from_db()
        if not run.is_resting:
            break
        queue.enqueue(Run.objects.get(pk=run.pk))
        tasks.take_turn.run(run.credential.fingerprint, "")
    run.refresh_from_db()
    return run


@contextmanager
def working_thread() -> Iterator[None]:
    """A thread takes turns for every run that rests, as beat and a worker would."""
    over = threading.Event()

    def work() -> None:
        try:
            while not over.wait(0.05):
                with scopes_disabled():
                    resting = list(Run.objects.resting().select_related("credential"))
                for run in resting:
                    queue.enqueue(run)
                    tasks.take_turn.run(run.credential.fingerprint, "")
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


def close_connections() -> None:
    """Close this process's connections to Expensify, if it has any."""
    if recorded_client.http.cache_info().currsize:
        recorded_client.http().close()
        recorded_client.http.cache_clear()
