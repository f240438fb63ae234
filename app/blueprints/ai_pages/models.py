"""The active model, and models of one's own (001 §4, “Modèle actif”)."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.blueprints.ai_pages.forms import ActivateForm, OwnModelForm
from app.blueprints.ai_pages.page import back, centre, offer_providers
from app.blueprints.ai_pages.words import owner_id
from app.core.errors import ConflictError, InvalidError
from app.llm.active import activate, deactivate
from app.llm.catalogue import add_user_model, providers, remove_user_model
from app.web.access import requires
from app.web.form_errors import put_errors


def add_model_pages(bp: Blueprint) -> None:
    """Add the choice of a model, and models of one's own, to a portal."""

    @bp.post("/intelligence-artificielle/modele")
    @requires("ai.manage")
    def ai_activate() -> ResponseReturnValue:
        """Make one model the active one."""
        form = ActivateForm()
        form.choice.validate_choice = False  # the verb knows better, and says why
        if form.validate_on_submit():
            provider, _, model = str(form.choice.data).partition("/")
            try:
                activate(owner_id(), provider, model)
            except InvalidError as error:
                put_errors(form, error)
            else:
                return back(bp.name, ("Modèle activé. Testez-le pour être sûr qu’il répond.", "success"))
        return centre(activate=form, status=422)

    @bp.post("/intelligence-artificielle/modeles")
    @requires("ai.manage")
    def ai_add_model() -> ResponseReturnValue:
        """Name a model that the catalogue does not."""
        form = OwnModelForm()
        offer_providers(form, providers())
        if form.validate_on_submit():
            try:
                added = add_user_model(owner_id(), form.provider.data, form.key.data or "", form.name.data or "")
            except InvalidError as error:
                put_errors(form, error)
            except ConflictError as error:
                form.key.errors = [error.message]
            else:
                return back(bp.name, (f"« {added.name} » est dans la liste des modèles.", "success"), "modele")
        return centre(own_model=form, status=422)

    @bp.post("/intelligence-artificielle/modeles/<provider>/retrait")
    @requires("ai.manage")
    def ai_remove_model(provider: str) -> ResponseReturnValue:
        """Take a model of one's own out of the list."""
        try:
            remove_user_model(owner_id(), provider, request.form.get("model", ""))
        except ConflictError as error:
            return back(bp.name, (error.message, "error"), "modele")
        return back(bp.name, ("Modèle retiré de la liste.", "success"), "modele")

    @bp.post("/intelligence-artificielle/modele/retrait")
    @requires("ai.manage")
    def ai_deactivate() -> ResponseReturnValue:
        """Have no model of one's own any more."""
        deactivate(owner_id())
        return back(bp.name, ("Plus aucun modèle n’est activé ici : celui de la plateforme répond.", "success"), "modele")
