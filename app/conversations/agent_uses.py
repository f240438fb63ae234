"""Conversations that are open with an agent: it is not put away under them."""

from __future__ import annotations

from sqlalchemy import func, select

from app.agents.uses import Use, tells_uses
from app.conversations.models import Session
from app.core import format as french
from app.extensions import db
from app.identity.admin_queries import DISPLAY_NAME
from app.identity.models import User


@tells_uses
def open_conversations(agent_id: str) -> list[Use]:
    """How many are open at each editor, at the platform's own deployments too."""
    count = func.count().label("count")
    rows = db.session.execute(
        select(Session.editor_id, DISPLAY_NAME, count)
        .outerjoin(User, User.id == Session.editor_id)
        .where(Session.agent_id == agent_id, Session.status == "open")
        .group_by(Session.editor_id, DISPLAY_NAME)
        .order_by(DISPLAY_NAME.nulls_first())
    )
    return [
        Use(
            "sessions",
            french.plural(row.count, "conversation ouverte", "conversations ouvertes"),
            owner=row.display_name or "",
            editor_id=row.editor_id,
        )
        for row in rows
    ]
