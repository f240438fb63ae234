"""The page itself, whole or as the fragment that a test swaps, with everything its templates need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select
from wtforms.fields.choices import SelectChoice

from app.blueprints.ai_pages.breakers import open_providers
from app.blueprints.ai_pages.forms import ActivateForm, OwnModelForm, StartForm
from app.blueprints.ai_pages.standing import standing_of
from app.blueprints.ai_pages.words import owner_id
from app.deployments.own_keys import agents_with_own_keys
from app.extensions import db
from app.llm.active import active_model
from app.llm.catalogue import ModelInfo, models_of, provider_by_key, providers
from app.llm.check_queries import checks_of, checks_of_active
from app.llm.checking import CheckResult
from app.llm.credentials import key_statuses
from app.llm.models import Provider, ProviderCheck
from app.llm.system_prompts import list_prompts
from app.web.access import signed_in
from app.web.responding import respond, wants_fragment
from app.web.ui import toast_header

TEMPLATE, FRAGMENT = "ai/index.html", "centre"
LATEST = 5


@dataclass(frozen=True, slots=True)
class Start:
    """The quick start: providers to choose from, the chosen one, its form, models known there, whether its key is kept already."""

    providers: list[Provider]
    chosen: Provider | None = None
    form: StartForm | None = None
    known: list[ModelInfo] = field(default_factory=list)
    has_key: bool = False


def centre(
    *,
    start: Start | None = None,
    activate: ActivateForm | None = None,
    own_model: OwnModelForm | None = None,
    told: tuple[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    """The control centre. Forms given are those with errors; `told` is a sentence and its kind, shown as a toast by the fragment."""
    owner = owner_id()
    active = active_model(owner)
    known = providers()
    names = {provider.key: provider.name for provider in known}
    keys = key_statuses(owner)
    by_provider = {key.provider: key for key in keys}
    models = models_of(owner)
    usable = [model for model in models if model.provider in by_provider and by_provider[model.provider].configured]
    activate, own_model = activate or ActivateForm(formdata=None), own_model or OwnModelForm(formdata=None)
    offer_models(activate, names, usable)
    offer_providers(own_model, known)
    if active is not None and not activate.choice.errors:
        activate.choice.data = f"{active.provider.key}/{active.model_key}"
    checks = db.session.execute(_newest(checks_of(owner)).limit(LATEST)).all()
    tested = active is not None and active.tested_at is not None
    check = db.session.execute(_newest(checks_of_active(owner, active)).limit(1)).first() if active and tested else None
    name = next((model.name for model in models if active and (model.provider, model.key) == (active.provider.key, active.model_key)), "")
    response = respond(
        TEMPLATE,
        FRAGMENT,
        status=status,
        owner_id=owner,
        standing=standing_of(owner, active, by_provider, check, name),
        snapshot=active.system_prompt if active else None,
        deactivable=active is not None,
        keys=[key for key in keys if key.provider != "local"],
        open_breakers=open_providers(owner),
        provider_names=names,
        activate=activate,
        own_model=own_model,
        own_models=[model for model in models if model.custom],
        prompts=list_prompts(owner),
        checks=checks,
        own_keys_agents=agents_with_own_keys(owner) if owner and signed_in().role == "editeur" else None,
        start=start or (quick_start() if active is None else None),
    )
    if told and wants_fragment():
        response.headers["HX-Trigger"] = toast_header(told[0], kind=told[1])
    return response


def quick_start(key: str = "", form: StartForm | None = None) -> Start:
    """The choice of a provider; with one, its form. Raises NotFoundError."""
    every = list(providers())
    if not key:
        return Start(every)
    chosen, known = provider_by_key(key), models_of(owner_id(), key)
    has_key = any(held.provider == key and held.has_key for held in key_statuses(owner_id()))
    if form is None:
        form = StartForm(formdata=None)
        form.offer(chosen, [SelectChoice(model.key, model.name) for model in known])
    return Start(every, chosen, form, known, has_key)


def told_of(result: CheckResult, ready: str) -> tuple[str, str]:
    """What a test found, as a toast: the good news, or what failed."""
    return (ready, "success") if result.success else (result.said_fr, "error")


def back(portal: str, told: tuple[str, str], anchor: str = "centre") -> ResponseReturnValue:
    """After a change: the fragment for htmx, else the page again with the sentence on it."""
    if wants_fragment():
        return centre(told=told)
    flash(*told)
    return redirect(url_for(f"{portal}.ai", _anchor=anchor), code=303)


def offer_models(form: ActivateForm, names: dict[str, str], usable: list[ModelInfo]) -> None:
    """Every model that could answer, under its provider's name."""
    form.choice.choices = [SelectChoice(f"{model.provider}/{model.key}", model.name, optgroup=names[model.provider]) for model in usable]


def offer_providers(form: OwnModelForm, known: Sequence[Provider]) -> None:
    """The providers that serve more than the models we know."""
    form.provider.choices = [SelectChoice(provider.key, provider.name) for provider in known if provider.key != "local"]


def _newest(statement: Select[Any]) -> Select[Any]:
    return statement.order_by(ProviderCheck.created_at.desc(), ProviderCheck.id.desc())
