"""Plans, subscriptions, counters by day and by link, alerts; one function spends them all."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from migrations.rls import once, protect

revision = "0018"
down_revision = "0017"

STAFF = "app_staff()"
PLANS = (
    # slug, name, sessions, messages, deployments, price a month (003 §9.1)
    ("starter", "Starter", 1000, 10_000, 1, 49),
    ("pro", "Pro", 10_000, 100_000, 5, 199),
    ("business", "Business", 50_000, 500_000, 20, 499),
    ("enterprise", "Enterprise", None, None, None, None),
)


def _role(editeur: str = "", artisan: str = "") -> str:
    branches = [f"WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN {editeur} = app_account()"]
    if artisan:
        branches.append(f"WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN {artisan} = app_account()")
    return "app_staff() OR CASE " + " ".join(branches) + " ELSE false END"


SPEND = """
DECLARE
  tenant text := app_tenant();
  place text := app_deployment();
  tie text := app_tie();
  plan_sessions integer;
  plan_messages integer;
  day_sessions integer;
  day_messages integer;
  link_sessions integer;
  used_sessions integer;
  used_messages integer;
  started boolean := new_sessions > 0;
BEGIN
  crossed := false;
  IF app_kind() IS DISTINCT FROM 'visitor' OR place IS NULL THEN
    RAISE EXCEPTION 'only a visitor spends' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF tenant IS NOT NULL THEN
    SELECT CASE WHEN s.overrides ? 'sessions_month' THEN (s.overrides ->> 'sessions_month')::integer ELSE p.sessions_month END,
           CASE WHEN s.overrides ? 'messages_month' THEN (s.overrides ->> 'messages_month')::integer ELSE p.messages_month END
      INTO plan_sessions, plan_messages
      FROM subscriptions s JOIN plans p ON p.id = s.plan_id WHERE s.editor_id = tenant;
    INSERT INTO usage_counters AS c (tenant_id, month, sessions, messages) VALUES (tenant, this_month, new_sessions, 1)
      ON CONFLICT (tenant_id, month) DO UPDATE SET sessions = c.sessions + excluded.sessions, messages = c.messages + 1
      WHERE (NOT started OR plan_sessions IS NULL OR c.sessions < plan_sessions) AND (plan_messages IS NULL OR c.messages < plan_messages)
      RETURNING c.sessions, c.messages INTO used_sessions, used_messages;
    IF NOT FOUND THEN
      SELECT CASE WHEN c.messages >= plan_messages THEN 'plan_messages' ELSE 'plan_sessions' END
        INTO refused FROM usage_counters c WHERE c.tenant_id = tenant AND c.month = this_month;
      RETURN;
    END IF;
    IF started AND used_sessions::bigint * 100 >= plan_sessions::bigint * 80 THEN
      INSERT INTO quota_alerts (tenant_id, month, kind, level, created_at)
        SELECT tenant, this_month, 'sessions', l, statement_timestamp() FROM unnest(ARRAY[80, 90, 100]) l
        WHERE used_sessions::bigint * 100 >= plan_sessions::bigint * l ON CONFLICT DO NOTHING;
      crossed := FOUND;
    END IF;
    IF used_messages::bigint * 100 >= plan_messages::bigint * 80 THEN
      INSERT INTO quota_alerts (tenant_id, month, kind, level, created_at)
        SELECT tenant, this_month, 'messages', l, statement_timestamp() FROM unnest(ARRAY[80, 90, 100]) l
        WHERE used_messages::bigint * 100 >= plan_messages::bigint * l ON CONFLICT DO NOTHING;
      crossed := crossed OR FOUND;
    END IF;
  END IF;
  SELECT d.max_sessions_day, d.max_messages_day INTO day_sessions, day_messages FROM deployments d WHERE d.id = place;
  INSERT INTO deployment_usage AS u (deployment_id, day, editor_id, sessions, messages)
    VALUES (place, this_day, app_editor(), new_sessions, 1)
    ON CONFLICT (deployment_id, day) DO UPDATE SET sessions = u.sessions + excluded.sessions, messages = u.messages + 1
    WHERE (NOT started OR day_sessions IS NULL OR u.sessions < day_sessions) AND (day_messages IS NULL OR u.messages < day_messages);
  IF NOT FOUND THEN
    refused := 'deployment';
    RETURN;
  END IF;
  IF started AND tie IS NOT NULL THEN
    SELECT CASE WHEN jsonb_typeof(k.permissions -> 'max_sessions_month') = 'number'
                THEN (k.permissions ->> 'max_sessions_month')::integer END
      INTO link_sessions FROM editor_links k WHERE k.id = tie;
    INSERT INTO link_usage AS u (editor_link_id, month, editor_id, artisan_id, sessions)
      VALUES (tie, this_month, app_editor(), app_artisan(), 1)
      ON CONFLICT (editor_link_id, month) DO UPDATE SET sessions = u.sessions + 1, artisan_id = COALESCE(excluded.artisan_id, u.artisan_id)
      WHERE link_sessions IS NULL OR u.sessions < link_sessions;
    IF NOT FOUND THEN
      refused := 'link';
    END IF;
  END IF;
END
"""
"""Tenant, deployment, link: always in this order, so that two messages never wait for each other. The caller undoes what was refused."""


def upgrade() -> None:
    plans = op.create_table(
        "plans",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sessions_month", sa.Integer(), nullable=True),
        sa.Column("messages_month", sa.Integer(), nullable=True),
        sa.Column("deployments", sa.Integer(), nullable=True),
        sa.Column("price_month", sa.Numeric(12, 2), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("sessions_month > 0 AND messages_month > 0 AND deployments > 0", name=op.f("ck_plans_limits")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint("slug", name=op.f("uq_plans_slug")),
        sa.UniqueConstraint("name", name=op.f("uq_plans_name")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("editor_id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("overrides", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("suspends_on_overrun", sa.Boolean(), nullable=False),
        sa.Column("unpaid_since", sa.Date(), nullable=True),
        sa.Column("suspended_for", sa.Text(), nullable=True),
        sa.Column("suspended_month", sa.Text(), nullable=True),
        sa.Column("suspended_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("suspended_for IN ('overrun', 'unpaid')", name=op.f("ck_subscriptions_suspended_for")),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"], name=op.f("fk_subscriptions_editor_id_users")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_subscriptions_plan_id_plans")),
        sa.PrimaryKeyConstraint("editor_id", name=op.f("pk_subscriptions")),
    )
    op.create_index(op.f("ix_subscriptions_plan_id"), "subscriptions", ["plan_id"])
    op.create_table(
        "deployment_usage",
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name=op.f("fk_deployment_usage_deployment_id_deployments"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("deployment_id", "day", name=op.f("pk_deployment_usage")),
    )
    op.create_table(
        "link_usage",
        sa.Column("editor_link_id", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("editor_id", sa.Text(), nullable=True),
        sa.Column("artisan_id", sa.Text(), nullable=True),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["editor_link_id"], ["editor_links.id"], name=op.f("fk_link_usage_editor_link_id_editor_links"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("editor_link_id", "month", name=op.f("pk_link_usage")),
    )
    op.create_table(
        "quota_alerts",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('sessions', 'messages') AND level IN (80, 90, 100)", name=op.f("ck_quota_alerts_level")),
        sa.PrimaryKeyConstraint("tenant_id", "month", "kind", "level", name=op.f("pk_quota_alerts")),
    )
    op.create_index("ix_quota_alerts_untold", "quota_alerts", ["created_at"], postgresql_where=sa.text("told_at IS NULL"))
    op.add_column("deployments", sa.Column("max_sessions_day", sa.Integer(), nullable=True))
    op.add_column("deployments", sa.Column("max_messages_day", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_deployments_day_limits"), "deployments", "max_sessions_day > 0 AND max_messages_day > 0")
    for column in ("refused_sessions", "refused_messages"):
        op.add_column("usage_counters", sa.Column(column, sa.Integer(), nullable=False, server_default="0"))

    protect("plans", read="app_staff() OR (app_kind() = 'user' AND app_role() = 'editeur')", write=STAFF)
    protect("subscriptions", read=_role("editor_id"), write=STAFF)
    protect("deployment_usage", read=_role("editor_id"), write=STAFF)
    protect("link_usage", read=_role("editor_id", "artisan_id"), write=STAFF)
    protect("quota_alerts", read=_role("tenant_id"), write=STAFF)
    _counters_are_spent_by_the_function()

    now = datetime.now(UTC)
    op.bulk_insert(
        plans,
        [
            {
                "id": f"pln_{slug}",
                "slug": slug,
                "name": name,
                "sessions_month": sessions,
                "messages_month": messages,
                "deployments": deployments,
                "price_month": price,
                "position": position,
                "is_active": True,
                "created_at": now,
            }
            for position, (slug, name, sessions, messages, deployments, price) in enumerate(PLANS, start=1)
        ],
    )


def _counters_are_spent_by_the_function() -> None:
    """Nobody but the platform writes a counter with a statement of his own any more."""
    for command in ("read", "insert", "update", "delete"):
        op.execute(f"DROP POLICY usage_counters_{command} ON usage_counters")
    staff = once(STAFF)
    op.execute(f"CREATE POLICY usage_counters_read ON usage_counters FOR SELECT USING ({once(_role('tenant_id', 'tenant_id'))})")
    op.execute(f"CREATE POLICY usage_counters_insert ON usage_counters FOR INSERT WITH CHECK ({staff})")
    op.execute(f"CREATE POLICY usage_counters_update ON usage_counters FOR UPDATE USING ({staff}) WITH CHECK ({staff})")
    op.execute(f"CREATE POLICY usage_counters_delete ON usage_counters FOR DELETE USING ({staff})")
    op.execute(
        "CREATE FUNCTION spend_quota(this_month text, this_day date, new_sessions integer, OUT refused text, OUT crossed boolean) "
        f"LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$ {SPEND} $$"
    )
