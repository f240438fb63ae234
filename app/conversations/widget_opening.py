"""Opening a conversation from a host page (CONTRACT.md, The widget API)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from app.consents.service import notice_for, record_notice
from app.conversations.errors import closed
from app.conversations.models import Session
from app.conversations.opening import Opened, find_holder, hand_secret
from app.conversations.parties import Scene, scene_of
from app.core.acting import visitor
from app.core.errors import ForbiddenError, NotFoundError
from app.core.ids import new_id
from app.core.transaction import act_as
from app.deployments.domains import domains_in_force
from app.deployments.identity import VerifiedVisitor, verify_identity
from app.deployments.origins import Origin, origin_allowed, parse_origin
from app.deployments.refusals import refuse_origin
from app.extensions import db


def enter_deployment(key: str) -> Scene:
    """Become a visitor of a deployment who has no session yet. Unknown: 404; suspended: 403."""
    scene, state = approach_deployment(key)
    if state != "open":
        raise closed(state)
    return scene


def approach_deployment(key: str) -> tuple[Scene, str]:
    """The same whatever its state (`open`, `deactivated`, `suspended`), for a page that says it. Unknown: 404."""
    row = db.session.execute(text("SELECT * FROM door_deployment(:key)"), {"key": key}).one_or_none()
    if row is None:
        raise NotFoundError("Ce déploiement n’existe pas.", code="unknown_deployment")
    act_as(visitor(None, deployment_id=row.deployment_id, editor_id=row.editor_id))
    scene = scene_of(deployment_id=row.deployment_id, editor_id=row.editor_id, artisan_id=None, editor_link_id=None, link_id=None)
    return scene, row.state


def check_origin(scene: Scene, header: str | None, address: str) -> None:
    """Refuse a page that the deployment does not allow (403 `domain_not_allowed`); the attempt of this address is noted."""
    if not origin_allowed(parse_origin(header), domains_in_force(scene.deployment.id)):
        refuse_origin(scene.deployment.id, header, address)
        raise ForbiddenError("Ce site n’est pas autorisé à afficher cet assistant.", code="domain_not_allowed")


def known_origin(origin: Origin | None) -> bool:
    """True when any active deployment allows the origin: what a preflight can know (TRAPS.md, it has no body)."""
    if origin is None:
        return False
    return origin_allowed(origin, db.session.execute(text("SELECT * FROM door_origin(:host)"), {"host": origin.host}).all())


def open_widget_session(
    scene: Scene,
    *,
    untrusted_context: dict[str, Any],
    locale: str,
    resume: tuple[str, str] | None,
    identity: dict[str, Any] | None = None,
) -> Opened:
    """Open a new conversation at a deployment, or continue the one this browser kept.

    `identity`: who the host site says the visitor is, under its signature. He finds his open conversation again on any device; a
    conversation that is somebody's is continued by nobody else, also in the browser that kept it.
    """
    known = verify_identity(scene.deployment, identity)
    if resume and (kept := _kept(scene, resume, known)):
        return kept
    if known and (found := _earlier(scene, known)):
        return found
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
    if known:
        _vouch(session, known)
    db.session.add(session)
    db.session.flush()
    record_notice(notice_for(locale), session_id=session.id, editor_id=session.editor_id, artisan_id=None, particulier_id=None)
    return hand_secret(session, resumed=False)


def _kept(scene: Scene, resume: tuple[str, str], known: VerifiedVisitor | None) -> Opened | None:
    """The conversation that this browser kept; None when it is another person's. Raises UnauthorizedError, NotFoundError."""
    holder = find_holder(*resume)
    session = db.session.get_one(Session, holder.session_id)
    if session.deployment_id != scene.deployment.id or session.link_id is not None:
        raise NotFoundError(code="unknown_session")
    if session.host_user_id and (known is None or known.user_id != session.host_user_id):
        act_as(visitor(None, deployment_id=scene.deployment.id, editor_id=scene.deployment.editor_id))
        return None
    if known and holder.confirmed:
        _vouch(session, known)
    return Opened(session, resume[1], resumed=True, needs_code=not holder.confirmed)


def _earlier(scene: Scene, known: VerifiedVisitor) -> Opened | None:
    """His open conversation of this deployment, begun on another device."""
    asked = {"deployment": scene.deployment.id, "person": known.user_id}
    session_id = db.session.scalar(text("SELECT door_host_user(:deployment, :person)"), asked)
    if session_id is None:
        return None
    act_as(visitor(session_id, deployment_id=scene.deployment.id, editor_id=scene.deployment.editor_id))
    session = db.session.get_one(Session, session_id)
    _vouch(session, known)
    return hand_secret(session, resumed=True, vouched=True)


def _vouch(session: Session, known: VerifiedVisitor) -> None:
    """The conversation is this person's, with what the host site's server says of him."""
    session.host_user_id = known.user_id
    session.context = {**(session.context or {}), **known.context, "user_id": known.user_id}
    session.visitor_name = session.visitor_name or known.name
    session.visitor_email = session.visitor_email or known.email
