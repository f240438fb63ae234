"""Who acts: the settings that policies read, and the rights of the application's role."""

from __future__ import annotations

from alembic import context, op

revision = "0001"
down_revision = None

SEES = {
    "app_sees_session(wanted text, editor text, artisan text, particulier text)": """
      SELECT 1 FROM sessions s WHERE s.id = wanted AND s.editor_id IS NOT DISTINCT FROM editor
        AND (artisan IS NULL OR s.artisan_id = artisan) AND (particulier IS NULL OR s.particulier_id = particulier)
    """,
    "app_sees_deployment(wanted text)": "SELECT 1 FROM deployments d WHERE d.id = wanted",
    "app_sees_tie(wanted text, editor text, artisan text)": """
      SELECT 1 FROM editor_links k WHERE k.id = wanted AND k.editor_id = editor AND (artisan IS NULL OR k.artisan_id = artisan)
        AND k.status IN ('pending', 'active')
    """,
}
"""Whether the actor himself sees a row that another row names: read through his own policies, so never SECURITY DEFINER.

An id that is left out passes: a conversation finds its artisan or its particulier while somebody writes in it."""
SETTINGS = ("kind", "user", "role", "account", "session", "editor", "artisan", "deployment", "link", "tie", "tenant")


def upgrade() -> None:
    for name in SETTINGS:
        op.execute(
            f"CREATE FUNCTION app_{name}() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE "
            f"AS $$ SELECT NULLIF(current_setting('app.{name}', true), '') $$"
        )
    op.execute(
        "CREATE FUNCTION app_staff() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$ "
        "SELECT COALESCE(current_setting('app.kind', true) = 'platform' OR (current_setting('app.kind', true) = 'user' "
        "AND current_setting('app.role', true) IN ('admin', 'super-admin')), false) $$"
    )
    for signature, found in SEES.items():
        op.execute(
            f"CREATE FUNCTION {signature} RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN RETURN EXISTS ({found}); END $$"
        )
    role = context.config.attributes["app_role"]
    op.execute(f'GRANT USAGE ON SCHEMA public TO "{role}"')
    op.execute(f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{role}"')
    op.execute(f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO "{role}"')
    op.execute(f'GRANT SELECT ON alembic_version TO "{role}"')
    op.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    op.execute(f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO "{role}"')
