"""Around the allowed domains: what was refused, what two editors claim, what an editor must have validated."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.tables import STAFF, Policy, by_role, created, primary_id, user_ref
from app.extensions import db


class OriginRefusal(db.Model):  # type: ignore[name-defined]
    """The calls from one origin that a deployment refused in one Paris day. Written through `door_refuse_origin` only; kept 30 days."""

    __tablename__ = "origin_refusals"
    __table_args__ = (
        ForeignKeyConstraint(
            ["deployment_id", "editor_id"],
            ["deployments.id", "deployments.editor_id"],
            name="fk_origin_refusals_deployment_of_editor",
            ondelete="CASCADE",
        ),
        Index(None, "day"),
        {"info": {"rls": Policy(by_role(editeur="editor_id"), write=STAFF)}},
    )

    deployment_id: Mapped[str] = mapped_column(Text, ForeignKey("deployments.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    origin: Mapped[str] = mapped_column(Text, primary_key=True, doc="As sent, cleaned; empty: none was sent; `*`: beyond a day's rows.")
    editor_id: Mapped[str | None] = user_ref()
    count: Mapped[int] = mapped_column(Integer, default=1)
    blocks: Mapped[int] = mapped_column(Integer, default=0, doc="How many times an address was blocked for insisting.")
    address: Mapped[str] = mapped_column(Text, doc="The last address, as a keyed hash.")
    first_at: Mapped[datetime] = created()
    last_at: Mapped[datetime] = created()


class DomainClaim(db.Model):  # type: ignore[name-defined]
    """A host that two editors allow, for the administrators to look at; told once for each host and pair."""

    __tablename__ = "domain_claims"
    __table_args__ = (
        CheckConstraint("first_editor_id < second_editor_id", name="pair"),
        UniqueConstraint("host", "first_editor_id", "second_editor_id"),
        {"info": {"rls": Policy(STAFF)}},
    )

    id: Mapped[str] = primary_id("clm")
    host: Mapped[str] = mapped_column(Text)
    first_editor_id: Mapped[str] = user_ref(nullable=False)
    second_editor_id: Mapped[str] = user_ref(nullable=False)
    found_at: Mapped[datetime] = created()
    settled_at: Mapped[datetime | None]


class EditorRule(db.Model):  # type: ignore[name-defined]
    """What the platform asks of one editor. No row: nothing more than of the others."""

    __tablename__ = "editor_rules"
    __table_args__ = ({"info": {"rls": Policy(by_role(editeur="editor_id"), write=STAFF)}},)

    editor_id: Mapped[str] = mapped_column(Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    review_domains: Mapped[bool] = mapped_column(Boolean, default=False, doc="A new domain waits for an administrator.")
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)
