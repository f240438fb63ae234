"""Codes by which artisans tie themselves: made, shown once, taken back (003 §15.2 A, scenario 3)."""

from __future__ import annotations

from flask import Response, flash, redirect, session, url_for

from app.blueprints.editeur.artisans import permissions_of
from app.blueprints.editeur.blueprint import account_id, bp
from app.blueprints.editeur.forms import CodeForm
from app.core.crypto import UnsealError, seal, unseal
from app.core.errors import ConflictError, InvalidError
from app.extensions import limiter
from app.identity.link_codes import living_codes, make_code, revoke_code
from app.web.access import requires, signed_in
from app.web.form_errors import put_errors
from app.web.responding import respond

SHOWN_ONCE = "link_code"


@bp.route("/artisans/codes", methods=["GET", "POST"])
@requires("artisans.link")
@limiter.limit("120/hour", methods=["POST"])
def link_codes() -> Response:
    """The codes that wait for their artisan; the form that makes one; and once, the code just made."""
    form = CodeForm()
    if form.validate_on_submit():
        try:
            code, text = make_code(
                signed_in(),
                external_id=form.external_id.data or "",
                artisan_name=form.artisan_name.data or "",
                permissions=permissions_of(form),
            )
        except InvalidError as error:
            put_errors(form, error)
        except ConflictError as error:
            put_errors(form, InvalidError(error.message, {"external_id": [error.message]}))
        else:
            session[SHOWN_ONCE] = {"id": code.id, "sealed": seal(text.encode(), purpose=SHOWN_ONCE)}
            return redirect(url_for("editeur.link_codes"), code=303)  # type: ignore[return-value]
    codes = living_codes(account_id())
    return respond("editeur/link_codes.html", form=form, codes=codes, new=_just_made(), status=422 if form.errors else 200)


@bp.post("/artisans/codes/<code_id>/annuler")
@requires("artisans.link")
def cancel_code(code_id: str) -> Response:
    """A code that ties nobody any more."""
    code = revoke_code(account_id(), code_id)
    flash(f"Le code pour {code.external_id} ne vaut plus rien.", "success")
    return redirect(url_for("editeur.link_codes"), code=303)  # type: ignore[return-value]


def _just_made() -> dict[str, str] | None:
    """The code made by the request before this one; gone after this page."""
    kept = session.pop(SHOWN_ONCE, None)
    if kept is None:
        return None
    try:
        return {"id": kept["id"], "code": unseal(kept["sealed"], purpose=SHOWN_ONCE).decode()}
    except UnsealError:
        return None
