"""The editor's portal: his deployments, conversations, links, artisans and webhooks (003 §7.2, §7.3)."""

from __future__ import annotations

from app.blueprints.deployment_pages.branding import add_branding_pages
from app.blueprints.deployment_pages.domains import add_domains_pages
from app.blueprints.deployment_pages.integration import add_integration_pages
from app.blueprints.deployment_pages.limits import add_limits_pages
from app.blueprints.deployment_pages.overview import add_overview_pages
from app.blueprints.deployment_pages.resolved import add_resolved_pages
from app.blueprints.deployment_pages.settings import add_settings_pages
from app.blueprints.deployment_pages.statistics import add_statistics_pages
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

add_branding_pages(bp)
add_domains_pages(bp)
add_integration_pages(bp)
add_limits_pages(bp)
add_overview_pages(bp)
add_resolved_pages(bp)
add_settings_pages(bp)
add_statistics_pages(bp)

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
