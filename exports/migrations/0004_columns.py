"""What the column builder chose, and why a draft cannot run.

Both columns are nullable and without a default: only so does SQLite add them in place. It would copy the table
otherwise, and lose the trigger that keeps versions as they are.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exports", "0003_team_goes_with_credential")]
    operations = [
        migrations.AddField("exportversion", "columns", models.JSONField(null=True)),
        migrations.AddField("exportversion", "draft_because", models.TextField(null=True)),
    ]
