"""Monthly statements: prepared, looked over, issued, sent, pushed to Dolibarr (issue 4, Costs)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select

from app.billing.statements import queries as reads
from app.billing.statements import service as verbs
from app.billing.statements.accounting import accounting_settings
from app.billing.statements.issuer import issuer
from app.billing.statements.lines import from_rows
from app.billing.statements.mail import send_statement
from app.billing.statements.models import Statement
from app.billing.statements.month import previous_month, unpriced_calls
from app.billing.statements.pushing import queue_push
from app.blueprints.admin.blueprint import bp
from app.blueprints.statement_files import file_answer, pdf_answer
from app.core import format as french
from app.core.acting import Actor
from app.core.errors import ConflictError, InvalidError
from app.core.spreadsheets import write_csv
from app.extensions import db
from app.identity.models import User
from app.web.access import requires
from app.web.listing import asked_for, listed
from app.web.navigation import badge
from app.web.responding import respond, wants_fragment

STATES = [
    ("", "Tous les états"),
    ("draft", "Brouillons"),
    ("issued", "Émis"),
    ("pushed", "Dans Dolibarr"),
    ("failed", "Envoi en échec"),
    ("undone", "Annulés par un avoir"),
]
EXPORTED = 2000
"""Statements of one file at most."""
BULK = 200


@badge("admin.statements", kind="action")
def _drafts(actor: Actor) -> int:
    """Drafts to look over."""
    return reads.count_drafts() if actor.can("users.manage") else 0


@bp.get("/releves")
@requires("users.manage")
def statements() -> ResponseReturnValue:
    """Every statement, the last prepared first."""
    page = listed(_asked(), {"quand": Statement.created_at}, Statement.id, default="-quand")
    return respond(
        "admin/statements/list.html",
        "liste",
        page=page,
        states=STATES,
        months=[("", "Tous les mois"), *((month, french.month(month).capitalize()) for month in reads.months())],
        editors=[("", "Tous les éditeurs"), *((row.id, row.name) for row in reads.billed_editors())],
        billable=reads.billed_editors(open_only=True),
        previous=previous_month(),
        has_issuer=issuer() is not None,
        has_accounting=accounting_settings() is not None,
    )


@bp.get("/releves.csv")
@requires("users.manage")
def statements_file() -> Response:
    """The lines of the statements that the filters keep, as a table."""
    ids = db.session.scalars(_asked().with_only_columns(Statement.id).order_by(Statement.created_at.desc()).limit(EXPORTED)).all()
    found = db.session.scalars(select(Statement).where(Statement.id.in_(ids)).order_by(Statement.created_at.desc(), Statement.id)).all()
    names = {row.id: row.name for row in reads.billed_editors()}
    return file_answer(write_csv(reads.rows_of(found, names)), "text/csv", f"releves-{asked_for('mois') or 'tous'}.csv")


@bp.post("/releves/preparation")
@requires("users.manage")
def prepare_statement() -> ResponseReturnValue:
    """Prepare the month of an editor by hand, as the job of the 1st does by itself."""
    try:
        found = verbs.prepare_month(request.form.get("editeur", ""), _month(request.form.get("mois", "")))
    except (ConflictError, InvalidError) as error:
        flash(error.message, "error")
        return redirect(url_for(".statements"), code=303)
    return redirect(url_for(".statement", statement_id=found.id), code=303)


@bp.post("/releves/envoi")
@requires("users.manage")
def push_statements() -> ResponseReturnValue:
    """Push the chosen statements to Dolibarr; those that cannot be are told."""
    ids = request.form.getlist("ids")[:BULK]
    asked, refused = 0, []
    for statement_id in sorted(set(ids)):
        found = verbs.statement_by_id(statement_id)
        try:
            queue_push(found)
        except ConflictError as error:
            refused.append(f"{found.number or 'Brouillon'} : {error.message}")
        else:
            asked += 1
    if asked:
        flash(f"{french.plural(asked, 'relevé part', 'relevés partent')} vers Dolibarr.", "success")
    if refused:
        flash(" ".join(refused[:3]) + (f" Et {len(refused) - 3} autres." if len(refused) > 3 else ""), "warning")
    return redirect(url_for(".statements"), code=303)


@bp.get("/releves/<statement_id>")
@requires("users.manage")
def statement(statement_id: str) -> ResponseReturnValue:
    """One statement: its lines, its totals, what was done with it."""
    found = verbs.statement_by_id(statement_id)
    answer = respond(
        "admin/statements/show.html",
        "etat",
        statement=found,
        lines=from_rows(found.lines),
        editor=db.session.get_one(User, found.editor_id),
        pushes=reads.pushes_of(found.id),
        credit=reads.credit_of(found) if found.corrected_at else None,
        corrects=db.session.get(Statement, found.corrects_id) if found.corrects_id else None,
        has_accounting=accounting_settings() is not None,
        unpriced=unpriced_calls(found.editor_id, found.month) if found.status == "draft" else 0,
    )
    if wants_fragment() and found.push_state is None and found.pdf_key:
        answer.headers["HX-Refresh"] = "true"  # what was waited for is there: the buttons of the page change too
    return answer


@bp.get("/releves/<statement_id>/lignes.csv")
@requires("users.manage")
def statement_lines(statement_id: str) -> Response:
    """The lines of one statement, as a table."""
    found = verbs.statement_by_id(statement_id)
    names = {found.editor_id: db.session.get_one(User, found.editor_id).display_name}
    return file_answer(write_csv(reads.rows_of([found], names)), "text/csv", f"{found.number or f'brouillon-{found.month}'}.csv")


@bp.get("/releves/<statement_id>/pdf")
@requires("users.manage")
def statement_pdf(statement_id: str) -> Response:
    """The PDF of an issued statement."""
    return pdf_answer(verbs.statement_by_id(statement_id))


@bp.post("/releves/<statement_id>/calcul")
@requires("users.manage")
def recompute_statement(statement_id: str) -> ResponseReturnValue:
    """Compute a draft anew."""
    return _done(statement_id, verbs.prepare_again, "Brouillon recalculé.")


@bp.post("/releves/<statement_id>/emission")
@requires("users.manage")
def issue_statement(statement_id: str) -> ResponseReturnValue:
    """Number and freeze a draft."""
    return _done(statement_id, verbs.issue, "Relevé émis. Son PDF se prépare.")


@bp.post("/releves/<statement_id>/avoir")
@requires("users.manage")
def undo_statement(statement_id: str) -> ResponseReturnValue:
    """Undo an issued statement by a credit note."""
    try:
        credit = verbs.undo(verbs.statement_by_id(statement_id))
    except ConflictError as error:
        flash(error.message, "error")
        return redirect(url_for(".statement", statement_id=statement_id), code=303)
    flash(f"L’avoir {credit.number} annule ce relevé. Le mois peut être préparé à nouveau.", "success")
    return redirect(url_for(".statement", statement_id=credit.id), code=303)


@bp.post("/releves/<statement_id>/courriel")
@requires("users.manage")
def mail_statement(statement_id: str) -> ResponseReturnValue:
    """Send a statement to the billing address."""
    return _done(statement_id, send_statement, "Le relevé part par e-mail.")


@bp.post("/releves/<statement_id>/envoi")
@requires("users.manage")
def push_statement(statement_id: str) -> ResponseReturnValue:
    """Push one statement to Dolibarr."""
    return _done(statement_id, queue_push, "Le relevé part vers Dolibarr.")


def _asked() -> Select[Any]:
    """The list that the URL's filters ask for."""
    return reads.statements(query=asked_for("q"), month=asked_for("mois"), editor_id=asked_for("editeur"), status=asked_for("statut"))


def _month(text: str) -> str:
    """A month as the browser's field writes it. Raises InvalidError."""
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", text):
        raise InvalidError("Choisissez un mois, comme 2026-11.", {"mois": ["Choisissez un mois."]})
    return text


def _done(statement_id: str, verb: Callable[[Statement], object], said: str) -> ResponseReturnValue:
    found = verbs.statement_by_id(statement_id)
    try:
        verb(found)
    except (ConflictError, InvalidError) as error:
        flash(error.message, "error")
    else:
        flash(said, "success")
    return redirect(url_for(".statement", statement_id=found.id), code=303)
