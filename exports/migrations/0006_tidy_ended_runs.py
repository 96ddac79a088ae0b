"""Each ended run's storage is looked through once, for what a killed worker left there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exports", "0005_mark_when_safe")]
    operations = [
        migrations.AddField(
            "run",
            "tidied_at",
            models.DateTimeField(
                blank=True, help_text="When its storage was looked through after its end.", null=True
            ),
        ),
        migrations.AddIndex(
            "run",
            models.Index(
                condition=models.Q(finished_at__isnull=False, tidied_at__isnull=True),
                fields=["finished_at"],
                name="run_to_tidy",
            ),
        ),
    ]
