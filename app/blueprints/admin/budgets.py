"""The AI budget of an editor: what the platform's keys may cost for him in a month."""

from __future__ import annotations

from decimal import Decimal

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, Length

from app.billing import budgets as verbs
from app.blueprints.admin.blueprint import bp
from app.core import clock
from app.core import format as french
from app.core.errors import InvalidError
from app.core.money import AmountError, parse_amount
from app.identity.admin_queries import account_in_role
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.forms import PortalForm
from app.web.responding import respond


class BudgetForm(PortalForm):
    """An amount of money a month, and what happens when it is used up."""

    amount = StringField("Montant par mois, en euros", [DataRequired(), Length(max=20)])
    hard_stop = BooleanField("Arrêter ses assistants quand il est épuisé")

    def value(self) -> Decimal:
        """The amount typed. Raises InvalidError when it is no number."""
        try:
            return parse_amount(self.amount.data or "")
        except AmountError:
            raise InvalidError("Le montant est à corriger.", {"amount": ["Écrivez un nombre, par exemple 50 ou 199,90."]}) from None


@bp.route("/editeurs/<editor_id>/budget", methods=["GET", "POST"])
@requires("users.manage")
def budget(editor_id: str) -> ResponseReturnValue:
    """Give an editor a budget, or change it: it holds at once, on the running month."""
    editor = account_in_role(editor_id, "editeur")
    form, found = BudgetForm(), verbs.budget_of(editor.id)
    if request.method == "GET":
        if found is not None:
            form.amount.data, form.hard_stop.data = french.quantity(found.amount), found.hard_stop
    elif form.validate_on_submit():
        try:
            verbs.set_budget(editor.id, form.value(), hard_stop=bool(form.hard_stop.data))
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash(f"Le budget IA {french.de(editor.display_name)} est enregistré.", "success")
            return redirect(url_for(".editor", editor_id=editor.id), code=303)
    month = clock.paris_month()
    spent = found.spent if found else verbs.spent_by(editor.id, month)
    status = 422 if form.errors else 200
    return respond("admin/editors/budget.html", form=form, editor=editor, budget=found, spent=spent, month=month, status=status)


@bp.post("/editeurs/<editor_id>/budget/retrait")
@requires("users.manage")
def drop_budget(editor_id: str) -> ResponseReturnValue:
    """Take the budget back: nothing limits what the editor costs then."""
    editor = account_in_role(editor_id, "editeur")
    verbs.drop_budget(editor.id)
    flash(f"{editor.display_name} n’a plus de budget IA : rien ne borne ses coûts.", "success")
    return redirect(url_for(".editor", editor_id=editor.id), code=303)
