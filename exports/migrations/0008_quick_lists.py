"""Indexes for lists that stay quick however many runs and results a team has."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exports", "0007_usual_generation_time")]
    operations = [
        migrations.AddIndex("run", models.Index(fields=["team", "source", "-id"], name="run_by_source")),
        migrations.AddIndex("run", models.Index(fields=["team", "created_at"], name="run_by_time")),
        migrations.AddIndex(
            "result",
            models.Index(
                fields=["team", "-id"], condition=models.Q(media_type="application/json"), name="result_json"
            ),
        ),
    ]
