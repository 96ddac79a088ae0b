import mailbox
import sys
from collections.abc import Iterator
from contextlib import closing
from email import message_from_binary_file
from email.message import Message
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from exports.deliveries import bounces


class Command(BaseCommand):
    help = (
        "Read mails that came back and mark the deliveries that they are about. Reading them twice changes nothing, "
        "and what is not about a mail of the portal is left alone. Nothing is removed from where it lies."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "source", help="a file with one mail, an mbox file, a Maildir folder, or - for one mail on standard input"
        )

    def handle(self, *, source: str, **_: Any) -> None:
        mails = marked = 0
        for message in _messages(source):
            mails += 1
            marked += sum(bounces.note(report) for report in bounces.reports(message))
        self.stdout.write(f"Mails read: {mails}; deliveries marked as come back: {marked}.")


def _messages(source: str) -> Iterator[Message]:
    if source == "-":
        yield message_from_binary_file(sys.stdin.buffer)
        return
    path = Path(source)
    try:
        if path.is_dir():
            yield from mailbox.Maildir(path, create=False)
            return
        with path.open("rb") as file:
            is_mbox = file.read(5) == b"From "
            file.seek(0)
            if not is_mbox:
                yield message_from_binary_file(file)
                return
        with closing(mailbox.mbox(path, create=False)) as box:
            yield from box
    except OSError as error:
        raise CommandError(f"{source} cannot be read: {error.strerror}.") from None
