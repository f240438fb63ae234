"""Who may make a link, for whom: an editor for his artisans, an artisan for his customers (PRODUCT.md, Who may do and see what)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text

from app.audit.service import record
from app.billing.quotas import begins, next_month
from app.billing.usage import link_share
from app.conversations.links import DEFAULT_LIFE, create_link, revoke_link
from app.conversations.models import SessionLink
from app.core import clock
from app.core.acting import Actor
from app.core.errors import ForbiddenError, InvalidError, LimitError, NotFoundError
from app.core.identifiers import check_phone, normalise_email
from app.deployments.models import Deployment
from app.deployments.queries import deployment_by_id
from app.extensions import db
from app.identity.models import EditorLink


def issue_editor_link(
    actor: Actor, *, deployment_key: str, artisan_external_id: str, context: dict[str, Any], expires_in: int, recipient: dict[str, Any]
) -> SessionLink:
    """A link of an editor for one of his artisans; while the artisan has not accepted, it carries only what the editor supplied."""
    deployment = deployment_by_id(deployment_key, actor.account_id)
    tie = db.session.scalar(
        select(EditorLink).where(EditorLink.editor_id == actor.account_id, EditorLink.external_id == artisan_external_id)
    )
    if tie is None or tie.status in ("refused", "detached"):
        raise NotFoundError("Aucun artisan n’est relié sous cet identifiant.", code="unknown_artisan")
    _check_room(tie)
    link = _issue(actor, deployment.id, tie, tie.artisan_id if tie.status == "active" else None, expires_in, context, recipient)
    record("link.created", link.id, deployment_id=deployment.id)
    return link


def issue_artisan_link(
    actor: Actor, *, editor_link_id: str | None, expires_in: int = DEFAULT_LIFE, recipient: dict[str, Any]
) -> SessionLink:
    """A link of an artisan, through one of his editors, or through the platform's own deployment.

    Through an editor: by the editor's main deployment, the oldest active one, named by a door since an artisan reads none of its rows.
    """
    tie: EditorLink | None = None
    if editor_link_id:
        tie = db.session.scalar(
            select(EditorLink).where(
                EditorLink.id == editor_link_id, EditorLink.artisan_id == actor.account_id, EditorLink.status == "active"
            )
        )
        if tie is None:
            raise NotFoundError()
        if not tie.permissions.get("can_create_sessions", True):
            raise ForbiddenError(f"{tie.editor_name} ne vous permet pas de créer des liens.", code="not_permitted")
        _check_room(tie)
        deployment_id = db.session.scalar(text("SELECT door_editor_deployment(:editor)"), {"editor": tie.editor_id})
    else:
        deployment_id = db.session.scalar(
            select(Deployment.id)
            .where(Deployment.editor_id.is_(None), Deployment.is_active)
            .order_by(Deployment.created_at, Deployment.id)
            .limit(1)
        )
    if deployment_id is None:
        raise NotFoundError("Aucun assistant n’est disponible pour l’instant.", code="no_deployment")
    link = _issue(actor, deployment_id, tie, actor.account_id, expires_in, {}, recipient)
    record("link.created", link.id, deployment_id=deployment_id)
    return link


def revoke_own_link(actor: Actor, link_id: str) -> SessionLink:
    """Close a link that the acting artisan made himself. Raises NotFoundError (one that an editor made in his name included)."""
    link = db.session.scalar(
        select(SessionLink)
        .where(SessionLink.id == link_id, SessionLink.artisan_id == actor.account_id, SessionLink.created_by == actor.user_id)
        .with_for_update()
    )
    if link is None:
        raise NotFoundError()
    revoke_link(link)
    record("link.revoked", link.id)
    return link


def _check_room(tie: EditorLink) -> None:
    """A link that could not be talked through this month is not made: the customer would only read a refusal."""
    share = link_share(tie)
    if share.limit is not None and share.used >= share.limit:
        now = clock.now()
        wait = int((begins(next_month(clock.paris_day(now))) - now).total_seconds())
        raise LimitError(
            f"Les {share.limit} conversations de ce mois par {tie.editor_name} sont atteintes.",
            code="link_quota_exceeded",
            retry_after=wait,
        )


def _issue(
    actor: Actor,
    deployment_id: str,
    tie: EditorLink | None,
    artisan_id: str | None,
    expires_in: int,
    context: dict[str, Any],
    recipient: dict[str, Any],
) -> SessionLink:
    return create_link(
        deployment_id=deployment_id,
        editor_id=tie.editor_id if tie else None,
        artisan_id=artisan_id,
        editor_link_id=tie.id if tie else None,
        created_by=actor.user_id,
        expires_in=expires_in,
        context=context,
        recipient=_checked_recipient(recipient),
    )


def _checked_recipient(recipient: dict[str, Any]) -> dict[str, str | None]:
    """Name, e-mail and phone of the customer; a wrong one is refused by its field."""
    checked: dict[str, str | None] = {"name": (recipient.get("name") or "").strip() or None, "email": None, "phone": None}
    errors: dict[str, list[str]] = {}
    for field, check in (("email", normalise_email), ("phone", check_phone)):
        if recipient.get(field):
            try:
                checked[field] = check(recipient[field])
            except ValueError as error:
                errors[field] = [str(error)]
    if errors:
        raise InvalidError("Les coordonnées du client sont à corriger.", errors)
    return checked
