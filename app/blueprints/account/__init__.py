"""What a person sets for himself, whatever his portal: profile, company, security, keys, notifications; and the list of his notifications."""

from __future__ import annotations

from app.blueprints.account import company, keys, notifications, preferences, profile, security, unsubscribing
from app.blueprints.account.blueprint import bp, notifications_bp

__all__ = ["bp", "company", "keys", "notifications", "notifications_bp", "preferences", "profile", "security", "unsubscribing"]
