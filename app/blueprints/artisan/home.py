"""The artisan's first page: what happened last, and what waits for him."""

from __future__ import annotations

from flask import Response, url_for

from app.blueprints.artisan.blueprint import artisan_row, bp, conversations_to_read
from app.conversations.figures import figures_of
from app.conversations.lists import sessions_list
from app.core.acting import Actor
from app.identity.links import links_of_artisan
from app.web.access import requires, signed_in
from app.web.listing import listed
from app.web.responding import respond

SHOWN = 6


@bp.get("/")
@requires()
def home() -> Response:
    """Proposals to answer, the newest conversations, and the first steps of a new account."""
    actor = signed_in()
    ties = links_of_artisan(actor.account_id or "") if actor.can("branding.manage") else []
    figures = figures_of(actor)
    return respond(
        "artisan/home.html",
        proposals=[tie for tie in ties if tie.status == "pending"],
        figures=figures,
        latest=listed(*sessions_list(actor), default="-activite", limit=SHOWN).rows if figures.any else [],
        to_read=conversations_to_read(actor),
        steps=[] if figures.any or not actor.can("sessions.create_link") else _first_steps(actor),
    )


def _first_steps(actor: Actor) -> list[dict[str, object]]:
    """What a new artisan does before his first conversation; done ones are ticked."""
    account = artisan_row()
    prepared = (
        ("Complétez votre entreprise", "Téléphone, adresse, logo : vos clients les voient.", "account.company", bool(account.phone)),
        ("Choisissez votre apparence", "Votre couleur et votre message d’accueil.", "artisan.branding", bool(account.branding)),
        ("Envoyez un premier lien", "À un client qui vous demande un prix.", "artisan.new_link", False),
    )
    return [
        {"title": title, "note": note, "href": url_for(endpoint), "state": "done" if done else "todo"}
        for title, note, endpoint, done in prepared
    ]
