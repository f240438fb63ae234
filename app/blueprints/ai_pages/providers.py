"""The catalogue, for the platform's administrators: providers, models, dated prices and rates. A new provider is a row, not code."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from app.blueprints.ai_pages.breakers import open_providers
from app.blueprints.ai_pages.provider_forms import AUTH_WORDS, CAPABILITY_WORDS, ModelForm, ModelPriceForm, ProviderForm, RateForm
from app.core import clock
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.extensions import db
from app.llm import catalogue, prices
from app.llm.credentials import key_statuses
from app.llm.models import Model, ModelPrice, Provider
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.forms import PortalForm
from app.web.responding import respond


def add_provider_pages(bp: Blueprint) -> None:
    """Add `/fournisseurs-ia` and what lies under it to the administrators' portal."""

    @bp.get("/fournisseurs-ia")
    @requires("agents.manage")
    def ai_providers() -> ResponseReturnValue:
        """Every provider, those out of service included."""
        return respond(
            "ai/providers.html",
            providers=catalogue.providers(with_inactive=True),
            keys={key.provider: key for key in key_statuses(None)},
            counts=_model_counts(),
            open_breakers=open_providers(None),
            auth_words=AUTH_WORDS,
        )

    @bp.route("/fournisseurs-ia/nouveau", methods=["GET", "POST"])
    @requires("agents.manage")
    def new_ai_provider() -> ResponseReturnValue:
        """Any server that speaks OpenAI's chat completions."""
        return _edit_provider(bp.name, None)

    @bp.route("/fournisseurs-ia/<provider_id>", methods=["GET", "POST"])
    @requires("agents.manage")
    def ai_provider(provider_id: str) -> ResponseReturnValue:
        """Its address, how its key is sent, its models."""
        return _edit_provider(bp.name, _provider(provider_id))

    @bp.route("/fournisseurs-ia/<provider_id>/modeles/nouveau", methods=["GET", "POST"])
    @requires("agents.manage")
    def new_ai_model(provider_id: str) -> ResponseReturnValue:
        """A model for everybody."""
        return _edit_model(bp.name, _provider(provider_id), None)

    @bp.route("/fournisseurs-ia/<provider_id>/modeles/<model_id>", methods=["GET", "POST"])
    @requires("agents.manage")
    def ai_model(provider_id: str, model_id: str) -> ResponseReturnValue:
        """What it can do, and what it costs since when."""
        return _edit_model(bp.name, *_model_in(provider_id, model_id))

    @bp.post("/fournisseurs-ia/<provider_id>/modeles/<model_id>/tarifs")
    @requires("agents.manage")
    def add_ai_price(provider_id: str, model_id: str) -> ResponseReturnValue:
        """Say what it costs from a day on; what was counted before keeps its cost."""
        provider, model = _model_in(provider_id, model_id)
        form = ModelPriceForm()
        if form.validate_on_submit():
            said = (form.input.data or "", form.output.data or "", form.currency.data or "", form.valid_from.data)
            if _kept(form, lambda: prices.add_price(model, *said)):
                flash("Tarif enregistré.", "success")
                return redirect(url_for(f"{bp.name}.ai_model", provider_id=provider.id, model_id=model.id, _anchor="tarifs"), code=303)
        return _model_page(provider, model, _filled(model), form, 422)

    @bp.route("/fournisseurs-ia/devises", methods=["GET", "POST"])
    @requires("agents.manage")
    def ai_rates() -> ResponseReturnValue:
        """What other currencies are worth in euros, by day."""
        form = RateForm()
        if request.method == "GET":
            form.valid_from.data = clock.paris_day()
        elif form.validate_on_submit():
            said = (form.currency.data or "", form.valid_from.data, form.eur.data or "")
            if _kept(form, lambda: prices.set_rate(*said)):
                flash("Cours enregistré.", "success")
                return redirect(url_for(f"{bp.name}.ai_rates"), code=303)
        return respond("ai/rates.html", form=form, rates=prices.rates(), today=clock.paris_day(), status=422 if form.errors else 200)


def _edit_provider(portal: str, provider: Provider | None) -> ResponseReturnValue:
    form = ProviderForm()
    if request.method == "GET":
        if provider is not None:
            form.show(provider)
    elif form.validate_on_submit() and _kept(form, lambda: catalogue.save_provider(form.values(), provider.id if provider else None)):
        flash(f"{form.name.data} est enregistré.", "success")
        return redirect(url_for(f"{portal}.ai_providers"), code=303)
    return respond(
        "ai/provider.html",
        form=form,
        provider=provider,
        models=catalogue.catalogue_models(provider.key) if provider else [],
        prices=_current_prices(provider) if provider else {},
        capability_words=CAPABILITY_WORDS,
        status=422 if form.errors else 200,
    )


def _edit_model(portal: str, provider: Provider, model: Model | None) -> ResponseReturnValue:
    form = ModelForm()
    if request.method == "GET":
        if model is not None:
            form.show(model)
    elif form.validate_on_submit() and _kept(form, lambda: catalogue.save_model(provider.key, form.values(), model.id if model else None)):
        flash(f"{form.name.data or form.key.data} est enregistré.", "success")
        return redirect(url_for(f"{portal}.ai_provider", provider_id=provider.id, _anchor="modeles"), code=303)
    price = ModelPriceForm(formdata=None, valid_from=clock.paris_day())
    return _model_page(provider, model, form, price, 422 if form.errors else 200)


def _model_page(provider: Provider, model: Model | None, form: ModelForm, price: ModelPriceForm, status: int) -> ResponseReturnValue:
    dated = prices.prices_of(model.id) if model else []
    return respond(
        "ai/model.html",
        provider=provider,
        model=model,
        form=form,
        price=price,
        prices=dated,
        unrated=prices.without_rate({one.currency for one in dated}),
        today=clock.paris_day(),
        status=status,
    )


def _filled(model: Model) -> ModelForm:
    form = ModelForm(formdata=None)
    form.show(model)
    return form


def _provider(provider_id: str) -> Provider:
    """Raises NotFoundError."""
    found = db.session.get(Provider, provider_id)
    if found is None:
        raise NotFoundError()
    return found


def _model_counts() -> dict[str, int]:
    """Models in service, by provider."""
    counted = select(Model.provider_id, func.count()).where(Model.is_active).group_by(Model.provider_id)
    return {row[0]: row[1] for row in db.session.execute(counted)}


def _current_prices(provider: Provider) -> dict[str, ModelPrice]:
    """The price in force today of each model of a provider."""
    dated = (
        select(ModelPrice)
        .join(Model, Model.id == ModelPrice.model_id)
        .where(Model.provider_id == provider.id, ModelPrice.valid_from <= clock.paris_day())
        .order_by(ModelPrice.valid_from)
    )
    return {price.model_id: price for price in db.session.scalars(dated)}


def _model_in(provider_id: str, model_id: str) -> tuple[Provider, Model]:
    """Raises NotFoundError, for another provider's model too."""
    provider, model = _provider(provider_id), catalogue.model_by_id(model_id)
    if model.provider_id != provider.id:
        raise NotFoundError()
    return provider, model


def _kept(form: PortalForm, save: Callable[[], object]) -> bool:
    """Run a verb; what it refuses goes beside the fields."""
    try:
        save()
    except InvalidError as error:
        put_errors(form, error)
        return False
    except ConflictError as error:
        put_errors(form, InvalidError(error.message, {"key": [error.message]}))
        return False
    return True
