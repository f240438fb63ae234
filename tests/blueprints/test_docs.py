"""The API's document is complete, its examples hold, every operation says how to come in, and the page serves it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema_rs import Draft202012Validator

from app.web.house import House

OPEN = {"/api/widget/v1/config", "/api/widget/v1/init"}
WAYS_IN = {
    "/api/widget/": [{"session": [], "bearer": []}],
    "/api/editor/": [{"apiKey": []}],
    "/api/artisan/": [{"bearer": []}],
    "/api/admin/": [{"bearer": []}],
    "/api/ai/": [{"apiKey": []}, {"bearer": []}],
    "/api/assist": [{"apiKey": []}, {"bearer": []}],
}
EVERYWHERE = {"400", "405", "413", "415", "429"}
SEED = """
POST /api/widget/v1/init
POST /api/widget/v1/message
GET /api/widget/v1/message/{message_id}/status
GET /api/widget/v1/session/{session_id}/messages
POST /api/widget/v1/upload
GET /api/admin/editors
POST /api/admin/editors
GET /api/admin/editors/{editor_id}
PUT /api/admin/editors/{editor_id}
DELETE /api/admin/editors/{editor_id}
GET /api/admin/editors/{editor_id}/deployments
POST /api/admin/editors/{editor_id}/deployments
GET /api/admin/deployments/{deployment_id}
PUT /api/admin/deployments/{deployment_id}
DELETE /api/admin/deployments/{deployment_id}
POST /api/admin/deployments/{deployment_id}/domains
DELETE /api/admin/deployments/{deployment_id}/domains/{domain_id}
GET /api/admin/editors/{editor_id}/stats
GET /api/admin/deployments/{deployment_id}/stats
GET /api/editor/deployments
GET /api/editor/deployments/{deployment_id}
PUT /api/editor/deployments/{deployment_id}
GET /api/editor/deployments/{deployment_id}/domains
POST /api/editor/deployments/{deployment_id}/domains
DELETE /api/editor/deployments/{deployment_id}/domains/{domain_id}
GET /api/editor/stats
GET /api/editor/usage
POST /api/editor/artisans/link
POST /api/editor/artisans/create-and-link
GET /api/editor/artisans
POST /api/editor/sessions/create-link
POST /api/editor/webhooks
GET /api/artisan/sessions
GET /api/artisan/editors
GET /api/ai/providers
GET /api/ai/models
POST /api/ai/models
DELETE /api/ai/models
GET /api/ai/keys
PUT /api/ai/keys/{provider}
POST /api/ai/keys/{provider}/test
DELETE /api/ai/keys/{provider}
GET /api/ai/active-model
PUT /api/ai/active-model
POST /api/ai/active-model/test
GET /api/ai/prompts
POST /api/ai/prompts
POST /api/assist
"""
"""003 §6 and §17.6, a client read as an editor."""


@pytest.fixture
def document(client: FlaskClient) -> Any:
    return client.get("/api/docs/openapi.json").json


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield method.upper(), path, operation


def test_the_document_names_every_api_route(house: House, document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    documented = {(method, path.replace("{", "<").replace("}", ">")) for method, path, _ in _operations(document)}
    for rule in house.url_map.iter_rules():
        if rule.rule.startswith("/api/") and not rule.endpoint.startswith("docs."):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                path = re.sub(r"<\w+:", "<", rule.rule)
                assert (method, path) in documented, f"{method} {rule.rule}"


def test_nothing_of_the_plan_is_missing(document: dict[str, Any]) -> None:
    found = {f"{method} {path}" for method, path, _ in _operations(document)}
    assert set(SEED.split("\n")) - {""} - found == set()


def test_operations_say_how_to_come_in_and_what_they_refuse(document: dict[str, Any]) -> None:
    assert set(document["components"]["securitySchemes"]) == {"apiKey", "bearer", "session"}
    names = set()
    for method, path, operation in _operations(document):
        expected = [] if path in OPEN else next(way for prefix, way in WAYS_IN.items() if path.startswith(prefix))
        assert operation["security"] == expected, f"{method} {path}"
        told = set(operation["responses"])
        assert told >= EVERYWHERE | ({"401", "403"} if expected else set()) | ({"404"} if "{" in path else set()), f"{method} {path}"
        assert "default" not in told
        names.add(operation["operationId"])
    assert len(names) == len(list(_operations(document)))


def _examples(part: Any, place: str) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Place, schema and value of every example in the document."""
    if isinstance(part, list):
        for number, value in enumerate(part):
            yield from _examples(value, f"{place}/{number}")
    elif isinstance(part, dict):
        schema = part.get("schema", part)
        if "example" in part:
            yield place, schema, part["example"]
        for name, value in part.items():
            if name == "examples":
                values = value.values() if isinstance(value, dict) else value
                yield from (
                    (f"{place}/examples", schema, one["value"] if isinstance(one, dict) and "value" in one else one) for one in values
                )
            elif name != "example":
                yield from _examples(value, f"{place}/{name}")


def test_every_example_is_valid(document: dict[str, Any]) -> None:
    checked = 0
    for place, schema, value in _examples(document, ""):
        validator = Draft202012Validator({**schema, "components": document["components"]}, validate_formats=True)
        assert not [error.message for error in validator.iter_errors(value)], place
        checked += 1
    assert checked > 20


def test_every_schema_is_one(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        Draft202012Validator({**schema, "components": document["components"]})
        assert not name[-1].isdigit(), f"two schemas are called {name[:-1]}"


def test_page_and_yaml(client: FlaskClient) -> None:
    assert "api-docs" in client.get("/api/docs").get_data(as_text=True)
    assert "openapi: 3.1" in client.get("/api/docs/openapi.yaml").get_data(as_text=True)
