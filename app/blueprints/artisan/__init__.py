"""The artisan's portal: his customers' conversations, the links he sends, his prices, his look, the editors he works with."""

from __future__ import annotations

from app.blueprints.ai_pages import add_ai_pages
from app.blueprints.artisan import branding, conversations, editors, home, links
from app.blueprints.artisan.blueprint import bp
from app.blueprints.library_pages import add_library_pages
from app.blueprints.prices_pages import add_price_pages

add_price_pages(bp, permission="quotes.create", owner=lambda actor: actor.account_id)
add_library_pages(bp)
add_ai_pages(bp)

__all__ = ["bp", "branding", "conversations", "editors", "home", "links"]
