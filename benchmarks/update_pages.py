"""Response times of the pages of an employee update with 20,000 rows.

    python -m benchmarks.update_pages
    python -m benchmarks.update_pages --rows 5000

The whole stack answers (middleware, door, reading, checks, database, page), with its own SQLite database. Pages of rows
come from the cache that the request before filled, as for a person who goes from page to page.
"""

import argparse
import os
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()


from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.utils import setup_databases, setup_test_environment, teardown_databases
from django.utils import timezone
from django_scopes import scope

from accounts.models import Credential, Membership, Policy, Team, User
from accounts.permissions import Role
from expensify.pair import KeyPair
from exports.employee_updates import stored as stored_updates
from exports.models import EmployeeUpdate

POLICY = "0123456789ABCDEF"
HEADINGS = "Email,Manager,Employee ID,First name,Last name,Cost center,Role"


def file_of(rows: int) -> bytes:
    """A CSV of a company of that size; each manager has eight reports."""
    lines = (
        f"person{number}@acme.example,person{number // 8}@acme.example,E-{number:06d},Ada,Byron {number},"
        f"CC-{number % 40},user"
        for number in range(rows)
    )
    return "\n".join([HEADINGS, *lines]).encode()


def timed(label: str, client: Client, method: str, url: str, **fields: object) -> str:
    """Print the time of a request; return the URL of its redirect, or its own."""
    start, processor_start = time.perf_counter(), time.process_time()
    response = getattr(client, method)(url, fields) if fields else getattr(client, method)(url)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor_start
    assert response.status_code in {200, 302}, response.status_code
    print(f"{label:48} {seconds:6.2f} s {processor:6.2f} s of the processor {len(response.content) / 1024:7.0f} KB")
    return str(response.headers.get("Location", url))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--rows", type=int, default=20_000)
    rows = options.parse_args().rows
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        team = Team.objects.create(name="Acme", slug="acme")
        erin = User.objects.create_user("erin@acme.example", "correct horse battery staple")
        Membership.objects.create(team=team, user=erin, role=Role.EDITOR)
        credential = Credential(team=team, name="Main", status=Credential.Status.WORKING)
        credential.take_pair(KeyPair("aa_bench", "0" * 40), timezone.now())
        credential.status = Credential.Status.WORKING
        credential.save()
        with scope(team=team):
            Policy.objects.create(team=team, credential=credential, policy_id=POLICY, name="Acme")
        client = Client()
        client.force_login(erin, backend="allauth.account.auth_backends.AuthenticationBackend")
        file = SimpleUploadedFile("people.csv", file_of(rows))
        upload = {"name": "Everybody", "credential": credential.pk, "way": "file", "file": file}
        columns = timed("Upload", client, "post", "/t/acme/updates/new/", **upload)
        timed("Columns", client, "get", columns)
        fields = ["email", "manager", "employee_id", "first_name", "last_name", "custom_field_2", "role"]
        mapping = {f"column_{number}": name for number, name in enumerate(fields)}
        page = timed("Choose the columns: read and check the rows", client, "post", columns, **mapping, policy=POLICY)
        timed("Rows, first page", client, "get", page)
        timed("Rows, last page", client, "get", f"{page}?page=400")
        timed("Rows, only those with errors", client, "get", f"{page}?show=errors")
        timed("Rows, found by a name", client, "get", f"{page}?find=byron+199")
        timed("Change a cell", client, "post", f"{page}change/", **{"cell-2-first_name": "Grace"})
        timed("Rows, after the change", client, "get", page)
        stored_updates._analyse.cache_clear()
        timed("Rows, in a process that has not seen them", client, "get", page)
        timed("List", client, "get", "/t/acme/updates/")
        with scope(team=team):
            print(EmployeeUpdate.objects.without_people().get().row_count, "rows")
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main()
