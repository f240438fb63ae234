"""What a deployment changes of its agent, as it was each time it was saved (PRODUCT.md, Overlay)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import Policy, by_role, created, user_ref
from app.extensions import db

OWN_VERSION = "(editor_id = app_account() AND app_sees_deployment(deployment_id) AND COALESCE(author_id, app_user()) = app_user())"


class OverlayVersion(db.Model):  # type: ignore[name-defined]
    """One saved overlay; never changed afterwards. The author is also named: an editor reads no row of the platform's staff."""

    __tablename__ = "overlay_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["deployment_id", "editor_id"],
            ["deployments.id", "deployments.editor_id"],
            name="fk_overlay_versions_deployment_of_editor",
            ondelete="CASCADE",
        ),
        {"info": {"rls": Policy(by_role(editeur="editor_id"), write="false", insert=by_role(editeur=OWN_VERSION))}},
    )

    deployment_id: Mapped[str] = mapped_column(Text, ForeignKey("deployments.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    editor_id: Mapped[str | None] = user_ref()
    overlay: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    author_id: Mapped[str | None] = user_ref()
    author_name: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = created()
