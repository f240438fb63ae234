"""The company's page: what customers and partners see, and its logo."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.blueprints.account.blueprint import bp, require_company
from app.blueprints.account.forms import CompanyForm
from app.core.errors import InvalidError, TooLargeError, WrongTypeError
from app.core.identifiers import format_phone_fr
from app.files.logos import remove_logo, take_logo
from app.identity.models import User
from app.identity.own_account import COMPANY_FIELDS, change_company
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors


@bp.route("/compte/entreprise", methods=["GET", "POST"])
@requires()
def company() -> Response:
    """Name, SIRET, address, phone, website, logo."""
    account = require_company()
    form = CompanyForm(company_name=account.company_name, **_shown(account))
    if form.validate_on_submit():
        try:
            change_company(account, form.company_name.data or "", {name: form[name].data for name in COMPANY_FIELDS})
            if form.logo.data:
                take_logo(account, form.logo.data.read())
        except InvalidError as error:
            put_errors(form, error)
        except (TooLargeError, WrongTypeError) as error:
            form.logo.errors = [error.message]
        else:
            flash("Logo reçu : il apparaîtra dans un instant." if form.logo.data else "Entreprise enregistrée.", "success")
            return redirect(url_for("account.company"), code=303)
    page = render_template("account/company.html", form=form, account=account, called=signed_in().role == "artisan")
    return make_response(page, 422 if form.errors else 200)


@bp.get("/compte/entreprise/logo")
@requires()
def logo() -> str:
    """The logo and its state; asked again while it is being prepared."""
    return render_template("account/_logo.html", account=require_company())


@bp.post("/compte/entreprise/logo/retrait")
@requires()
def drop_logo() -> Response:
    """Show no logo any more."""
    remove_logo(require_company())
    flash("Logo retiré.", "success")
    return redirect(url_for("account.company"), code=303)


def _shown(account: User) -> dict[str, str]:
    """The page's fields as people write them."""
    info = {name: account.company_info.get(name, "") for name in COMPANY_FIELDS}
    if info["phone"]:
        info["phone"] = format_phone_fr(info["phone"])
    siret = info["siret"]
    if siret:
        info["siret"] = f"{siret[:3]} {siret[3:6]} {siret[6:9]} {siret[9:]}"
    return info
