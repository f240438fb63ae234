"""Artisans of an editor (003 §15.2 A, §17.6)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.blueprints.api.editor import schemas
from app.blueprints.api.editor.blueprint import bp
from app.core.jobs import enqueue_after_commit
from app.identity.links import propose_link
from app.identity.models import EditorLink
from app.notifications.jobs import invite_artisan
from app.web.access import requires, signed_in
from app.web.api import set_meta
from app.web.paging import paginate


@bp.get("/artisans")
@requires("artisans.view")
@bp.arguments(schemas.PageQuery, location="query")
@bp.response(200, schemas.ArtisanOut(many=True))
def artisans(query: dict[str, Any]) -> list[EditorLink]:
    """Linked artisans, the newest first."""
    columns = [
        getattr(EditorLink, name)
        for name in (
            "id",
            "external_id",
            "artisan_name",
            "invited_email",
            "artisan_phone",
            "status",
            "branding",
            "permissions",
            "created_at",
            "linked_at",
        )
    ]
    page = paginate(
        select(*columns).where(EditorLink.editor_id == signed_in().account_id),
        (EditorLink.created_at, EditorLink.id),
        after=query["cursor"],
        limit=query["limit"],
        count=True,
    )
    set_meta(next_cursor=page.next_cursor, total=page.total)
    return list(page.rows)


@bp.post("/artisans/link")
@requires("artisans.link")
@bp.arguments(schemas.LinkArtisanIn, example=schemas.ARTISAN)
@bp.response(202, schemas.ArtisanOut)
def link(body: dict[str, Any]) -> EditorLink:
    """Propose a link to an artisan; the answer is the same whether or not he has an account."""
    proposed = propose_link(signed_in(), **body)
    enqueue_after_commit(invite_artisan, proposed.id)
    return proposed


@bp.post("/artisans/create-and-link")
@requires("artisans.link")
@bp.arguments(schemas.CreateAndLinkIn, example=schemas.ARTISAN)
@bp.response(202, schemas.ArtisanOut)
def create_and_link(body: dict[str, Any]) -> EditorLink:
    """Propose a link to an artisan who may have no account yet: he is invited to open one."""
    invite = body.pop("send_invitation")
    proposed = propose_link(signed_in(), invite=invite, **body)
    if invite:
        enqueue_after_commit(invite_artisan, proposed.id)
    return proposed
