"""Pushing an issued statement to Dolibarr as an invoice: once, whatever is lost on the way.

The invoice bears our number as its `ref_ext`. Each try looks for it first, so that a try after a lost answer finds the invoice
that the one before made. The row is the state: queued, claimed by one worker, settled; the calls happen between transactions.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from sqlalchemy import select, update

from app.audit.service import record
from app.billing.statements import jobs as jobs
from app.billing.statements.accounting import accounting_settings, client_for
from app.billing.statements.dolibarr import CREDIT_NOTE, STANDARD, Dolibarr, DolibarrError, Invoice
from app.billing.statements.lines import from_rows, invoice_lines
from app.billing.statements.models import Statement, StatementPush
from app.core import clock
from app.core import format as french
from app.core.acting import platform
from app.core.errors import ConflictError
from app.core.jobs import RetryableError, enqueue_after_commit
from app.core.money import trimmed
from app.core.transaction import transaction
from app.extensions import db

log = structlog.get_logger(__name__)
DELAYS = (60, 300, 1800, 7200)
"""Seconds before the second, third, fourth and fifth try. A lost answer is never followed at once: the invoice may still be in the making."""
EARLY = timedelta(seconds=2)
"""RQ counts whole seconds: its job may come a little before its time."""
CLAIM = timedelta(minutes=6)
"""How long a claimed push is left to its worker: every call of one try has 30 s, and there are at most eight."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """All that one try needs, read before the calls."""

    statement_id: str
    attempt: int
    number: str
    editor_id: str
    buyer: dict[str, str]
    body: dict[str, Any]
    corrects: str | None
    corrects_is_coming: bool
    total_ttc: Decimal
    validates: bool
    client: Dolibarr


@dataclass(frozen=True, slots=True)
class Pushed:
    """What one try came to."""

    ok: bool
    said_fr: str
    reference: str | None = None
    retry: bool = False


def queue_push(statement: Statement) -> None:
    """Ask for an issued statement to be pushed, now even where a later try is planned. Raises ConflictError when it is a draft, there already, on its way, or nothing is set."""
    db.session.refresh(statement, with_for_update=True)
    if statement.status == "draft":
        raise ConflictError("Ce relevé est un brouillon : émettez-le d’abord.", code="not_issued")
    if statement.status == "pushed":
        raise ConflictError("Ce relevé est déjà dans Dolibarr.", code="already_pushed")
    if statement.push_state == "running" or (statement.push_state == "queued" and not statement.push_attempts):
        raise ConflictError("Ce relevé part déjà vers Dolibarr.", code="on_its_way")
    client_for(accounting_settings())
    statement.push_state, statement.push_due_at, statement.push_attempts, statement.status = "queued", clock.now(), 0, "issued"
    db.session.flush()
    record("statement.push_asked", statement.id, number=statement.number)
    enqueue_after_commit(jobs.push_statement, statement.id)


def push(statement_id: str) -> None:
    """One try. Raises RetryableError when another one is due."""
    try:
        claimed = _claim(statement_id)
    except ConflictError as error:
        _settle(statement_id, 1, Pushed(False, error.message), 0)
        return
    if claimed is None:
        return
    started = time.monotonic()
    try:
        outcome = _try(claimed)
    except DolibarrError as error:
        outcome = Pushed(False, error.message_fr, retry=error.retry)
    except Exception:
        log.exception("statement.push_failed", statement_id=statement_id)
        outcome = Pushed(False, "L’envoi a échoué de notre côté.")
    delay = _settle(statement_id, claimed.attempt, outcome, round((time.monotonic() - started) * 1000))
    if delay is not None:
        raise RetryableError("Dolibarr did not take it yet", after=delay)


def _claim(statement_id: str) -> Claimed | None:
    """Take a push that is due: an UPDATE that must change one row. None when there is nothing to do."""
    now = clock.now()
    with transaction(platform("statements")):
        taken = db.session.execute(
            update(Statement)
            .where(Statement.id == statement_id, Statement.push_state.is_not(None), Statement.push_due_at <= now)
            .values(push_state="running", push_due_at=now + CLAIM, push_attempts=Statement.push_attempts + 1)
        )
        if taken.rowcount != 1:
            return None
        statement = db.session.get_one(Statement, statement_id, populate_existing=True)
        found = accounting_settings()
        corrects = db.session.get(Statement, statement.corrects_id) if statement.corrects_id else None
    client = client_for(found)
    assert found is not None and statement.number is not None and statement.issued_at is not None
    return Claimed(
        statement_id=statement_id,
        attempt=statement.push_attempts,
        number=statement.number,
        editor_id=statement.editor_id,
        buyer=statement.buyer,
        body=invoice_body(statement, found.product_id),
        corrects=corrects.number if corrects else None,
        corrects_is_coming=corrects is not None and corrects.push_state is not None,
        total_ttc=statement.total_ttc,
        validates=found.validates,
        client=client,
    )


def _try(claimed: Claimed) -> Pushed:
    """Find or make the invoice, check its total, validate it. Raises DolibarrError."""
    client = claimed.client
    invoice, made = client.invoice_by_ref(claimed.number), False
    if invoice is None:
        client.create_invoice(claimed.body | _for_whom(claimed))
        invoice, made = client.invoice_by_ref(claimed.number), True
        if invoice is None:
            raise DolibarrError(f"Dolibarr n’a pas gardé notre numéro {claimed.number} : vérifiez sa dernière facture avant de réessayer.")
    if invoice.total_ttc != claimed.total_ttc:
        there, here = french.euro(invoice.total_ttc), french.euro(claimed.total_ttc)
        raise DolibarrError(f"La facture {invoice.ref} de Dolibarr totalise {there}, et ce relevé {here} : corrigez-la, puis réessayez.")
    if claimed.validates and invoice.is_draft:
        client.validate(invoice.id)
        invoice = client.invoice_by_ref(claimed.number) or invoice
    return Pushed(True, _words(invoice, made=made), _reference(invoice))


def _for_whom(claimed: Claimed) -> dict[str, Any]:
    body: dict[str, Any] = {"socid": claimed.client.third_party(claimed.editor_id, claimed.buyer)}
    if claimed.corrects:
        source = claimed.client.invoice_by_ref(claimed.corrects)
        if source is None:
            said = f"Le relevé {claimed.corrects} que cet avoir annule n’est pas encore dans Dolibarr : envoyez-le d’abord."
            raise DolibarrError(said, retry=claimed.corrects_is_coming)
        body["fk_facture_source"] = source.id
    return body


def invoice_body(statement: Statement, product_id: int | None) -> dict[str, Any]:
    """An issued statement as Dolibarr takes an invoice, without its customer. Its cents are ours whatever it rounds."""
    assert statement.issued_at is not None
    issued = clock.paris_day(statement.issued_at)
    lines = [
        {
            "desc": f"{line.label}\n{line.detail}".strip(),
            "qty": str(trimmed(line.quantity)),
            "subprice": str(line.unit_price),
            "tva_tx": str(trimmed(line.vat_rate)),
            "product_type": 1,
            **({"fk_product": product_id} if product_id else {}),
        }
        for line in invoice_lines(from_rows(statement.lines))
    ]
    return {
        "type": CREDIT_NOTE if statement.kind == "credit" else STANDARD,
        "date": int(datetime(issued.year, issued.month, issued.day, 12, tzinfo=clock.PARIS).timestamp()),
        "ref_ext": statement.number,
        "ref_client": statement.number,
        "note_public": f"{'Avoir' if statement.kind == 'credit' else 'Relevé'} {statement.number}, {french.month(statement.month)}",
        "lines": lines,
    }


def _settle(statement_id: str, attempt: int, outcome: Pushed, duration_ms: int) -> int | None:
    """Write what a try came to; the seconds before the next one, None when there is none."""
    delay = DELAYS[attempt - 1] if outcome.retry and attempt <= len(DELAYS) else None
    with transaction(platform("statements")):
        statement = db.session.scalar(
            select(Statement).where(Statement.id == statement_id, Statement.push_state == "running").with_for_update()
        )
        if statement is None:
            return None
        said = outcome.said_fr if delay is None else f"{outcome.said_fr} Nouvel essai dans {_wait(delay)}."
        db.session.add(
            StatementPush(
                statement_id=statement_id,
                attempt=attempt,
                ok=outcome.ok,
                said_fr=said,
                reference=outcome.reference,
                duration_ms=duration_ms,
            )
        )
        now = clock.now()
        if outcome.ok:
            statement.status, statement.pushed_ref, statement.pushed_at = "pushed", outcome.reference, now
        elif delay is None:
            statement.status = "failed"
        statement.push_state = None if delay is None else "queued"
        statement.push_due_at = None if delay is None else now + timedelta(seconds=delay) - EARLY
    log.info("statement.push_tried", statement_id=statement_id, attempt=attempt, ok=outcome.ok, retry_in=delay)
    return delay


def _words(invoice: Invoice, *, made: bool) -> str:
    how = "créée" if made else "retrouvée : un essai précédent l’avait créée"
    return f"Facture {_reference(invoice)} {how}, {'encore en brouillon' if invoice.is_draft else 'validée'}."


def _reference(invoice: Invoice) -> str:
    return invoice.ref or str(invoice.id)


def _wait(seconds: int) -> str:
    return french.plural(seconds // 60, "minute", "minutes") if seconds < 3600 else french.plural(seconds // 3600, "heure", "heures")
