"""Master configurations of agents (000; 003 §3.5, §12.2)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, Boolean, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import Policy, created, primary_id
from app.extensions import db


class Agent(db.Model):  # type: ignore[name-defined]
    """An agent of the platform. Everybody who may run it reads it; staff writes it."""

    __tablename__ = "agents"
    __table_args__ = ({"info": {"rls": Policy("app_kind() <> 'door'", write="app_staff()")}},)

    id: Mapped[str] = primary_id("agt")
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    system_prompt: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text, default="inherit")
    temperature: Mapped[Decimal] = mapped_column(Numeric(3, 2), default=Decimal("0.3"))
    max_tokens: Mapped[int] = mapped_column(Integer, default=1500)
    context_window: Mapped[int] = mapped_column(Integer, default=20, doc="Messages of history sent to the model.")
    tools: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    default_branding: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    is_public: Mapped[bool] = mapped_column(Boolean, default=False, doc="Any editor may deploy it.")
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = created()
