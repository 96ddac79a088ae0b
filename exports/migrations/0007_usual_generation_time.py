"""When a file's name came, and when the file. Both nullable: rows of old processes have neither."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exports", "0006_tidy_ended_runs")]
    operations = [
        migrations.AddField("run", "generated_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "run",
            "ready_after",
            models.FloatField(
                blank=True,
                null=True,
                help_text="Seconds from the file's name to the file; while a look came too early, null.",
            ),
        ),
    ]
