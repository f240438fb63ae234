"""The administrators' portal, `/admin`: people, companies, conversations, prices, e-mails, journal (003 §7.2)."""

from __future__ import annotations

from app.blueprints.admin import (
    accounts,
    agents,
    artisans,
    conversations,
    domains,
    editors,
    emails,
    grants,
    home,
    journal,
    plans,
    roles,
    users,
)
from app.blueprints.admin.blueprint import bp
from app.blueprints.deployment_pages.branding import add_branding_pages
from app.blueprints.deployment_pages.domains import add_domains_pages
from app.blueprints.deployment_pages.integration import add_integration_pages
from app.blueprints.deployment_pages.limits import add_limits_pages
from app.blueprints.deployment_pages.overview import add_overview_pages
from app.blueprints.deployment_pages.resolved import add_resolved_pages
from app.blueprints.deployment_pages.settings import add_settings_pages
from app.blueprints.deployment_pages.statistics import add_statistics_pages
from app.blueprints.prices_pages import add_price_pages

add_price_pages(bp, permission="agents.manage", owner=lambda actor: None)
add_branding_pages(bp)
add_domains_pages(bp)
add_integration_pages(bp)
add_limits_pages(bp)
add_overview_pages(bp)
add_resolved_pages(bp)
add_settings_pages(bp)
add_statistics_pages(bp)

__all__ = [
    "accounts",
    "agents",
    "artisans",
    "bp",
    "conversations",
    "domains",
    "editors",
    "emails",
    "grants",
    "home",
    "journal",
    "plans",
    "roles",
    "users",
]
