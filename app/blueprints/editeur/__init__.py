"""The editor's portal: his deployments, conversations, links, artisans and webhooks (003 §7.2, §7.3)."""

from __future__ import annotations

from app.blueprints.deployment_pages import add_deployment_pages
from app.blueprints.editeur import (
    artisan_files,
    artisans,
    brand_hosts,
    conversations,
    documentation,
    home,
    link_codes,
    links,
    statistics,
    webhook_log,
    webhooks,
)
from app.blueprints.editeur.blueprint import bp

add_deployment_pages(bp)

__all__ = [
    "artisan_files",
    "artisans",
    "bp",
    "brand_hosts",
    "conversations",
    "documentation",
    "home",
    "link_codes",
    "links",
    "statistics",
    "webhook_log",
    "webhooks",
]
