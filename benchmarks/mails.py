"""How fast one mailer hands mails to a mail server on this machine.

    python -m benchmarks.mails                       500 mails on SQLite
    script/postgres python -m benchmarks.mails       the same on Postgres
    python -m benchmarks.mails --mails 2000

One round of the mailer, as its task does it, over one connection: claimed, composed, sent and settled one by one.
The mail server is a process of its own, the demo's.
"""

import argparse
import subprocess
import sys
import time

from benchmarks import stage

# ruff: noqa: I001 — the stage comes first.
from urllib.parse import urlsplit

from django.test import override_settings
from django_scopes import scope

from accounts.mail import notifications, outbox
from accounts.models import MailStatus, Notice
from tests.servers import die_with_parent


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--mails", type=int, default=500)
    asked = options.parse_args()
    server = subprocess.Popen(
        [sys.executable, "-m", "sandbox.mailbox"],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )
    assert server.stdout
    server.stdout.readline()
    address = urlsplit(server.stdout.readline().strip())
    with stage.database() as engine:
        team, _ = stage.team_with_editor()
        with scope(team=team):
            Notice.objects.bulk_create(
                Notice(team=team, key="all", address=f"n{number}@acme.example", subject="News", text="News.")
                for number in range(asked.mails)
            )
        with override_settings(
            EMAIL_FILE_PATH=None, EMAIL_HOST=address.hostname, EMAIL_PORT=address.port, EMAIL_USE_TLS=False
        ):
            began = time.perf_counter()
            outbox.send_due([notifications.MAILS], seconds=600)
            took = time.perf_counter() - began
        with scope(team=team):
            sent = Notice.objects.filter(status=MailStatus.SENT).count()
    server.terminate()
    server.wait()
    assert sent == asked.mails
    print(f"{sent} mails on {engine}: {sent / took:.0f} a second, {took / sent * 1000:.1f} ms each")


if __name__ == "__main__":
    main()
