"""Providers, models and their dated prices, keys, active models, system prompts, checks (001; PRODUCT.md, Model resolution).

An `owner_id` that is NULL is the platform; else it is the account of an editor or an artisan. A sealed key is read by its owner,
by the jobs that answer for him, and by staff: never by another account, nor by a visitor.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.tables import STAFF, Policy, by_role, created, primary_id, user_ref
from app.extensions import db

CAPABILITIES = ("tools", "vision", "json", "images")
AUTH_METHODS = ("bearer", "header", "query")
SHARED = Policy("app_staff() OR app_kind() IN ('user', 'system')", write=STAFF)
"""What everybody signed in may know and staff decides."""
OWN = by_role(editeur="owner_id", artisan="owner_id")
OWNED = Policy(
    by_role(system="(owner_id IS NULL OR owner_id = app_editor() OR owner_id = app_artisan())", editeur="owner_id", artisan="owner_id"),
    write=OWN,
)
"""An account's own rows, which the jobs that answer for it read too, with the platform's."""


class ProviderPrivate(db.Model):  # type: ignore[name-defined]
    """What the platform keeps to itself of a provider: read by staff and by the jobs that answer, one row for each provider."""

    __tablename__ = "provider_private"
    __table_args__ = ({"info": {"rls": Policy("app_kind() = 'system' OR app_staff()", write=STAFF)}},)

    provider_id: Mapped[str] = mapped_column(Text, ForeignKey("providers.id", ondelete="CASCADE"), primary_key=True)
    api_headers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, doc="Sent with each call; never the authentication.")


class Provider(db.Model):  # type: ignore[name-defined]
    """A server that speaks OpenAI's chat completions, or the built-in engine. A new one is a row."""

    __tablename__ = "providers"
    __table_args__ = (
        CheckConstraint("api_auth_method IN ('bearer', 'header', 'query')", name="api_auth_method"),
        CheckConstraint("api_auth_method = 'bearer' OR auth_name IS NOT NULL", name="auth_name"),
        {"info": {"rls": SHARED}},
    )

    id: Mapped[str] = primary_id("prv")
    key: Mapped[str] = mapped_column(Text, unique=True, doc="How the API and usage logs name it: openai, mistral…")
    name: Mapped[str] = mapped_column(Text)
    base_url: Mapped[str | None] = mapped_column(Text, doc="None: whoever sets a key says where (ollama, compatible).")
    api_auth_method: Mapped[str] = mapped_column(Text, default="bearer")
    auth_name: Mapped[str | None] = mapped_column(Text, doc="The header or the parameter that carries the key.")
    needs_key: Mapped[bool] = mapped_column(Boolean, default=True)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    position: Mapped[int] = mapped_column(Integer, default=100)
    created_at: Mapped[datetime] = created()
    private: Mapped[ProviderPrivate] = relationship(cascade="all, delete-orphan", passive_deletes=True)

    def __init__(self, **values: Any) -> None:
        self.private = ProviderPrivate()
        super().__init__(**values)


class Model(db.Model):  # type: ignore[name-defined]
    """A model of the catalogue."""

    __tablename__ = "ai_models"
    __table_args__ = (UniqueConstraint("provider_id", "key"), {"info": {"rls": SHARED}})

    id: Mapped[str] = primary_id("mdl")
    provider_id: Mapped[str] = mapped_column(Text, ForeignKey("providers.id"))
    key: Mapped[str] = mapped_column(Text, doc="What the provider calls it.")
    name: Mapped[str] = mapped_column(Text)
    context_size: Mapped[int | None] = mapped_column(Integer, doc="In tokens.")
    capabilities: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    position: Mapped[int] = mapped_column(Integer, default=100)
    created_at: Mapped[datetime] = created()
    provider: Mapped[Provider] = relationship()


class ModelPrice(db.Model):  # type: ignore[name-defined]
    """What a million tokens cost from a Paris day on, until a later row says otherwise."""

    __tablename__ = "model_prices"
    __table_args__ = (
        UniqueConstraint("model_id", "valid_from"),
        CheckConstraint("input_per_million >= 0 AND output_per_million >= 0", name="amounts"),
        {"info": {"rls": SHARED}},
    )

    id: Mapped[str] = primary_id("mpr")
    model_id: Mapped[str] = mapped_column(Text, ForeignKey("ai_models.id", ondelete="CASCADE"))
    input_per_million: Mapped[Decimal] = mapped_column(Numeric(12, 6))
    output_per_million: Mapped[Decimal] = mapped_column(Numeric(12, 6))
    currency: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date] = mapped_column(Date)
    created_at: Mapped[datetime] = created()


class CurrencyRate(db.Model):  # type: ignore[name-defined]
    """Euros for one unit of a currency, from a Paris day on. The euro needs none."""

    __tablename__ = "currency_rates"
    __table_args__ = (CheckConstraint("eur > 0", name="eur"), {"info": {"rls": SHARED}})

    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    eur: Mapped[Decimal] = mapped_column(Numeric(12, 6))


class Credential(db.Model):  # type: ignore[name-defined]
    """The key of an owner at a provider, sealed for the address that it was saved with and for no other."""

    __tablename__ = "ai_credentials"
    __table_args__ = (
        UniqueConstraint("owner_id", "provider_id", postgresql_nulls_not_distinct=True),
        {"info": {"rls": OWNED}},
    )

    id: Mapped[str] = primary_id("crd")
    owner_id: Mapped[str | None] = user_ref()
    provider_id: Mapped[str] = mapped_column(Text, ForeignKey("providers.id"))
    base_url: Mapped[str] = mapped_column(Text)
    sealed_key: Mapped[str | None] = mapped_column(Text, doc="None: a server that asks for none.")
    last_test_at: Mapped[datetime | None]
    last_test_ok: Mapped[bool | None] = mapped_column(Boolean)
    last_test_error: Mapped[str | None] = mapped_column(Text, doc="A French sentence of ours.")
    created_at: Mapped[datetime] = created()
    updated_at: Mapped[datetime] = created()
    provider: Mapped[Provider] = relationship()


class UserModel(db.Model):  # type: ignore[name-defined]
    """A model that an account added for itself (001, ai_user_models_flut)."""

    __tablename__ = "ai_user_models"
    __table_args__ = (UniqueConstraint("owner_id", "provider_id", "key"), {"info": {"rls": OWNED}})

    id: Mapped[str] = primary_id("umd")
    owner_id: Mapped[str] = user_ref(nullable=False)
    provider_id: Mapped[str] = mapped_column(Text, ForeignKey("providers.id"))
    key: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    context_size: Mapped[int | None] = mapped_column(Integer)
    capabilities: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = created()
    provider: Mapped[Provider] = relationship()


class ActiveModel(db.Model):  # type: ignore[name-defined]
    """A model that an owner activated for a module; one at a time is active."""

    __tablename__ = "ai_active_models"
    __table_args__ = (
        UniqueConstraint("owner_id", "module", "provider_id", "model_key", postgresql_nulls_not_distinct=True),
        Index(
            "uq_ai_active_models_one",
            "owner_id",
            "module",
            unique=True,
            postgresql_where="is_active",
            postgresql_nulls_not_distinct=True,
        ),
        {"info": {"rls": OWNED}},
    )

    id: Mapped[str] = primary_id("act")
    owner_id: Mapped[str | None] = user_ref()
    module: Mapped[str] = mapped_column(Text, default="global")
    provider_id: Mapped[str] = mapped_column(Text, ForeignKey("providers.id"))
    model_key: Mapped[str] = mapped_column(Text)
    system_prompt: Mapped[str | None] = mapped_column(Text, doc="As the prompt was when it was activated.")
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    activated_at: Mapped[datetime] = created()
    tested_at: Mapped[datetime | None]
    test_ok: Mapped[bool | None] = mapped_column(Boolean)
    test_latency_ms: Mapped[int | None] = mapped_column(Integer)
    test_error: Mapped[str | None] = mapped_column(Text, doc="A French sentence of ours.")
    provider: Mapped[Provider] = relationship()


class SystemPrompt(db.Model):  # type: ignore[name-defined]
    """A prompt that an owner wrote for his own uses; one at a time is active."""

    __tablename__ = "ai_system_prompts"
    __table_args__ = (
        Index("uq_ai_system_prompts_one", "owner_id", unique=True, postgresql_where="is_active", postgresql_nulls_not_distinct=True),
        Index(None, "owner_id", "created_at"),
        {"info": {"rls": Policy(OWN)}},
    )

    id: Mapped[str] = primary_id("spr")
    owner_id: Mapped[str | None] = user_ref()
    name: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = created()
    updated_at: Mapped[datetime] = created()


class ProviderCheck(db.Model):  # type: ignore[name-defined]
    """One test of a key or of an active configuration, for the diagnostics. NULL: nothing could be found out."""

    __tablename__ = "provider_checks"
    __table_args__ = (
        CheckConstraint("kind IN ('key', 'config')", name="kind"),
        Index(None, "owner_id", "created_at"),
        {"info": {"rls": Policy(OWN)}},
    )

    id: Mapped[str] = primary_id("chk")
    owner_id: Mapped[str | None] = user_ref()
    provider_id: Mapped[str] = mapped_column(Text, ForeignKey("providers.id"))
    model_key: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    ok: Mapped[bool] = mapped_column(Boolean)
    api_key_ok: Mapped[bool | None] = mapped_column(Boolean)
    model_accessible: Mapped[bool | None] = mapped_column(Boolean)
    latency_ms: Mapped[int | None] = mapped_column(Integer)
    error_kind: Mapped[str | None] = mapped_column(Text)
    said_fr: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = created()
    provider: Mapped[Provider] = relationship()
