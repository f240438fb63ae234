"""The editor's portal: his deployments, conversations, links, artisans and webhooks (003 §7.2, §7.3)."""

from __future__ import annotations

from app.blueprints.editeur import artisans, conversations, deployments, documentation, home, links, webhook_log, webhooks
from app.blueprints.editeur.blueprint import bp

__all__ = ["artisans", "bp", "conversations", "deployments", "documentation", "home", "links", "webhook_log", "webhooks"]
