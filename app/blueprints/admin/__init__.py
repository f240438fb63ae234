"""The administrators' portal, `/admin`: people, companies, conversations, prices, e-mails, journal (003 §7.2)."""

from __future__ import annotations

from app.blueprints.admin import accounts, artisans, conversations, editors, emails, home, journal, roles, users
from app.blueprints.admin.blueprint import bp
from app.blueprints.prices_pages import add_price_pages

add_price_pages(bp, permission="agents.manage", owner=lambda actor: None)

__all__ = ["accounts", "artisans", "bp", "conversations", "editors", "emails", "home", "journal", "roles", "users"]
