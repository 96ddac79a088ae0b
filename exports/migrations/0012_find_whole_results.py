from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exports", "0011_one_run_of_schedule_at_a_time")]

    operations = [
        migrations.RemoveIndex(model_name="result", name="result_newest"),
        migrations.AddIndex(
            model_name="result",
            index=models.Index(
                condition=models.Q(("part_of__isnull", True)),
                fields=["team", "-id"],
                name="result_newest_whole",
            ),
        ),
        migrations.AddIndex(
            model_name="result",
            index=models.Index(
                condition=models.Q(("part_of__isnull", True), ("purged_at__isnull", True)),
                fields=["team", "created_at"],
                name="result_to_purge",
            ),
        ),
    ]
