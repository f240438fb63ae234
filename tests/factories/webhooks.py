"""Endpoints and events of an editor."""

from __future__ import annotations

from typing import Any

from app.identity.models import User
from app.webhooks import endpoints
from app.webhooks.models import EVENT_TYPES, Event
from app.webhooks.service import record_event
from tests.factories import actor_for


def make_endpoint(editor: User, url: str, **values: Any) -> endpoints.Created:
    """A subscription to every event. Call inside `committing()`."""
    return endpoints.create_endpoint(actor_for(editor, "editeur"), **{"url": url, "events": list(EVENT_TYPES), **values})


def make_event(editor: User, event_type: str = "project.created", *, session_id: str | None = None, **data: Any) -> Event:
    """A fact to be told. Call inside `committing()`."""
    return record_event(
        event_type,
        session_id=session_id,
        editor_id=editor.id,
        artisan_id=None,
        particulier_id=None,
        summary="Salle de bain, 8 m²",
        body={"editor_id": editor.id, "data": data or {"title": "Rénovation, 8 m²"}},
    )
