"""Runs that list their reports first, and mark them only when the file is stored."""

from django.db import migrations, models

from exports.migrations import _same_team

RUN = [
    ("exports_run", "credential_id", "accounts_credential"),
    ("exports_run", "export_id", "exports_savedexport"),
]


def hold_again(apps, schema_editor):
    _same_team.hold_again(schema_editor, RUN)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_cache_table"),
        ("exports", "0004_columns"),
    ]

    operations = [
        # Going back, this comes last.
        migrations.RunPython(migrations.RunPython.noop, hold_again),
        migrations.RemoveConstraint(
            model_name="run",
            name="run_status_known",
        ),
        migrations.RemoveConstraint(
            model_name="run",
            name="run_generated_has_file",
        ),
        migrations.AddField(
            model_name="run",
            name="checked",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="What of the file was as listed.",
                max_length=500,
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="late_before",
            field=models.DateField(
                blank=True, help_text="Reports from before this day belong to an earlier period.", null=True
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="mark_label",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="The label its reports get.", max_length=255
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="marks_last",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Marks the listed reports by a call of its own, when the file is stored.",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="of_batch",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Is about the reports that an earlier run listed, not about a period.",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="report_count",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="selection",
            field=models.JSONField(
                blank=True, help_text="The listed reports, see `exports.selection`.", null=True
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="selection_file",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.AddField(
            model_name="run",
            name="selects",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Lists the reports first, and exports exactly those.",
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="status",
            field=models.CharField(
                choices=[
                    ("queued", "Queued"),
                    ("selecting", "Asking for the reports"),
                    ("selected", "List is made"),
                    ("listing", "Fetching the list"),
                    ("listed", "Reports known"),
                    ("generating", "Generating"),
                    ("generated", "File name received"),
                    ("downloading", "Downloading"),
                    ("stored", "Stored, not marked yet"),
                    ("marking", "Marking the reports"),
                    ("succeeded", "Succeeded"),
                    ("failed", "Failed"),
                    ("unconfirmed", "Unconfirmed"),
                    ("cancelled", "Cancelled"),
                ],
                default="queued",
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", True), ("mark_label__gt", "")),
                fields=["mark_label"],
                name="run_under_way_by_label",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "queued",
                            "selecting",
                            "selected",
                            "listing",
                            "listed",
                            "generating",
                            "generated",
                            "downloading",
                            "stored",
                            "marking",
                            "succeeded",
                            "failed",
                            "unconfirmed",
                            "cancelled",
                        ],
                    )
                ),
                name="run_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("remote_file__gt", ""),
                    models.Q(("report_count", 0), ("status", "succeeded")),
                    models.Q(
                        ("status__in", ["generated", "downloading", "stored", "marking", "succeeded"]),
                        _negated=True,
                    ),
                    _connector="OR",
                ),
                name="run_generated_has_file",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("mark_label__gt", ""), ("marks_last", True), ("report_count__gt", 0)),
                    models.Q(("status__in", ["stored", "marking"]), _negated=True),
                    _connector="OR",
                ),
                name="run_marks_what_it_listed",
            ),
        ),
        migrations.RunPython(hold_again, migrations.RunPython.noop),
    ]
