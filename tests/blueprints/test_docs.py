"""The API's document is complete, and the page serves it."""

from __future__ import annotations

from flask.testing import FlaskClient

from app.web.house import House


def test_the_document_names_every_api_route(house: House, client: FlaskClient) -> None:
    document = client.get("/api/docs/openapi.json").json
    assert document["openapi"].startswith("3.1")
    documented = {
        (method.upper(), path.replace("{", "<").replace("}", ">")) for path, item in document["paths"].items() for method in item if method != "parameters"
    }
    for rule in house.url_map.iter_rules():
        if rule.rule.startswith("/api/") and not rule.endpoint.startswith("docs."):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                assert (method, rule.rule) in documented, f"{method} {rule.rule}"


def test_operations_say_how_to_come_in(client: FlaskClient) -> None:
    document = client.get("/api/docs/openapi.json").json
    assert set(document["components"]["securitySchemes"]) == {"apiKey", "bearer", "session"}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters" and not path.endswith(("/config", "/init")):
                assert operation["security"], f"{method} {path}"


def test_page_and_yaml(client: FlaskClient) -> None:
    assert "api-docs" in client.get("/api/docs").get_data(as_text=True)
    assert "openapi: 3.1" in client.get("/api/docs/openapi.yaml").get_data(as_text=True)
