"""AI-Manager: `create_app()` is an ordered list of installations, nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping

from werkzeug.middleware.proxy_fix import ProxyFix

from app.config import load_settings
from app.core.logging import configure_logging
from app.core.storage import install_storage
from app.extensions import connect_redis, csrf, db, htmx, limiter, login_manager
from app.web.authentication import install_authentication
from app.web.brand_hosts import install_brand_hosts
from app.web.errors import install_errors
from app.web.house import House, flask_config, install_headers
from app.web.metrics import install_metrics
from app.web.static_files import install_static_files
from app.web.ui import install_ui


def create_app(env: Mapping[str, str] | None = None, *, doors: bool = True) -> House:
    """Make the application from its environment; without `doors`, for a process that serves no page. Raises SettingsError naming a bad or missing setting."""
    settings = load_settings(env if env is not None else os.environ)
    configure_logging(json_lines=settings.production)
    app = House(__name__)
    app.config.from_mapping(flask_config(settings))
    if settings.trusted_proxies:
        n = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    app.extensions["redis"] = connect_redis(settings.redis_url)
    db.init_app(app)
    install_storage(app, settings)
    login_manager.init_app(app)
    csrf.init_app(app)
    htmx.init_app(app)
    limiter.init_app(app)
    install_headers(app)
    install_errors(app)
    install_brand_hosts(app)
    install_authentication(app)
    install_metrics(app)
    install_static_files(app)
    install_ui(app)
    if doors:
        # Pages and their forms are a fifth of a process's memory: imported where they serve.
        from app.blueprints import install_blueprints

        install_blueprints(app)
    return app
