"""`/api/admin/agents` through HTTP (000; CONTRACT.md, Ways in)."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.blueprints.api.admin.agent_schemas import CHANGE, GRANT, NEW
from app.core.transaction import transaction
from app.deployments.models import Deployment
from app.extensions import db
from app.web.house import House
from tests.blueprints.test_admin_agents import spend
from tests.blueprints.test_api_admin import Api
from tests.factories import actor_for, committing, make_deployment, make_key, make_user


@pytest.fixture
def api(client: FlaskClient, house: House) -> Api:
    with committing():
        return Api(client, make_key(make_user("admin", name="Claire Morel"), "admin"))


def data(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.json["data"]


def refused(answer: Any, status: int) -> Any:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.json["error"]


def test_made_read_changed(api: Api) -> None:
    made = data(api("POST", "/agents", NEW), 201)
    path = f"/agents/{made['id']}"
    assert (made["slug"], made["is_active"], made["version"], made["tools"]) == ("conseiller-piscine", False, 1, ["rechercher_prix"])
    assert data(api("GET", path)) == made
    changed = data(api("PUT", path, CHANGE))
    assert (changed["temperature"], changed["version"], changed["name"], changed["model"]) == (0.2, 2, NEW["name"], "inherit")
    rules = {
        "deployment_mode": "dedicated",
        "is_whitelabel_enabled": True,
        "whitelabel_config": {"allow_own_keys": True, "min_rate_limit": 40},
    }
    ruled = data(api("PUT", path, {**rules, "metadata": {"projet": "A"}}))
    assert (ruled["whitelabel_config"]["allow_own_keys"], ruled["whitelabel_config"]["allow_prompt_override"]) == (True, False)
    assert (ruled["metadata"], ruled["deployment_mode"], ruled["version"]) == ({"projet": "A"}, "dedicated", 2)


def test_a_stale_change_is_a_conflict(api: Api) -> None:
    made = data(api("POST", "/agents", NEW), 201)
    path = f"/agents/{made['id']}"
    data(api("PUT", path, {"temperature": 1, "updated_at": made["updated_at"]}))
    assert refused(api("PUT", path, {"temperature": 0, "updated_at": made["updated_at"]}), 409)["code"] == "agent_changed"
    assert data(api("GET", path))["temperature"] == 1


def test_what_is_wrong_is_told_by_field(api: Api) -> None:
    assert set(refused(api("POST", "/agents", {}), 422)["details"]["fields"]) == {"name", "system_prompt"}
    body = {**NEW, "temperature": 3, "top_p": 2, "inconnu": 1, "is_public": "oui", "ollama_port": 1.5}
    assert set(refused(api("POST", "/agents", body), 422)["details"]["fields"]) == {
        "temperature",
        "top_p",
        "inconnu",
        "is_public",
        "ollama_port",
    }
    assert set(refused(api("POST", "/agents", {**NEW, "slug": "É", "tools": ["x"]}), 422)["details"]["fields"]) == {"slug", "tools"}
    made = data(api("POST", "/agents", NEW), 201)
    assert refused(api("PUT", f"/agents/{made['id']}", {"slug": "expert-btp"}), 422)["details"]["fields"].keys() == {"slug"}


def test_listed_filtered_and_paged(api: Api) -> None:
    first = api("GET", "/agents", limit=4)
    assert (len(first.json["data"]), first.json["meta"]["total"]) == (4, 6)
    rest = api("GET", "/agents", limit=4, cursor=first.json["meta"]["next_cursor"]).json
    assert len(rest["data"]) == 2 and rest["meta"]["next_cursor"] is None
    assert [one["slug"] for one in data(api("GET", "/agents", category="image"))] == ["generateur-d-images"]
    assert data(api("GET", "/agents", state="archived")) == []
    assert [one["slug"] for one in data(api("GET", "/agents", q="btp"))] == ["expert-btp"]
    assert refused(api("GET", "/agents", sort="autre"), 422)["details"]["fields"]
    names = [one["name"] for one in data(api("GET", "/agents", sort="-created"))]
    assert len(names) == 6


def test_switched_copied_archived(api: Api) -> None:
    made = data(api("POST", "/agents", NEW), 201)
    path = f"/agents/{made['id']}"
    assert data(api("POST", f"{path}/activate"))["is_active"] is True
    assert data(api("POST", f"{path}/deactivate"))["is_active"] is False
    copy = data(api("POST", f"{path}/duplicate"), 201)
    assert (copy["name"], copy["is_public"], copy["is_active"]) == (f"{NEW['name']} (copie)", False, False)
    assert data(api("POST", f"{path}/archive"))["archived_at"]
    assert refused(api("POST", f"{path}/activate"), 409)["code"] == "agent_archived"
    assert data(api("POST", f"{path}/restore"))["archived_at"] is None


def test_an_agent_in_use_is_not_archived(api: Api, house: House) -> None:
    with committing():
        deployment = make_deployment(make_user("editeur", company_name="Batilog"), name="Chez Batilog")
        deployment_id, path = deployment.id, f"/agents/{deployment.agent_id}"
    error = refused(api("POST", f"{path}/archive"), 409)
    assert error["code"] == "agent_in_use"
    assert error["details"]["uses"] == [{"kind": "deployment", "label": "Chez Batilog", "editor": "Batilog", "id": deployment_id}]
    with committing():
        db.session.get_one(Deployment, deployment_id).is_active = False
    assert data(api("POST", f"{path}/archive"))["is_active"] is False


def test_versions(api: Api) -> None:
    path = f"/agents/{data(api('POST', '/agents', NEW), 201)['id']}"
    data(api("PUT", path, CHANGE))
    versions = data(api("GET", f"{path}/versions"))
    assert [(one["version"], one["author"], one["note"], one["is_active"]) for one in versions] == [
        (2, "Claire Morel", "Plus court", True),
        (1, "Claire Morel", "Création de l’agent", False),
    ]
    assert data(api("POST", f"{path}/versions/1/activate"))["is_active"] is True
    assert data(api("GET", path))["system_prompt"] == NEW["system_prompt"]
    for unknown in ("99", "9" * 30, "un", "-1"):
        assert refused(api("POST", f"{path}/versions/{unknown}/activate"), 404)["code"] == "unknown_version"


def test_grants_with_their_counters(api: Api, house: House) -> None:
    with committing():
        editor_id = make_user("editeur", company_name="Batilog").id
    agent_id = data(api("POST", "/agents", NEW), 201)["id"]
    path = f"/agents/{agent_id}/grants"
    given = data(api("PUT", f"{path}/{editor_id}", {**GRANT, "allow_own_keys": True}))
    assert (given["editor"], given["name"], given["enabled"], given["allow_own_keys"], given["usage_count"]) == (
        "Batilog",
        "Conseiller EBP",
        True,
        True,
        0,
    )
    spend(agent_id, editor_id, calls=2)
    (listed,) = data(api("GET", path))
    assert (listed["usage_count"], listed["total_tokens"], listed["total_cost"]) == (2, 240, 0.02)
    assert data(api("PUT", f"{path}/{editor_id}", {"enabled": False}))["enabled"] is False
    assert data(api("DELETE", f"{path}/{editor_id}")) == {"deleted": True}
    assert refused(api("PUT", f"{path}/usr_inconnu", GRANT), 404)


def test_figures(api: Api, house: House) -> None:
    agent_id = data(api("POST", "/agents", NEW), 201)["id"]
    empty = data(api("GET", f"/agents/{agent_id}/stats"))
    assert (empty["days"], empty["uses"], empty["success_rate"], empty["most_used_model"]) == (30, 0, None, None)
    spend(agent_id, None, calls=3, latency_ms=100)
    spend(agent_id, None, success=False, completion_tokens=0, latency_ms=500, model="gpt-4o")
    found = data(api("GET", f"/agents/{agent_id}/stats", days=7))
    assert (found["uses"], found["tokens"], found["success_rate"], found["avg_latency_ms"]) == (4, 460, 0.75, 200)
    assert (found["most_used_model"], found["cost"]) == ("openai/gpt-4o-mini", 0.04) and 100 < found["p95_latency_ms"] <= 500
    assert refused(api("GET", f"/agents/{agent_id}/stats", days=8), 422)


def test_who_may_not(client: FlaskClient, house: House) -> None:
    with committing():
        editor = make_user("editeur")
        key = make_key(editor, "editeur")
        artisan = make_key(make_user("artisan"), "artisan")
    for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {artisan}"}, {}):
        assert client.get("/api/admin/agents", headers=headers).status_code in (401, 403)
    with transaction(actor_for(editor, "editeur")):
        assert client.get("/api/admin/agents/agt_ExpertBtp", headers={"X-API-Key": key}).status_code in (401, 403)
