"""The one active model, its test, and what the tests said (001 §5.2, `ai-config-test`)."""

from __future__ import annotations

from typing import Any

from app.blueprints.api.ai import schemas
from app.blueprints.api.ai.blueprint import bp, owner_id
from app.blueprints.api.ways_in import enter_again
from app.llm import active
from app.llm.check_queries import checks_of
from app.llm.checking import CheckResult, test_active
from app.llm.models import ActiveModel, ProviderCheck
from app.llm.starting import before_test
from app.web.access import requires
from app.web.api import set_meta
from app.web.paging import paginate


@bp.get("/ai/active-model")
@requires("ai.manage")
@bp.response(200, schemas.AiActiveModel)
def active_model() -> dict[str, Any]:
    """The active model; all null without one: the platform's default answers then."""
    return _shown(active.active_model(owner_id()))


@bp.put("/ai/active-model")
@requires("ai.manage")
@bp.arguments(schemas.AiActiveModelIn)
@bp.response(200, schemas.AiActiveModel)
def activate(body: dict[str, Any]) -> dict[str, Any]:
    """Make a model the active one, in place of the one before; its instructions stay."""
    return _shown(active.activate(owner_id(), body["provider"], body["model"], body["module"]))


@bp.post("/ai/active-model/test")
@requires("ai.manage")
@bp.response(200, schemas.AiCheck)
def test() -> CheckResult:
    """Check the key and the model of the active configuration, apart."""
    before_test(owner_id())
    result = test_active(owner_id())
    enter_again()
    return result


@bp.get("/ai/checks")
@requires("ai.manage")
@bp.arguments(schemas.AiCheckQuery, location="query")
@bp.response(200, schemas.AiPastCheck(many=True))
def checks(query: dict[str, Any]) -> list[Any]:
    """The tests made so far, the last first."""
    statement = checks_of(owner_id())
    if query["ok"] is not None:
        statement = statement.where(ProviderCheck.ok.is_(query["ok"]))
    page = paginate(statement, (ProviderCheck.created_at, ProviderCheck.id), after=query["cursor"], limit=query["limit"])
    set_meta(next_cursor=page.next_cursor, total=None)
    return list(page.rows)


def _shown(found: ActiveModel | None) -> dict[str, Any]:
    return {
        "module": found.module if found else "global",
        "provider": found.provider.key if found else None,
        "model": found.model_key if found else None,
        "system_prompt": found.system_prompt if found else None,
        "healthy": bool(found and found.test_ok),
        "tested_at": found.tested_at if found else None,
        "latency_ms": found.test_latency_ms if found else None,
    }
