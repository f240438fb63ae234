"""Signing out ends the login itself: a copy of its cookie opens nothing any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"

DOOR = """
SELECT u.id, COALESCE(u.company_name, u.name), u.email, u.status, u.epoch, u.ended_logins,
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
"""


def upgrade() -> None:
    op.add_column("users", sa.Column("ended_logins", sa.ARRAY(sa.Text()), nullable=False, server_default="{}"))
    op.execute("DROP FUNCTION door_user(text)")
    op.execute(
        "CREATE FUNCTION door_user(wanted text) RETURNS TABLE (user_id text, name text, email text, status text, epoch integer, "
        "ended_logins text[], assignments jsonb) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public "
        f"AS $$ {DOOR} $$"
    )
