"""Opening a conversation from a host page (CONTRACT.md, The widget API)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text

from app.consents.service import AI_NOTICE, record_notice
from app.conversations.errors import closed
from app.conversations.models import Session
from app.conversations.opening import Opened, find_holder, hand_secret
from app.conversations.parties import Scene, scene_of
from app.core.acting import visitor
from app.core.errors import ForbiddenError, NotFoundError
from app.core.ids import new_id
from app.core.transaction import act_as
from app.deployments.models import AllowedDomain
from app.deployments.origins import Origin, origin_allowed
from app.extensions import db


def enter_deployment(key: str) -> Scene:
    """Become a visitor of a deployment who has no session yet. Unknown: 404; suspended: 403."""
    row = db.session.execute(text("SELECT * FROM door_deployment(:key)"), {"key": key}).one_or_none()
    if row is None:
        raise NotFoundError("Ce déploiement n’existe pas.", code="unknown_deployment")
    if not row.usable:
        raise closed("suspended")
    act_as(visitor(None, deployment_id=row.deployment_id, editor_id=row.editor_id))
    return scene_of(deployment_id=row.deployment_id, editor_id=row.editor_id, artisan_id=None, editor_link_id=None, link_id=None)


def check_origin(scene: Scene, origin: Origin | None) -> None:
    """Refuse a page that the deployment does not allow (403 `domain_not_allowed`)."""
    domains = db.session.scalars(
        select(AllowedDomain).where(AllowedDomain.deployment_id == scene.deployment.id, AllowedDomain.is_active)
    ).all()
    if not origin_allowed(origin, domains):
        raise ForbiddenError("Ce site n’est pas autorisé à afficher cet assistant.", code="domain_not_allowed")


def known_origin(origin: Origin | None) -> bool:
    """True when any active deployment allows the origin: what a preflight can know (TRAPS.md, it has no body)."""
    if origin is None:
        return False
    return origin_allowed(origin, db.session.execute(text("SELECT * FROM door_origin(:host)"), {"host": origin.host}).all())


def open_widget_session(scene: Scene, *, untrusted_context: dict[str, Any], locale: str, resume: tuple[str, str] | None) -> Opened:
    """Open a new conversation at a deployment, or continue the one this browser kept."""
    if resume:
        holder = find_holder(*resume)
        session = db.session.get_one(Session, holder.session_id)
        if session.deployment_id == scene.deployment.id and session.link_id is None:
            return Opened(session, resume[1], resumed=True, needs_code=not holder.confirmed)
        raise NotFoundError(code="unknown_session")
    session_id = new_id("sess")
    act_as(visitor(session_id, deployment_id=scene.deployment.id, editor_id=scene.deployment.editor_id))
    session = Session(
        id=session_id,
        deployment_id=scene.deployment.id,
        agent_id=scene.agent.id,
        editor_id=scene.deployment.editor_id,
        artisan_name=scene.artisan_name,
        editor_name=scene.editor_name,
        deployment_name=scene.deployment.name,
        untrusted_context=untrusted_context,
        locale=locale,
    )
    db.session.add(session)
    db.session.flush()
    record_notice(AI_NOTICE, session_id=session.id, editor_id=session.editor_id, artisan_id=None, particulier_id=None)
    return hand_secret(session, resumed=False)
