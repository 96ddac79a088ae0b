"""What a version asked for stays as it was written: the database refuses to change it."""

from django.db import migrations

TABLE = "exports_exportversion"

POSTGRES = f"""
CREATE FUNCTION export_version_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of a saved export never changes';
END $$;
CREATE TRIGGER export_version_fixed BEFORE UPDATE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION export_version_fixed();
"""
POSTGRES_BACK = f"DROP TRIGGER export_version_fixed ON {TABLE}; DROP FUNCTION export_version_fixed();"

SQLITE = f"""
CREATE TRIGGER export_version_fixed BEFORE UPDATE ON {TABLE}
BEGIN SELECT RAISE(ABORT, 'a version of a saved export never changes'); END
"""
SQLITE_BACK = "DROP TRIGGER export_version_fixed"


def forwards(apps, schema_editor):
    schema_editor.execute(POSTGRES if schema_editor.connection.vendor == "postgresql" else SQLITE)


def backwards(apps, schema_editor):
    schema_editor.execute(POSTGRES_BACK if schema_editor.connection.vendor == "postgresql" else SQLITE_BACK)


class Migration(migrations.Migration):
    dependencies = [("exports", "0001_first")]
    operations = [migrations.RunPython(forwards, backwards)]
