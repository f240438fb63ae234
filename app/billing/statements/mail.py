"""Sending a statement: an e-mail to the billing address, with a link to the PDF that ends after a week."""

from __future__ import annotations

from app.audit.service import record
from app.billing.statements.lines import of_month
from app.billing.statements.models import Statement
from app.billing.statements.profiles import profile_of
from app.core import clock
from app.core import format as french
from app.core.errors import ConflictError
from app.core.storage import WEBHOOK_SECONDS, storage
from app.extensions import db, settings
from app.notifications.service import send_email


def file_name(statement: Statement) -> str:
    """How the PDF is named when it is kept."""
    return f"{statement.number}.pdf"


def send_statement(statement: Statement) -> str:
    """Send an issued statement to today's billing address; the address. Raises ConflictError before its PDF is written."""
    if statement.status == "draft":
        raise ConflictError("Ce relevé est un brouillon : émettez-le d’abord.", code="not_issued")
    if statement.pdf_key is None:
        raise ConflictError("Le PDF se prépare encore. Réessayez dans quelques secondes.", code="no_pdf")
    profile = profile_of(statement.editor_id)
    recipient = profile.billing_email if profile else statement.buyer["email"]
    base = settings().base_url
    send_email(
        recipient,
        kind="statement",
        template="statement",
        name=statement.buyer.get("contact") or statement.buyer["name"],
        title=f"{'Avoir' if statement.kind == 'credit' else 'Relevé'} {statement.number}",
        month=french.month(statement.month),
        of_month=of_month(statement.month),
        total=french.euro(statement.total_ttc),
        issuer=statement.seller["name"],
        url=storage().signed_url(statement.pdf_key, WEBHOOK_SECONDS, base_url=base),
        portal_url=f"{base}/editeur/releves",
    )
    statement.mailed_at, statement.mailed_to = clock.now(), recipient
    db.session.flush()
    record("statement.mailed", statement.id, number=statement.number)
    return recipient
