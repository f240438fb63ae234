"""How the artisan's conversations look: by default, and at each of his editors (003 §15.2 C; PRODUCT.md, Branding)."""

from __future__ import annotations

from flask import Response
from werkzeug.wrappers import Response as Redirection

from app.blueprints.artisan.blueprint import artisan_row, bp
from app.blueprints.branding_pages import Desk, edit_look, preview_look
from app.core.errors import NotFoundError
from app.core.identifiers import format_phone_fr
from app.deployments.brand_levels import Level, change_own_branding, change_tie_branding, levels_of_editor
from app.deployments.branding import Names
from app.identity.links import link_of_artisan
from app.identity.models import EditorLink, User
from app.web.access import requires, signed_in


@bp.route("/apparence", methods=["GET", "POST"])
@requires("branding.manage")
def branding() -> Response | Redirection:
    """Title, colour, welcome message, invitation to write, signature."""
    account = artisan_row()
    return edit_look(
        _default_desk(account),
        "artisan/branding.html",
        keep=lambda values: change_own_branding(account, values),
        saved="Apparence enregistrée. Vos prochaines conversations s’ouvrent ainsi.",
    )


@bp.post("/apparence/apercu")
@requires("branding.manage")
def preview_branding() -> Response:
    """What the customer would see with the words being typed; nothing is kept."""
    return preview_look(_default_desk(artisan_row()))


@bp.route("/logiciels/<link_id>/apparence", methods=["GET", "POST"])
@requires("branding.manage")
def editor_branding(link_id: str) -> Response | Redirection:
    """The same for the conversations of one editor's software."""
    tie = _working_tie(link_id)
    return edit_look(
        _tie_desk(artisan_row(), tie),
        "artisan/editor_branding.html",
        keep=lambda values: change_tie_branding(tie, values),
        saved=f"Apparence chez {tie.editor_name} enregistrée.",
        tie=tie,
    )


@bp.post("/logiciels/<link_id>/apparence/apercu")
@requires("branding.manage")
def preview_editor_branding(link_id: str) -> Response:
    """What the customer of that software would see; nothing is kept."""
    return preview_look(_tie_desk(artisan_row(), _working_tie(link_id)))


def _working_tie(link_id: str) -> EditorLink:
    tie = link_of_artisan(signed_in().account_id or "", link_id)
    if tie.status != "active":
        raise NotFoundError()
    return tie


def _default_desk(account: User) -> Desk:
    agent, deployment, agent_name = levels_of_editor(None)
    return Desk((agent, deployment), account.branding, _names(account, agent_name, ""))


def _tie_desk(account: User, tie: EditorLink) -> Desk:
    agent, deployment, agent_name = levels_of_editor(tie.editor_id)
    default = Level("de votre apparence par défaut", account.branding, house=False)
    return Desk((agent, deployment, default), tie.branding, _names(account, agent_name, tie.editor_name))


def _names(account: User, agent_name: str, editor_name: str) -> Names:
    phone = format_phone_fr(account.phone) if account.phone else ""
    return Names(agent=agent_name, editor=editor_name, artisan=account.display_name, artisan_phone=phone, particulier="M. Martin")
