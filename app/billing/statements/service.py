"""Monthly statements: prepared by a job, looked over and issued by the staff, frozen from then on.

A statement details what an editor owes; the invoice itself is the accounting system's. What is issued never changes: a mistake
is undone by a credit note, after which the month can be prepared again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC
from decimal import Decimal

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from app.audit.service import record
from app.billing.statements import jobs as jobs
from app.billing.statements.issuer import seller
from app.billing.statements.lines import Line, from_rows, same, to_rows, undone, vat_rows
from app.billing.statements.models import BillingProfile, Statement
from app.billing.statements.month import is_counted, lacks_price, month_is_over, month_lines
from app.billing.statements.profiles import buyer_of, profile_of
from app.core import clock
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.ids import new_id
from app.core.jobs import enqueue_after_commit
from app.core.locks import hold
from app.core.money import totals
from app.extensions import db
from app.identity.models import User


def statement_by_id(statement_id: str) -> Statement:
    """A statement the actor may see. Raises NotFoundError."""
    found = db.session.get(Statement, statement_id)
    if found is None:
        raise NotFoundError()
    return found


def prepare_month(editor_id: str, month: str) -> Statement:
    """The draft of an editor's month: made, or the one there is. Raises ConflictError, InvalidError when there is nothing to prepare."""
    month_is_over(month)
    profile = _billable(editor_id)
    found = _live(editor_id, month)
    if found is not None:
        return found
    lines = month_lines(profile, month)
    if not lines:
        raise ConflictError("Rien n’est à facturer pour ce mois : ni forfait, ni appel payé par la plateforme.", code="nothing_owed")
    now = clock.now()
    db.session.execute(
        insert(Statement)
        .values(id=new_id("stm"), editor_id=editor_id, month=month, **_figures(lines), created_at=now, drafted_at=now)
        .on_conflict_do_nothing(index_elements=["editor_id", "month"], index_where=text("kind = 'statement' AND corrected_at IS NULL"))
    )
    made = _live(editor_id, month)
    assert made is not None
    return made


def prepare_again(statement: Statement) -> None:
    """Compute a draft anew. Raises ConflictError once it is issued, or when nothing is owed any more."""
    if statement.status != "draft":
        raise ConflictError("Ce relevé est émis : il ne change plus.", code="statement_issued")
    lines = month_lines(_billable(statement.editor_id), statement.month)
    if not lines:
        raise ConflictError("Rien n’est à facturer pour ce mois.", code="nothing_owed")
    for name, value in _figures(lines).items():
        setattr(statement, name, value)
    statement.drafted_at = clock.now()
    db.session.flush()


def issue(statement: Statement) -> Statement:
    """Number, freeze and hash a draft; its PDF follows by job. Raises ConflictError with what is missing."""
    db.session.refresh(statement, with_for_update=True)
    if statement.status != "draft":
        raise ConflictError("Ce relevé est déjà émis.", code="statement_issued")
    profile = _billable(statement.editor_id)
    plan = lacks_price(profile, statement.month)
    if plan:
        raise ConflictError(f"Le forfait {plan} n’a pas de prix : écrivez le prix convenu dans le profil.", code="no_price")
    if not (profile.address_line1 and profile.postcode and profile.city):
        raise ConflictError("L’adresse de facturation de l’éditeur est incomplète.", code="no_address")
    if not is_counted(statement.editor_id, statement.month):
        raise ConflictError("Des appels de ce mois sont encore en train d’être comptés. Réessayez dans une minute.", code="not_counted")
    if not same(from_rows(statement.lines), month_lines(profile, statement.month)):
        raise ConflictError("Ce que doit l’éditeur a changé depuis ce brouillon : recalculez-le, puis relisez-le.", code="draft_outdated")
    _freeze(statement, buyer_of(profile, db.session.get_one(User, statement.editor_id).display_name))
    record("statement.issued", statement.id, number=statement.number)
    return statement


def undo(statement: Statement) -> Statement:
    """Issue the credit note that undoes an issued statement. Raises ConflictError when it is undone already, or on its way out."""
    db.session.refresh(statement, with_for_update=True)
    if statement.status == "draft" or statement.kind == "credit":
        raise ConflictError("Seul un relevé émis s’annule par un avoir.", code="not_issued")
    if statement.corrected_at is not None:
        raise ConflictError("Ce relevé est déjà annulé par un avoir.", code="already_undone")
    if statement.push_state is not None:
        raise ConflictError("Ce relevé part vers Dolibarr : attendez qu’il soit arrivé.", code="on_its_way")
    seller()  # refuses before anything is written
    statement.corrected_at = clock.now()
    credit = Statement(
        editor_id=statement.editor_id,
        month=statement.month,
        kind="credit",
        corrects_id=statement.id,
        **_figures(undone(from_rows(statement.lines))),
    )
    db.session.add(credit)
    db.session.flush()
    _freeze(credit, statement.buyer)
    record("statement.undone", statement.id, number=credit.number)
    return credit


def content_hash(statement: Statement) -> str:
    """SHA-256 of all that an issued statement says."""
    said = {
        "number": statement.number,
        "kind": statement.kind,
        "month": statement.month,
        "editor_id": statement.editor_id,
        "corrects_id": statement.corrects_id,
        "issued_at": statement.issued_at.astimezone(UTC).isoformat() if statement.issued_at else None,
        "seller": statement.seller,
        "buyer": statement.buyer,
        "lines": statement.lines,
        "vat": statement.vat,
        "totals": [str(statement.total_ht), str(statement.total_vat), str(statement.total_ttc)],
    }
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _freeze(statement: Statement, buyer: dict[str, str]) -> None:
    """Give the next number of the year, the last thing of the transaction: numbers follow each other without a gap."""
    statement.seller, statement.buyer = seller(), buyer
    db.session.flush()
    hold("statements.numbering")
    now = clock.now()
    year = clock.paris_day(now).year
    sequence = (db.session.scalar(select(func.max(Statement.sequence)).where(Statement.year == year)) or 0) + 1
    statement.year, statement.sequence, statement.number = year, sequence, f"REL-{year}-{sequence:04}"
    statement.issued_at, statement.status = now, "issued"
    statement.hash = content_hash(statement)
    db.session.flush()
    enqueue_after_commit(jobs.render_statement, statement.id)


def _billable(editor_id: str) -> BillingProfile:
    profile = profile_of(editor_id)
    if profile is None:
        raise InvalidError("Cet éditeur n’a pas de profil de facturation.", {"editor": ["Ouvrez d’abord son profil de facturation."]})
    if profile.status == "cancelled":
        raise ConflictError("La facturation de cet éditeur est arrêtée.", code="billing_cancelled")
    return profile


def _live(editor_id: str, month: str) -> Statement | None:
    return db.session.scalar(
        select(Statement).where(
            Statement.editor_id == editor_id, Statement.month == month, Statement.kind == "statement", Statement.corrected_at.is_(None)
        )
    )


def _figures(lines: Sequence[Line]) -> dict[str, object]:
    found = totals(lines)
    return {
        "lines": to_rows(lines),
        "vat": vat_rows(found),
        "total_ht": found.total_ht,
        "total_vat": sum((line.amount for line in found.vat), Decimal("0.00")),
        "total_ttc": found.total_ttc,
    }
