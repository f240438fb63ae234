"""One package per door; this list is the whole map."""

from __future__ import annotations

from flask import Flask

from app.blueprints import (
    account,
    admin,
    artisan,
    auth,
    chat,
    docs,
    editeur,
    embed,
    fabricant,
    files,
    health,
    internal,
    metreur,
    particulier,
)
from app.blueprints.api import admin as admin_api
from app.blueprints.api import ai as ai_api
from app.blueprints.api import artisan as artisan_api
from app.blueprints.api import editor, widget
from app.web.api import install_api
from app.web.navigation import install_navigation

PAGES = (
    health.bp,
    internal.bp,
    files.bp,
    docs.bp,
    chat.bp,
    embed.bp,
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
APIS = (widget.bp, editor.bp, artisan_api.bp, admin_api.bp, ai_api.bp)


def install_blueprints(app: Flask) -> None:
    """Register every door."""
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    install_api(app, list(APIS))
    install_navigation(app)
