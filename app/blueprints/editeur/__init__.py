"""The editor's portal: his deployments, conversations, links, artisans and webhooks (003 §7.2, §7.3)."""

from __future__ import annotations

from app.blueprints.ai_pages import add_ai_pages
from app.blueprints.deployment_pages import add_deployment_pages
from app.blueprints.editeur import (
    artisan_files,
    artisans,
    brand_hosts,
    conversations,
    costs,
    documentation,
    home,
    link_codes,
    links,
    statements,
    statistics,
    webhook_log,
    webhooks,
)
from app.blueprints.editeur.blueprint import bp
from app.blueprints.library_pages import add_library_pages

add_deployment_pages(bp)
add_library_pages(bp)
add_ai_pages(bp)

__all__ = [
    "artisan_files",
    "artisans",
    "bp",
    "brand_hosts",
    "conversations",
    "costs",
    "documentation",
    "home",
    "link_codes",
    "links",
    "statements",
    "statistics",
    "webhook_log",
    "webhooks",
]
