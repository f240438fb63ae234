"""What the platform tells its agents, where they run and what its providers are sent is read by staff and by jobs that answer: nobody else's SQL."""

from __future__ import annotations

import pytest

from app.agents.models import Agent
from app.core import acting
from app.core.acting import Actor
from app.extensions import db
from app.llm.models import Provider
from app.web.house import House
from tests.factories import actor_for, committing, make_agent, make_user
from tests.factories.conversations import Tenant, make_tenant, open_chat
from tests.guards.test_rls import everything
from tests.guards.test_rls_writes import passes
from tests.support.portal import sign_in

PROMPT, SERVER, NOTE, HEADER = "prompt-de-la-plateforme", "gpu7.interne", "note-de-la-plateforme", "en-tete-de-la-plateforme"


@pytest.fixture
def tenant(house: House) -> Tenant:
    """With a public agent, deployed, whose every private column says something, and a provider that is sent a header."""
    with committing():
        made = make_tenant()
        agent = make_agent()
        agent.model = "llama3"
        agent.system_prompt, agent.ollama_host, agent.ollama_port, agent.extra = PROMPT, SERVER, 11_434, {"note": NOTE}
        db.session.scalars(db.select(Provider).where(Provider.key == "anthropic")).one().private.api_headers = {"x-equipe": HEADER}
        for part in (made.editor, made.artisan, made.tie, made.deployment):
            db.session.refresh(part)
        db.session.expunge_all()
    return made


def seen(actor: Actor) -> set[str]:
    rows = [row for rows in everything(actor).values() for row in rows]
    return {said for said in (PROMPT, SERVER, NOTE, HEADER) if any(said in row for row in rows)}


def test_only_staff_and_jobs_read_it(tenant: Tenant) -> None:
    with committing():
        roles = ("particulier", "fabricant", "metreur", "superviseur")
        strangers = [actor_for(make_user(role), role) for role in roles] + [actor_for(make_user("artisan"), "artisan")]
        outsiders = [
            *strangers,
            actor_for(tenant.editor, "editeur"),
            actor_for(tenant.artisan, "artisan"),
            actor_for(make_user("particulier"), "conseiller", account_id=tenant.editor.id),
            acting.visitor(None, deployment_id=tenant.deployment.id, editor_id=tenant.editor.id),
            acting.door(),
        ]
        admin = actor_for(make_user("admin"), "admin")
    chat = open_chat(tenant)
    for outsider in (*outsiders, chat.link.actor(chat.session_id)):
        assert seen(outsider) == set(), outsider
    for insider in (admin, acting.system("reply", editor_id=tenant.editor.id, artisan_id=None), acting.platform("sweep")):
        assert seen(insider) == {PROMPT, SERVER, NOTE, HEADER}, insider


def test_agents_keep_their_names_for_those_who_deploy_them(tenant: Tenant) -> None:
    with committing():
        editor = actor_for(tenant.editor, "editeur")
    assert any("Expert BTP" in row for row in everything(editor)["agents"])


@pytest.mark.parametrize("table", ["agent_private", "provider_private"])
def test_only_staff_writes_it(tenant: Tenant, table: str) -> None:
    column = {"agent_private": "agent_id", "provider_private": "provider_id"}[table]
    with committing():
        admin = actor_for(make_user("admin"), "admin")
        others = [
            actor_for(tenant.editor, "editeur"),
            actor_for(tenant.artisan, "artisan"),
            acting.visitor(None, deployment_id=tenant.deployment.id, editor_id=tenant.editor.id),
            acting.system("reply", editor_id=tenant.editor.id, artisan_id=None),
            acting.door(),
        ]
    for actor in others:
        assert not passes(actor, f"UPDATE {table} SET {column} = {column}"), actor
        assert not passes(actor, f"DELETE FROM {table}"), actor
    assert passes(admin, f"UPDATE {table} SET {column} = {column}")


def test_a_page_shows_an_editor_what_his_deployment_begins_with_and_no_server(house: House, tenant: Tenant) -> None:
    base = f"/editeur/deploiements/{tenant.deployment.id}"
    with committing():
        person = sign_in(house, tenant.editor)
    settings, resolved = (person.get(f"{base}/{page}").get_data(as_text=True) for page in ("reglages", "configuration"))
    assert PROMPT in settings and PROMPT in resolved and "llama3, sur un serveur de la plateforme" in resolved
    for page in (settings, resolved, person.get(base).get_data(as_text=True)):
        assert SERVER not in page and NOTE not in page


def test_an_agent_that_is_deleted_takes_it_along(tenant: Tenant) -> None:
    with committing():
        made = Agent(slug="ephemere", name="Éphémère", system_prompt="Bref.")
        db.session.add(made)
        db.session.flush()
        agent_id = made.id
    count = db.text("SELECT count(*) FROM agent_private WHERE agent_id = :id")
    with committing():
        assert db.session.scalar(count, {"id": agent_id}) == 1
        db.session.delete(db.session.get_one(Agent, agent_id))
        db.session.flush()
        assert db.session.scalar(count, {"id": agent_id}) == 0
