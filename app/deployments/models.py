"""An agent at an editor, or at the platform for artisans without an editor (003 §3.3, §3.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tables import STAFF, Policy, by_role, created, primary_id, user_ref
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
        CheckConstraint("max_sessions_day > 0 AND max_messages_day > 0", name="day_limits"),
        UniqueConstraint("agent_id", "editor_id", "name", postgresql_nulls_not_distinct=True),
        UniqueConstraint("id", "editor_id"),
        Index(None, "editor_id"),
        {
            "info": {
                "rls": Policy(
                    DEPLOYMENT_POLICY,
                    write="app_staff() OR (app_kind() = 'user' AND app_role() = 'editeur' AND editor_id = app_account())",
                    insert="app_staff() OR (app_kind() = 'user' AND app_role() = 'editeur' AND editor_id = app_account() "
                    "AND app_may_deploy(agent_id))",
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
    max_sessions_day: Mapped[int | None] = mapped_column(Integer)
    max_messages_day: Mapped[int | None] = mapped_column(Integer)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = created()


OWN_DEPLOYMENT = "(editor_id = app_account() AND app_sees_deployment(deployment_id))"
REVIEWED = "(status = 'waiting' OR environment = 'localhost' OR NOT app_reviews_domains(editor_id))"
"""An editor whose domains are validated by hand adds them waiting; afterwards a trigger leaves him `is_active` (migration 0017)."""


class AllowedDomain(db.Model):  # type: ignore[name-defined]
    """A host that may show the agent; `*.` in front of it when `is_wildcard`. In force when `is_active` and its status is active."""

    __tablename__ = "allowed_domains"
    __table_args__ = (
        CheckConstraint("environment IN ('production', 'staging', 'development', 'localhost')", name="environment"),
        CheckConstraint("status IN ('active', 'waiting', 'refused')", name="status"),
        UniqueConstraint("deployment_id", "host", "port", "is_wildcard", postgresql_nulls_not_distinct=True),
        Index(None, "host"),
        Index("ix_allowed_domains_unwatched", "created_at", postgresql_where=text("watched_at IS NULL")),
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
                    write=by_role(editeur=OWN_DEPLOYMENT),
                    insert=by_role(editeur=f"({OWN_DEPLOYMENT} AND {REVIEWED})"),
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
    status: Mapped[str] = mapped_column(Text, default="active", server_default="active", doc="What the platform says of it.")
    review_note: Mapped[str | None] = mapped_column(Text, doc="Why it was refused, for the editor.")
    reviewed_at: Mapped[datetime | None]
    watched_at: Mapped[datetime | None] = mapped_column(doc="When the platform looked whether it waits, or is another's too.")
    created_at: Mapped[datetime] = created()


class IdentitySecret(db.Model):  # type: ignore[name-defined]
    """What an editor's server signs its users with. A rotated one stays valid until `ends_at`; its visitor's request reads it sealed."""

    __tablename__ = "identity_secrets"
    __table_args__ = (
        ForeignKeyConstraint(
            ["deployment_id", "editor_id"],
            ["deployments.id", "deployments.editor_id"],
            name="fk_identity_secrets_deployment_of_editor",
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

    id: Mapped[str] = primary_id("ids")
    deployment_id: Mapped[str] = mapped_column(Text, ForeignKey("deployments.id", ondelete="CASCADE"), index=True)
    editor_id: Mapped[str | None] = user_ref()
    sealed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = created()
    ends_at: Mapped[datetime | None]


class BrandHost(db.Model):  # type: ignore[name-defined]
    """A host name of an editor's own, which serves his links and his widget once its DNS records were seen."""

    __tablename__ = "brand_hosts"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'verified', 'failed')", name="status"),
        CheckConstraint("host = lower(host)", name="host_lower"),
        UniqueConstraint("editor_id", "host"),
        Index("ix_brand_hosts_served", "host", unique=True, postgresql_where=text("status = 'verified'")),
        {
            "info": {
                "rls": Policy(
                    by_role(editeur="editor_id"),
                    write=STAFF,
                    insert="app_staff() OR (app_kind() = 'user' AND app_role() = 'editeur' AND editor_id = app_account() "
                    "AND status = 'pending' AND verified_at IS NULL AND served_since IS NULL)",
                    delete=by_role(editeur="editor_id"),
                )
            }
        },
    )

    id: Mapped[str] = primary_id("hst")
    editor_id: Mapped[str] = user_ref(nullable=False)
    host: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, default="pending")
    problem: Mapped[str | None] = mapped_column(Text)
    checked_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None] = mapped_column(doc="When its records were last seen right.")
    served_since: Mapped[datetime | None] = mapped_column(doc="Since when it is verified without a break.")
    created_at: Mapped[datetime] = created()
