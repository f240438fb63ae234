"""Who acts: the settings that policies read, and the rights of the application's role."""

from __future__ import annotations

from alembic import context, op

revision = "0001"
down_revision = None

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
    role = context.config.attributes["app_role"]
    op.execute(f'GRANT USAGE ON SCHEMA public TO "{role}"')
    op.execute(f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{role}"')
    op.execute(f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO "{role}"')
    op.execute(f'GRANT SELECT ON alembic_version TO "{role}"')
    op.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    op.execute(f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO "{role}"')
