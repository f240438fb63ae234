"""The administrators' API: editors, their deployments, domains and figures (CONTRACT.md; 003 §6.2)."""

from __future__ import annotations

from app.blueprints.api.admin import agents, deployments, editors, grants, statistics
from app.blueprints.api.admin.blueprint import bp

__all__ = ["agents", "bp", "deployments", "editors", "grants", "statistics"]
