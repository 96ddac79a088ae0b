"""Which pair made a run's file, and which fetches it."""

import django.db.models.deletion
from django.db import migrations, models

from exports.migrations import _same_team

RUN = [
    ("exports_run", "credential_id", "accounts_credential"),
    ("exports_run", "export_id", "exports_savedexport"),
    ("exports_run", "update_id", "exports_employeeupdate"),
]
NEW = [
    ("exports_run", "trial_of_id", "accounts_rotation"),
    ("accounts_rotation", "credential_id", "accounts_credential"),
]


def hold(apps, schema_editor):
    _same_team.hold_again(schema_editor, RUN)
    _same_team.hold(schema_editor, NEW)


def hold_again(apps, schema_editor):
    _same_team.hold_again(schema_editor, RUN)


def let_go(apps, schema_editor):
    _same_team.let_go(schema_editor, NEW)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_rotations"),
        ("exports", "0013_who_left_and_codes"),
    ]

    operations = [
        # Going back, this comes last.
        migrations.RunPython(migrations.RunPython.noop, hold_again),
        migrations.AddField(
            model_name="run",
            name="by_previous",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Its file is fetched with the pair before the present one.",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="made_with",
            field=models.PositiveIntegerField(
                blank=True, help_text="The number of the credential's pair that made its file.", null=True
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="trial_of",
            field=models.ForeignKey(
                blank=True,
                help_text="It tries the new pair of this rotation, and changes nothing.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trials",
                to="accounts.rotation",
            ),
        ),
        migrations.AddIndex(
            model_name="apicall",
            index=models.Index(fields=["credential", "sent_at"], name="call_by_time"),
        ),
        migrations.RunPython(hold, let_go),
    ]
