"""Forced row-level security on a table. The expressions are given by each migration, frozen there."""

from __future__ import annotations

from alembic import op


def protect(table: str, *, read: str, write: str | None = None, insert: str | None = None, delete: str | None = None) -> None:
    """One policy per command: `read` for SELECT, `write` (else `read`) for the others, unless `insert` or `delete` says otherwise."""
    changes = write or read
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_read ON {table} FOR SELECT USING ({read})")
    op.execute(f"CREATE POLICY {table}_insert ON {table} FOR INSERT WITH CHECK ({insert or changes})")
    op.execute(f"CREATE POLICY {table}_update ON {table} FOR UPDATE USING ({changes}) WITH CHECK ({changes})")
    op.execute(f"CREATE POLICY {table}_delete ON {table} FOR DELETE USING ({delete or changes})")
