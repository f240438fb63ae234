"""The artisan's API: his conversations and his editors (CONTRACT.md; 003 §17.6)."""

from __future__ import annotations

from app.blueprints.api.artisan import lists
from app.blueprints.api.artisan.blueprint import bp

__all__ = ["bp", "lists"]
