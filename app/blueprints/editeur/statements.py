"""What the editor owes each month: his statements, and whom they are written to."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.billing.statements.countries import COUNTRIES
from app.billing.statements.lines import from_rows
from app.billing.statements.profiles import change_contact, profile_of
from app.billing.statements.queries import statements_of
from app.billing.statements.service import statement_by_id
from app.blueprints.billing_contact import ContactForm
from app.blueprints.editeur.blueprint import account_id, bp
from app.blueprints.statement_files import pdf_answer
from app.core.errors import InvalidError
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.responding import respond


@bp.get("/releves")
@requires("costs.view")
def statements() -> ResponseReturnValue:
    """The editor's statements, the newest first."""
    found = profile_of(account_id())
    return respond("editeur/statements.html", statements=statements_of(account_id()), profile=found, countries=COUNTRIES)


@bp.get("/releves/<statement_id>")
@requires("costs.view")
def statement(statement_id: str) -> ResponseReturnValue:
    """One statement, line by line."""
    found = statement_by_id(statement_id)
    return respond("editeur/statement.html", statement=found, lines=from_rows(found.lines))


@bp.get("/releves/<statement_id>/pdf")
@requires("costs.view")
def statement_pdf(statement_id: str) -> Response:
    """The PDF of a statement."""
    return pdf_answer(statement_by_id(statement_id))


@bp.route("/releves/coordonnees", methods=["GET", "POST"])
@requires("costs.view")
def billing_contact() -> ResponseReturnValue:
    """Whom statements go to."""
    found, form = profile_of(account_id()), ContactForm()
    if found is None:
        flash("La plateforme n’a pas encore ouvert votre facturation.", "info")
        return redirect(url_for(".statements"), code=303)
    if request.method == "GET":
        form.show(found)
    elif form.validate_on_submit():
        try:
            change_contact(found, form.contact())
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash("Vos coordonnées de facturation sont enregistrées.", "success")
            return redirect(url_for(".statements"), code=303)
    return respond("editeur/billing_contact.html", form=form, status=422 if form.errors else 200)
