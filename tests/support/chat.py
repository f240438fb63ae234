"""A visitor's device over real HTTP."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import requests


class Device:
    """Opens a link and talks through the widget API."""

    def __init__(self, base_url: str, token: str) -> None:
        self.base_url, self.token = base_url, token
        self.http = requests.Session()
        opened = self.http.post(f"{base_url}/s/{token}/session", json={}, timeout=10).json()["data"]
        self.session_id = opened["session_id"]
        self.http.headers.update({"X-Session-ID": self.session_id, "Authorization": f"Bearer {opened['session_token']}"})

    def url(self, path: str) -> str:
        """A verb of the widget API."""
        return f"{self.base_url}/api/widget/v1{path}"

    def say(self, content: str) -> str:
        """Send a message; the id of its reply."""
        answer = self.http.post(self.url("/message"), json={"content": content, "client_message_id": uuid.uuid4().hex}, timeout=10)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["data"]["message_id"])

    def status(self, message_id: str) -> dict[str, Any]:
        """The polling twin."""
        return dict(self.http.get(self.url(f"/message/{message_id}/status"), timeout=10).json()["data"])

    def messages(self) -> list[dict[str, Any]]:
        """The whole conversation."""
        return list(self.http.get(self.url(f"/session/{self.session_id}/messages"), timeout=10).json()["data"]["messages"])

    def events(self, message_id: str, last_id: str | None = None, seconds: float = 30) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(id, name, data) of the stream as it comes."""
        headers = {"Last-Event-ID": last_id} if last_id else {}
        with self.http.get(self.url(f"/message/{message_id}/stream"), headers=headers, stream=True, timeout=seconds) as answer:
            event = {"id": "", "event": "", "data": ""}
            for line in answer.iter_lines(decode_unicode=True):
                if line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                elif event["event"]:
                    yield event["id"], event["event"], json.loads(event["data"])
                    event = {"id": "", "event": "", "data": ""}


def make_token(base_url: str, demo: dict[str, Any], who: str = "editeur") -> str:
    """A session link by API call, as EBP's server does it."""
    answer = requests.post(
        f"{base_url}/api/editor/sessions/create-link",
        json={
            "deployment_key": demo["deployments"]["expert_btp"],
            "artisan_external_id": demo["artisan_external_id"],
            "recipient": {"name": "M. Martin"},
        },
        headers={"X-API-Key": demo["api_keys"][who]},
        timeout=10,
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["session_token"])
