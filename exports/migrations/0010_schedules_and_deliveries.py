"""Schedules, their occurrences and recipients, the mails they send, and results that are parts of others."""

import accounts.keyring
import django.db.models.deletion
import django.db.models.functions.text
import uuid
from django.conf import settings
from django.db import migrations, models

from exports.migrations import _same_team

LINKS = [
    ("exports_schedule", "export_id", "exports_savedexport"),
    ("exports_occurrence", "schedule_id", "exports_schedule"),
    ("exports_recipient", "schedule_id", "exports_schedule"),
    ("exports_delivery", "occurrence_id", "exports_occurrence"),
    ("exports_delivery", "recipient_id", "exports_recipient"),
    ("exports_delivery", "result_id", "exports_result"),
    ("exports_link", "delivery_id", "exports_delivery"),
    ("exports_result", "part_of_id", "exports_result"),
]


def hold(apps, schema_editor):
    _same_team.hold(schema_editor, LINKS)


def let_go(apps, schema_editor):
    _same_team.let_go(schema_editor, LINKS)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_team_rules_and_notices"),
        ("exports", "0009_employee_updates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
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
                        default=0, help_text="Claims so far: a worker that slept has lost."
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
                    "again",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Counts how often a person had it sent again."
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
                        help_text="Known once composed.",
                        max_length=20,
                    ),
                ),
                ("size", models.PositiveBigIntegerField(help_text="Bytes of the whole mail.", null=True)),
                ("bounced_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "ordering": ["-id"],
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
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("first", models.DateField()),
                ("last", models.DateField()),
                ("reason", models.CharField(max_length=200)),
            ],
            options={
                "ordering": ["first", "id"],
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
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("on", models.DateField()),
                ("name", models.CharField(max_length=100)),
                ("is_off", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ["on"],
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
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_by_name", models.CharField(blank=True, default="", max_length=255)),
                ("code_hash", models.CharField(blank=True, default="", max_length=64)),
                ("code_sent_at", models.DateTimeField(blank=True, null=True)),
                ("code_tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "opened_at",
                    models.DateTimeField(blank=True, help_text="When its file was first fetched.", null=True),
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
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("at", models.DateTimeField()),
                ("by_name", models.CharField(max_length=255)),
                ("proof", models.CharField(max_length=20)),
                ("network_address", models.CharField(blank=True, default="", max_length=64)),
            ],
            options={
                "ordering": ["-id"],
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
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("due_at", models.DateTimeField(help_text="Relative periods count from here.")),
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
                    models.CharField(blank=True, default="", help_text="Why, in words.", max_length=1000),
                ),
                (
                    "covers",
                    models.PositiveIntegerField(
                        default=1, help_text="How many due times it stands for, after an outage."
                    ),
                ),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
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
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
                        blank=True, help_text="When somebody last vouched for it.", null=True
                    ),
                ),
                (
                    "asked_at",
                    models.DateTimeField(blank=True, help_text="When the owner was asked to.", null=True),
                ),
            ],
            options={
                "ordering": ["address", "id"],
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
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("name", models.CharField(max_length=100)),
                ("owner_name", models.CharField(max_length=255)),
                ("rule", models.JSONField(help_text="When, see `exports.schedules.Rule`.")),
                (
                    "mail",
                    models.JSONField(
                        help_text="What the mails hold, see `exports.mail_settings.MailSettings`."
                    ),
                ),
                ("seal", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("zip_password", accounts.keyring.SealedField(null=True)),
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
                ("failures", models.PositiveIntegerField(default=0, help_text="In a row, up to now.")),
                (
                    "pause_after",
                    models.PositiveSmallIntegerField(
                        default=5, help_text="So many failures in a row pause it."
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
            },
        ),
        migrations.AddField(
            model_name="result",
            name="part_of",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="parts",
                to="exports.result",
            ),
        ),
        migrations.AddField(
            model_name="result",
            name="part_value",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="What the column holds in its rows.",
                max_length=254,
            ),
        ),
        migrations.AlterField(
            model_name="result",
            name="run",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="result",
                to="exports.run",
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="source",
            field=models.CharField(
                choices=[
                    ("page", "A person, in the portal"),
                    ("command", "A command"),
                    ("schedule", "A schedule"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="result",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("part_of__isnull", True), ("run__isnull", False)),
                    models.Q(("part_of__isnull", False), ("run__isnull", True)),
                    _connector="OR",
                ),
                name="result_of_run_or_part",
            ),
        ),
        migrations.AddConstraint(
            model_name="result",
            constraint=models.UniqueConstraint(fields=("part_of", "part_value"), name="one_part_per_value"),
        ),
        migrations.AddConstraint(
            model_name="result",
            constraint=models.UniqueConstraint(fields=("id", "team"), name="result_of_team"),
        ),
        migrations.AddField(
            model_name="delivery",
            name="result",
            field=models.ForeignKey(
                blank=True,
                help_text="The file, or this recipient's part of it; none when it was empty.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="exports.result",
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="deliveries", to="exports.run"
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="freeze",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="holiday",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="delivery",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="link", to="exports.delivery"
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="linkopening",
            name="link",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="opened", to="exports.link"
            ),
        ),
        migrations.AddField(
            model_name="linkopening",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="occurrence",
            name="run",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="occurrence",
                to="exports.run",
            ),
        ),
        migrations.AddField(
            model_name="occurrence",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="occurrence",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="exports.occurrence",
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="recipient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="deliveries", to="exports.recipient"
            ),
        ),
        migrations.AddField(
            model_name="schedule",
            name="export",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="schedules",
                to="exports.savedexport",
            ),
        ),
        migrations.AddField(
            model_name="schedule",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                help_text="Who is told of failures; without one the Admins are.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="schedules",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="schedule",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="schedule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="recipients", to="exports.schedule"
            ),
        ),
        migrations.AddField(
            model_name="occurrence",
            name="schedule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="occurrences", to="exports.schedule"
            ),
        ),
        migrations.AddConstraint(
            model_name="freeze",
            constraint=models.CheckConstraint(
                condition=models.Q(("last__gte", models.F("first"))), name="freeze_ends_after_it_begins"
            ),
        ),
        migrations.AddConstraint(
            model_name="holiday",
            constraint=models.UniqueConstraint(fields=("team", "on"), name="one_holiday_per_day"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("status__in", ["queued", "sending"])),
                fields=["retry_at", "id"],
                name="delivery_to_send",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["team", "-id"], name="delivery_newest"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["message_id"], name="delivery_by_message"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                fields=("run", "recipient", "again"), name="one_delivery_per_recipient"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("id", "team"), name="delivery_of_team"),
        ),
        migrations.AddIndex(
            model_name="schedule",
            index=models.Index(
                condition=models.Q(("next_at__isnull", False)), fields=["next_at"], name="schedule_due"
            ),
        ),
        migrations.AddIndex(
            model_name="schedule",
            index=models.Index(
                condition=models.Q(("resume_at__isnull", False)),
                fields=["resume_at"],
                name="schedule_to_resume",
            ),
        ),
        migrations.AddIndex(
            model_name="schedule",
            index=models.Index(fields=["team", "next_at"], name="schedule_next_of_team"),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.UniqueConstraint(
                models.F("team"),
                django.db.models.functions.text.Lower("name"),
                condition=models.Q(("archived_at", None)),
                name="one_live_schedule_per_name",
                violation_error_message="The team has a schedule of this name already. Choose another name.",
            ),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.UniqueConstraint(fields=("id", "team"), name="schedule_of_team"),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("next_at", None), models.Q(("archived_at", None), ("paused_at", None)), _connector="OR"
                ),
                name="schedule_at_rest_has_no_next",
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                django.db.models.functions.text.Lower("address"),
                models.F("team"),
                name="recipient_by_address",
            ),
        ),
        migrations.AddConstraint(
            model_name="recipient",
            constraint=models.UniqueConstraint(
                models.F("schedule"),
                django.db.models.functions.text.Lower("address"),
                name="one_recipient_per_address",
            ),
        ),
        migrations.AddConstraint(
            model_name="recipient",
            constraint=models.UniqueConstraint(fields=("id", "team"), name="recipient_of_team"),
        ),
        migrations.AddIndex(
            model_name="occurrence",
            index=models.Index(
                condition=models.Q(("outcome", "started"), ("settled_at__isnull", True)),
                fields=["id"],
                name="occurrence_to_settle",
            ),
        ),
        migrations.AddConstraint(
            model_name="occurrence",
            constraint=models.UniqueConstraint(
                fields=("schedule", "due_at"), name="one_occurrence_per_due_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="occurrence",
            constraint=models.UniqueConstraint(fields=("id", "team"), name="occurrence_of_team"),
        ),
        migrations.AddConstraint(
            model_name="occurrence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "started"), ("run__isnull", False)),
                    models.Q(("outcome__in", ["refused", "skipped"]), ("run__isnull", True)),
                    _connector="OR",
                ),
                name="occurrence_started_has_run",
            ),
        ),
        migrations.RunPython(hold, let_go),
    ]
