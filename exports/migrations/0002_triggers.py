"""What only the database can hold: rows point to rows of their own team, and a version never changes.

Postgres holds the team with composite foreign keys, SQLite with triggers. A later migration that makes SQLite
rebuild one of these tables drops its triggers: it calls `hold_team` again for that table.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# Table, column, and the table it points to, which is unique by (id, team_id).
TEAM_LINKS = [
    ("accounts_rotation", "credential_id", "accounts_credential"),
    ("exports_delivery", "occurrence_id", "exports_occurrence"),
    ("exports_delivery", "recipient_id", "exports_recipient"),
    ("exports_delivery", "result_id", "exports_result"),
    ("exports_departure", "update_id", "exports_employeeupdate"),
    ("exports_employeeupdate", "credential_id", "accounts_credential"),
    ("exports_feedprofile", "credential_id", "accounts_credential"),
    ("exports_link", "delivery_id", "exports_delivery"),
    ("exports_occurrence", "schedule_id", "exports_schedule"),
    ("exports_recipient", "schedule_id", "exports_schedule"),
    ("exports_result", "part_of_id", "exports_result"),
    ("exports_run", "credential_id", "accounts_credential"),
    ("exports_run", "export_id", "exports_savedexport"),
    ("exports_run", "trial_of_id", "accounts_rotation"),
    ("exports_run", "update_id", "exports_employeeupdate"),
    ("exports_savedexport", "credential_id", "accounts_credential"),
    ("exports_schedule", "export_id", "exports_savedexport"),
]
VERSIONS = "exports_exportversion"
FIXED = "a version of a saved export never changes"

VERSION_POSTGRES = f"""
CREATE FUNCTION export_version_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{FIXED}';
END $$;
CREATE TRIGGER export_version_fixed BEFORE UPDATE ON {VERSIONS}
    FOR EACH ROW EXECUTE FUNCTION export_version_fixed();
"""
VERSION_SQLITE = f"""
CREATE TRIGGER export_version_fixed BEFORE UPDATE ON {VERSIONS}
BEGIN SELECT RAISE(ABORT, '{FIXED}'); END
"""


def hold_team(schema_editor: BaseDatabaseSchemaEditor, links: list[tuple[str, str, str]] = TEAM_LINKS) -> None:
    for table, column, other in links:
        name = f"{table}_{column}_of_team"
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(
                f"ALTER TABLE {table} ADD CONSTRAINT {name}"
                f" FOREIGN KEY ({column}, team_id) REFERENCES {other} (id, team_id)"
            )
            continue
        for event in ("INSERT", "UPDATE"):
            schema_editor.execute(
                f"""
                CREATE TRIGGER {name}_{event.lower()} BEFORE {event} ON {table}
                WHEN NEW.{column} IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM {other} WHERE id = NEW.{column} AND team_id = NEW.team_id)
                BEGIN SELECT RAISE(ABORT, 'FOREIGN KEY constraint failed: {column} of another team'); END
                """
            )


def forwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    hold_team(schema_editor)
    postgres = schema_editor.connection.vendor == "postgresql"
    schema_editor.execute(VERSION_POSTGRES if postgres else VERSION_SQLITE)


def backwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    postgres = schema_editor.connection.vendor == "postgresql"
    if postgres:
        schema_editor.execute(f"DROP TRIGGER export_version_fixed ON {VERSIONS}")
        schema_editor.execute("DROP FUNCTION export_version_fixed()")
    else:
        schema_editor.execute("DROP TRIGGER export_version_fixed")
    for table, column, _other in TEAM_LINKS:
        name = f"{table}_{column}_of_team"
        if postgres:
            schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            continue
        for event in ("insert", "update"):
            schema_editor.execute(f"DROP TRIGGER {name}_{event}")


class Migration(migrations.Migration):
    dependencies = [("exports", "0001_initial"), ("accounts", "0002_triggers")]
    operations = [
        # Here, to be newer than the index of its column: of two that fit, SQLite takes the newer one, and this is short.
        migrations.AddConstraint(
            model_name="occurrence",
            constraint=models.UniqueConstraint(
                condition=models.Q(("outcome", "started"), ("settled_at__isnull", True)),
                fields=("schedule",),
                name="one_run_of_schedule_at_a_time",
            ),
        ),
        migrations.RunPython(forwards, backwards),
    ]
