"""The editor's API: artisans, links, sessions, deployments, webhooks (CONTRACT.md; 003 §17.6)."""

from __future__ import annotations

from app.blueprints.api.editor import artisans, deployments, sessions, statistics, webhooks
from app.blueprints.api.editor.blueprint import bp

__all__ = ["artisans", "bp", "deployments", "sessions", "statistics", "webhooks"]
