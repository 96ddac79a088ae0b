import accounts.credentials.keyring
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
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
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="feed_profiles",
                        to="accounts.team",
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="feed_profiles",
                        to="accounts.credential",
                    ),
                ),
                ("mapping", models.JSONField(help_text="See `exports.employee_updates.feed.mapping.ColumnMapping`.")),
                ("settings", models.JSONField(help_text="See `exports.employee_updates.feed.settings.UpdateSettings`.")),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "name"), name="one_feed_profile_per_name")
                ],
            },
        ),
        migrations.CreateModel(
            name="Freeze",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("first", models.DateField()),
                ("last", models.DateField()),
                ("reason", models.CharField(max_length=200)),
            ],
            options={
                "ordering": ["first", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("last__gte", models.F("first"))),
                        name="freeze_ends_after_it_begins",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Holiday",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("on", models.DateField()),
                ("name", models.CharField(max_length=100)),
                ("is_off", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ["on"],
                "constraints": [models.UniqueConstraint(fields=("team", "on"), name="one_holiday_per_day")],
            },
        ),
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
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="employee_updates",
                        to="accounts.team",
                    ),
                ),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="employee_updates",
                        to="accounts.credential",
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "profile",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="updates",
                        to="exports.feedprofile",
                    ),
                ),
                (
                    "reverse_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reverses",
                        to="exports.employeeupdate",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("author_name", models.CharField(max_length=255)),
                ("source", models.CharField(help_text="Where the rows came from, as a phrase for people.", max_length=255)),
                ("seal", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("sheet", accounts.credentials.keyring.SealedField(null=True)),
                ("rows", accounts.credentials.keyring.SealedField(null=True)),
                ("found", accounts.credentials.keyring.SealedField(null=True)),
                ("feed", accounts.credentials.keyring.SealedField(null=True)),
                ("before", accounts.credentials.keyring.SealedField(null=True)),
                ("before_at", models.DateTimeField(blank=True, null=True)),
                ("after", accounts.credentials.keyring.SealedField(null=True)),
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
                    models.JSONField(default=dict, help_text="The number of rows for each kind of change."),
                ),
                ("accepted_hash", models.CharField(blank=True, max_length=64)),
                ("accepted_by_name", models.CharField(blank=True, max_length=255)),
                ("tried_hash", models.CharField(blank=True, max_length=64)),
                ("tried_at", models.DateTimeField(blank=True, null=True)),
                ("tried_answer", accounts.credentials.keyring.SealedField(null=True)),
                (
                    "submits_itself",
                    models.BooleanField(
                        default=False, help_text="Whether it is submitted for approval when its dry run is done."
                    ),
                ),
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                ("approved_hash", models.CharField(blank=True, max_length=64)),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("approved_by_name", models.CharField(blank=True, max_length=255)),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                (
                    "typed_leavers",
                    models.PositiveIntegerField(
                        blank=True, help_text="The number of leavers as an Admin typed it.", null=True
                    ),
                ),
                ("applied_at", models.DateTimeField(blank=True, null=True)),
                ("applied_answer", accounts.credentials.keyring.SealedField(null=True)),
                (
                    "summary",
                    models.JSONField(
                        default=dict, help_text="The number of people in the receipt for each outcome."
                    ),
                ),
                (
                    "leavers_noted_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When its leavers were removed from the recipients of schedules.",
                        null=True,
                    ),
                ),
                ("discarded_at", models.DateTimeField(blank=True, null=True)),
                ("wiped_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["team", "-id"], name="update_newest"),
                    models.Index(
                        condition=models.Q(("applied_at__isnull", False), ("leavers_noted_at__isnull", True)),
                        fields=["applied_at"],
                        name="update_leavers_to_note",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("id", "team"), name="update_of_team"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("approved_by", models.F("author")), _negated=True),
                            ("approved_by", None),
                            ("author", None),
                            _connector="OR",
                        ),
                        name="update_approved_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("approved_at", None), ("approved_hash", "")),
                            models.Q(("approved_at__isnull", False), ("approved_hash__gt", "")),
                            _connector="OR",
                        ),
                        name="update_approval_has_a_hash",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Departure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "update",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="departures",
                        to="exports.employeeupdate",
                    ),
                ),
                ("address_hash", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("team", "address_hash"), name="one_departure_per_address")
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedExport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exports",
                        to="accounts.team",
                    ),
                ),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exports",
                        to="accounts.credential",
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
                ("seal", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("sftp_password", accounts.credentials.keyring.SealedField(null=True)),
            ],
            options={
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("team"),
                        django.db.models.functions.text.Lower("name"),
                        condition=models.Q(("archived_at", None)),
                        name="one_live_export_per_name",
                        violation_error_message="The team has a saved export of this name already. Choose another name.",
                    ),
                    models.UniqueConstraint(fields=("id", "team"), name="export_of_team"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExportVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "export",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="exports.savedexport",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("settings", models.JSONField()),
                ("template", models.TextField()),
                ("columns", models.JSONField(null=True)),
                ("draft_because", models.TextField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("by_name", models.CharField(max_length=255)),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-number"],
                "constraints": [
                    models.UniqueConstraint(fields=("export", "number"), name="export_versions_numbered")
                ],
            },
        ),
        migrations.AddField(
            model_name="savedexport",
            name="version",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="exports.exportversion",
            ),
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("export", "Export"),
                            ("listed_export", "Export of listed reports"),
                            ("marked_last", "Export whose reports are marked last"),
                            ("same_reports", "Export of the same reports"),
                            ("marking", "Marking"),
                            ("trial", "Trial of a new key pair"),
                            ("members", "Members of policies"),
                            ("dry_run", "Dry run of an employee update"),
                            ("apply", "Employee update"),
                        ],
                        db_default="export",
                        default="export",
                        max_length=20,
                    ),
                ),
                (
                    "export",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="exports.savedexport",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="exports.exportversion",
                    ),
                ),
                (
                    "update",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="exports.employeeupdate",
                    ),
                ),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="accounts.credential",
                    ),
                ),
                (
                    "made_with",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="The number of the credential's pair that generated its file.",
                        null=True,
                    ),
                ),
                (
                    "by_previous",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Its file is downloaded with the credential's previous pair.",
                    ),
                ),
                (
                    "trial_of",
                    models.ForeignKey(
                        blank=True,
                        help_text="The rotation whose new pair it tests; such a run changes nothing.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="trials",
                        to="accounts.rotation",
                    ),
                ),
                (
                    "job",
                    models.JSONField(
                        help_text="The job as sent, without secrets; later changes of the export do not change it."
                    ),
                ),
                ("template", models.TextField()),
                (
                    "marks",
                    models.BooleanField(
                        help_text="Generating marks reports or uploads the file, so it must not be repeated."
                    ),
                ),
                (
                    "mark_label",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The label its reports get.",
                        max_length=255,
                    ),
                ),
                (
                    "late_before",
                    models.DateField(
                        blank=True,
                        help_text="Reports from before this day belong to an earlier period.",
                        null=True,
                    ),
                ),
                ("selection_file", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "selection",
                    models.JSONField(
                        blank=True, help_text="The listed reports, see `exports.runs.report_list`.", null=True
                    ),
                ),
                ("report_count", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "checked",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Result of comparing the file with the list.",
                        max_length=500,
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("page", "A person, in the portal"),
                            ("command", "A command"),
                            ("api", "A script, by the API"),
                            ("schedule", "A schedule"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="runs",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("requested_by_name", models.CharField(max_length=255)),
                (
                    "again_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="again",
                        to="exports.run",
                    ),
                ),
                (
                    "status",
                    models.CharField(
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
                (
                    "moves",
                    models.PositiveIntegerField(
                        default=0, help_text="Counts the changes of status; a worker with an old count may not change the run."
                    ),
                ),
                ("moved_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("retry_at", models.DateTimeField(blank=True, null=True)),
                (
                    "attempts",
                    models.PositiveIntegerField(default=0, help_text="Failed attempts at the current step."),
                ),
                (
                    "queue_order",
                    models.FloatField(
                        blank=True,
                        help_text="Its order in the queue of calls, kept for its later calls.",
                        null=True,
                    ),
                ),
                (
                    "remote_file",
                    models.TextField(
                        blank=True, help_text="The file name that Expensify returned, or several, separated by commas."
                    ),
                ),
                ("generated_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ready_after",
                    models.FloatField(
                        blank=True,
                        help_text="Seconds from the file's name to its download. Null after a download that came too early.",
                        null=True,
                    ),
                ),
                (
                    "fetched",
                    models.PositiveIntegerField(
                        default=0, help_text="How many of these files are downloaded."
                    ),
                ),
                ("bytes_received", models.PositiveBigIntegerField(default=0)),
                ("error_code", models.CharField(blank=True, max_length=40)),
                ("error", models.TextField(blank=True)),
                (
                    "tidied_at",
                    models.DateTimeField(
                        blank=True, help_text="When its storage was cleaned up after its end.", null=True
                    ),
                ),
                ("looked_after_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["team", "-id"], name="run_newest"),
                    models.Index(fields=["team", "status", "-id"], name="run_by_status"),
                    models.Index(fields=["team", "export", "-id"], name="run_by_export"),
                    models.Index(fields=["team", "requested_by", "-id"], name="run_by_person"),
                    models.Index(fields=["team", "source", "-id"], name="run_by_source"),
                    models.Index(fields=["team", "created_at"], name="run_by_time"),
                    models.Index(
                        condition=models.Q(("finished_at__isnull", True)),
                        fields=["status", "moved_at"],
                        name="run_unfinished",
                    ),
                    models.Index(
                        condition=models.Q(("finished_at__isnull", False), ("tidied_at__isnull", True)),
                        fields=["finished_at"],
                        name="run_to_tidy",
                    ),
                    models.Index(
                        condition=models.Q(("finished_at__isnull", True), ("mark_label__gt", "")),
                        fields=["mark_label"],
                        name="run_under_way_by_label",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("looked_after_at__isnull", True), ("status__in", ["failed", "unconfirmed"])
                        ),
                        fields=["team", "-id"],
                        name="run_needs_attention",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
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
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("export__isnull", False),
                                ("kind__in", ["export", "listed_export", "marked_last", "marking", "same_reports", "trial"]),
                                ("update__isnull", True),
                                ("version__isnull", False),
                            ),
                            models.Q(
                                ("export__isnull", True),
                                ("kind__in", ["apply", "dry_run", "members"]),
                                ("update__isnull", False),
                                ("version__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="run_of_export_or_update",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "trial"), ("trial_of__isnull", False)),
                            models.Q(models.Q(("kind", "trial"), _negated=True), ("trial_of__isnull", True)),
                            _connector="OR",
                        ),
                        name="run_trial_has_rotation",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("marks", False),
                            ("kind__in", ["apply", "export", "listed_export", "marked_last", "same_reports"]),
                            _connector="OR",
                        ),
                        name="run_marks_if_its_kind_may",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("kind", "apply"),
                            ("status__in", ["queued", "updating", "succeeded", "unconfirmed"]),
                        ),
                        fields=("update",),
                        name="update_applied_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("finished_at__isnull", True), ("kind__in", ["members", "dry_run"])
                        ),
                        fields=("update", "kind"),
                        name="update_asked_once_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("remote_file__gt", ""),
                            ("kind__in", ["apply", "dry_run", "members"]),
                            models.Q(("report_count", 0), ("status", "succeeded")),
                            models.Q(
                                (
                                    "status__in",
                                    ["generated", "downloading", "stored", "marking", "succeeded"],
                                ),
                                _negated=True,
                            ),
                            _connector="OR",
                        ),
                        name="run_generated_has_file",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind__in", ["marked_last", "marking"]), ("mark_label__gt", ""), ("report_count__gt", 0)),
                            models.Q(("status__in", ["stored", "marking"]), _negated=True),
                            _connector="OR",
                        ),
                        name="run_marks_what_it_listed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("finished_at__isnull", False),
                                ("status__in", ["cancelled", "failed", "succeeded", "unconfirmed"]),
                            ),
                            models.Q(
                                models.Q(
                                    ("status__in", ["cancelled", "failed", "succeeded", "unconfirmed"]),
                                    _negated=True,
                                ),
                                ("finished_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="run_final_is_finished",
                    ),
                ],
            },
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
        migrations.CreateModel(
            name="Result",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "run",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="result",
                        to="exports.run",
                    ),
                ),
                (
                    "part_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="exports.result",
                    ),
                ),
                (
                    "part_value",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="What the column holds in its rows.",
                        max_length=254,
                    ),
                ),
                ("file", models.FileField(max_length=500, upload_to="")),
                ("name", models.CharField(max_length=255)),
                ("media_type", models.CharField(max_length=100)),
                ("size", models.PositiveBigIntegerField(help_text="Bytes.")),
                (
                    "rows",
                    models.PositiveBigIntegerField(
                        help_text="Rows of a table, without its headings; null for other files.", null=True
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("purged_at", models.DateTimeField(blank=True, null=True)),
                (
                    "damaged_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the file in storage was first found to be another than its SHA-256 says.",
                        null=True,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("part_of__isnull", True)),
                        fields=["team", "-id"],
                        name="result_newest_whole",
                    ),
                    models.Index(
                        condition=models.Q(("part_of__isnull", True), ("purged_at__isnull", True)),
                        fields=["team", "created_at"],
                        name="result_to_purge",
                    ),
                    models.Index(fields=["sha256"], name="result_by_hash"),
                    models.Index(
                        condition=models.Q(("media_type", "application/json")),
                        fields=["team", "-id"],
                        name="result_json",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("part_of__isnull", True), ("run__isnull", False)),
                            models.Q(("part_of__isnull", False), ("run__isnull", True)),
                            _connector="OR",
                        ),
                        name="result_of_run_or_part",
                    ),
                    models.UniqueConstraint(fields=("part_of", "part_value"), name="one_part_per_value"),
                    models.UniqueConstraint(fields=("id", "team"), name="result_of_team"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiCall",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.team"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calls",
                        to="exports.run",
                    ),
                ),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calls",
                        to="accounts.credential",
                    ),
                ),
                ("kind", models.CharField(max_length=40)),
                ("sent_at", models.DateTimeField()),
                ("seconds", models.FloatField(help_text="Null until the answer is read.", null=True)),
                ("http_status", models.IntegerField(null=True)),
                ("response_code", models.IntegerField(null=True)),
                ("message", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(fields=["credential", "-id"], name="call_newest"),
                    models.Index(fields=["credential", "sent_at"], name="call_by_time"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Schedule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "export",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="schedules",
                        to="exports.savedexport",
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        help_text="Gets the notifications of failures; without an owner the Admins get them.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="schedules",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("owner_name", models.CharField(max_length=255)),
                ("rule", models.JSONField(help_text="When it runs, see `exports.schedules.rules.rule.Rule`.")),
                (
                    "mail",
                    models.JSONField(
                        help_text="What its mails contain, see `exports.deliveries.settings.MailSettings`."
                    ),
                ),
                ("seal", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("zip_password", accounts.credentials.keyring.SealedField(null=True)),
                (
                    "after_outage",
                    models.CharField(
                        choices=[("run_late", "Run once, late"), ("skip", "Skip what was missed")],
                        default="run_late",
                        max_length=20,
                    ),
                ),
                (
                    "next_at",
                    models.DateTimeField(
                        blank=True, help_text="The next occurrence, if there is one.", null=True
                    ),
                ),
                ("failures", models.PositiveIntegerField(default=0, help_text="Consecutive failures.")),
                (
                    "pause_after",
                    models.PositiveSmallIntegerField(
                        default=5, help_text="The number of consecutive failures that pauses it."
                    ),
                ),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                ("paused_by_name", models.CharField(blank=True, default="", max_length=255)),
                ("pause_reason", models.CharField(blank=True, default="", max_length=300)),
                ("resume_at", models.DateTimeField(blank=True, null=True)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["name", "id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_at__isnull", False)),
                        fields=["next_at"],
                        name="schedule_due",
                    ),
                    models.Index(
                        condition=models.Q(("resume_at__isnull", False)),
                        fields=["resume_at"],
                        name="schedule_to_resume",
                    ),
                    models.Index(fields=["team", "next_at"], name="schedule_next_of_team"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("team"),
                        django.db.models.functions.text.Lower("name"),
                        condition=models.Q(("archived_at", None)),
                        name="one_live_schedule_per_name",
                        violation_error_message="The team has a schedule of this name already. Choose another name.",
                    ),
                    models.UniqueConstraint(fields=("id", "team"), name="schedule_of_team"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("next_at", None),
                            models.Q(("archived_at", None), ("paused_at", None)),
                            _connector="OR",
                        ),
                        name="schedule_at_rest_has_no_next",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Occurrence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "schedule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="occurrences",
                        to="exports.schedule",
                    ),
                ),
                ("due_at", models.DateTimeField(help_text="The time from which relative periods count.")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("started", "Started"),
                            ("refused", "Could not start"),
                            ("skipped", "Skipped"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "sentence",
                    models.CharField(blank=True, default="", help_text="The reason for its outcome, for people.", max_length=1000),
                ),
                (
                    "run",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="occurrence",
                        to="exports.run",
                    ),
                ),
                (
                    "covers",
                    models.PositiveIntegerField(
                        default=1, help_text="The number of due times that it covers, several after an outage."
                    ),
                ),
                (
                    "settling_since",
                    models.DateTimeField(
                        blank=True, help_text="When a worker began to finish it.", null=True
                    ),
                ),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "failed_at",
                    models.DateTimeField(
                        blank=True, help_text="When it was counted as a failure.", null=True
                    ),
                ),
                (
                    "rows",
                    models.PositiveBigIntegerField(
                        help_text="Rows of the file without its heading.", null=True
                    ),
                ),
                (
                    "totals",
                    models.JSONField(help_text='Amounts by currency, as text: {"EUR": "12.50"}.', null=True),
                ),
                ("held_because", models.CharField(blank=True, default="", max_length=500)),
                ("released_at", models.DateTimeField(blank=True, null=True)),
                ("released_by_name", models.CharField(blank=True, default="", max_length=255)),
            ],
            options={
                "ordering": ["-due_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("outcome", "started"), ("settled_at__isnull", True)),
                        fields=["id"],
                        name="occurrence_to_settle",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("schedule", "due_at"), name="one_occurrence_per_due_time"
                    ),
                    models.UniqueConstraint(fields=("id", "team"), name="occurrence_of_team"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", "started"), ("run__isnull", False)),
                            models.Q(("outcome__in", ["refused", "skipped"]), ("run__isnull", True)),
                            _connector="OR",
                        ),
                        name="occurrence_started_has_run",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Recipient",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "schedule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recipients",
                        to="exports.schedule",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("member", "Member"),
                            ("address", "Address"),
                            ("column", "From the file"),
                            ("fallback", "For rows without an address"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("address", models.EmailField(max_length=254)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("active", "Active"),
                            ("unconfirmed", "To be confirmed"),
                            ("unsubscribed", "Unsubscribed"),
                            ("dropped", "Dropped out"),
                            ("removed", "Taken out"),
                        ],
                        default="active",
                        max_length=20,
                    ),
                ),
                (
                    "because",
                    models.CharField(
                        blank=True, default="", help_text="Why it is in this state.", max_length=300
                    ),
                ),
                ("state_at", models.DateTimeField(blank=True, null=True)),
                (
                    "confirmed_at",
                    models.DateTimeField(
                        blank=True, help_text="When a person last confirmed it.", null=True
                    ),
                ),
                (
                    "asked_at",
                    models.DateTimeField(blank=True, help_text="When the owner was asked to confirm it.", null=True),
                ),
                (
                    "unsubscribed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Set until they subscribe again; no other person can reset it.",
                        null=True,
                    ),
                ),
            ],
            options={
                "ordering": ["address", "id"],
                "indexes": [
                    models.Index(
                        django.db.models.functions.text.Lower("address"),
                        models.F("team"),
                        name="recipient_by_address",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("schedule"),
                        django.db.models.functions.text.Lower("address"),
                        name="one_recipient_per_address",
                    ),
                    models.UniqueConstraint(fields=("id", "team"), name="recipient_of_team"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("address", models.EmailField(max_length=254)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("held", "Held"),
                            ("queued", "Queued"),
                            ("sending", "Sending"),
                            ("sent", "Sent"),
                            ("refused", "Refused"),
                            ("failed", "Not sent"),
                            ("unconfirmed", "Unconfirmed"),
                            ("unsubscribed", "Unsubscribed"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="queued",
                        max_length=20,
                    ),
                ),
                (
                    "attempts",
                    models.PositiveIntegerField(
                        default=0, help_text="Counts the claims; a worker with an old count may not change the mail."
                    ),
                ),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("retry_at", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("message_id", models.CharField(blank=True, default="", max_length=255)),
                (
                    "error",
                    models.CharField(
                        blank=True, default="", help_text="A sentence for people.", max_length=500
                    ),
                ),
                (
                    "occurrence",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="exports.occurrence",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="exports.run",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="exports.recipient",
                    ),
                ),
                (
                    "result",
                    models.ForeignKey(
                        blank=True,
                        help_text="The file, or this recipient's part of it; null if there was no file.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="exports.result",
                    ),
                ),
                (
                    "again",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="0 for the first mail; counts the times that a person sent it again."
                    ),
                ),
                (
                    "way",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("attached", "Attached"),
                            ("link", "As a link"),
                            ("word", "Only a word: there was no file"),
                        ],
                        default="",
                        help_text="Set when the mail is composed.",
                        max_length=20,
                    ),
                ),
                ("size", models.PositiveBigIntegerField(help_text="Bytes of the whole mail.", null=True)),
                ("bounced_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ["queued", "sending"])),
                        fields=["retry_at", "id"],
                        name="delivery_to_send",
                    ),
                    models.Index(fields=["team", "-id"], name="delivery_newest"),
                    models.Index(fields=["message_id"], name="delivery_by_message"),
                    models.Index(
                        condition=models.Q(("status__in", ["held", "refused", "failed", "unconfirmed"])),
                        fields=["team", "-occurrence"],
                        name="delivery_troubled",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("run", "recipient", "again"), name="one_delivery_per_recipient"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "held",
                                    "queued",
                                    "sending",
                                    "sent",
                                    "refused",
                                    "failed",
                                    "unconfirmed",
                                    "unsubscribed",
                                    "withdrawn",
                                ],
                            )
                        ),
                        name="delivery_status_known",
                    ),
                    models.UniqueConstraint(fields=("id", "team"), name="delivery_of_team"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "delivery",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="link",
                        to="exports.delivery",
                    ),
                ),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_by_name", models.CharField(blank=True, default="", max_length=255)),
                ("code_hash", models.CharField(blank=True, default="", max_length=64)),
                ("code_sent_at", models.DateTimeField(blank=True, null=True)),
                ("code_tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "codes_from",
                    models.DateTimeField(
                        blank=True, help_text="The hour in which codes are counted.", null=True
                    ),
                ),
                (
                    "codes_sent",
                    models.PositiveSmallIntegerField(blank=True, help_text="Codes sent in that hour.", null=True),
                ),
                (
                    "opened_at",
                    models.DateTimeField(blank=True, help_text="When its file was first downloaded.", null=True),
                ),
                ("openings", models.PositiveIntegerField(default=0)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="LinkOpening",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="opened", to="exports.link"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("by_name", models.CharField(max_length=255)),
                ("proof", models.CharField(max_length=20)),
                ("network_address", models.CharField(blank=True, default="", max_length=64)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
    ]
