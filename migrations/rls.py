"""Forced row-level security on a table. The expressions are given by each migration, frozen there."""

from __future__ import annotations

import re

from alembic import op


def once(expression: str) -> str:
    """Read each setting once a statement, not once a row: `app_role()` becomes `(SELECT app_role())`.

    On a count over 10,000 rows that is most of what a policy costs (`bin/bench rls`).
    """
    return re.sub(r"\b(app_[a-z]+\(\))", r"(SELECT \1)", expression)


def protect(table: str, *, read: str, write: str | None = None, insert: str | None = None, delete: str | None = None) -> None:
    """One policy per command: `read` for SELECT, `write` (else `read`) for the others, unless `insert` or `delete` says otherwise."""
    changes = write or read
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_read ON {table} FOR SELECT USING ({once(read)})")
    op.execute(f"CREATE POLICY {table}_insert ON {table} FOR INSERT WITH CHECK ({once(insert or changes)})")
    op.execute(f"CREATE POLICY {table}_update ON {table} FOR UPDATE USING ({once(changes)}) WITH CHECK ({once(changes)})")
    op.execute(f"CREATE POLICY {table}_delete ON {table} FOR DELETE USING ({once(delete or changes)})")
