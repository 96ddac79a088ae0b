from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from expensify.freemarker.errors import TemplateError, Unsupported
from expensify.freemarker.template import parse, render
from expensify.jobs.export import FILE_EXTENSIONS
from exports.samples.choose import SAMPLES, sample
from exports.saved_exports import template_files

FAILED, NO_FILE = 1, 2


class Command(BaseCommand):
    help = (
        "Print the file that a template makes of sample data. Nothing is sent. Ends with 0, with 1 when the template "
        "makes no file of these data, or 2 when a file cannot be read."
    )
    requires_system_checks: list[str] = []  # it reads files, and nothing of the portal

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the template; - is standard input")
        parser.add_argument("--type", choices=FILE_EXTENSIONS, default="csv", help="the file type of the export (csv)")
        source = parser.add_mutually_exclusive_group()
        source.add_argument(
            "--data",
            metavar="FILE.json",
            help='your own data: {"reports": […]}, such as the result of the starter “Data for previews”',
        )
        source.add_argument("--sample", choices=list(SAMPLES), default="company", help="sample data by name (company)")

    def handle(self, *, file: str, type: str, data: str | None, sample: str, **options: Any) -> None:
        if type == "pdf":
            raise CommandError("Expensify lays out a PDF by itself, so there is no preview of it.", returncode=FAILED)
        text = self._render(file, data, sample)
        # As it stands: without a line break that the file does not have.
        self.stdout.write(text, ending="")
        if type in ("xls", "xlsx"):
            self.stderr.write("This is the text. Expensify makes the workbook from it.")

    def _render(self, file: str, data: str | None, name: str) -> str:
        try:
            template = template_files.read_text(file)
            values = template_files.read_data(data) if data else sample(name)
        except template_files.CannotRead as reason:
            raise CommandError(str(reason), returncode=NO_FILE) from reason
        try:
            return render(parse(template), values)
        except Unsupported as error:
            sentence = f"The preview cannot show this template: {error.message}. Expensify may run it all the same."
            raise CommandError(f"{file}:{error.line}:{error.column}: {sentence}", returncode=FAILED) from error
        except TemplateError as error:
            sentence = f"The template stops here: {error.message}."
            raise CommandError(f"{file}:{error.line}:{error.column}: {sentence}", returncode=FAILED) from error
