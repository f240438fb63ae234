"""From a link to a session and its secret. Loading the page creates nothing; opening the chat does (PRODUCT.md, Sessions, Links)."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, text, update

from app.consents.service import AI_NOTICE, Notice, record_notice
from app.conversations.errors import closed
from app.conversations.links import OpenedLink
from app.conversations.models import Session, SessionLink, SessionToken
from app.conversations.parties import Scene, scene_of
from app.core import clock
from app.core.acting import Actor, only_editor, visitor, visitor_door
from app.core.crypto import new_secret, token_hash
from app.core.errors import InvalidError, UnauthorizedError
from app.core.ids import new_id
from app.core.throttle import throttle
from app.core.transaction import act_as
from app.extensions import db
from app.notifications.service import send_email

MAX_CODE_ATTEMPTS = 5
MAX_CODES = 5
"""Tries, and e-mails with a code, an hour and a conversation."""
CODE_LIFE = timedelta(minutes=15)
_ENTER = visitor_door("door_session(:id, :hash)")


@dataclass(frozen=True, slots=True)
class Opened:
    """A session with a secret that was just made (or the one that was shown)."""

    session: Session
    secret: str
    resumed: bool
    needs_code: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the secret of a session."""

    actor: Actor
    session_id: str
    token_id: str
    confirmed: bool


def scene_of_link(opened: OpenedLink) -> Scene:
    """What the page of a link shows."""
    return scene_of(
        deployment_id=opened.deployment_id,
        editor_id=opened.editor_id,
        artisan_id=opened.artisan_id,
        editor_link_id=opened.editor_link_id,
        link_id=opened.link_id,
    )


def open_session(opened: OpenedLink, resume: tuple[str, str] | None, notice: Notice = AI_NOTICE) -> Opened:
    """Open the one conversation of a link, or continue it.

    `resume` is (session_id, secret) kept by this device. A device without it gets a new secret; once an e-mail has been
    left in the conversation, that secret must first be confirmed by a code sent there. `notice` is the one that the page showed.
    """
    if opened.state != "open":
        raise closed(opened.state)
    if resume and opened.session_id == resume[0] and _secret_is_known(*resume):
        act_as(opened.actor(opened.session_id))
        session = db.session.get_one(Session, opened.session_id)
        holder = find_holder(*resume)
        return Opened(session, resume[1], resumed=True, needs_code=not holder.confirmed)
    session_id = _claim_session(opened)
    act_as(opened.actor(session_id))
    session = db.session.get(Session, session_id) or _create_session(opened, session_id)
    record_notice(
        notice, session_id=session.id, editor_id=session.editor_id, artisan_id=session.artisan_id, particulier_id=session.particulier_id
    )
    now = clock.now()
    db.session.execute(
        update(SessionLink)
        .where(SessionLink.id == opened.link_id)
        .values(opened_at=db.func.coalesce(SessionLink.opened_at, now), last_seen_at=now)
    )
    return hand_secret(session, resumed=opened.session_id is not None)


def _secret_is_known(session_id: str, secret: str) -> bool:
    row = db.session.execute(
        text("SELECT state FROM door_session(:id, :hash)"), {"id": session_id, "hash": token_hash(secret)}
    ).one_or_none()
    return row is not None and row.state == "open"


def _claim_session(opened: OpenedLink) -> str:
    """The session of the link: the first of two devices opening at once decides."""
    if opened.session_id:
        return opened.session_id
    new = new_id("sess")
    claimed = db.session.execute(
        update(SessionLink).where(SessionLink.id == opened.link_id, SessionLink.session_id.is_(None)).values(session_id=new)
    )
    if claimed.rowcount == 1:
        return new
    return db.session.scalars(select(SessionLink.session_id).where(SessionLink.id == opened.link_id)).one() or new


def _create_session(opened: OpenedLink, session_id: str) -> Session:
    scene = scene_of_link(opened)
    link = scene.link
    session = Session(
        id=session_id,
        deployment_id=opened.deployment_id,
        agent_id=scene.agent.id,
        editor_id=opened.editor_id,
        artisan_id=opened.artisan_id,
        editor_link_id=opened.editor_link_id,
        link_id=opened.link_id,
        artisan_name=scene.artisan_name,
        editor_name=scene.editor_name,
        deployment_name=scene.deployment.name,
        external_id=scene.tie.external_id if scene.tie else None,
        visitor_name=link.recipient_name if link else None,
        visitor_phone=link.recipient_phone if link else None,
        context=link.context if link else {},
    )
    db.session.add(session)
    db.session.flush()
    return session


def hand_secret(session: Session, *, resumed: bool, vouched: bool = False) -> Opened:
    """Make a secret for the session; a second device of a conversation with an e-mail must first confirm a code.

    `vouched`: the host site's signature says who it is, which is worth a code.
    """
    secret = new_secret("", 32)
    needs_code = resumed and not vouched and session.visitor_email is not None
    token = SessionToken(
        session_id=session.id,
        editor_id=session.editor_id,
        artisan_id=session.artisan_id,
        particulier_id=session.particulier_id,
        hash=token_hash(secret),
        confirmed=not needs_code,
        code_hash=_send_code(session, secret) if needs_code else None,
    )
    db.session.add(token)
    db.session.flush()
    return Opened(session, secret, resumed=resumed, needs_code=needs_code)


def masked(email: str) -> str:
    """An address that only its owner recognises: its first letter and its domain."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}•••@{domain}"


def resend_code(holder: Holder, secret: str) -> None:
    """Send another code to the address of the conversation; the one before no longer serves."""
    token = db.session.scalars(select(SessionToken).where(SessionToken.id == holder.token_id).with_for_update()).one()
    if not token.confirmed:
        token.created_at = clock.now()
        token.code_hash = _send_code(db.session.get_one(Session, holder.session_id), secret)


def _send_code(session: Session, secret: str) -> str:
    """E-mail six digits; returns the hash to compare with."""
    throttle(f"codes:{session.id}", times=MAX_CODES, seconds=3600)
    code = f"{secrets.randbelow(1_000_000):06d}"
    send_email(
        session.visitor_email or "",
        kind="session_code",
        template="code",
        session_id=session.id,
        code=f"{code[:3]} {code[3:]}",
        artisan_name=session.artisan_name,
    )
    return token_hash(code + secret)


def find_holder(session_id: str | None, secret: str | None) -> Holder:
    """Become the visitor who holds a session's secret. 401 when unknown, the state's own refusal when not open."""
    if not session_id or not secret:
        raise UnauthorizedError("Ouvrez la conversation depuis votre lien.", code="missing_session")
    asked = {"id": session_id, "hash": token_hash(secret), "only": only_editor()}
    row = db.session.connection().execute(_ENTER, asked).one_or_none()
    if row is None:
        raise UnauthorizedError("Cette conversation ne s’ouvre pas avec ce lien.", code="invalid_session")
    if row.state != "open":
        raise closed(row.state)
    actor = visitor(
        row.session_id,
        deployment_id=row.deployment_id,
        editor_id=row.editor_id,
        artisan_id=row.artisan_id,
        link_id=row.link_id,
        editor_link_id=row.editor_link_id,
    )
    act_as(actor, told=row.told)
    return Holder(actor, row.session_id, row.token_id, row.confirmed)


def confirm_code(holder: Holder, code: str, secret: str) -> None:
    """Confirm a second device with the six digits that were sent. Five tries an hour."""
    token = db.session.scalars(select(SessionToken).where(SessionToken.id == holder.token_id).with_for_update()).one()
    if token.confirmed:
        return
    throttle(f"code:{holder.session_id}", times=MAX_CODE_ATTEMPTS, seconds=3600)
    if token.created_at < clock.now() - CODE_LIFE:
        raise InvalidError("Ce code n’est plus valable.", {"code": ["Demandez-en un nouveau."]}, code="wrong_code")
    digits = "".join(char for char in code if char.isdigit())
    if not hmac.compare_digest(token_hash(digits + secret), token.code_hash or ""):
        raise InvalidError("Ce code n’est pas le bon.", {"code": ["Vérifiez les six chiffres reçus par e-mail."]}, code="wrong_code")
    token.confirmed = True
    token.code_hash = None
