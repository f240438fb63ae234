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
from app.blueprints.deployment_pages import add_deployment_pages
from app.blueprints.prices_pages import add_price_pages

add_price_pages(bp, permission="agents.manage", owner=lambda actor: None)
add_deployment_pages(bp)

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
