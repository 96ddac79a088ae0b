"""Triggers that make the audit log append-only, its full-text index, and the cache table.

Entries may be deleted once a summary covers them. A summary may be written only if it matches the entries and the
team's retention time is over.
"""

from django.core.management import call_command
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

ENTRIES, SUMMARIES, CHAINS, TEAMS = (
    "accounts_auditentry",
    "accounts_auditsummary",
    "accounts_auditchain",
    "accounts_team",
)
# The expression that `accounts.audit.search` queries. Very long entries are indexed by their beginning.
WORDS = r"""
    to_tsvector('simple', regexp_replace(
        target_name || ' ' || left(data::text, 20000), '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+', ' ', 'g'
    ))
"""
SUMMARISED = f"""
    SELECT 1 FROM {SUMMARIES} s
    WHERE s.chain_id = OLD.chain_id AND s."first" <= OLD.number AND s."last" >= OLD.number
"""
COVERED = (
    f"""FROM {ENTRIES} e WHERE e.chain_id = NEW.chain_id AND e.number BETWEEN NEW."first" AND NEW."last\""""
)
MISMATCH = f"""
    NEW."first" <> 1 + COALESCE((SELECT MAX(s."last") FROM {SUMMARIES} s WHERE s.chain_id = NEW.chain_id), 0)
    OR NEW."last" >= (SELECT c.length FROM {CHAINS} c WHERE c.id = NEW.chain_id)
    OR NEW."last" - NEW."first" + 1 <> (SELECT COUNT(*) {COVERED})
    OR NOT EXISTS (SELECT 1 {COVERED} AND e.number = NEW."first" AND e.previous_hash = NEW.previous_hash)
    OR NOT EXISTS (SELECT 1 {COVERED} AND e.number = NEW."last" AND e.hash = NEW.last_hash)
    OR NOT EXISTS (
        SELECT 1 FROM {TEAMS} t JOIN {CHAINS} c ON c.team_id = t.id
        WHERE c.id = NEW.chain_id AND t.audit_kept_days IS NOT NULL AND (SELECT MAX(e.at) {COVERED}) < {{limit}}
    )
"""
NEVER, UNFIT = "audit entries are append-only", "an audit summary has to fit entries whose time is over"

POSTGRES = f"""
CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{NEVER}';
END $$;
CREATE FUNCTION audit_removed_when_summarised() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS ({SUMMARISED}) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '{NEVER}';
END $$;
CREATE FUNCTION audit_summary_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {MISMATCH.format(limit="now() - make_interval(days => t.audit_kept_days)")} THEN
        RAISE EXCEPTION '{UNFIT}';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE ON {ENTRIES}
    FOR EACH ROW EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_removed_when_summarised BEFORE DELETE ON {ENTRIES}
    FOR EACH ROW EXECUTE FUNCTION audit_removed_when_summarised();
CREATE TRIGGER audit_never_truncated BEFORE TRUNCATE ON {ENTRIES}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_summary_fits BEFORE INSERT ON {SUMMARIES}
    FOR EACH ROW EXECUTE FUNCTION audit_summary_fits();
CREATE TRIGGER audit_summary_append_only BEFORE UPDATE OR DELETE ON {SUMMARIES}
    FOR EACH ROW EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_summary_never_truncated BEFORE TRUNCATE ON {SUMMARIES}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE INDEX audit_words ON {ENTRIES} USING gin ({WORDS});
"""
POSTGRES_BACK = f"""
DROP INDEX audit_words;
DROP TRIGGER audit_summary_never_truncated ON {SUMMARIES};
DROP TRIGGER audit_summary_append_only ON {SUMMARIES};
DROP TRIGGER audit_summary_fits ON {SUMMARIES};
DROP TRIGGER audit_never_truncated ON {ENTRIES};
DROP TRIGGER audit_removed_when_summarised ON {ENTRIES};
DROP TRIGGER audit_append_only ON {ENTRIES};
DROP FUNCTION audit_summary_fits();
DROP FUNCTION audit_removed_when_summarised();
DROP FUNCTION audit_append_only();
"""

# SQLite has no TRUNCATE: there it is a DELETE.
SQLITE = {
    "audit_append_only_update": f"""
        BEFORE UPDATE ON {ENTRIES}
        BEGIN SELECT RAISE(ABORT, '{NEVER}'); END
    """,
    "audit_append_only_delete": f"""
        BEFORE DELETE ON {ENTRIES} WHEN NOT EXISTS ({SUMMARISED})
        BEGIN SELECT RAISE(ABORT, '{NEVER}'); END
    """,
    "audit_summary_fits": f"""
        BEFORE INSERT ON {SUMMARIES}
        WHEN {MISMATCH.format(limit="datetime('now', '-' || t.audit_kept_days || ' days')")}
        BEGIN SELECT RAISE(ABORT, '{UNFIT}'); END
    """,
    "audit_summary_append_only_update": f"""
        BEFORE UPDATE ON {SUMMARIES}
        BEGIN SELECT RAISE(ABORT, '{NEVER}'); END
    """,
    "audit_summary_append_only_delete": f"""
        BEFORE DELETE ON {SUMMARIES}
        BEGIN SELECT RAISE(ABORT, '{NEVER}'); END
    """,
}


def forwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Counts failed sign-ins.
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRES)
        return
    for name, body in SQLITE.items():
        schema_editor.execute(f"CREATE TRIGGER {name} {body}")


def backwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP TABLE portal_cache")
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRES_BACK)
        return
    for name in SQLITE:
        schema_editor.execute(f"DROP TRIGGER {name}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
