"""The page, its quick start, and the test of the active configuration."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms.fields.choices import SelectChoice

from app.blueprints.ai_pages.forms import StartForm
from app.blueprints.ai_pages.page import back, centre, quick_start, told_of
from app.blueprints.ai_pages.words import owner_id
from app.core.errors import ConflictError, InvalidError
from app.core.format import duration
from app.llm.catalogue import models_of, provider_by_key
from app.llm.checking import test_active
from app.llm.starting import before_test, start
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors
from app.web.listing import asked_for


def add_overview_page(bp: Blueprint) -> None:
    """Add `/intelligence-artificielle`, its quick start and its test to a portal."""

    @bp.get("/intelligence-artificielle")
    @requires("ai.manage")
    def ai() -> ResponseReturnValue:
        """Where one stands, keys, the active model, instructions, the last tests; `?fournisseur=` opens the quick start of one."""
        wanted = asked_for("fournisseur")
        return centre(start=quick_start(wanted)) if wanted else centre()

    @bp.post("/intelligence-artificielle/demarrage/<provider>")
    @requires("ai.manage")
    def ai_start(provider: str) -> ResponseReturnValue:
        """Save the key, activate the model and test both, in one go."""
        found = provider_by_key(provider)
        name, form = found.name, StartForm()
        form.offer(found, [SelectChoice(model.key, model.name) for model in models_of(owner_id(), found.key)])
        if form.validate_on_submit():
            try:
                result = start(signed_in(), owner_id(), provider, form.chosen_model, **form.key_values())
            except InvalidError as error:
                put_errors(form, _as_shown(error, form))
            except ConflictError as error:
                put_errors(form, InvalidError(error.message))
            else:
                if result.error_kind == "no_model":
                    put_errors(form, InvalidError(result.said_fr, {"model_key": [result.said_fr]}))
                    return centre(start=quick_start(provider, form), status=422)
                flash(*told_of(result, f"Tout est prêt : {name} a répondu en {duration(result.latency_ms)}."))
                return redirect(url_for(f"{bp.name}.ai"), code=303)
        return centre(start=quick_start(provider, form), status=422)

    @bp.post("/intelligence-artificielle/essai")
    @requires("ai.manage")
    def ai_test() -> ResponseReturnValue:
        """Ask the active model for a word."""
        before_test(owner_id())
        result = test_active(owner_id())
        return back(bp.name, told_of(result, f"La configuration répond, en {duration(result.latency_ms)}."))


def _as_shown(error: InvalidError, form: StartForm) -> InvalidError:
    """The same refusal, under the name that the model's field has in this form."""
    shown = {("model_key" if name in ("model", "key") and "model_key" in form else name): said for name, said in error.fields.items()}
    return InvalidError(error.message, shown)
