"""Summaries behind which old audit entries may go, heads, the stream, saved views, and an index of words.

The triggers of 0002 let nothing be removed; those here let entries be removed that a summary stands for, and let a
summary be written only where it fits the entries and their team's time for them is over.
"""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

# As `accounts.audit_search` asks for it. An entry of unusual length is indexed by its beginning.
WORDS = r"""
    to_tsvector('simple', regexp_replace(
        target_name || ' ' || left(data::text, 20000), '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+', ' ', 'g'
    ))
"""
ENTRIES, SUMMARIES, CHAINS, TEAMS = (
    "accounts_auditentry",
    "accounts_auditsummary",
    "accounts_auditchain",
    "accounts_team",
)
SUMMARISED = f"""
    SELECT 1 FROM {SUMMARIES} s
    WHERE s.chain_id = OLD.chain_id AND s."first" <= OLD.number AND s."last" >= OLD.number
"""
# What a summary says, held against the entries that it is about to stand for.
OF_IT = (
    f"""FROM {ENTRIES} e WHERE e.chain_id = NEW.chain_id AND e.number BETWEEN NEW."first" AND NEW."last\""""
)
MISFIT = f"""
    NEW."first" <> 1 + COALESCE((SELECT MAX(s."last") FROM {SUMMARIES} s WHERE s.chain_id = NEW.chain_id), 0)
    OR NEW."last" >= (SELECT c.length FROM {CHAINS} c WHERE c.id = NEW.chain_id)
    OR NEW."last" - NEW."first" + 1 <> (SELECT COUNT(*) {OF_IT})
    OR NOT EXISTS (SELECT 1 {OF_IT} AND e.number = NEW."first" AND e.previous_hash = NEW.previous_hash)
    OR NOT EXISTS (SELECT 1 {OF_IT} AND e.number = NEW."last" AND e.hash = NEW.last_hash)
    OR NOT EXISTS (
        SELECT 1 FROM {TEAMS} t JOIN {CHAINS} c ON c.team_id = t.id
        WHERE c.id = NEW.chain_id AND t.audit_kept_days IS NOT NULL AND (SELECT MAX(e.at) {OF_IT}) < {{limit}}
    )
"""
NEVER, UNFIT = "audit entries are append-only", "an audit summary has to fit entries whose time is over"

POSTGRES = f"""
CREATE FUNCTION audit_removed_when_summarised() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS ({SUMMARISED}) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '{NEVER}';
END $$;
CREATE FUNCTION audit_summary_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {MISFIT.format(limit="now() - make_interval(days => t.audit_kept_days)")} THEN
        RAISE EXCEPTION '{UNFIT}';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER audit_append_only ON {ENTRIES};
CREATE TRIGGER audit_append_only BEFORE UPDATE ON {ENTRIES}
    FOR EACH ROW EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_removed_when_summarised BEFORE DELETE ON {ENTRIES}
    FOR EACH ROW EXECUTE FUNCTION audit_removed_when_summarised();
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
DROP TRIGGER audit_removed_when_summarised ON {ENTRIES};
DROP TRIGGER audit_append_only ON {ENTRIES};
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON {ENTRIES}
    FOR EACH ROW EXECUTE FUNCTION audit_append_only();
DROP FUNCTION audit_summary_fits();
DROP FUNCTION audit_removed_when_summarised();
"""

SQLITE = [
    "DROP TRIGGER audit_append_only_delete",
    f"""
    CREATE TRIGGER audit_append_only_delete BEFORE DELETE ON {ENTRIES} WHEN NOT EXISTS ({SUMMARISED})
    BEGIN SELECT RAISE(ABORT, '{NEVER}'); END
    """,
    f"""
    CREATE TRIGGER audit_summary_fits BEFORE INSERT ON {SUMMARIES}
    WHEN {MISFIT.format(limit="datetime('now', '-' || t.audit_kept_days || ' days')")}
    BEGIN SELECT RAISE(ABORT, '{UNFIT}'); END
    """,
    *(
        f"""
        CREATE TRIGGER audit_summary_append_only_{event.lower()} BEFORE {event} ON {SUMMARIES}
        BEGIN SELECT RAISE(ABORT, '{NEVER}'); END
        """
        for event in ("UPDATE", "DELETE")
    ),
]

SQLITE_BACK = [
    "DROP TRIGGER audit_summary_append_only_update",
    "DROP TRIGGER audit_summary_append_only_delete",
    "DROP TRIGGER audit_summary_fits",
    "DROP TRIGGER audit_append_only_delete",
    f"""
    CREATE TRIGGER audit_append_only_delete BEFORE DELETE ON {ENTRIES}
    BEGIN SELECT RAISE(ABORT, '{NEVER}'); END
    """,
]


def forwards(apps, schema_editor):
    for statement in [POSTGRES] if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    for statement in [POSTGRES_BACK] if schema_editor.connection.vendor == "postgresql" else SQLITE_BACK:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_sign_in"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditHeads",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(unique=True)),
                ("heads", models.JSONField()),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.CharField(blank=True, db_default="", default="", max_length=500)),
            ],
            options={
                "verbose_name_plural": "audit heads",
            },
        ),
        migrations.CreateModel(
            name="AuditStream",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "number",
                    models.PositiveBigIntegerField(
                        default=0, help_text="The last entry that surely arrived."
                    ),
                ),
                (
                    "claimed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="One worker sends at a time, or entries would not come in their order.",
                        null=True,
                    ),
                ),
                ("error", models.CharField(blank=True, db_default="", default="", max_length=500)),
                (
                    "chain",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stream",
                        to="accounts.auditchain",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AuditSummary",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first", models.PositiveBigIntegerField()),
                ("last", models.PositiveBigIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "previous_hash",
                    models.CharField(help_text="What the first of them followed.", max_length=64),
                ),
                (
                    "last_hash",
                    models.CharField(help_text="What the first that is kept follows.", max_length=64),
                ),
                ("actions", models.JSONField(help_text="How many of each action.")),
                ("made_at", models.DateTimeField()),
                ("signature", models.CharField(max_length=64)),
                (
                    "chain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="summaries",
                        to="accounts.auditchain",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "audit summaries",
                "ordering": ["first"],
                "constraints": [
                    models.UniqueConstraint(fields=("chain", "first"), name="audit_summarised_once"),
                    models.CheckConstraint(
                        condition=models.Q(("first__gte", 1), ("last__gte", models.F("first"))),
                        name="audit_summary_of_some",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedAuditView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(help_text="As in the page's address.", max_length=1000)),
                ("is_shared", models.BooleanField(default=False)),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="accounts.team",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": [django.db.models.functions.text.Lower("name")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("team"),
                        models.F("user"),
                        django.db.models.functions.text.Lower("name"),
                        name="one_audit_view_per_name",
                    )
                ],
            },
        ),
        migrations.RunPython(forwards, backwards),
    ]
