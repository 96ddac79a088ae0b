"""Rows that point to rows of their own team only: composite foreign keys, or triggers on SQLite."""


def hold(schema_editor, links):
    """`links` are (table, column, the table it points to). The other table is unique by (id, team_id)."""
    for table, column, other in links:
        name = _name(table, column)
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(
                f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}, team_id) REFERENCES {other} (id, team_id)"
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


def hold_again(schema_editor, links):
    """After a migration that made their tables anew on SQLite, which drops the triggers; elsewhere they are there."""
    if schema_editor.connection.vendor != "postgresql":
        hold(schema_editor, links)


def let_go(schema_editor, links):
    for table, column, _other in links:
        name = _name(table, column)
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            continue
        for event in ("insert", "update"):
            schema_editor.execute(f"DROP TRIGGER {name}_{event}")


def _name(table, column):
    return f"{table}_{column}_of_team"
