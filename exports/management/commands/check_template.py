import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from expensify.freemarker.lint.check_template import lint
from expensify.freemarker.lint.findings import Finding
from expensify.jobs.export import FILE_EXTENSIONS
from exports.saved_exports import template_files

FAILED, NO_FILE = 1, 2


class Command(BaseCommand):
    help = (
        "Check a template, as the editor does. Nothing is sent. Ends with 0 when the template can run (warnings and "
        "notes may be printed), 1 when it has an error, 2 when the file cannot be read."
    )
    requires_system_checks: list[str] = []  # it reads a file, and nothing of the portal

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the template; - is standard input")
        parser.add_argument("--type", choices=FILE_EXTENSIONS, default="csv", help="the file type of the export (csv)")
        parser.add_argument("--json", action="store_true", help="print a list of findings as JSON")

    def handle(self, *, file: str, type: str, **options: Any) -> None:
        try:
            text = template_files.read_text(file)
        except template_files.CannotRead as reason:
            raise CommandError(str(reason), returncode=NO_FILE) from reason
        findings = lint(text, file_extension=type)
        if options["json"]:
            self.stdout.write(json.dumps([_as_json(finding) for finding in findings], ensure_ascii=False, indent=2))
        else:
            for finding in findings:
                self.stdout.write(_as_text(file, finding))
        errors = sum(finding.severity == "error" for finding in findings)
        if errors:
            count = "1 error" if errors == 1 else f"{errors} errors"
            raise CommandError(f"{file} has {count}, so it cannot run.", returncode=FAILED)


def _as_json(finding: Finding) -> dict[str, object]:
    return {
        "line": finding.line,
        "column": finding.column,
        "severity": finding.severity,
        "code": finding.code,
        "sentence": finding.sentence,
    }


def _as_text(file: str, finding: Finding) -> str:
    """One line, in the form that editors and CI systems recognise."""
    return f"{file}:{finding.line}:{finding.column}: {finding.severity}: {finding.sentence} [{finding.code}]"
