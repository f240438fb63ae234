"""Writing the record."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import insert

from app.audit.models import AuditEntry
from app.core.acting import current_actor
from app.core.ids import new_id
from app.extensions import db


def record(action: str, object_id: str | None = None, **details: Any) -> None:
    """Append an entry for the acting person or job. Details hold ids and states, never secrets nor content.

    Written without RETURNING: a visitor may add an entry and not read it.
    """
    actor = current_actor()
    db.session.execute(
        insert(AuditEntry)
        .values(
            id=new_id("aud"),
            actor_kind=actor.kind,
            user_id=actor.user_id,
            account_id=actor.account_id or actor.tenant_id,
            role=actor.role,
            action=action,
            object_id=object_id,
            details=details,
            request_id=structlog.contextvars.get_contextvars().get("request_id"),
        )
        .inline()
    )
