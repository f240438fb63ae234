"""What happened last, and what to do next (DESIGN.md, A page)."""

from __future__ import annotations

from datetime import timedelta

from flask import Response
from sqlalchemy import func, select

from app.billing.usage import month_usage
from app.blueprints.editeur.blueprint import account_id, bp
from app.conversations.lists import sessions_list
from app.core import clock
from app.deployments.models import Deployment
from app.extensions import db
from app.identity.models import EditorLink
from app.web.access import requires, signed_in
from app.web.paging import paginate
from app.web.responding import respond
from app.webhooks.endpoints import endpoints_of
from app.webhooks.queries import in_trouble, trouble_count

SHOWN = 5
TROUBLE_DAYS = 7


@bp.get("/")
@requires()
def home() -> Response:
    """The latest estimates, deliveries in trouble, artisans who have not answered, and the month's figures."""
    actor, editor_id = signed_in(), account_id()
    since = clock.now() - timedelta(days=TROUBLE_DAYS)
    estimates = sessions_list(actor, estimated=True)
    manages = actor.role == "editeur"
    return respond(
        "editeur/home.html",
        manages=manages,
        estimates=paginate(estimates.statement, [estimates.sorts["activite"], estimates.unique], limit=SHOWN).rows,
        month_usage=month_usage(editor_id),
        trouble=in_trouble(editor_id, since, SHOWN),
        failed=trouble_count(editor_id, since),
        pending=_pending(editor_id),
        pending_count=_count(EditorLink, EditorLink.editor_id == editor_id, EditorLink.status == "pending"),
        artisans_count=_count(EditorLink, EditorLink.editor_id == editor_id, EditorLink.status == "active"),
        deployments_count=_count(Deployment, Deployment.editor_id == editor_id),
        endpoints=endpoints_of(editor_id) if manages else [],
    )


def _count(table: type, *conditions: object) -> int:
    return db.session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0  # type: ignore[arg-type]


def _pending(editor_id: str) -> list[EditorLink]:
    return list(
        db.session.scalars(
            select(EditorLink)
            .where(EditorLink.editor_id == editor_id, EditorLink.status == "pending")
            .order_by(EditorLink.created_at.desc(), EditorLink.id.desc())
            .limit(SHOWN)
        )
    )
