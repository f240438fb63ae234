"""API keys of an account, personal tokens of a person: made, scoped, shown once, revoked (CONTRACT.md, Ways in)."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice

from app.blueprints.account.blueprint import KEY_KINDS, bp, key_words, makes_keys
from app.blueprints.account.forms import KeyForm
from app.core import clock
from app.core.acting import Actor
from app.core.crypto import UnsealError, seal, unseal
from app.core.errors import ForbiddenError, InvalidError
from app.identity.keys import create_key, keys_of, permission_labels, revoke_key
from app.identity.models import ApiKey
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors

SHOWN_ONCE = "new_key"


@bp.route("/compte/cles", methods=["GET", "POST"])
@requires("api.access")
def keys() -> Response:
    """The keys, the living first; the form that makes one; and once, after making it, its secret."""
    actor = _maker()
    labels = permission_labels()
    form = KeyForm()
    form.scopes.choices = [SelectChoice(slug, label) for slug, label in labels.items() if actor.can(slug)]
    if form.validate_on_submit():
        try:
            key, secret = create_key(
                actor,
                kind=KEY_KINDS[actor.role or ""],
                name=form.name.data or "",
                scopes=_chosen(form),
                expires_at=clock.now() + timedelta(days=int(form.life.data)) if form.life.data else None,
            )
        except InvalidError as error:
            put_errors(form, error)
        else:
            # Sealed: the session's cookie is signed, not secret, and this value stays in it until the next page.
            session[SHOWN_ONCE] = {"id": key.id, "sealed": seal(secret.encode(), purpose=SHOWN_ONCE)}
            return redirect(url_for("account.keys"), code=303)
    held = keys_of(actor)
    page = render_template(
        "account/keys.html",
        form=form,
        keys=held,
        older=_older(held),
        new=_just_made(),
        words=key_words(actor),
        labels=labels,
        now=clock.now(),
    )
    return make_response(page, 422 if form.errors else 200)


@bp.post("/compte/cles/<key_id>/revocation")
@requires("api.access")
def revoke(key_id: str) -> Response:
    """End a key at once; its name was typed."""
    actor = _maker()
    key = next((held for held in keys_of(actor) if held.id == key_id), None)
    if key is not None and request.form.get("confirmation", "").strip() != key.name:
        flash("Le nom écrit n’est pas celui-là : rien n’a été révoqué.", "error")
    else:
        flash(f"« {revoke_key(actor, key_id).name} » ne permet plus rien.", "success")
    return redirect(url_for("account.keys"), code=303)


def _maker() -> Actor:
    actor = signed_in()
    if not makes_keys(actor):
        raise ForbiddenError("Ce rôle n’a pas de clé à lui.")
    return actor


def _chosen(form: KeyForm) -> list[str]:
    """The permissions kept; none means all those of the role, so « seulement ce que je coche » needs one at least."""
    if form.access.data == "all":
        return []
    if not form.scopes.data:
        raise InvalidError("Aucune permission n’est cochée.", {"scopes": ["Cochez au moins une permission."]})
    return list(form.scopes.data)


def _older(held: list[ApiKey]) -> dict[str, str]:
    """Of a living key that has a newer one beside it: whether it served since, which tells when a replacement is complete."""
    now = clock.now()
    living = sorted(
        (key for key in held if key.revoked_at is None and (key.expires_at is None or key.expires_at > now)), key=lambda key: key.created_at
    )
    if len(living) < 2:
        return {}
    newest = living[-1]
    return {
        key.id: f"sert encore depuis « {newest.name} »"
        if key.last_used_at and key.last_used_at > newest.created_at
        else f"n’a pas servi depuis « {newest.name} »"
        for key in living[:-1]
    }


def _just_made() -> dict[str, str] | None:
    """The secret made by the request before this one; gone after this page."""
    kept = session.pop(SHOWN_ONCE, None)
    if kept is None:
        return None
    try:
        return {"id": kept["id"], "secret": unseal(kept["sealed"], purpose=SHOWN_ONCE).decode()}
    except UnsealError:
        return None
