"""Speed at which one mailer sends mails to a mail server on this machine.

    python -m benchmarks.mails                       500 mails on SQLite
    script/postgres python -m benchmarks.mails       the same on Postgres
    python -m benchmarks.mails --mails 2000

One round of the mailer, as in its task, over one connection: it claims, composes, sends and settles mails one by one.
The mail server is the demo's, in its own process.
"""

import argparse

from benchmarks import stage

# ruff: noqa: I001 — the stage comes first.
from django_scopes import scope

from accounts.mail import notifications, outbox
from accounts.models import MailStatus, Notice
from benchmarks.deliveries import mail_server


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mails", type=int, default=500)
    mails = options.parse_args().mails
    with stage.database() as engine, mail_server():
        team, _ = stage.team_with_editor()
        with scope(team=team):
            Notice.objects.bulk_create(
                Notice(team=team, key="all", address=f"n{number}@acme.example", subject="News", text="News.")
                for number in range(mails)
            )
        seconds = stage.seconds(lambda: outbox.send_due([notifications.MAILS], seconds=600))
        with scope(team=team):
            sent = Notice.objects.filter(status=MailStatus.SENT).count()
    assert sent == mails
    print(f"{sent} mails on {engine}: {sent / seconds:.0f} a second, {seconds / sent * 1000:.1f} ms each")


if __name__ == "__main__":
    main()
