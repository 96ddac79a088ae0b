"""Exports and runs point to rows of their own team only."""

from django.db import migrations

from exports.migrations import _same_team

EXPORT = [("exports_savedexport", "credential_id", "accounts_credential")]
RUN = [
    ("exports_run", "credential_id", "accounts_credential"),
    ("exports_run", "export_id", "exports_savedexport"),
]


def forwards(apps, schema_editor):
    _same_team.hold(schema_editor, EXPORT + RUN)


def backwards(apps, schema_editor):
    _same_team.let_go(schema_editor, EXPORT + RUN)


class Migration(migrations.Migration):
    dependencies = [("exports", "0002_versions_never_change"), ("accounts", "0001_first")]
    operations = [migrations.RunPython(forwards, backwards)]
