"""A page, or the one block of it that htmx asked for (ARCHITECTURE.md, Templates)."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template, request
from jinja2_fragments.flask import render_block


def wants_fragment() -> bool:
    """True when htmx swaps a piece of the page; a page restored from the history, or followed as a link, is whole."""
    asked = request.htmx  # type: ignore[attr-defined]
    return bool(asked) and not asked.history_restore_request and not asked.boosted


def respond(template: str, block: str | None = None, *, status: int = 200, **words: Any) -> Response:
    """Render `template`, or only its `block` for htmx; the same words serve both."""
    fragment = block is not None and wants_fragment()
    body = render_block(template, block, **words) if fragment else render_template(template, **words)
    return make_response(body, status)
