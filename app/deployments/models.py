"""An agent at an editor, or at the platform for artisans without an editor (003 §3.3, §3.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import Policy, by_role, created, primary_id, user_ref
from app.extensions import db

DEPLOYMENT_POLICY = by_role(
    visitor="(id = app_deployment())",
    system="(editor_id IS NOT DISTINCT FROM app_editor())",
    editeur="editor_id",
    artisan="(editor_id IS NULL)",
)


class Deployment(db.Model):  # type: ignore[name-defined]
    """The public id is the deployment key of the widget. `editor_id` is NULL for the platform's own."""

    __tablename__ = "deployments"
    __table_args__ = (
        CheckConstraint("mode IN ('shared', 'dedicated')", name="mode"),
        UniqueConstraint("agent_id", "editor_id", "name", postgresql_nulls_not_distinct=True),
        UniqueConstraint("id", "editor_id"),
        Index(None, "editor_id"),
        {
            "info": {
                "rls": Policy(
                    DEPLOYMENT_POLICY,
                    write="app_staff() OR (app_kind() = 'user' AND app_role() = 'editeur' AND editor_id = app_account())",
                )
            }
        },
    )

    id: Mapped[str] = primary_id("dpl")
    agent_id: Mapped[str] = mapped_column(Text, ForeignKey("agents.id"))
    editor_id: Mapped[str | None] = user_ref()
    name: Mapped[str] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(Text, default="shared")
    config_overlay: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    branding: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    rate_limit_per_ip: Mapped[int] = mapped_column(Integer, default=60, doc="Requests per minute and address.")
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = created()
    last_activity_at: Mapped[datetime | None] = mapped_column()


class AllowedDomain(db.Model):  # type: ignore[name-defined]
    """A host that may show the agent; `*.` in front of it when `is_wildcard`."""

    __tablename__ = "allowed_domains"
    __table_args__ = (
        CheckConstraint("environment IN ('production', 'staging', 'development', 'localhost')", name="environment"),
        UniqueConstraint("deployment_id", "host", "port", "is_wildcard", postgresql_nulls_not_distinct=True),
        ForeignKeyConstraint(
            ["deployment_id", "editor_id"],
            ["deployments.id", "deployments.editor_id"],
            name="fk_allowed_domains_deployment_of_editor",
            ondelete="CASCADE",
        ),
        {
            "info": {
                "rls": Policy(
                    by_role(visitor="(deployment_id = app_deployment())", editeur="editor_id"),
                    write=by_role(editeur="(editor_id = app_account() AND app_sees_deployment(deployment_id))"),
                )
            }
        },
    )

    id: Mapped[str] = primary_id("dom")
    deployment_id: Mapped[str] = mapped_column(Text, ForeignKey("deployments.id", ondelete="CASCADE"))
    editor_id: Mapped[str | None] = user_ref()
    host: Mapped[str] = mapped_column(Text)
    port: Mapped[int | None] = mapped_column(Integer)
    is_wildcard: Mapped[bool] = mapped_column(Boolean, default=False)
    environment: Mapped[str] = mapped_column(Text, default="production")
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = created()
