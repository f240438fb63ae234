"""Keys: set or replaced, tested, deleted; never shown (001 §4, “Mes clés”)."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.blueprints.ai_pages.forms import KeyForm
from app.blueprints.ai_pages.page import back, told_of
from app.blueprints.ai_pages.words import owner_id
from app.core.errors import InvalidError, NotFoundError
from app.llm.catalogue import provider_by_key
from app.llm.checking import test_key
from app.llm.credentials import KeyStatus, delete_key, key_statuses
from app.llm.starting import before_test, keep_and_test_key
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors
from app.web.responding import respond


def add_key_pages(bp: Blueprint) -> None:
    """Add `/intelligence-artificielle/cles/<provider>` and what it does to a portal."""

    @bp.route("/intelligence-artificielle/cles/<provider>", methods=["GET", "POST"])
    @requires("ai.manage")
    def ai_key(provider: str) -> ResponseReturnValue:
        """Give a key, or another one; it is tested at once."""
        found, form = provider_by_key(provider), KeyForm()
        name = found.name
        key = _status(found.key)
        if request.method == "GET" and key.own_address:
            form.base_url.data = key.base_url
        elif form.validate_on_submit():
            try:
                result = keep_and_test_key(signed_in(), owner_id(), provider, form.api_key.data or "", form.base_url.data)
            except InvalidError as error:
                put_errors(form, error)
                found = provider_by_key(provider)
            else:
                told, kind = told_of(result, f"Clé {name} enregistrée : elle fonctionne.")
                flash(told if result.success else f"Clé {name} enregistrée. {told}", kind)
                return redirect(url_for(f"{bp.name}.ai", _anchor="cles"), code=303)
        return respond("ai/key.html", provider=found, form=form, key=key, status=422 if form.errors else 200)

    @bp.post("/intelligence-artificielle/cles/<provider>/essai")
    @requires("ai.manage")
    def ai_test_key(provider: str) -> ResponseReturnValue:
        """Ask the provider whether it takes the key."""
        name = provider_by_key(provider).name
        before_test(owner_id())
        return back(bp.name, told_of(test_key(owner_id(), provider), f"La clé {name} fonctionne."), "cles")

    @bp.post("/intelligence-artificielle/cles/<provider>/suppression")
    @requires("ai.manage")
    def ai_delete_key(provider: str) -> ResponseReturnValue:
        """Forget a key."""
        found = provider_by_key(provider)
        delete_key(owner_id(), found.key)
        return back(bp.name, (f"Clé {found.name} supprimée.", "success"), "cles")


def _status(provider: str) -> KeyStatus:
    """The built-in engine has no key page."""
    found = next((key for key in key_statuses(owner_id()) if key.provider == provider and provider != "local"), None)
    if found is None:
        raise NotFoundError()
    return found
