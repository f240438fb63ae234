"""The widget API: what the chat page and the embed live on (CONTRACT.md, The widget API, Streaming)."""

from __future__ import annotations

from app.blueprints.api.widget import conversation, files, opening, replies
from app.blueprints.api.widget.blueprint import bp

__all__ = ["bp", "conversation", "files", "opening", "replies"]
