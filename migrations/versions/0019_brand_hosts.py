"""Host names of editors, and an artisan's own look at each of his editors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.rls import protect

revision = "0019"
down_revision = "0018"

DOORS = {
    # Who a verified host belongs to; a suspended editor keeps his host, whose links say that they are suspended.
    "door_host(wanted text)": "SELECT h.editor_id FROM brand_hosts h WHERE h.host = wanted AND h.status = 'verified'",
    # What an editor's links are written with, also when his artisan makes one: the host verified last.
    "door_editor_host(wanted text)": "SELECT h.host FROM brand_hosts h WHERE h.editor_id = wanted AND h.status = 'verified' "
    "ORDER BY h.served_since DESC, h.id LIMIT 1",
}
ARTISANS_PART = ("status", "linked_at", "ended_at", "artisan_name", "artisan_phone", "branding")


def upgrade() -> None:
    op.create_table(
        "brand_hosts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("served_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('pending', 'verified', 'failed')", name="status"),
        sa.CheckConstraint("host = lower(host)", name="host_lower"),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("editor_id", "host"),
    )
    # Only what was proved is unique: a name that somebody else merely asked for must neither block its owner nor betray the other.
    op.create_index("ix_brand_hosts_served", "brand_hosts", ["host"], unique=True, postgresql_where=sa.text("status = 'verified'"))
    owner = "app_staff() OR CASE WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() ELSE false END"
    waiting = (
        "app_staff() OR (app_kind() = 'user' AND app_role() = 'editeur' AND editor_id = app_account() "
        "AND status = 'pending' AND verified_at IS NULL AND served_since IS NULL)"
    )
    protect("brand_hosts", read=owner, write="app_staff()", insert=waiting, delete=owner)
    for signature, body in DOORS.items():
        op.execute(
            f"CREATE FUNCTION {signature} RETURNS text LANGUAGE sql STABLE SECURITY DEFINER "
            f"SET search_path = pg_catalog, public AS $$ {body} $$"
        )
    kept = ", ".join(f"'{column}'" for column in ARTISANS_PART)
    op.execute("DROP TRIGGER keep_artisan ON editor_links")
    op.execute(
        "CREATE TRIGGER keep_artisan BEFORE UPDATE ON editor_links FOR EACH ROW WHEN (app_kind() IS NOT NULL AND NOT app_staff() "
        "AND (app_kind() = 'user' AND app_role() = 'artisan' "
        f"AND to_jsonb(OLD) - ARRAY[{kept}] IS DISTINCT FROM to_jsonb(NEW) - ARRAY[{kept}])) EXECUTE FUNCTION refuse_change()"
    )
