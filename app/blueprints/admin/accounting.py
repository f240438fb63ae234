"""Who issues statements, the rate of VAT, and where Dolibarr answers."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.billing.statements import accounting as verbs
from app.billing.statements.issuer import issuer, save_issuer, save_vat_rate, vat_rates
from app.blueprints.admin.billing_forms import DolibarrForm, IssuerForm, VatRateForm
from app.blueprints.admin.blueprint import bp
from app.core.errors import ConflictError, InvalidError
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.responding import respond


@bp.route("/releves/emetteur", methods=["GET", "POST"])
@requires("users.manage")
def statement_issuer() -> ResponseReturnValue:
    """The company that issues the statements, and the rates of VAT."""
    form, found = IssuerForm(), issuer()
    if request.method == "GET":
        if found is not None:
            form.show(found)
    elif form.validate_on_submit():
        try:
            save_issuer(form.values())
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash("Émetteur enregistré. Il vaut pour les relevés à venir.", "success")
            return redirect(url_for(".statement_issuer"), code=303)
    return _issuer_page(form, VatRateForm(formdata=None), 422 if form.errors else 200)


@bp.post("/releves/tva")
@requires("users.manage")
def add_vat_rate() -> ResponseReturnValue:
    """Write a rate from a day on."""
    form = VatRateForm()
    if form.validate_on_submit():
        try:
            save_vat_rate(form.valid_from.data, form.value())
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash("Taux enregistré.", "success")
            return redirect(url_for(".statement_issuer"), code=303)
    shown = IssuerForm(formdata=None)
    found = issuer()
    if found is not None:
        shown.show(found)
    return _issuer_page(shown, form, 422)


def _issuer_page(form: IssuerForm, rate_form: VatRateForm, status: int) -> ResponseReturnValue:
    return respond("admin/statements/issuer.html", form=form, rate_form=rate_form, rates=vat_rates(), status=status)


@bp.route("/releves/dolibarr", methods=["GET", "POST"])
@requires("users.manage")
def dolibarr() -> ResponseReturnValue:
    """Where Dolibarr answers, and its key, which is never shown."""
    form, found = DolibarrForm(), verbs.accounting_settings()
    if request.method == "GET":
        if found is not None:
            form.show(found)
    elif form.validate_on_submit():
        try:
            verbs.save_accounting(
                form.base_url.data or "", form.api_key.data or "", form.product_id.data, validates=bool(form.validates.data)
            )
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash("Liaison enregistrée. Testez-la.", "success")
            return redirect(url_for(".dolibarr"), code=303)
    return respond("admin/statements/dolibarr.html", form=form, found=found, status=422 if form.errors else 200)


@bp.post("/releves/dolibarr/test")
@requires("users.manage")
def test_dolibarr() -> ResponseReturnValue:
    """Ask Dolibarr who it is, and what the key may read."""
    try:
        ok, said = verbs.check_connection()
    except ConflictError as error:
        ok, said = False, error.message
    flash(said, "success" if ok else "error")
    return redirect(url_for(".dolibarr"), code=303)


@bp.post("/releves/dolibarr/retrait")
@requires("users.manage")
def forget_dolibarr() -> ResponseReturnValue:
    """Forget the address and the key."""
    verbs.forget_accounting()
    flash("Dolibarr n’est plus relié.", "success")
    return redirect(url_for(".dolibarr"), code=303)
