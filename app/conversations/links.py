"""Links `/s/<token>`: signed, derivable from their row, never stored (PRODUCT.md, Links; 003 §15.2 B)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from app.conversations.models import SessionLink
from app.core import clock
from app.core.acting import Actor, visitor
from app.core.crypto import sign, verify_signature
from app.core.errors import InvalidError, NotFoundError
from app.core.transaction import act_as
from app.deployments.hosts import address_of
from app.extensions import db

DEFAULT_LIFE = 604_800
MAX_LIFE = 90 * 86_400
_PURPOSE = "session-link"
_ID_LENGTH = 20


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """What a door says of a link."""

    link_id: str
    deployment_id: str
    editor_id: str | None
    artisan_id: str | None
    editor_link_id: str | None
    session_id: str | None
    state: str

    def actor(self, session_id: str | None) -> Actor:
        """The visitor who came through this link."""
        return visitor(
            session_id,
            deployment_id=self.deployment_id,
            editor_id=self.editor_id,
            artisan_id=self.artisan_id,
            link_id=self.link_id,
            editor_link_id=self.editor_link_id,
        )


def create_link(
    *,
    deployment_id: str,
    editor_id: str | None,
    artisan_id: str | None,
    editor_link_id: str | None,
    created_by: str | None,
    expires_in: int = DEFAULT_LIFE,
    context: dict[str, Any] | None = None,
    recipient: dict[str, str | None] | None = None,
) -> SessionLink:
    """Make a link; `expires_in` in seconds, one minute to 90 days (422 otherwise)."""
    if not 60 <= expires_in <= MAX_LIFE:
        raise InvalidError("La durée du lien est à corriger.", {"expires_in": ["Entre 60 secondes et 90 jours (7 776 000 secondes)."]})
    recipient = recipient or {}
    link = SessionLink(
        deployment_id=deployment_id,
        editor_id=editor_id,
        artisan_id=artisan_id,
        editor_link_id=editor_link_id,
        created_by=created_by,
        context=context or {},
        recipient_name=recipient.get("name"),
        recipient_email=recipient.get("email"),
        recipient_phone=recipient.get("phone"),
        expires_at=clock.now() + timedelta(seconds=expires_in),
    )
    db.session.add(link)
    db.session.flush()
    return link


def revoke_link(link: SessionLink) -> None:
    """Close a link and the conversation behind it, at once; twice is once."""
    if link.revoked_at is None:
        link.revoked_at = clock.now()


def token_of(link: SessionLink) -> str:
    """The token of the link's address."""
    bare = link.id.removeprefix("lnk_")
    return bare + sign(bare, _PURPOSE)


def url_of(link: SessionLink) -> str:
    """The full address to send, on the editor's own host name when he has one."""
    return f"{address_of(link.editor_id)}/s/{token_of(link)}"


def open_link(token: str) -> OpenedLink:
    """Become the visitor who holds this token (no session yet). 404 when it is not one of ours."""
    bare, signature = token[:_ID_LENGTH], token[_ID_LENGTH:]
    if not (bare.isascii() and bare.isalnum()) or not verify_signature(bare, _PURPOSE, signature):
        raise NotFoundError(code="unknown_link")
    row = db.session.execute(text("SELECT * FROM door_link(:id)"), {"id": f"lnk_{bare}"}).one_or_none()
    if row is None:
        raise NotFoundError(code="unknown_link")
    opened = OpenedLink(**row._mapping)
    act_as(opened.actor(None))
    return opened
