"""Price library, projects and pre-quotes (003 §15.2 E to G; PRODUCT.md, Money)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, Boolean, CheckConstraint, Index, Integer, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import Money, Policy, by_role, created, of_session, primary_id, user_ref
from app.extensions import db


class PriceItem(db.Model):  # type: ignore[name-defined]
    """A priced work. `owner_id` NULL: the platform's; an editor's overrides it, an artisan's overrides both."""

    __tablename__ = "price_items"
    __table_args__ = (
        UniqueConstraint("owner_id", "code", postgresql_nulls_not_distinct=True),
        CheckConstraint("unit_price >= 0", name="unit_price"),
        {
            "info": {
                "rls": Policy(
                    by_role(
                        visitor="(owner_id IS NULL OR owner_id IN (app_editor(), app_artisan()))",
                        system="(owner_id IS NULL OR owner_id IN (app_editor(), app_artisan()))",
                        editeur="(owner_id IS NULL OR owner_id = app_account())",
                        artisan="(owner_id IS NULL OR owner_id = app_account())",
                    ),
                    write="app_staff() OR (app_kind() = 'user' AND app_role() IN ('editeur', 'artisan') AND owner_id = app_account())",
                )
            }
        },
    )

    id: Mapped[str] = primary_id("prc")
    owner_id: Mapped[str | None] = user_ref()
    code: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    unit_price: Mapped[Decimal] = mapped_column(Numeric(12, 4))
    vat_rate: Mapped[Decimal] = mapped_column(Numeric(4, 2))
    trade: Mapped[str] = mapped_column(Text)
    keywords: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = created()


class Project(db.Model):  # type: ignore[name-defined]
    """What a conversation produced; `created` is its first state (PRODUCT.md, Validation)."""

    __tablename__ = "projects"
    __table_args__ = (
        UniqueConstraint("session_id"),
        Index(None, "editor_id", "created_at", "id"),
        Index(None, "artisan_id", "created_at", "id"),
        {"info": {"rls": of_session()}},
    )

    id: Mapped[str] = primary_id("prj")
    session_id: Mapped[str] = mapped_column(Text)
    editor_id: Mapped[str | None] = user_ref()
    artisan_id: Mapped[str | None] = user_ref()
    particulier_id: Mapped[str | None] = user_ref(index=True)
    type: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    surface_m2: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    requirements: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    state: Mapped[str] = mapped_column(Text, default="created")
    created_at: Mapped[datetime] = created()
    updated_at: Mapped[datetime] = created()


class PreQuote(db.Model):  # type: ignore[name-defined]
    """A version of the estimate. Lines are a snapshot; totals were computed by us (PRODUCT.md, Money)."""

    __tablename__ = "pre_quotes"
    __table_args__ = (UniqueConstraint("project_id", "version"), Index(None, "session_id"), {"info": {"rls": of_session()}})

    id: Mapped[str] = primary_id("pqt")
    project_id: Mapped[str] = mapped_column(Text)
    session_id: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str | None] = mapped_column(Text, index=True)
    editor_id: Mapped[str | None] = user_ref()
    artisan_id: Mapped[str | None] = user_ref()
    particulier_id: Mapped[str | None] = user_ref()
    version: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(Text)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, doc="code, label, quantity, unit, unit_price, vat_rate, total_ht, assumption; numbers as text"
    )
    vat: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, doc="rate, base, amount; numbers as text")
    total_ht: Mapped[Decimal] = mapped_column(Money)
    total_ttc: Mapped[Decimal] = mapped_column(Money)
    notes: Mapped[str] = mapped_column(Text, default="")
    corrections: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, doc="What was repaired in the model's words.")
    accepted_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = created()
