"""Results in an S3-compatible store, by nothing but STORAGE_URL: a real worker stores, a real command fetches."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django_scopes import scope
from moto.server import ThreadedMotoServer

from accounts.models import Team, User
from exports.models import Result
from sandbox.app import Sandbox
from tests.factories import make_credential, make_export
from tests.servers import free_port
from tests.waiting import PATIENCE
from tests.workers import ROOT, Processes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def bucket() -> Iterator[Any]:
    """A bucket that only signed requests reach, at an endpoint of its own."""
    port = free_port()
    server = ThreadedMotoServer(port=port, verbose=False)
    server.start()
    endpoint = f"http://127.0.0.1:{port}"
    s3 = boto3.resource(
        "s3", endpoint_url=endpoint, region_name="eu-central-1",
        aws_access_key_id="key", aws_secret_access_key="secret",
    )  # fmt: skip
    bucket = s3.create_bucket(Bucket="finance", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    bucket.url = f"s3://key:secret@finance/portal?endpoint={endpoint}&region=eu-central-1"
    yield bucket
    bucket.objects.delete()  # buckets outlive their server
    bucket.delete()
    server.stop()


def test_a_result_is_stored_in_the_bucket_and_comes_back_byte_for_byte(
    bucket: Any, sandbox: Sandbox, budget: Any, acme: Team, alice: User, settings: Any, tmp_path: Path
) -> None:
    make_export(make_credential(acme), alice, "Monthly")
    portal = Processes(tmp_path, EXPENSIFY_URL=settings.EXPENSIFY_URL, STORAGE_URL=bucket.url, SWEEP_SECONDS="0.5")
    portal.worker()
    portal.beat()
    try:
        subprocess.run(
            [sys.executable, "manage.py", "run_export", "acme", "Monthly", "--output", str(tmp_path / "out.csv")],
            cwd=ROOT, env=portal.environment, check=True, timeout=PATIENCE, capture_output=True,
        )  # fmt: skip
    finally:
        portal.stop()

    with scope(team=acme):
        result = Result.objects.get()
    stored = bucket.Object(f"portal/{result.file.name}").get()["Body"].read()
    assert stored == (tmp_path / "out.csv").read_bytes()
    assert len(stored) == result.size


def test_large_file_lies_on_the_disk_while_it_is_read(bucket: Any) -> None:
    bucket.put_object(Key="portal/large.csv", Body=b"x" * 2_000_000)
    script = (
        "from django.core.files.storage import storages\n"
        "with storages['default'].open('large.csv') as file:\n"
        "    file.read(1)\n"
        "    print(file.file._rolled)"
    )
    environment = os.environ | {"STORAGE_URL": bucket.url, "DJANGO_SETTINGS_MODULE": "portal.settings"}

    said = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", script],
        cwd=ROOT, env=environment, check=True, timeout=PATIENCE, capture_output=True, text=True,
    )  # fmt: skip

    assert said.stdout == "True\n"
