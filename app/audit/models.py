"""Append-only record of sensitive actions; a job seals the chain (TRAPS.md: a chain is one global lock until commit)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import Policy, created, primary_id
from app.extensions import db


class AuditEntry(db.Model):  # type: ignore[name-defined]
    """One action: who, in which role, what, on what. `seal` chains it to the one before."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "account_id", "created_at"),
        {
            "info": {
                "rls": Policy(
                    "app_staff() OR (app_kind() = 'user' AND account_id = app_account())",
                    write="app_kind() = 'platform'",
                    # Everybody writes what he did himself, in his own name.
                    insert="app_kind() <> 'door' AND actor_kind = app_kind() AND user_id IS NOT DISTINCT FROM app_user() "
                    "AND account_id IS NOT DISTINCT FROM COALESCE(app_account(), app_tenant())",
                )
            }
        },
    )

    id: Mapped[str] = primary_id("aud")
    position: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    actor_kind: Mapped[str] = mapped_column(Text)
    user_id: Mapped[str | None] = mapped_column(Text)
    account_id: Mapped[str | None] = mapped_column(Text)
    role: Mapped[str | None] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    object_id: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    request_id: Mapped[str | None] = mapped_column(Text)
    seal: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = created()
