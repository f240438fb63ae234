"""The pages of a price library, the same in every portal that keeps one: the platform's, an artisan's, an editor's own prices."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from app.core import format as french
from app.core.acting import Actor
from app.core.errors import InvalidError, NotFoundError
from app.core.money import VAT_RATES, AmountError, parse_amount
from app.quoting import prices as prices_verbs
from app.quoting.models import PriceItem
from app.quoting.prices import MAX_CODE, MAX_LABEL, TRADES, UNITS, PriceValues, check_unit_price, price_in_reach, prices_of
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors
from app.web.forms import PortalForm, Reads
from app.web.listing import asked_for, listed
from app.web.responding import respond

Owner = Callable[[Actor], str | None]


def _read_price(text: str) -> Decimal:
    """The price that was typed. Raises ValueError, in French."""
    try:
        price = parse_amount(text)
    except AmountError:
        raise ValueError("Écrivez un nombre, par exemple 80 ou 12,50.") from None
    return check_unit_price(price)


class PriceForm(PortalForm):
    """A price as it is typed: « 12,50 », « 1 200 »."""

    label = StringField("Ouvrage", [DataRequired(), Length(max=MAX_LABEL)])
    code = StringField("Code", [DataRequired(), Length(max=MAX_CODE)])
    trade = SelectField("Corps de métier", [DataRequired()])
    unit = SelectField("Unité", [DataRequired()], choices=[SelectChoice(unit, unit) for unit in UNITS])
    unit_price = StringField("Prix unitaire hors taxes", [DataRequired(), Length(max=20), Reads(_read_price)])
    vat_rate = SelectField("TVA", [DataRequired()], choices=[SelectChoice(str(rate), french.percent(rate)) for rate in VAT_RATES])
    keywords = StringField("Autres mots pour le trouver", [Length(max=400)])

    def offer_trades(self, current: str | None) -> None:
        """The known trades, and the one the price carries already when it is of another library."""
        labels = TRADES | ({current: current.replace("_", " ").capitalize()} if current and current not in TRADES else {})
        self.trade.choices = [SelectChoice(slug, label) for slug, label in labels.items()]

    def show(self, item: PriceItem) -> None:
        """Fill in the form with a price as people write it."""
        self.label.data, self.code.data, self.trade.data, self.unit.data = item.label, item.code, item.trade, item.unit
        self.unit_price.data = french.quantity(item.unit_price) if item.unit_price == round(item.unit_price, 3) else str(item.unit_price)
        self.vat_rate.data = str(next((rate for rate in VAT_RATES if rate == item.vat_rate), VAT_RATES[0]))
        self.keywords.data = ", ".join(item.keywords)

    def values(self) -> PriceValues:
        """What was typed, read; once the form is valid."""
        return PriceValues(
            code=self.code.data or "",
            label=self.label.data or "",
            unit=self.unit.data,
            unit_price=_read_price(self.unit_price.data or ""),
            vat_rate=Decimal(self.vat_rate.data),
            trade=self.trade.data,
            keywords=tuple((self.keywords.data or "").split(",")),
        )


def add_price_pages(bp: Blueprint, *, permission: str, owner: Owner) -> None:
    """Add `/prix` and its pages to a portal: endpoints prices, new_price, price, switch_price and forget_price.

    `owner` tells whose library the acting person keeps: an account's id, or None for the platform's.
    """

    @bp.get("/prix")
    @requires(permission)
    def prices() -> ResponseReturnValue:
        """The library, by trade, with search and filters."""
        owner_id = owner(signed_in())
        statement = prices_of(
            owner_id, query=asked_for("q"), trade=asked_for("metier"), state=asked_for("statut"), origin=asked_for("origine")
        )
        sorts = {"metier": PriceItem.trade, "code": PriceItem.code, "ouvrage": PriceItem.label, "prix": PriceItem.unit_price}
        page = listed(statement, sorts, PriceItem.id, default="metier")
        return respond("prices/list.html", "liste", page=page, trades=TRADES, owner_id=owner_id)

    @bp.route("/prix/nouveau", methods=["GET", "POST"])
    @requires(permission)
    def new_price() -> ResponseReturnValue:
        """A price of one's own."""
        return _edit(bp.name, owner(signed_in()), None)

    @bp.route("/prix/<price_id>", methods=["GET", "POST"])
    @requires(permission)
    def price(price_id: str) -> ResponseReturnValue:
        """Change a price; changing a shared one makes one of one's own."""
        owner_id = owner(signed_in())
        return _edit(bp.name, owner_id, price_in_reach(owner_id, price_id))

    @bp.post("/prix/<price_id>/etat")
    @requires(permission)
    def switch_price(price_id: str) -> ResponseReturnValue:
        """Propose a price in estimates, or no longer."""
        item = prices_verbs.switch_price(owner(signed_in()), price_id, active=request.form.get("actif") == "1")
        flash(f"« {item.label} » est {'de nouveau proposé' if item.is_active else 'retiré des estimations'}.", "success")
        return redirect(url_for(".price", price_id=item.id), code=303)

    @bp.post("/prix/<price_id>/commun")
    @requires(permission)
    def forget_price(price_id: str) -> ResponseReturnValue:
        """Drop one's own price: the shared one of the same code is in force again."""
        owner_id = owner(signed_in())
        if owner_id is None:
            raise NotFoundError()
        again = prices_verbs.forget_own_price(owner_id, price_id)
        flash(f"Retour au prix de la plateforme : {french.euro(again.unit_price)} HT." if again else "Prix supprimé.", "success")
        return redirect(url_for(".prices"), code=303)


def _edit(portal: str, owner_id: str | None, item: PriceItem | None) -> ResponseReturnValue:
    form = PriceForm()
    form.offer_trades(item.trade if item else None)
    shared = item is not None and item.owner_id != owner_id
    if request.method == "GET":
        if item is not None:
            form.show(item)
    elif form.validate_on_submit():
        try:
            saved = prices_verbs.save_price(owner_id, form.values(), item.id if item else None)
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash(f"Prix de « {saved.label} » enregistré.", "success")
            return redirect(url_for(f"{portal}.prices"), code=303)
    status = 422 if form.errors else 200
    replaces = prices_verbs.shared_price(item) if item is not None and item.owner_id else None
    return respond("prices/form.html", form=form, item=item, shared=shared, replaces=replaces, owner_id=owner_id, status=status)
