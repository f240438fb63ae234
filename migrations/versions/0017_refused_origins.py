"""Refused origins, claimed and waiting domains."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.rls import once, protect

revision = "0017"
down_revision = "0016"

OWN = "editor_id = app_account() AND app_sees_deployment(deployment_id)"
REVIEWED = "(status = 'waiting' OR environment = 'localhost' OR NOT app_reviews_domains(editor_id))"
IN_FORCE = "m.is_active AND m.status = 'active'"
ROWS_A_DAY = 200
"""Origins noted by themselves for a deployment and a day; the header is anybody's to invent, so the rest is counted together."""
DOORS = {
    "door_origin(wanted_host text)": (
        "TABLE (host text, port integer, is_wildcard boolean, environment text)",
        f"""
        SELECT DISTINCT m.host, m.port, m.is_wildcard, m.environment FROM allowed_domains m
          JOIN deployments d ON d.id = m.deployment_id JOIN agents a ON a.id = d.agent_id LEFT JOIN users e ON e.id = d.editor_id
        WHERE {IN_FORCE} AND d.is_active AND a.is_active AND (e.id IS NULL OR e.status = 'active')
          AND (m.host = wanted_host OR (m.is_wildcard AND right(wanted_host, length(m.host) + 1) = '.' || m.host)
            OR (m.environment = 'localhost' AND wanted_host IN ('localhost', '127.0.0.1', '::1')))
        """,
    ),
    "door_domains(wanted text)": (
        "TABLE (host text, port integer, is_wildcard boolean, environment text)",
        f"SELECT m.host, m.port, m.is_wildcard, m.environment FROM allowed_domains m WHERE m.deployment_id = wanted AND {IN_FORCE}",
    ),
    "door_refuse_origin(wanted text, refused text, on_day date, at timestamptz, from_address text, blocked boolean)": (
        "void",
        f"""
        INSERT INTO origin_refusals AS r (deployment_id, day, origin, editor_id, count, blocks, address, first_at, last_at)
        SELECT d.id, on_day,
          CASE WHEN EXISTS (SELECT 1 FROM origin_refusals o WHERE o.deployment_id = d.id AND o.day = on_day AND o.origin = refused)
                 OR (SELECT count(*) FROM origin_refusals o WHERE o.deployment_id = d.id AND o.day = on_day) < {ROWS_A_DAY}
               THEN refused ELSE '*' END,
          d.editor_id, 1, blocked::integer, from_address, at, at
        FROM deployments d WHERE d.id = wanted
        ON CONFLICT (deployment_id, day, origin) DO UPDATE SET count = r.count + 1, blocks = r.blocks + blocked::integer,
          address = excluded.address, last_at = excluded.last_at
        """,
    ),
}


def upgrade() -> None:
    op.create_table(
        "editor_rules",
        sa.Column("editor_id", sa.Text(), nullable=False),
        sa.Column("review_domains", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("editor_id"),
    )
    op.create_table(
        "domain_claims",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("first_editor_id", sa.Text(), nullable=False),
        sa.Column("second_editor_id", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("first_editor_id < second_editor_id", name="pair"),
        sa.ForeignKeyConstraint(["first_editor_id"], ["users.id"]),
        sa.ForeignKeyConstraint(["second_editor_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("host", "first_editor_id", "second_editor_id"),
    )
    op.create_table(
        "origin_refusals",
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("blocks", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployments.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["deployment_id", "editor_id"],
            ["deployments.id", "deployments.editor_id"],
            name="fk_origin_refusals_deployment_of_editor",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("deployment_id", "day", "origin"),
    )
    op.create_index(op.f("ix_origin_refusals_day"), "origin_refusals", ["day"])
    op.add_column("allowed_domains", sa.Column("status", sa.Text(), server_default="active", nullable=False))
    op.add_column("allowed_domains", sa.Column("review_note", sa.Text(), nullable=True))
    op.add_column("allowed_domains", sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("allowed_domains", sa.Column("watched_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint("status", "allowed_domains", "status IN ('active', 'waiting', 'refused')")
    op.create_index(op.f("ix_allowed_domains_host"), "allowed_domains", ["host"])
    op.create_index("ix_allowed_domains_unwatched", "allowed_domains", ["created_at"], postgresql_where=sa.text("watched_at IS NULL"))
    op.execute(
        "CREATE FUNCTION app_reviews_domains(wanted text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN "
        "RETURN EXISTS (SELECT 1 FROM editor_rules r WHERE r.editor_id = wanted AND r.review_domains); END $$"
    )
    editor = "app_staff() OR CASE WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN {} ELSE false END"
    op.execute("DROP POLICY allowed_domains_insert ON allowed_domains")
    op.execute(
        f"CREATE POLICY allowed_domains_insert ON allowed_domains FOR INSERT WITH CHECK ({once(editor.format(f'(({OWN}) AND {REVIEWED})'))})"
    )
    # What an editor may change of a domain once it is there: whether it is in service. The rest is another domain, or the platform's to say.
    op.execute(
        "CREATE TRIGGER keep_domain BEFORE UPDATE ON allowed_domains FOR EACH ROW WHEN (app_kind() IS NOT NULL AND NOT app_staff() "
        "AND to_jsonb(OLD) - 'is_active' IS DISTINCT FROM to_jsonb(NEW) - 'is_active') EXECUTE FUNCTION refuse_change()"
    )
    protect("editor_rules", read=editor.format("editor_id = app_account()"), write="app_staff()")
    protect("domain_claims", read="app_staff()")
    protect("origin_refusals", read=editor.format("editor_id = app_account()"), write="app_staff()")
    for signature, (returns, body) in DOORS.items():
        stability = "VOLATILE" if "INSERT" in body else "STABLE"
        op.execute(
            f"CREATE OR REPLACE FUNCTION {signature} RETURNS {returns} LANGUAGE sql {stability} SECURITY DEFINER "
            f"SET search_path = pg_catalog, public AS $$ {body} $$"
        )
