"""An index for the audit log of a period."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_cache_table")]
    operations = [
        migrations.AddIndex("auditentry", models.Index(fields=["team", "at"], name="audit_by_time")),
    ]
