"""Signing in and out, and the pages behind the links of our e-mails: reset, invitation, magic link (CONTRACT.md, Ways in)."""

from __future__ import annotations

from app.blueprints.auth import invitation, login, magic, password
from app.blueprints.auth.blueprint import bp

__all__ = ["bp", "invitation", "login", "magic", "password"]
