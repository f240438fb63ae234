"""Providers, models and their dated prices, keys, active models, system prompts, checks; permissions of the control centre."""

from __future__ import annotations

from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.rls import protect

revision = "0022"
down_revision = "0021"

PERMISSIONS = {
    "ai.manage": ("Régler l’intelligence artificielle", "ai", ("super-admin", "admin", "editeur", "artisan")),
    "costs.view": ("Voir les coûts", "stats", ("super-admin", "admin", "editeur")),
    "library.view": ("Utiliser la bibliothèque de contenus", "ai", ("super-admin", "admin", "editeur", "artisan")),
}
STAFF = "app_staff()"
SHARED = "app_staff() OR app_kind() IN ('user', 'system')"
BRANCHES = (
    "WHEN app_kind() = 'user' AND app_role() = 'editeur' THEN owner_id = app_account() "
    "WHEN app_kind() = 'user' AND app_role() = 'artisan' THEN owner_id = app_account() ELSE false END"
)
OWN = f"app_staff() OR CASE {BRANCHES}"
OWNED = (
    "app_staff() OR CASE WHEN app_kind() = 'system' THEN (owner_id IS NULL OR owner_id = app_editor() OR owner_id = app_artisan()) "
    f"{BRANCHES}"
)
TALKS, SEES = ["tools", "json"], ["tools", "vision", "json"]
USD, SINCE = "USD", date(2026, 1, 1)
# key, name, base URL, headers, whether a key is needed, models: key, name, context, capabilities, USD a million tokens in and out
PROVIDERS: tuple[tuple[str, str, str | None, dict[str, str], bool, tuple[tuple[str, str, int, list[str], str | None, str | None], ...]], ...] = (
    ("openai", "OpenAI", "https://api.openai.com/v1", {}, True, (
        ("gpt-4o", "GPT-4o", 128_000, SEES, "2.50", "10.00"),
        ("gpt-4o-mini", "GPT-4o mini", 128_000, SEES, "0.15", "0.60"),
        ("gpt-4.1", "GPT-4.1", 1_047_576, SEES, "2.00", "8.00"),
        ("gpt-4.1-mini", "GPT-4.1 mini", 1_047_576, SEES, "0.40", "1.60"),
    )),
    ("anthropic", "Anthropic", "https://api.anthropic.com/v1", {"anthropic-version": "2023-06-01"}, True, (
        ("claude-sonnet-4-5", "Claude Sonnet 4.5", 200_000, ["tools", "vision"], "3.00", "15.00"),
        ("claude-haiku-4-5", "Claude Haiku 4.5", 200_000, ["tools", "vision"], "1.00", "5.00"),
    )),
    ("google", "Google", "https://generativelanguage.googleapis.com/v1beta/openai", {}, True, (
        ("gemini-2.5-pro", "Gemini 2.5 Pro", 1_048_576, SEES, "1.25", "10.00"),
        ("gemini-2.5-flash", "Gemini 2.5 Flash", 1_048_576, SEES, "0.30", "2.50"),
    )),
    ("mistral", "Mistral", "https://api.mistral.ai/v1", {}, True, (
        ("mistral-large-latest", "Mistral Large", 128_000, TALKS, "2.00", "6.00"),
        ("mistral-medium-latest", "Mistral Medium", 128_000, SEES, "0.40", "2.00"),
        ("mistral-small-latest", "Mistral Small", 128_000, SEES, "0.10", "0.30"),
    )),
    ("grok", "xAI Grok", "https://api.x.ai/v1", {}, True, (
        ("grok-4", "Grok 4", 256_000, SEES, "3.00", "15.00"),
        ("grok-3-mini", "Grok 3 mini", 131_072, TALKS, "0.30", "0.50"),
    )),
    ("deepseek", "DeepSeek", "https://api.deepseek.com/v1", {}, True, (
        ("deepseek-chat", "DeepSeek Chat", 128_000, TALKS, "0.28", "0.42"),
        ("deepseek-reasoner", "DeepSeek Reasoner", 128_000, TALKS, "0.28", "0.42"),
    )),
    ("ollama", "Ollama", None, {}, False, (
        ("llama3.1:8b", "Llama 3.1 8B", 128_000, TALKS, None, None),
        ("qwen2.5:7b", "Qwen 2.5 7B", 32_768, TALKS, None, None),
        ("mistral:7b", "Mistral 7B", 32_768, TALKS, None, None),
    )),
    ("compatible", "Serveur compatible OpenAI", None, {}, False, ()),
    ("local", "Moteur local (démonstration, sans LLM)", None, {}, False, (("local", "Moteur local", 32_000, ["tools"], None, None),)),
)  # fmt: skip


def upgrade() -> None:
    _permissions()
    _catalogue()
    _owned()
    _seeds()


def _permissions() -> None:
    for slug, (name, group, roles) in PERMISSIONS.items():
        op.execute(sa.text("INSERT INTO permissions (slug, name, group_name) VALUES (:s, :n, :g)").bindparams(s=slug, n=name, g=group))
        for role in roles:
            op.execute(sa.text("INSERT INTO role_permissions (role, permission) VALUES (:r, :p)").bindparams(r=role, p=slug))


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _catalogue() -> None:
    op.create_table(
        "providers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=True),
        sa.Column("api_headers", JSONB(), nullable=False),
        sa.Column("api_auth_method", sa.Text(), nullable=False),
        sa.Column("auth_name", sa.Text(), nullable=True),
        sa.Column("needs_key", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        _moment("created_at"),
        sa.CheckConstraint("api_auth_method IN ('bearer', 'header', 'query')", name=op.f("ck_providers_api_auth_method")),
        sa.CheckConstraint("api_auth_method = 'bearer' OR auth_name IS NOT NULL", name=op.f("ck_providers_auth_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_providers")),
        sa.UniqueConstraint("key", name=op.f("uq_providers_key")),
    )
    op.create_table(
        "ai_models",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("context_size", sa.Integer(), nullable=True),
        sa.Column("capabilities", ARRAY(sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        _moment("created_at"),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_ai_models_provider_id_providers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_models")),
        sa.UniqueConstraint("provider_id", "key", name=op.f("uq_ai_models_provider_id_key")),
    )
    op.create_table(
        "model_prices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("input_per_million", sa.Numeric(12, 6), nullable=False),
        sa.Column("output_per_million", sa.Numeric(12, 6), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        _moment("created_at"),
        sa.CheckConstraint("input_per_million >= 0 AND output_per_million >= 0", name=op.f("ck_model_prices_amounts")),
        sa.ForeignKeyConstraint(["model_id"], ["ai_models.id"], name=op.f("fk_model_prices_model_id_ai_models"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_prices")),
        sa.UniqueConstraint("model_id", "valid_from", name=op.f("uq_model_prices_model_id_valid_from")),
    )
    op.create_table(
        "currency_rates",
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("eur", sa.Numeric(12, 6), nullable=False),
        sa.CheckConstraint("eur > 0", name=op.f("ck_currency_rates_eur")),
        sa.PrimaryKeyConstraint("currency", "valid_from", name=op.f("pk_currency_rates")),
    )
    for table in ("providers", "ai_models", "model_prices", "currency_rates"):
        protect(table, read=SHARED, write=STAFF)


def _owned() -> None:
    op.create_table(
        "ai_credentials",
        sa.Column("id", sa.Text(), nullable=False),
        *_of_owner("ai_credentials"),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("sealed_key", sa.Text(), nullable=True),
        _moment("last_test_at", nullable=True),
        sa.Column("last_test_ok", sa.Boolean(), nullable=True),
        sa.Column("last_test_error", sa.Text(), nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_credentials")),
        sa.UniqueConstraint(
            "owner_id", "provider_id", name=op.f("uq_ai_credentials_owner_id_provider_id"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_table(
        "ai_user_models",
        sa.Column("id", sa.Text(), nullable=False),
        *_of_owner("ai_user_models", nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("context_size", sa.Integer(), nullable=True),
        sa.Column("capabilities", ARRAY(sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_user_models")),
        sa.UniqueConstraint("owner_id", "provider_id", "key", name=op.f("uq_ai_user_models_owner_id_provider_id_key")),
    )
    op.create_table(
        "ai_active_models",
        sa.Column("id", sa.Text(), nullable=False),
        *_of_owner("ai_active_models"),
        sa.Column("module", sa.Text(), nullable=False),
        sa.Column("model_key", sa.Text(), nullable=False),
        sa.Column("system_prompt", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        _moment("activated_at"),
        _moment("tested_at", nullable=True),
        sa.Column("test_ok", sa.Boolean(), nullable=True),
        sa.Column("test_latency_ms", sa.Integer(), nullable=True),
        sa.Column("test_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_active_models")),
        sa.UniqueConstraint(
            "owner_id",
            "module",
            "provider_id",
            "model_key",
            name=op.f("uq_ai_active_models_owner_id_module_provider_id_model_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "uq_ai_active_models_one",
        "ai_active_models",
        ["owner_id", "module"],
        unique=True,
        postgresql_where=sa.text("is_active"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "ai_system_prompts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_ai_system_prompts_owner_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_system_prompts")),
    )
    op.create_index(
        "uq_ai_system_prompts_one",
        "ai_system_prompts",
        ["owner_id"],
        unique=True,
        postgresql_where=sa.text("is_active"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(op.f("ix_ai_system_prompts_owner_id_created_at"), "ai_system_prompts", ["owner_id", "created_at"])
    op.create_table(
        "provider_checks",
        sa.Column("id", sa.Text(), nullable=False),
        *_of_owner("provider_checks"),
        sa.Column("model_key", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("api_key_ok", sa.Boolean(), nullable=True),
        sa.Column("model_accessible", sa.Boolean(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("error_kind", sa.Text(), nullable=True),
        sa.Column("said_fr", sa.Text(), nullable=False),
        _moment("created_at"),
        sa.CheckConstraint("kind IN ('key', 'config')", name=op.f("ck_provider_checks_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_checks")),
    )
    op.create_index(op.f("ix_provider_checks_owner_id_created_at"), "provider_checks", ["owner_id", "created_at"])
    for table in ("ai_credentials", "ai_user_models", "ai_active_models"):
        protect(table, read=OWNED, write=OWN)
    for table in ("ai_system_prompts", "provider_checks"):
        protect(table, read=OWN)


def _of_owner(table: str, *, nullable: bool = True) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("owner_id", sa.Text(), nullable=nullable),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f(f"fk_{table}_owner_id_users")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f(f"fk_{table}_provider_id_providers")),
    )


def _seeds() -> None:
    now = datetime.now(UTC)
    metadata = sa.MetaData()
    bind = op.get_bind()
    tables = {name: sa.Table(name, metadata, autoload_with=bind) for name in ("providers", "ai_models", "model_prices", "currency_rates")}
    for position, (key, name, base_url, headers, needs_key, models) in enumerate(PROVIDERS, start=1):
        provider = {"id": f"prv_{key}", "key": key, "name": name, "base_url": base_url, "api_headers": headers, "needs_key": needs_key}
        provider |= {"api_auth_method": "bearer", "auth_name": None, "is_active": True, "position": position * 10, "created_at": now}
        op.bulk_insert(tables["providers"], [provider])
        for rank, (model, label, context, capabilities, cost_in, cost_out) in enumerate(models, start=1):
            ident = f"{key}_{model}"
            row = {"id": f"mdl_{ident}", "provider_id": f"prv_{key}", "key": model, "name": label, "context_size": context}
            row |= {"capabilities": capabilities, "is_active": True, "position": rank * 10, "created_at": now}
            op.bulk_insert(tables["ai_models"], [row])
            if cost_in is not None:
                price = {"id": f"mpr_{ident}", "model_id": f"mdl_{ident}", "input_per_million": cost_in, "output_per_million": cost_out}
                op.bulk_insert(tables["model_prices"], [price | {"currency": USD, "valid_from": SINCE, "created_at": now}])
    op.bulk_insert(tables["currency_rates"], [{"currency": USD, "valid_from": SINCE, "eur": "0.86"}])
