"""Doors tell a suspended account from a deployment that was switched off, and end a host page's conversation after 30 idle days."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"

# An account's suspension is said first: it does not end with the deployment's.
PAUSED = """
WHEN e.status = 'suspended' OR a.status = 'suspended' THEN 'suspended'
WHEN NOT d.is_active OR NOT g.is_active OR k.status IN ('refused', 'detached') THEN 'deactivated'
ELSE 'open' END
"""
DOORS = {
    "door_link(wanted text)": (
        "TABLE (link_id text, deployment_id text, editor_id text, artisan_id text, editor_link_id text, session_id text, state text)",
        f"""
        SELECT l.id, l.deployment_id, l.editor_id, l.artisan_id, l.editor_link_id, l.session_id,
          CASE WHEN l.revoked_at IS NOT NULL OR l.created_at < k.reopened_at THEN 'revoked'
               WHEN l.expires_at <= now() THEN 'expired'
               WHEN s.status = 'deleted' THEN 'deleted'
               {PAUSED}
        FROM session_links l JOIN deployments d ON d.id = l.deployment_id JOIN agents g ON g.id = d.agent_id
          LEFT JOIN users e ON e.id = l.editor_id LEFT JOIN users a ON a.id = l.artisan_id
          LEFT JOIN editor_links k ON k.id = l.editor_link_id LEFT JOIN sessions s ON s.id = l.session_id
        WHERE l.id = wanted
        """,
    ),
    "door_session(wanted text, secret text)": (
        "TABLE (session_id text, deployment_id text, editor_id text, artisan_id text, editor_link_id text, link_id text, "
        "token_id text, confirmed boolean, state text)",
        f"""
        SELECT s.id, s.deployment_id, s.editor_id, s.artisan_id, s.editor_link_id, s.link_id, t.id, t.confirmed,
          CASE WHEN t.revoked_at IS NOT NULL OR s.status = 'deleted' THEN 'deleted'
               WHEN l.revoked_at IS NOT NULL OR l.created_at < k.reopened_at THEN 'revoked'
               WHEN l.expires_at <= now() OR (s.link_id IS NULL AND s.last_activity_at < now() - interval '30 days') THEN 'expired'
               {PAUSED}
        FROM session_tokens t JOIN sessions s ON s.id = t.session_id JOIN deployments d ON d.id = s.deployment_id
          JOIN agents g ON g.id = s.agent_id LEFT JOIN users e ON e.id = s.editor_id LEFT JOIN users a ON a.id = s.artisan_id
          LEFT JOIN editor_links k ON k.id = s.editor_link_id LEFT JOIN session_links l ON l.id = s.link_id
        WHERE t.hash = secret AND t.session_id = wanted
        """,
    ),
    "door_deployment(wanted text)": (
        "TABLE (deployment_id text, editor_id text, usable boolean, state text)",
        """
        SELECT d.id, d.editor_id, d.is_active AND a.is_active AND (e.id IS NULL OR e.status = 'active'),
          CASE WHEN e.status <> 'active' THEN 'suspended' WHEN d.is_active AND a.is_active THEN 'open' ELSE 'deactivated' END
        FROM deployments d JOIN agents a ON a.id = d.agent_id LEFT JOIN users e ON e.id = d.editor_id WHERE d.id = wanted
        """,
    ),
}


def upgrade() -> None:
    op.execute("DROP FUNCTION door_deployment(text)")
    for signature, (returns, body) in DOORS.items():
        op.execute(
            f"CREATE OR REPLACE FUNCTION {signature} RETURNS {returns} LANGUAGE sql STABLE SECURITY DEFINER "
            f"SET search_path = pg_catalog, public AS $$ {body} $$"
        )
