"""Lists of statements, for the staff and for the editor they are written to; and their lines as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Row, Select, func, select

from app.billing.statements.lines import from_rows
from app.billing.statements.models import BillingProfile, Statement, StatementPush
from app.core import format as french
from app.core.money import trimmed
from app.core.search import folded, has_words
from app.extensions import db
from app.identity.models import User

_NAME = func.coalesce(User.company_name, User.name)
HEADER = (
    "Relevé",
    "Sorte",
    "Mois",
    "Éditeur",
    "Désignation",
    "Détail",
    "Agent",
    "Fournisseur",
    "Modèle",
    "Appels",
    "Jetons envoyés",
    "Jetons reçus",
    "Coût exact",
    "Quantité",
    "Prix unitaire HT",
    "Taux de TVA",
    "Total HT",
)


def statements(*, query: str = "", month: str = "", editor_id: str = "", status: str = "") -> Select[Any]:
    """Every statement with the name of its editor (`editor`), to be paged by `created_at`. `status` may also be `undone`."""
    statement = select(
        Statement.id,
        Statement.number,
        Statement.kind,
        Statement.month,
        Statement.status,
        Statement.push_state,
        Statement.push_attempts,
        Statement.corrected_at,
        Statement.total_ht,
        Statement.total_ttc,
        Statement.created_at,
        _NAME.label("editor"),
    ).join(User, User.id == Statement.editor_id)
    if query:
        statement = statement.where(has_words(folded(_NAME, Statement.number), query))
    if month:
        statement = statement.where(Statement.month == month)
    if editor_id:
        statement = statement.where(Statement.editor_id == editor_id)
    if status == "undone":
        return statement.where(Statement.corrected_at.is_not(None))
    return statement.where(Statement.status == status) if status else statement


def months() -> list[str]:
    """The months that have a statement, the newest first."""
    return list(db.session.scalars(select(Statement.month).distinct().order_by(Statement.month.desc()).limit(60)))


def billed_editors(*, open_only: bool = False) -> Sequence[Row[Any]]:
    """`id` and `name` of the editors who have a billing profile, by name. `open_only`: without those whose billing is over."""
    statement = select(User.id, _NAME.label("name")).join(BillingProfile, BillingProfile.editor_id == User.id).order_by(_NAME, User.id)
    return db.session.execute(statement.where(BillingProfile.status != "cancelled") if open_only else statement).all()


def count_drafts() -> int:
    """Drafts that somebody should look over."""
    return db.session.scalar(select(func.count()).where(Statement.status == "draft")) or 0


def statements_of(editor_id: str) -> Sequence[Statement]:
    """What an editor was sent, the newest first."""
    return db.session.scalars(
        select(Statement)
        .where(Statement.editor_id == editor_id, Statement.status != "draft")
        .order_by(Statement.issued_at.desc(), Statement.id)
        .limit(200)
    ).all()


def latest_statements(editor_id: str, limit: int = 3) -> Sequence[Statement]:
    """The last ones of an editor, drafts too."""
    return db.session.scalars(
        select(Statement).where(Statement.editor_id == editor_id).order_by(Statement.created_at.desc(), Statement.id).limit(limit)
    ).all()


def pushes_of(statement_id: str) -> Sequence[StatementPush]:
    """Every try to push a statement, the last first."""
    return db.session.scalars(
        select(StatementPush).where(StatementPush.statement_id == statement_id).order_by(StatementPush.created_at.desc()).limit(50)
    ).all()


def credit_of(statement: Statement) -> Statement | None:
    """The credit note that undoes a statement."""
    return db.session.scalar(select(Statement).where(Statement.corrects_id == statement.id))


def rows_of(found: Iterable[Statement], editors: dict[str, str]) -> Iterator[Sequence[object]]:
    """The lines of statements as a table, its header first."""
    yield HEADER
    for statement in found:
        for line in from_rows(statement.lines):
            yield (
                statement.number or "Brouillon",
                "Avoir" if statement.kind == "credit" else "Relevé",
                statement.month,
                editors.get(statement.editor_id, ""),
                line.label,
                line.detail,
                line.agent_id,
                line.provider,
                line.model,
                line.calls,
                line.prompt_tokens,
                line.completion_tokens,
                line.cost_eur,
                trimmed(line.quantity),
                line.unit_price,
                french.percent(trimmed(line.vat_rate)),
                line.total_ht,
            )
