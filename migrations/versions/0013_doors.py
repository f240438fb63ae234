"""Doors: what may be asked while nobody is known. They take a hash, an e-mail or a public id; they return ids and states."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

DOORS = {
    "door_login(wanted text)": (
        "TABLE (user_id text, status text, password_hash text)",
        """
        SELECT u.id, u.status, p.hash FROM users u LEFT JOIN user_passwords p ON p.user_id = u.id WHERE u.email = lower(wanted)
        """,
    ),
    "door_user(wanted text)": (
        "TABLE (user_id text, name text, email text, status text, epoch integer, assignments jsonb)",
        """
        SELECT u.id, COALESCE(u.company_name, u.name), u.email, u.status, u.epoch,
          (SELECT COALESCE(jsonb_agg(jsonb_build_object(
              'id', a.id, 'role', a.role, 'account_id', COALESCE(a.on_behalf_of, u.id),
              'account_name', COALESCE(c.company_name, c.name),
              'portal', CASE WHEN a.role = 'conseiller' AND EXISTS (
                  SELECT 1 FROM role_assignments b WHERE b.user_id = a.on_behalf_of AND b.role = 'artisan' AND b.active)
                THEN 'artisan' ELSE r.portal END,
              'permissions', (SELECT COALESCE(jsonb_agg(rp.permission), '[]') FROM role_permissions rp WHERE rp.role = a.role
                AND rp.permission <> CASE WHEN a.on_behalf_of IS NULL THEN 'validation.client' ELSE 'validation.master' END)
            ) ORDER BY a.on_behalf_of NULLS FIRST, a.created_at, a.role), '[]')
           FROM role_assignments a JOIN roles r ON r.slug = a.role JOIN users c ON c.id = COALESCE(a.on_behalf_of, u.id)
           WHERE a.user_id = u.id AND a.active AND (a.expires_at IS NULL OR a.expires_at > now()) AND c.status = 'active'
             AND (a.on_behalf_of IS NULL OR a.role IN ('validator', 'metreur', 'conseiller')))
        FROM users u WHERE u.id = wanted
        """,
    ),
    "door_api_key(wanted text)": (
        "TABLE (key_id text, owner_id text, owner_name text, owner_status text, made_by text, kind text, role text, scopes text[], "
        "permissions text[], usable boolean)",
        """
        SELECT k.id, k.owner_id, COALESCE(u.company_name, u.name), u.status, k.made_by, k.kind, k.role, k.scopes,
          ARRAY(SELECT rp.permission FROM role_permissions rp WHERE rp.role = k.role),
          k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AND u.status = 'active'
            AND m.status = 'active' AND EXISTS (SELECT 1 FROM role_assignments a WHERE a.user_id = k.owner_id AND a.role = k.role
              AND a.active AND (a.expires_at IS NULL OR a.expires_at > now()))
        FROM api_keys k JOIN users u ON u.id = k.owner_id JOIN users m ON m.id = k.made_by WHERE k.hash = wanted
        """,
    ),
    "door_deployment(wanted text)": (
        "TABLE (deployment_id text, editor_id text, usable boolean)",
        """
        SELECT d.id, d.editor_id, d.is_active AND a.is_active AND (e.id IS NULL OR e.status = 'active')
        FROM deployments d JOIN agents a ON a.id = d.agent_id LEFT JOIN users e ON e.id = d.editor_id WHERE d.id = wanted
        """,
    ),
    "door_origin(wanted_host text)": (
        "TABLE (host text, port integer, is_wildcard boolean, environment text)",
        """
        SELECT DISTINCT m.host, m.port, m.is_wildcard, m.environment FROM allowed_domains m
          JOIN deployments d ON d.id = m.deployment_id JOIN agents a ON a.id = d.agent_id LEFT JOIN users e ON e.id = d.editor_id
        WHERE m.is_active AND d.is_active AND a.is_active AND (e.id IS NULL OR e.status = 'active')
          AND (m.host = wanted_host OR (m.is_wildcard AND right(wanted_host, length(m.host) + 1) = '.' || m.host))
        """,
    ),
    "door_editor_deployment(wanted text)": (
        "text",
        """
        SELECT d.id FROM deployments d JOIN agents a ON a.id = d.agent_id JOIN users e ON e.id = d.editor_id
        WHERE d.editor_id = wanted AND d.is_active AND a.is_active AND e.status = 'active' ORDER BY d.created_at, d.id LIMIT 1
        """,
    ),
    "door_link(wanted text)": (
        "TABLE (link_id text, deployment_id text, editor_id text, artisan_id text, editor_link_id text, session_id text, state text)",
        """
        SELECT l.id, l.deployment_id, l.editor_id, l.artisan_id, l.editor_link_id, l.session_id,
          CASE WHEN l.revoked_at IS NOT NULL OR l.created_at < k.reopened_at THEN 'revoked'
               WHEN l.expires_at <= now() THEN 'expired'
               WHEN s.status = 'deleted' THEN 'deleted'
               WHEN NOT d.is_active OR NOT g.is_active OR e.status = 'suspended' OR a.status = 'suspended'
                    OR k.status IN ('refused', 'detached') THEN 'suspended'
               ELSE 'open' END
        FROM session_links l JOIN deployments d ON d.id = l.deployment_id JOIN agents g ON g.id = d.agent_id
          LEFT JOIN users e ON e.id = l.editor_id LEFT JOIN users a ON a.id = l.artisan_id
          LEFT JOIN editor_links k ON k.id = l.editor_link_id LEFT JOIN sessions s ON s.id = l.session_id
        WHERE l.id = wanted
        """,
    ),
    "door_session(wanted text, secret text)": (
        "TABLE (session_id text, deployment_id text, editor_id text, artisan_id text, editor_link_id text, link_id text, "
        "token_id text, confirmed boolean, state text)",
        """
        SELECT s.id, s.deployment_id, s.editor_id, s.artisan_id, s.editor_link_id, s.link_id, t.id, t.confirmed,
          CASE WHEN t.revoked_at IS NOT NULL OR s.status = 'deleted' THEN 'deleted'
               WHEN l.revoked_at IS NOT NULL OR l.created_at < k.reopened_at THEN 'revoked'
               WHEN l.expires_at <= now() THEN 'expired'
               WHEN NOT d.is_active OR NOT g.is_active OR e.status = 'suspended' OR a.status = 'suspended'
                    OR k.status IN ('refused', 'detached') THEN 'suspended'
               ELSE 'open' END
        FROM session_tokens t JOIN sessions s ON s.id = t.session_id JOIN deployments d ON d.id = s.deployment_id
          JOIN agents g ON g.id = s.agent_id LEFT JOIN users e ON e.id = s.editor_id LEFT JOIN users a ON a.id = s.artisan_id
          LEFT JOIN editor_links k ON k.id = s.editor_link_id LEFT JOIN session_links l ON l.id = s.link_id
        WHERE t.hash = secret AND t.session_id = wanted
        """,
    ),
    "door_token(wanted text, asked_purpose text)": (
        "TABLE (token_id text, user_id text, email text, payload jsonb)",
        """
        SELECT t.id, t.user_id, t.email, t.payload FROM single_use_tokens t
        WHERE t.hash = wanted AND t.purpose = asked_purpose AND t.used_at IS NULL AND t.expires_at > now()
        """,
    ),
    "door_use_token(wanted text, asked_purpose text)": (
        "TABLE (token_id text, user_id text, email text, payload jsonb)",
        """
        UPDATE single_use_tokens t SET used_at = now()
        WHERE t.hash = wanted AND t.purpose = asked_purpose AND t.used_at IS NULL AND t.expires_at > now()
        RETURNING t.id, t.user_id, t.email, t.payload
        """,
    ),
}


def upgrade() -> None:
    for signature, (returns, body) in DOORS.items():
        stability = "VOLATILE" if "UPDATE" in body else "STABLE"
        op.execute(
            f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE sql {stability} SECURITY DEFINER "
            f"SET search_path = pg_catalog, public AS $$ {body} $$"
        )
