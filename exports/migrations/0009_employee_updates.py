"""Employee updates, their feed profiles, and the runs that belong to them."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.keyring
from exports.migrations import _same_team

RUN = [
    ("exports_run", "credential_id", "accounts_credential"),
    ("exports_run", "export_id", "exports_savedexport"),
]
NEW = [
    ("exports_run", "update_id", "exports_employeeupdate"),
    ("exports_employeeupdate", "credential_id", "accounts_credential"),
    ("exports_feedprofile", "credential_id", "accounts_credential"),
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
        ("accounts", "0005_rules_for_updates"),
        ("exports", "0008_quick_lists"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # Going back, this comes last.
        migrations.RunPython(migrations.RunPython.noop, hold_again),
        migrations.CreateModel(
            name="EmployeeUpdate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("name", models.CharField(max_length=100)),
                ("author_name", models.CharField(max_length=255)),
                ("source", models.CharField(help_text="Where the rows came from, in words.", max_length=255)),
                ("seal", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("sheet", accounts.keyring.SealedField(null=True)),
                ("rows", accounts.keyring.SealedField(null=True)),
                ("found", accounts.keyring.SealedField(null=True)),
                ("feed", accounts.keyring.SealedField(null=True)),
                ("before", accounts.keyring.SealedField(null=True)),
                ("before_at", models.DateTimeField(blank=True, null=True)),
                ("after", accounts.keyring.SealedField(null=True)),
                ("after_at", models.DateTimeField(blank=True, null=True)),
                ("mapping", models.JSONField(blank=True, null=True)),
                ("settings", models.JSONField()),
                (
                    "revision",
                    models.PositiveIntegerField(
                        default=0, help_text="Counts the changes of rows and settings."
                    ),
                ),
                ("content_hash", models.CharField(blank=True, max_length=64)),
                ("row_count", models.PositiveIntegerField(default=0)),
                ("error_count", models.PositiveIntegerField(default=0)),
                ("warning_count", models.PositiveIntegerField(default=0)),
                ("leaver_count", models.PositiveIntegerField(default=0)),
                (
                    "kinds",
                    models.JSONField(default=dict, help_text="How many rows are of each kind of change."),
                ),
                ("accepted_hash", models.CharField(blank=True, max_length=64)),
                ("accepted_by_name", models.CharField(blank=True, max_length=255)),
                ("tried_hash", models.CharField(blank=True, max_length=64)),
                ("tried_at", models.DateTimeField(blank=True, null=True)),
                ("tried_answer", accounts.keyring.SealedField(null=True)),
                (
                    "submits_itself",
                    models.BooleanField(
                        default=False, help_text="Goes for approval when its dry run is done."
                    ),
                ),
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                ("approved_hash", models.CharField(blank=True, max_length=64)),
                ("approved_by_name", models.CharField(blank=True, max_length=255)),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                (
                    "typed_leavers",
                    models.PositiveIntegerField(
                        blank=True, help_text="The number of leavers as an Admin typed it.", null=True
                    ),
                ),
                ("applied_at", models.DateTimeField(blank=True, null=True)),
                ("applied_answer", accounts.keyring.SealedField(null=True)),
                (
                    "summary",
                    models.JSONField(
                        default=dict, help_text="How many people the receipt names in each way."
                    ),
                ),
                ("discarded_at", models.DateTimeField(blank=True, null=True)),
                ("wiped_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="FeedProfile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("name", models.CharField(max_length=100)),
                ("mapping", models.JSONField(help_text="See `exports.employees.ColumnMapping`.")),
                ("settings", models.JSONField(help_text="See `exports.employees.Settings`.")),
            ],
            options={
                "ordering": ["name"],
            },
        ),
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
            name="purpose",
            field=models.CharField(
                choices=[
                    ("export", "Export"),
                    ("members", "Members of policies"),
                    ("dry_run", "Dry run of an employee update"),
                    ("apply", "Employee update"),
                ],
                db_default="export",
                default="export",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="export",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="exports.savedexport",
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
                    ("reading", "Reading the members"),
                    ("updating", "Sending the update"),
                    ("succeeded", "Succeeded"),
                    ("failed", "Failed"),
                    ("unconfirmed", "Unconfirmed"),
                    ("cancelled", "Cancelled"),
                ],
                default="queued",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="version",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="exports.exportversion",
            ),
        ),
        migrations.AddField(
            model_name="employeeupdate",
            name="applied_by_run",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="applies",
                to="exports.run",
            ),
        ),
        migrations.AddField(
            model_name="employeeupdate",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="employeeupdate",
            name="author",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="employeeupdate",
            name="credential",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="employee_updates",
                to="accounts.credential",
            ),
        ),
        migrations.AddField(
            model_name="employeeupdate",
            name="reverse_of",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reverses",
                to="exports.employeeupdate",
            ),
        ),
        migrations.AddField(
            model_name="employeeupdate",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="employee_updates",
                to="accounts.team",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="update",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="exports.employeeupdate",
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
                            "reading",
                            "updating",
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
                    models.Q(
                        ("export__isnull", False),
                        ("purpose", "export"),
                        ("update__isnull", True),
                        ("version__isnull", False),
                    ),
                    models.Q(
                        ("export__isnull", True),
                        ("purpose__in", ["members", "dry_run", "apply"]),
                        ("update__isnull", False),
                        ("version__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="run_of_export_or_update",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("purpose", "apply"), ("status__in", ["queued", "updating", "succeeded", "unconfirmed"])
                ),
                fields=("update",),
                name="update_applied_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                condition=models.Q(("finished_at__isnull", True), ("purpose__in", ["members", "dry_run"])),
                fields=("update", "purpose"),
                name="update_asked_once_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("remote_file__gt", ""),
                    models.Q(("purpose", "export"), _negated=True),
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
        migrations.AddField(
            model_name="feedprofile",
            name="credential",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="feed_profiles",
                to="accounts.credential",
            ),
        ),
        migrations.AddField(
            model_name="feedprofile",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="feed_profiles", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="employeeupdate",
            name="profile",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="updates",
                to="exports.feedprofile",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedprofile",
            constraint=models.UniqueConstraint(fields=("team", "name"), name="one_feed_profile_per_name"),
        ),
        migrations.AddIndex(
            model_name="employeeupdate",
            index=models.Index(fields=["team", "-id"], name="update_newest"),
        ),
        migrations.AddConstraint(
            model_name="employeeupdate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("approved_by", models.F("author")), _negated=True),
                    ("approved_by", None),
                    ("author", None),
                    _connector="OR",
                ),
                name="update_approved_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="employeeupdate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("approved_at", None), ("approved_hash", "")),
                    models.Q(("approved_at__isnull", False), ("approved_hash__gt", "")),
                    _connector="OR",
                ),
                name="update_approval_has_a_hash",
            ),
        ),
        migrations.AddConstraint(
            model_name="employeeupdate",
            constraint=models.UniqueConstraint(fields=("id", "team"), name="update_of_team"),
        ),
        migrations.RunPython(hold, let_go),
    ]
