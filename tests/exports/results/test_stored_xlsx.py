"""A workbook that goes to many is made once, and does not outlive its file."""

import hashlib
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import Team
from exports.deliveries import attachments, split_by_recipient
from exports.deliveries.settings import Content
from exports.models import Result, SavedExport
from exports.results import retention
from tests.factories import make_result, make_run

pytestmark = pytest.mark.django_db

LARGE = b"Boss,Amount\n" + b"ann@acme.example,12.50\n" * 20_000


@pytest.fixture
def whole(acme_open: Team, export: SavedExport) -> Result:
    shutil.rmtree(default_storage.location, ignore_errors=True)  # type: ignore[attr-defined]
    return make_result(make_run(export, status="succeeded"), LARGE)


def made(result: Result) -> bytes:
    with attachments.files_of(result, Content.WORKBOOK, None) as (file,):
        return file.path.read_bytes()


def kept() -> list[str]:
    root = Path(default_storage.location)
    return sorted(str(path.relative_to(root)) for path in root.glob("teams/*/workbooks/*/*"))


def replace(path: str, content: bytes) -> None:
    default_storage.delete(path)
    default_storage.save(path, ContentFile(content))


def test_it_is_made_once_for_all_who_get_it(whole: Result) -> None:
    made(whole)
    (path,) = kept()
    default_storage.delete(path)
    other = b"a workbook that was stored"
    default_storage.save(f"{Path(path).parent}/{hashlib.sha256(other).hexdigest()}.xlsx", ContentFile(other))

    assert made(whole) == other


def test_one_that_was_not_written_to_its_end_is_made_again(whole: Result) -> None:
    first = made(whole)
    (path,) = kept()
    replace(path, first[: len(first) // 2])

    assert len(made(whole)) == len(first)
    (path,) = kept()
    assert default_storage.size(path) == len(first)


def test_those_of_small_files_and_of_parts_are_not_kept(whole: Result, export: SavedExport) -> None:
    small = make_result(make_run(export, status="succeeded"), b"Boss\nann@acme.example\n")
    (part,) = Result.objects.bulk_create(split_by_recipient.split(whole, "Boss", ""))

    made(small)
    made(part)

    assert kept() == []


def test_it_goes_with_its_file(whole: Result) -> None:
    made(whole)

    retention.purge(whole, now=timezone.now() + timedelta(days=731))

    assert kept() == []
