"""Every starter and every preset, run through the two steps against the sandbox."""

import csv
import io

import pytest
from django.core.files.storage import default_storage

from accounts.models import Credential, User
from exports.columns.parsing import table_of
from exports.columns.presets import PRESETS
from exports.columns.writing import headings_of, template_of
from exports.models import Result
from exports.models.run import Status
from exports.runs import actions as runs
from exports.saved_exports.starter_templates import STARTERS
from tests.factories import make_export
from tests.work import Work

pytestmark = pytest.mark.django_db(transaction=True)


def file_of(template: str, credential: Credential, by: User, work: Work) -> str:
    run = work(runs.start(make_export(credential, by, template=template), by=by))
    assert (run.status, run.error) == (Status.SUCCEEDED, "")
    with default_storage.open(Result.objects.get(run=run).file.name) as file:
        content: bytes = file.read()
    return content.decode()


@pytest.mark.parametrize("key", PRESETS)
def test_preset_comes_back_as_the_table_it_describes(key: str, credential: Credential, alice: User, work: Work) -> None:
    layout = PRESETS[key].layout

    rows = table_of(layout, file_of(template_of(layout), credential, alice, work))

    assert rows[0] == headings_of(layout)
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(layout.columns)}


@pytest.mark.parametrize("key", ["expense", "report"])
def test_starter_comes_back_as_a_table(key: str, credential: Credential, alice: User, work: Work) -> None:
    text = file_of(STARTERS[key].template, credential, alice, work)

    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}
