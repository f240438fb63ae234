"""A conversation that was really held, through the widget API and its jobs."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask.testing import FlaskClient

from tests.factories.conversations import Chat

REQUEST = "Bonjour, je souhaite refaire ma salle de bain, 8 m², douche italienne, carrelage mural et sol"


def talk(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]], *contents: str) -> None:
    """Say each sentence as the visitor and let the assistant answer."""
    for content in contents:
        body = {"content": content, "client_message_id": uuid.uuid4().hex}
        assert client.post("/api/widget/v1/message", json=body, headers=chat.headers).status_code == 202
        run_jobs()


def talk_to_an_estimate(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> None:
    """PRODUCT.md's journey without photos: 6 948,00 € TTC."""
    talk(client, chat, run_jobs, REQUEST, "Je n’ai pas de photo")
