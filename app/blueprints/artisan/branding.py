"""How the artisan's conversations look by default, with what his customer will see beside (003 §15.2 C; PRODUCT.md, Branding)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as Redirection

from app.agents.models import Agent
from app.blueprints.artisan.blueprint import artisan_row, bp
from app.blueprints.artisan.forms import BrandingForm
from app.core.errors import InvalidError
from app.core.identifiers import format_phone_fr
from app.deployments.branding import WHITE, Names, contrast, is_color, resolve_branding
from app.deployments.models import Deployment
from app.deployments.own_branding import LENGTHS, change_own_branding
from app.extensions import db
from app.identity.models import User
from app.web.access import requires
from app.web.form_errors import put_errors
from app.web.responding import respond

READABLE, VISIBLE = 4.5, 3.0
"""WCAG 2.2 AA: a text on its ground, a button on its page."""


@dataclass(frozen=True, slots=True)
class Legibility:
    """What is told of a colour: how readable a text on it is, and whether it stands out on a white page."""

    kind: str
    sentence: str


@bp.route("/apparence", methods=["GET", "POST"])
@requires("branding.manage")
def branding() -> Response | Redirection:
    """Title, colour, welcome message, invitation to write, signature."""
    account = artisan_row()
    form = BrandingForm(data={name: account.branding.get(name) for name in LENGTHS})
    if form.validate_on_submit():
        try:
            change_own_branding(account, {name: form[name].data for name in LENGTHS})
        except InvalidError as error:
            put_errors(form, error)
        else:
            flash("Apparence enregistrée. Vos prochaines conversations s’ouvrent ainsi.", "success")
            return redirect(url_for("artisan.branding"), code=303)
    shown = {name: form[name].data for name in LENGTHS}
    status = 422 if form.errors else 200
    return respond(
        "artisan/branding.html", form=form, account=account, inherited=_resolved(account, {}), status=status, **_preview(account, shown)
    )


@bp.post("/apparence/apercu")
@requires("branding.manage")
def preview_branding() -> Response:
    """What the customer would see with the words being typed; nothing is kept."""
    return respond(
        "artisan/branding_preview.html",
        **_preview(artisan_row(), {name: request.form.get(name, "")[:limit] for name, limit in LENGTHS.items()}),
    )


def _preview(account: User, values: Mapping[str, str | None]) -> dict[str, Any]:
    look = _resolved(account, values)
    typed = (values.get("primary_color") or "").strip()
    return {"look": look, "legibility": _legibility(look["primary_color"], look["on_primary"], typed)}


def _resolved(account: User, values: Mapping[str, str | None]) -> dict[str, Any]:
    """The branding of a conversation without an editor: the assistant's, the deployment's, then the values given."""
    row = db.session.execute(
        select(Deployment.branding, Agent.default_branding, Agent.name)
        .join(Agent, Agent.id == Deployment.agent_id)
        .where(Deployment.editor_id.is_(None), Deployment.is_active)
        .order_by(Deployment.created_at, Deployment.id)
        .limit(1)
    ).one_or_none()
    levels: list[Mapping[str, Any] | None] = [row.default_branding, row.branding] if row else []
    names = Names(
        agent=row.name if row else "",
        artisan=account.display_name,
        artisan_phone=format_phone_fr(account.phone) if account.phone else "",
        particulier="M. Martin",
    )
    return resolve_branding([*levels, {"logo_url": account.branding.get("logo_url")}, values], names)


def _legibility(color: str, ink: str, typed: str) -> Legibility:
    if typed and not is_color(typed):
        return Legibility("wait", "Cette couleur n’est pas encore complète : un dièse et six chiffres ou lettres de a à f, comme #24518f.")
    ratio = contrast(color, ink)
    written = f"{ratio:.1f}".replace(".", ",")
    words = "blanc" if ink == WHITE else "foncé"
    if ratio < READABLE:
        return Legibility("wait", f"Texte {words} à {written} pour 1 : difficile à lire. Prenez une couleur plus sombre ou plus claire.")
    if contrast(color, WHITE) < VISIBLE:
        return Legibility("wait", f"Texte {words} à {written} pour 1, lisible ; mais cette couleur se voit à peine sur une page blanche.")
    return Legibility("ok", f"Texte {words} à {written} pour 1 : bien lisible.")
