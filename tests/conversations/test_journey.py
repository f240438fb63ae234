"""The main journey through HTTP, jobs run in place (PRODUCT.md, The journey that must always work)."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from app.extensions import db
from app.web.house import House
from app.webhooks.models import Event
from tests.factories import committing
from tests.factories.conversations import make_tenant

WIDGET = "/api/widget/v1"
SENTENCE = "Bonjour, je souhaite refaire ma salle de bain, 8 m², douche italienne, carrelage mural et sol"


def photo(color: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), color).save(out, "JPEG")
    return out.getvalue()


def say(client: FlaskClient, headers: dict[str, str], content: str, file_ids: list[str] | None = None) -> str:
    body = {"content": content, "client_message_id": uuid.uuid4().hex, "file_ids": file_ids or []}
    response = client.post(f"{WIDGET}/message", json=body, headers=headers)
    assert response.status_code == 202, response.json
    return response.json["data"]["message_id"]


def reply(client: FlaskClient, headers: dict[str, str], message_id: str) -> dict[str, Any]:
    response = client.get(f"{WIDGET}/message/{message_id}/status", headers=headers)
    assert response.status_code == 200
    assert response.json["data"]["status"] == "completed"
    return response.json["data"]["message"]


def test_from_the_link_to_the_event(house: House, client: FlaskClient, run_jobs: Callable[[], list[str]]) -> None:
    with committing():
        tenant = make_tenant()
        key, external_id, deployment_id, editor_id = tenant.api_key, tenant.tie.external_id, tenant.deployment.id, tenant.editor.id
    made = client.post(
        "/api/editor/sessions/create-link",
        json={"deployment_key": deployment_id, "artisan_external_id": external_id},
        headers={"X-API-Key": key},
    )
    assert made.status_code == 201
    token = made.json["data"]["session_token"]
    assert client.get(f"/s/{token}").status_code == 200
    opened = client.post(f"/s/{token}/session", json={}).json["data"]
    headers = {"X-Session-ID": opened["session_id"], "Authorization": f"Bearer {opened['session_token']}"}

    first = say(client, headers, SENTENCE)
    run_jobs()
    assert "photo" in reply(client, headers, first)["content"].lower()

    files = []
    for color in ((90, 120, 140), (200, 190, 180)):
        sent = client.post(f"{WIDGET}/upload", data={"file": (io.BytesIO(photo(color)), "salle.jpg")}, headers=headers)
        assert sent.status_code == 201, sent.json
        files.append(sent.json["data"]["file_id"])
    run_jobs()
    assert client.get(f"{WIDGET}/files/{files[0]}", headers=headers).json["data"]["status"] == "ready"
    second = say(client, headers, "", files)
    run_jobs()
    answer = reply(client, headers, second)
    assert [line["total_ht"] for line in answer["pre_quote"]["lines"]] == [450, 1200, 640, 1400, 2100]
    assert (answer["pre_quote"]["total_ht"], answer["pre_quote"]["total_ttc"]) == (5790, 6948)

    raw = client.get(f"{WIDGET}/message/{second}/status", headers=headers).get_data(as_text=True)
    assert '"total_ht":5790.00' in raw and '"total_ttc":6948.00' in raw

    with committing():
        told = db.session.execute(select(Event.type, Event.body).where(Event.editor_id == editor_id).order_by(Event.created_at)).all()
    kinds = [row.type for row in told]
    assert kinds.count("project.created") == 1 and kinds.count("message.received") == 2 and kinds.count("file.uploaded") == 2
    body = next(row.body for row in told if row.type == "project.created")
    assert '"total_ht":5790.00' in body and '"total_ttc":6948.00' in body and external_id in body
