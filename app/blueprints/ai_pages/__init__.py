"""The control centre (« Centre de pilotage IA », 001 §4), the same in three portals: the platform's default for its administrators,
an editor's or an artisan's own configuration for them.
"""

from __future__ import annotations

from flask import Blueprint

from app.blueprints.ai_pages.diagnostics import add_diagnostics_page
from app.blueprints.ai_pages.keys import add_key_pages
from app.blueprints.ai_pages.models import add_model_pages
from app.blueprints.ai_pages.overview import add_overview_page
from app.blueprints.ai_pages.prompts import add_prompt_pages
from app.blueprints.ai_pages.words import words


def add_ai_pages(bp: Blueprint) -> None:
    """Give a portal `/intelligence-artificielle` and what it does."""
    bp.context_processor(words)
    add_overview_page(bp)
    add_key_pages(bp)
    add_model_pages(bp)
    add_prompt_pages(bp)
    add_diagnostics_page(bp)
