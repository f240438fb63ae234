"""An agent is put away in the very moment when somebody deploys it: one of the two waits, and is told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import pytest

from app.agents.editing import archive_agent, create_agent, set_active
from app.agents.models import Agent
from app.core.errors import ConflictError, InvalidError
from app.core.transaction import transaction
from app.deployments import service
from app.deployments.models import Deployment
from app.extensions import db
from app.web.house import House
from tests.factories import actor_for, committing, make_user
from tests.factories.conversations import make_deployment
from tests.support.databases import admin_url
from tests.support.stack import wait_until

pytestmark = pytest.mark.committed
WAITING = "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def switch_on(agent_id: str, deployment_id: str) -> None:
    service.set_active(db.session.get_one(Deployment, deployment_id), True)


def deploy(agent_id: str, deployment_id: str) -> None:
    service.create_deployment(None, agent_id, "Nouveau", "shared")


@pytest.mark.parametrize(("verb", "refusal"), [(switch_on, ConflictError), (deploy, InvalidError)])
def test_an_agent_that_is_being_put_away_is_not_deployed(
    committed: House, database: str, verb: Callable[[str, str], None], refusal: type[Exception]
) -> None:
    with committing():
        admin = actor_for(make_user("admin"), "admin")
    with transaction(admin):
        agent = create_agent({"name": "Rangé", "system_prompt": "Bref."})
        set_active(agent, True)
        agent_id = agent.id
    with committing():
        deployment_id = make_deployment(None, agent_id=agent_id, is_active=False).id

    def other() -> None:
        with committed.app_context(), transaction(admin):
            verb(agent_id, deployment_id)

    with ThreadPoolExecutor(1) as pool, psycopg.connect(admin_url(database), autocommit=True) as watcher:
        with transaction(admin):
            archive_agent(db.session.get_one(Agent, agent_id))
            db.session.flush()
            deployed: Future[None] = pool.submit(other)
            wait_until(lambda: deployed.done() or watcher.execute(WAITING).fetchone() == (True,), seconds=20, what="it waits")
        assert isinstance(deployed.exception(20), refusal)
    with transaction(admin):
        assert db.session.get_one(Agent, agent_id).archived_at is not None
        assert not db.session.get_one(Deployment, deployment_id).is_active
