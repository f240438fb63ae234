"""One package per door; this list is the whole map."""

from __future__ import annotations

from flask import Flask

from app.blueprints import account, admin, artisan, auth, chat, docs, editeur, fabricant, files, health, metreur, particulier
from app.blueprints.api import editor, widget
from app.web.api import install_api
from app.web.navigation import install_navigation

PAGES = (
    health.bp,
    files.bp,
    docs.bp,
    chat.bp,
    auth.bp,
    account.bp,
    account.notifications_bp,
    admin.bp,
    editeur.bp,
    artisan.bp,
    fabricant.bp,
    particulier.bp,
    metreur.bp,
)
APIS = (widget.bp, editor.bp)


def install_blueprints(app: Flask) -> None:
    """Register every door."""
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    install_api(app, list(APIS))
    install_navigation(app)
