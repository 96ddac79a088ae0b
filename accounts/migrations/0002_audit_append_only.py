"""The database itself refuses to change or delete an audit entry."""

from django.db import migrations

TABLE = "accounts_auditentry"

POSTGRES = f"""
CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit entries are append-only';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_never_truncated BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
"""

POSTGRES_BACK = f"""
DROP TRIGGER audit_append_only ON {TABLE};
DROP TRIGGER audit_never_truncated ON {TABLE};
DROP FUNCTION audit_append_only();
"""

# TRUNCATE is a DELETE to SQLite.
SQLITE = [
    f"""
    CREATE TRIGGER audit_append_only_{event.lower()} BEFORE {event} ON {TABLE}
    BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END
    """
    for event in ("UPDATE", "DELETE")
]

SQLITE_BACK = [f"DROP TRIGGER audit_append_only_{event}" for event in ("update", "delete")]


def forwards(apps, schema_editor):
    for statement in [POSTGRES] if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    for statement in [POSTGRES_BACK] if schema_editor.connection.vendor == "postgresql" else SQLITE_BACK:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_first")]
    operations = [migrations.RunPython(forwards, backwards)]
