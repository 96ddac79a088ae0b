"""Exports, runs and results point to rows of their own team only: composite foreign keys, or triggers on SQLite."""

from django.db import migrations

# table, its column, the table it points to
SAME_TEAM = [
    ("exports_savedexport", "credential_id", "accounts_credential"),
    ("exports_run", "credential_id", "accounts_credential"),
    ("exports_run", "export_id", "exports_savedexport"),
]


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        create_triggers(schema_editor, {table for table, _, _ in SAME_TEAM})
        return
    for table, column, other in SAME_TEAM:
        name = f"{table}_{column}_of_team"
        schema_editor.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}, team_id) REFERENCES {other} (id, team_id)"
        )


def create_triggers(schema_editor, tables):
    """On SQLite; again after every later migration that makes one of the tables anew, which drops its triggers."""
    for table, column, other in SAME_TEAM:
        if table not in tables:
            continue
        name = f"{table}_{column}_of_team"
        for event in ("INSERT", "UPDATE"):
            schema_editor.execute(
                f"""
                CREATE TRIGGER {name}_{event.lower()} BEFORE {event} ON {table}
                WHEN NOT EXISTS (SELECT 1 FROM {other} WHERE id = NEW.{column} AND team_id = NEW.team_id)
                BEGIN SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: {column} of another team'); END
                """
            )


def backwards(apps, schema_editor):
    for table, column, _other in SAME_TEAM:
        name = f"{table}_{column}_of_team"
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            continue
        for event in ("insert", "update"):
            schema_editor.execute(f"DROP TRIGGER {name}_{event}")


class Migration(migrations.Migration):
    dependencies = [("exports", "0002_versions_never_change"), ("accounts", "0001_first")]
    operations = [migrations.RunPython(forwards, backwards)]
