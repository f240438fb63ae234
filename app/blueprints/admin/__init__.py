"""The administrators' portal, `/admin`: people, companies, conversations, prices, e-mails, journal (003 §7.2)."""

from __future__ import annotations

from app.blueprints.admin import (
    accounting,
    accounts,
    agent_branding,
    agent_editing,
    agent_statistics,
    agent_versions,
    agents,
    artisans,
    billing_profile,
    budgets,
    calls,
    comparisons,
    conversations,
    costs,
    domains,
    editors,
    emails,
    grants,
    home,
    journal,
    plans,
    playground,
    questions,
    recounting,
    roles,
    statements,
    users,
)
from app.blueprints.admin.blueprint import bp
from app.blueprints.ai_pages import add_ai_pages
from app.blueprints.ai_pages.providers import add_provider_pages
from app.blueprints.deployment_pages import add_deployment_pages
from app.blueprints.library_pages import add_library_pages
from app.blueprints.prices_pages import add_price_pages

add_price_pages(bp, permission="agents.manage", owner=lambda actor: None)
add_deployment_pages(bp)
add_library_pages(bp)
add_ai_pages(bp)
add_provider_pages(bp)

__all__ = [
    "accounting",
    "accounts",
    "agent_branding",
    "agent_editing",
    "agent_statistics",
    "agent_versions",
    "agents",
    "artisans",
    "billing_profile",
    "bp",
    "calls",
    "comparisons",
    "budgets",
    "conversations",
    "costs",
    "domains",
    "editors",
    "emails",
    "grants",
    "home",
    "journal",
    "plans",
    "playground",
    "questions",
    "recounting",
    "roles",
    "statements",
    "users",
]
