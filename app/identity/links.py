"""Linking artisans to editors (003 §15.2 A; PRODUCT.md, Linking an artisan): pending until the artisan accepts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.audit.service import record
from app.core import clock
from app.core.acting import Actor
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.identifiers import check_phone
from app.extensions import db
from app.identity.models import EditorLink, User
from app.identity.service import checked_email

LINK_ORDER = ("pending", "active", "detached", "refused")
DEFAULT_PERMISSIONS = {"can_create_sessions": True, "can_view_analytics": False, "max_sessions_month": None}


def propose_link(
    actor: Actor,
    *,
    email: str,
    external_id: str,
    name: str,
    phone: str | None = None,
    branding: dict[str, Any] | None = None,
    permissions: dict[str, Any] | None = None,
    invite: bool = True,
) -> EditorLink:
    """Propose to an artisan that he be tied to the acting editor. The answer is the same whether or not he has an account.

    Proposing again under the same `external_id` updates a link that is still pending. Raises InvalidError, ConflictError.
    """
    address, number = checked_email(email), _phone(phone)
    if not external_id.strip():
        raise InvalidError("L’identifiant de l’artisan est attendu.", {"external_id": ["Le vôtre, unique chez vous."]})
    link = db.session.scalar(
        select(EditorLink).where(EditorLink.editor_id == actor.account_id, EditorLink.external_id == external_id.strip()).with_for_update()
    )
    if link is not None and link.status == "active":
        raise ConflictError("Un artisan est déjà relié sous cet identifiant.", code="already_linked", details={"external_id": external_id})
    editor = db.session.get_one(User, actor.account_id)
    if link is None:
        link = EditorLink(editor_id=editor.id, external_id=external_id.strip())
        db.session.add(link)
    # Whoever was asked before is no longer: the one who has this address is found when he is told.
    link.artisan_id, link.invited_email = None, address
    link.artisan_name = name.strip() or address.split("@")[0]
    link.artisan_phone = number
    link.editor_name = editor.display_name
    link.branding = branding or {}
    link.permissions = DEFAULT_PERMISSIONS | (permissions or {})
    if link.status in ("refused", "detached"):
        link.reopened_at = clock.now()
    link.status, link.ended_at = "pending", None
    link.invite_due_at = clock.now() if invite else None
    db.session.flush()
    record("link.proposed", link.id, external_id=link.external_id)
    return link


def _phone(phone: str | None) -> str | None:
    if not phone:
        return None
    try:
        return check_phone(phone)
    except ValueError as error:
        raise InvalidError("Le téléphone est à corriger.", {"phone": [str(error)]}) from None


def links_of_artisan(artisan_id: str) -> list[EditorLink]:
    """Every link of this artisan, whatever its state: the pending first, then by editor's name."""
    found = db.session.scalars(
        select(EditorLink).where(EditorLink.artisan_id == artisan_id).order_by(EditorLink.editor_name, EditorLink.id)
    )
    return sorted(found, key=lambda link: LINK_ORDER.index(link.status))


def link_of_artisan(artisan_id: str, link_id: str) -> EditorLink:
    """A link of this artisan. Raises NotFoundError."""
    link = db.session.scalar(select(EditorLink).where(EditorLink.id == link_id, EditorLink.artisan_id == artisan_id).with_for_update())
    if link is None:
        raise NotFoundError()
    return link


def accept_link(artisan: User, link: EditorLink) -> None:
    """The artisan accepts: from now on both see what is made through the link."""
    if link.status not in ("pending", "active"):
        raise ConflictError("Cette proposition n’est plus en attente.", code="not_pending")
    link.status, link.linked_at = "active", link.linked_at or clock.now()
    link.artisan_name, link.artisan_phone = artisan.display_name, artisan.phone or link.artisan_phone
    record("link.accepted", link.id)


def end_link(link: EditorLink) -> None:
    """Refuse a proposal, or detach later. Links made through it close at once."""
    if link.status in ("pending", "active"):
        link.status = "refused" if link.status == "pending" else "detached"
        link.ended_at = clock.now()
        record(f"link.{link.status}", link.id)


def link_of_editor(editor_id: str, link_id: str) -> EditorLink:
    """A link of this editor. Raises NotFoundError."""
    link = db.session.scalar(select(EditorLink).where(EditorLink.id == link_id, EditorLink.editor_id == editor_id).with_for_update())
    if link is None:
        raise NotFoundError()
    return link


def configure_link(link: EditorLink, *, permissions: dict[str, Any], branding: dict[str, Any]) -> None:
    """Set what the artisan may do through the editor, and how conversations look and speak through this link."""
    link.permissions = {**link.permissions, **permissions}
    link.branding = {**link.branding, **branding}
    record("link.configured", link.id)


def detach_artisan(link: EditorLink) -> None:
    """The editor ends a link, or takes a proposal back; links made through it close at once. Twice is once."""
    if link.status in ("pending", "active"):
        link.status, link.ended_at = "detached", clock.now()
        record("link.detached", link.id)


def ask_again(link: EditorLink) -> None:
    """The editor has his proposal sent again. Raises ConflictError when it is no longer pending."""
    if link.status != "pending":
        raise ConflictError("Cette proposition n’est plus en attente.", code="not_pending")
    link.invite_due_at = clock.now()
    record("link.asked_again", link.id)
