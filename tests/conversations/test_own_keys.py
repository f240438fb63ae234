"""An editor's own key answers for an agent that he may run with it: whose key is sent, who pays, and what it costs to know."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.agents.models import Agent, AgentGrant
from app.billing.models import UsageLog
from app.core import acting
from app.core.transaction import transaction
from app.extensions import db
from app.llm import resolving
from app.llm.active import activate
from app.llm.breaker import breaker
from app.llm.credentials import set_key
from app.llm.models import Provider
from app.llm.providers.clients import clients
from app.web.house import House
from tests.factories import committing
from tests.factories.conversations import Chat, Tenant, make_tenant, open_chat
from tests.support.model_server import ModelServer, Reply, model_server
from tests.support.statements import sent

WIDGET = "/api/widget/v1"
KEY = "sk-editeur-0123456789abcdef"


@pytest.fixture
def models() -> Iterator[ModelServer]:
    with model_server(("bearer", "", KEY)) as server:
        yield server
    clients.close()
    breaker.reset()
    resolving.forget()


@pytest.fixture
def tenant(house: House, models: ModelServer) -> Tenant:
    """His active model is at OpenAI, which is here; his grant lets him use it."""
    models.script("gpt-4o", Reply())
    with committing():
        tenant = make_tenant()
        db.session.execute(update(Provider).where(Provider.key == "openai").values(base_url=models.base_url))
        db.session.add(AgentGrant(agent_id=tenant.deployment.agent_id, editor_id=tenant.editor.id, allow_own_keys=True))
    with transaction(acting.user(tenant.editor.id, role="editeur")):
        set_key(tenant.editor.id, "openai", KEY)
        activate(tenant.editor.id, "openai", "gpt-4o")
    resolving.forget()
    return tenant


@pytest.fixture
def chat(tenant: Tenant) -> Chat:
    return open_chat(tenant)


@pytest.fixture
def say(client: FlaskClient, chat: Chat, run_jobs: Callable[[], list[str]]) -> Callable[[], UsageLog]:
    """Say something; the last line of the log."""

    def said() -> UsageLog:
        body = {"content": "Bonjour", "client_message_id": uuid.uuid4().hex}
        client.post(f"{WIDGET}/message", json=body, headers=chat.headers)
        run_jobs()
        with committing():
            return db.session.scalars(select(UsageLog).order_by(UsageLog.created_at.desc()).limit(1)).one()

    return said


def change(model: Any, **values: Any) -> None:
    with committing():
        db.session.execute(update(model).values(**values))


def test_the_editors_key_answers_and_pays(tenant: Tenant, models: ModelServer, say: Callable[[], UsageLog]) -> None:
    line = say()
    assert (line.provider, line.model, line.success, line.paid_by) == ("openai", "gpt-4o", True, tenant.editor.id)
    assert models.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_without_permission_his_key_is_not_even_read(tenant: Tenant, models: ModelServer, say: Callable[[], UsageLog]) -> None:
    change(AgentGrant, allow_own_keys=False)
    line = say()
    assert (line.provider, line.paid_by, models.asked) == ("local", None, [])
    change(Agent, whitelabel_config={"allow_own_keys": True})
    assert say().paid_by == tenant.editor.id
    change(AgentGrant, allow_own_keys=True)
    change(Agent, whitelabel_config={})
    assert say().paid_by == tenant.editor.id
    change(AgentGrant, enabled=False)
    assert say().paid_by is None


def test_a_change_of_his_is_seen_by_the_next_reply(tenant: Tenant, say: Callable[[], UsageLog]) -> None:
    assert say().model == "gpt-4o"
    with transaction(acting.user(tenant.editor.id, role="editeur")):
        activate(tenant.editor.id, "openai", "gpt-4o-mini")  # which the stand-in does not know
    line = say()
    assert (line.model, line.error_class, line.paid_by) == ("gpt-4o-mini", "refused", tenant.editor.id)


def test_resolving_costs_no_statement_in_the_steady_state(say: Callable[[], UsageLog]) -> None:
    say()
    with sent() as seen:
        say()
    tables = ("providers", "ai_credentials", "ai_active_models", "ai_models", "model_prices", "currency_rates")
    assert seen and not [one for one in seen if any(f"FROM {table}" in one.statement for table in tables)]
    assert sum("INSERT INTO usage_logs" in one.statement for one in seen) == 1
