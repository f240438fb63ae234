"""What each call costs, counters folded from the log, budgets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.rls import once, protect

revision = "0024"
down_revision = "0023"

STAFF = "app_staff()"
LOG_READ = (
    "app_staff() OR CASE WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) "
    "WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() "
    "WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() ELSE false END "
    "OR (app_kind() = 'user' AND user_id = app_user())"
)
LOG_INSERT = """
  app_staff() OR CASE
    WHEN app_kind() = 'system' THEN (COALESCE(editor_id, artisan_id) IS NOT DISTINCT FROM app_tenant()) AND NOT counted AND CASE
      WHEN session_id IS NULL THEN artisan_id IS NULL OR artisan_id = app_artisan()
      ELSE app_sees_session(session_id, editor_id, artisan_id, particulier_id) END
    WHEN app_kind() = 'user' THEN user_id = app_user() AND session_id IS NULL AND particulier_id IS NULL AND NOT counted
      AND (editor_id IS NULL OR (app_role() = 'editeur' AND editor_id = app_account()))
      AND (artisan_id IS NULL OR (app_role() = 'artisan' AND artisan_id = app_account()))
    ELSE false END
"""
KEYS = ("agent_id", "editor_id", "artisan_id", "deployment_id", "provider", "model", "purpose", "paid_by")
AMOUNTS = ("success", "prompt_tokens", "completion_tokens", "estimated", "cost_eur", "latency_ms", "created_at")
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
  -- An editor whose AI budget is used up, and who wanted to stop there.
  IF budget_stops(this_month) THEN
    refused := 'budget';
    RETURN;
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
"""The function of 0018, which an AI budget that is used up refuses first."""
STOPS = "SELECT EXISTS (SELECT 1 FROM budgets b WHERE b.editor_id = app_tenant() AND b.hard_stop AND b.spent_month = this_month)"
"""Asked by visitors, who read no budget."""


def upgrade() -> None:
    _logs()
    _days()
    _budgets()
    op.execute(
        "CREATE FUNCTION budget_stops(this_month text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER "
        f"SET search_path = pg_catalog, public AS $$ {STOPS} $$"
    )
    op.execute(
        "CREATE OR REPLACE FUNCTION spend_quota(this_month text, this_day date, new_sessions integer, OUT refused text, OUT crossed boolean) "
        f"LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$ {SPEND} $$"
    )


def _logs() -> None:
    cost = sa.Numeric(14, 8)
    for column in (
        sa.Column("deployment_id", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False, server_default="reply"),
        sa.Column("paid_by", sa.Text(), nullable=True),
        sa.Column("cost", cost, nullable=False, server_default="0"),
        sa.Column("currency", sa.Text(), nullable=False, server_default="EUR"),
        sa.Column("cost_eur", cost, nullable=False, server_default="0"),
        sa.Column("counted", sa.Boolean(), nullable=False, server_default="false"),
    ):
        op.add_column("usage_logs", column)
    purposes = "purpose IN ('reply', 'playground', 'evaluation', 'assist', 'content')"
    op.create_check_constraint(op.f("ck_usage_logs_purpose"), "usage_logs", purposes)
    op.create_check_constraint(op.f("ck_usage_logs_cost"), "usage_logs", "cost >= 0 AND cost_eur >= 0")
    op.create_index(op.f("ix_usage_logs_agent_id"), "usage_logs", ["agent_id", "created_at"])
    op.create_index(op.f("ix_usage_logs_created_at"), "usage_logs", ["created_at", "id"])
    op.create_index("ix_usage_logs_uncounted", "usage_logs", ["created_at"], postgresql_where=sa.text("NOT counted"))
    op.create_index("ix_deliveries_failed", "deliveries", ["created_at"], postgresql_where=sa.text("status = 'failed'"))
    op.create_index("ix_usage_logs_failed", "usage_logs", ["created_at"], postgresql_where=sa.text("NOT success"))
    op.execute("DROP POLICY usage_logs_read ON usage_logs")
    op.execute(f"CREATE POLICY usage_logs_read ON usage_logs FOR SELECT USING ({once(LOG_READ)})")
    op.execute("DROP POLICY usage_logs_insert ON usage_logs")
    op.execute(f"CREATE POLICY usage_logs_insert ON usage_logs FOR INSERT WITH CHECK ({once(LOG_INSERT)})")
    # What was added up stays as it was, and nobody but the platform says that it was.
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in (*KEYS, *AMOUNTS))
    op.execute(
        f"CREATE TRIGGER keep_counted BEFORE UPDATE OF counted, {', '.join((*KEYS, *AMOUNTS))} ON usage_logs FOR EACH ROW "
        "WHEN (app_kind() IS NOT NULL AND NOT app_staff() AND (OLD.counted <> NEW.counted OR OLD.counted AND "
        f"({changed}))) EXECUTE FUNCTION refuse_change()"
    )


def _days() -> None:
    text, number, big = sa.Text(), sa.Integer(), sa.BigInteger()
    key = ("editor_id", "day", "agent_id", "artisan_id", "deployment_id", "provider", "model", "purpose", "paid_by")
    op.create_table(
        "usage_days",
        *(sa.Column(name, sa.Date() if name == "day" else text, nullable=False) for name in key),
        sa.Column("calls", number, nullable=False),
        sa.Column("failures", number, nullable=False),
        sa.Column("prompt_tokens", big, nullable=False),
        sa.Column("completion_tokens", big, nullable=False),
        sa.Column("estimated_calls", number, nullable=False),
        sa.Column("cost_eur", sa.Numeric(18, 8), nullable=False),
        sa.Column("latency_ms_sum", big, nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_usage_days")),
    )
    op.create_index(op.f("ix_usage_days_agent_id"), "usage_days", ["agent_id", "day"])
    op.create_index(op.f("ix_usage_days_day"), "usage_days", ["day"])
    protect(
        "usage_days",
        read="app_staff() OR CASE WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() "
        "WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN artisan_id = app_account() ELSE false END",
        write=STAFF,
    )


def _budgets() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "budgets",
        sa.Column("editor_id", sa.Text(), nullable=False),
        sa.Column("amount_eur", sa.Numeric(12, 2), nullable=False),
        sa.Column("hard_stop", sa.Boolean(), nullable=False),
        sa.Column("spent_month", sa.Text(), nullable=True),
        sa.Column("changed_at", moment, nullable=False),
        sa.CheckConstraint("amount_eur > 0", name=op.f("ck_budgets_amount")),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"], name=op.f("fk_budgets_editor_id_users")),
        sa.PrimaryKeyConstraint("editor_id", name=op.f("pk_budgets")),
    )
    op.create_table(
        "budget_alerts",
        sa.Column("editor_id", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("told_at", moment, nullable=True),
        sa.CheckConstraint("level IN (80, 90, 100)", name=op.f("ck_budget_alerts_level")),
        sa.ForeignKeyConstraint(["editor_id"], ["users.id"], name=op.f("fk_budget_alerts_editor_id_users")),
        sa.PrimaryKeyConstraint("editor_id", "month", "level", name=op.f("pk_budget_alerts")),
    )
    op.create_index("ix_budget_alerts_untold", "budget_alerts", ["created_at"], postgresql_where=sa.text("told_at IS NULL"))
    editor = "WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN editor_id = app_account() ELSE false END"
    protect("budgets", read=f"app_staff() OR CASE WHEN app_kind() = 'system' THEN (editor_id = app_editor()) {editor}", write=STAFF)
    protect("budget_alerts", read=f"app_staff() OR CASE {editor}", write=STAFF)
