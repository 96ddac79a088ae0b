"""New pairs on their way into credentials, and what a credential remembers of its pairs."""

import accounts.keyring
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_audit_proof"),
    ]

    operations = [
        migrations.AddField(
            model_name="credential",
            name="lost_policies",
            field=models.JSONField(
                blank=True,
                help_text="What the last test no longer reached, until the Admins are told.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="credential",
            name="pair_number",
            field=models.PositiveIntegerField(
                db_default=1,
                default=1,
                editable=False,
                help_text="Counts the pairs it has had: files remember theirs.",
            ),
        ),
        migrations.AddField(
            model_name="credential",
            name="previous_fingerprint",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=20),
        ),
        migrations.CreateModel(
            name="Rotation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("testing", "New pair being tested"),
                            ("ready", "Ready to take over"),
                            ("switched", "Taken over, the old pair is kept"),
                            ("done", "Done"),
                            ("refused", "New pair refused"),
                            ("cancelled", "Cancelled"),
                            ("rolled_back", "Rolled back"),
                        ],
                        default="testing",
                        max_length=20,
                    ),
                ),
                ("seal", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("pair", accounts.keyring.SealedField(null=True)),
                (
                    "fingerprint",
                    models.CharField(editable=False, help_text="Of the new pair.", max_length=20),
                ),
                ("message", models.CharField(blank=True, max_length=500)),
                ("check_due_at", models.DateTimeField(blank=True, null=True)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("reach", models.JSONField(help_text="The policies that the new pair reaches.", null=True)),
                ("started_by_name", models.CharField(max_length=255)),
                ("approved_by_name", models.CharField(blank=True, max_length=255)),
                (
                    "cut_over_at",
                    models.DateTimeField(blank=True, help_text="When it shall take over.", null=True),
                ),
                ("cut_over_by_name", models.CharField(blank=True, max_length=255)),
                ("switched_at", models.DateTimeField(blank=True, null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rotations",
                        to="accounts.credential",
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("check_due_at__isnull", False)),
                        fields=["check_due_at"],
                        name="rotation_check_due",
                    ),
                    models.Index(
                        condition=models.Q(("cut_over_at__isnull", False), ("status", "ready")),
                        fields=["cut_over_at"],
                        name="rotation_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["testing", "ready"])),
                        fields=("credential",),
                        name="one_open_rotation_per_credential",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("pair__isnull", False), ("status__in", ["testing", "ready"])),
                            models.Q(
                                models.Q(("status__in", ["testing", "ready"]), _negated=True),
                                ("pair__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="rotation_holds_pair_while_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("approved_by", models.F("started_by")), _negated=True),
                            ("approved_by", None),
                            ("started_by", None),
                            _connector="OR",
                        ),
                        name="rotation_approved_by_another",
                    ),
                    models.UniqueConstraint(fields=("id", "team"), name="rotation_of_team"),
                ],
            },
        ),
    ]
