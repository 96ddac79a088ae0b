"""Who left by an employee update, who has unsubscribed, and how many codes a link was sent."""

import django.db.models.deletion
from django.db import migrations, models

from exports.migrations import _same_team

LINKS = [("exports_departure", "update_id", "exports_employeeupdate")]


def hold(apps, schema_editor):
    _same_team.hold(schema_editor, LINKS)


def let_go(apps, schema_editor):
    _same_team.let_go(schema_editor, LINKS)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_team_rules_and_notices"),
        ("exports", "0012_find_whole_results"),
    ]

    operations = [
        migrations.CreateModel(
            name="Departure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("address_hash", models.CharField(max_length=64)),
            ],
        ),
        migrations.AddField(
            model_name="employeeupdate",
            name="leavers_noted_at",
            field=models.DateTimeField(
                blank=True, help_text="When those who left by it were taken out of the recipients.", null=True
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="codes_from",
            field=models.DateTimeField(
                blank=True, help_text="The hour in which codes are counted.", null=True
            ),
        ),
        migrations.AddField(
            model_name="link",
            name="codes_sent",
            field=models.PositiveSmallIntegerField(blank=True, help_text="In that hour.", null=True),
        ),
        migrations.AddField(
            model_name="recipient",
            name="unsubscribed_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Until they subscribe again, whatever others do with the row.",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="employeeupdate",
            index=models.Index(
                condition=models.Q(("applied_at__isnull", False), ("leavers_noted_at__isnull", True)),
                fields=["applied_at"],
                name="update_leavers_to_note",
            ),
        ),
        migrations.AddField(
            model_name="departure",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="departure",
            name="update",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="departures",
                to="exports.employeeupdate",
            ),
        ),
        migrations.AddConstraint(
            model_name="departure",
            constraint=models.UniqueConstraint(
                fields=("team", "address_hash"), name="one_departure_per_address"
            ),
        ),
        migrations.RunPython(hold, let_go),
    ]
