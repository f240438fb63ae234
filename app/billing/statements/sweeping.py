"""What the house does by itself with statements: prepare those of the month that is over, put back lost work."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import exists, select

from app.billing.statements.jobs import push_statement, render_statement
from app.billing.statements.models import BillingProfile, Statement
from app.billing.statements.month import is_counted, previous_month
from app.billing.statements.service import prepare_month
from app.core import clock
from app.core.acting import platform
from app.core.errors import ConflictError
from app.core.jobs import enqueue
from app.core.transaction import transaction
from app.extensions import db

log = structlog.get_logger(__name__)
LOST_AFTER = timedelta(minutes=1)
BATCH = 100


def prepare_due() -> int:
    """Draft the month that is over for each editor whose billing is active; returns how many were made.

    One transaction each, so that one that fails holds up nobody; a month that has a statement already, undone or not, is left to people.
    """
    month = previous_month()
    with transaction(platform("statements")):
        has_one = exists().where(Statement.editor_id == BillingProfile.editor_id, Statement.month == month)
        editors = db.session.scalars(
            select(BillingProfile.editor_id)
            .where(BillingProfile.status == "active", BillingProfile.first_month <= month, ~has_one)
            .order_by(BillingProfile.editor_id)
        ).all()
    return sum(_prepare(editor_id, month) for editor_id in editors)


def _prepare(editor_id: str, month: str) -> bool:
    try:
        with transaction(platform("statements")):
            if not is_counted(editor_id, month):
                return False
            prepare_month(editor_id, month)
    except ConflictError as error:
        if error.code != "nothing_owed":
            log.warning("statement.not_prepared", editor_id=editor_id, month=month, code=error.code)
        return False
    return True


def sweep() -> int:
    """Queue again PDFs that nobody writes and pushes whose time has come. Returns how many."""
    late = clock.now() - LOST_AFTER
    with transaction(platform("statements")):
        unwritten = db.session.scalars(
            select(Statement.id).where(Statement.status != "draft", Statement.pdf_key.is_(None), Statement.issued_at < late).limit(BATCH)
        ).all()
        unpushed = db.session.scalars(
            select(Statement.id).where(Statement.push_state.is_not(None), Statement.push_due_at < late).limit(BATCH)
        ).all()
    for statement_id in unwritten:
        enqueue(render_statement, statement_id, job_id=f"pdf-{statement_id}")
    for statement_id in unpushed:
        enqueue(push_statement, statement_id, job_id=f"push-{statement_id}")
    return len(unwritten) + len(unpushed)
