"""`/api/ai` and `/api/assist`: an account's own providers, keys, model and prompts, for partners' own applications (001)."""

from __future__ import annotations

from app.blueprints.api.ai import active, assist, catalogue, keys, prompts
from app.blueprints.api.ai.blueprint import bp

__all__ = ["active", "assist", "bp", "catalogue", "keys", "prompts"]
