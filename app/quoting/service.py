"""Verbs of the price library, projects and pre-quotes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select

from app.core import clock
from app.core.errors import ConflictError, NotFoundError
from app.extensions import db
from app.quoting.catalogue import PriceEntry
from app.quoting.drafting import Draft
from app.quoting.models import PreQuote, PriceItem, Project
from app.quoting.presentation import stored_lines, stored_vat


@dataclass(frozen=True, slots=True)
class Parties:
    """The ids that decide who sees a row, copied down from the session."""

    session_id: str
    editor_id: str | None
    artisan_id: str | None
    particulier_id: str | None


def prices_for(editor_id: str | None, artisan_id: str | None) -> list[PriceEntry]:
    """The price library of a conversation: the platform's, overridden by the editor's, then by the artisan's.

    A code that its last owner switched off is not proposed at all.
    """
    owners = [owner for owner in (editor_id, artisan_id) if owner]
    rows = db.session.execute(
        select(
            PriceItem.owner_id,
            PriceItem.code,
            PriceItem.label,
            PriceItem.unit,
            PriceItem.unit_price,
            PriceItem.vat_rate,
            PriceItem.trade,
            PriceItem.keywords,
            PriceItem.is_active,
        ).where(PriceItem.owner_id.is_(None) | PriceItem.owner_id.in_(owners))
    ).all()
    rank = {None: 0, **{owner: position for position, owner in enumerate(owners, 1)}}
    chosen = {row.code.upper(): row for row in sorted(rows, key=lambda row: rank[row.owner_id])}
    return [
        PriceEntry(row.code, row.label, row.unit, row.unit_price.normalize(), row.vat_rate.normalize(), row.trade, tuple(row.keywords))
        for row in chosen.values()
        if row.is_active
    ]


def record_pre_quote(parties: Parties, draft: Draft, message_id: str | None) -> tuple[Project, PreQuote, bool]:
    """Keep a draft as the next version of the session's pre-quote. The last member tells whether the project is new."""
    project = db.session.scalar(select(Project).where(Project.session_id == parties.session_id).with_for_update())
    is_new = project is None
    if project is None:
        project = Project(
            session_id=parties.session_id, editor_id=parties.editor_id, artisan_id=parties.artisan_id, particulier_id=parties.particulier_id
        )
        db.session.add(project)
    project.type = draft.project_type
    project.title = draft.title
    project.description = draft.description
    project.surface_m2 = draft.surface_m2
    project.requirements = list(draft.requirements)
    project.updated_at = clock.now()
    db.session.flush()
    last = db.session.scalar(select(func.max(PreQuote.version)).where(PreQuote.project_id == project.id)) or 0
    pre_quote = PreQuote(
        project_id=project.id,
        session_id=parties.session_id,
        message_id=message_id,
        editor_id=parties.editor_id,
        artisan_id=parties.artisan_id,
        particulier_id=parties.particulier_id,
        version=last + 1,
        title=draft.title,
        lines=stored_lines(draft),
        vat=stored_vat(draft),
        total_ht=draft.totals.total_ht,
        total_ttc=draft.totals.total_ttc,
        notes=draft.notes,
        corrections=list(draft.corrections),
    )
    db.session.add(pre_quote)
    db.session.flush()
    return project, pre_quote, is_new


def accept_pre_quote(session_id: str, pre_quote_id: str) -> bool:
    """The visitor says that the estimate suits him. Only the last version can be accepted; False when it was already."""
    versions = db.session.scalars(
        select(PreQuote).where(PreQuote.session_id == session_id).order_by(PreQuote.version.desc()).with_for_update()
    ).all()
    chosen = next((version for version in versions if version.id == pre_quote_id), None)
    if chosen is None:
        raise NotFoundError()
    if chosen is not versions[0]:
        raise ConflictError("Une estimation plus récente existe : c’est elle qui peut être acceptée.", code="newer_version")
    if chosen.accepted_at is not None:
        return False
    chosen.accepted_at = clock.now()
    return True


def forget_project(session_id: str) -> None:
    """Erase what a deleted conversation produced."""
    db.session.execute(delete(PreQuote).where(PreQuote.session_id == session_id))
    db.session.execute(delete(Project).where(Project.session_id == session_id))
