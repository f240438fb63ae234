"""Deployments made, renamed, switched; their settings versioned, compared, restored; what SQL refuses whoever asks (003 §12; PRODUCT.md)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.agents.models import Agent
from app.agents.queries import deployable_agents
from app.agents.service import change_whitelabel, grant_agent, withdraw_agent
from app.billing.models import Plan
from app.billing.plans import Terms, subscribe
from app.conversations import replies
from app.core import acting
from app.core.acting import Actor
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.transaction import transaction
from app.deployments import service
from app.deployments.models import Deployment
from app.deployments.overlay_diff import compare
from app.deployments.removing import remove_deployment
from app.deployments.service import change_deployment, create_deployment, set_active
from app.deployments.version_models import OverlayVersion
from app.deployments.versions import change_overlay, latest_number, restore_version, version_of, versions_of
from app.extensions import db
from app.identity.models import User
from app.web.house import House
from tests.factories import actor_for, committing, make_agent, make_deployment, make_user
from tests.factories.conversations import Tenant, make_tenant, open_chat


@pytest.fixture
def tenant(house: House) -> Tenant:
    with committing():
        return make_tenant()


@pytest.fixture
def editor(tenant: Tenant) -> Actor:
    with committing():
        return actor_for(db.session.get_one(User, tenant.editor.id), "editeur")


@pytest.fixture
def admin(house: House) -> Actor:
    with committing():
        return actor_for(make_user("admin"), "admin")


def agent_like(**values: Any) -> Agent:
    """An agent of its own. Call inside `committing()`."""
    agent = Agent(slug=f"agent-{len(values)}-{id(values)}", name="Autre agent", system_prompt="Base", **values)
    db.session.add(agent)
    db.session.flush()
    return agent


def fields(error: pytest.ExceptionInfo[InvalidError]) -> list[str]:
    return sorted(error.value.fields)


@pytest.mark.parametrize(
    ("values", "granted", "allowed"),
    [
        ({"is_public": True, "is_whitelabel_enabled": True, "deployment_mode": "shared"}, False, True),
        ({"is_public": False, "is_whitelabel_enabled": True, "deployment_mode": "shared"}, False, False),
        ({"is_public": False, "is_whitelabel_enabled": True, "deployment_mode": "shared"}, True, True),
        ({"is_public": True, "is_whitelabel_enabled": False, "deployment_mode": "shared"}, True, False),
        ({"is_public": True, "is_whitelabel_enabled": True, "deployment_mode": "internal"}, True, False),
        ({"is_public": True, "is_whitelabel_enabled": True, "deployment_mode": "shared", "is_active": False}, True, False),
    ],
)
def test_an_editor_deploys_what_is_public_or_granted(
    tenant: Tenant, editor: Actor, values: dict[str, Any], granted: bool, allowed: bool
) -> None:
    with committing():
        agent_id = agent_like(**values).id
        if granted:
            grant_agent(db.session.get_one(Agent, agent_id), tenant.editor.id)
    with transaction(editor):
        assert (agent_id in [agent.id for agent in deployable_agents(tenant.editor.id)]) is allowed
        if allowed:
            made = create_deployment(tenant.editor.id, agent_id, "Site", "shared")
            assert (made.editor_id, made.mode, latest_number(made.id)) == (tenant.editor.id, "shared", 1)
        else:
            with pytest.raises(InvalidError) as error:
                create_deployment(tenant.editor.id, agent_id, "Site", "shared")
            assert fields(error) == ["agent_id"]
            # The verb is not the only guard.
            with pytest.raises(DBAPIError, match="row-level security"):
                db.session.add(Deployment(agent_id=agent_id, editor_id=tenant.editor.id, name="De force"))
                db.session.flush()
            db.session.rollback()


def test_a_grant_that_is_withdrawn_gives_no_more(tenant: Tenant, editor: Actor) -> None:
    with committing():
        agent = agent_like(is_whitelabel_enabled=True, deployment_mode="shared")
        grant_agent(agent, tenant.editor.id, "Mon assistant")
        agent_id = agent.id
    with transaction(editor):
        made = create_deployment(tenant.editor.id, agent_id, "Site", "shared").id
    with committing():
        assert db.session.get_one(Deployment, made).config_overlay == {"name": "Mon assistant"}
        withdraw_agent(db.session.get_one(Agent, agent_id), tenant.editor.id)
    with transaction(editor):
        assert agent_id not in [agent.id for agent in deployable_agents(tenant.editor.id)]
        assert db.session.get_one(Deployment, made).is_active
        with pytest.raises(InvalidError):
            create_deployment(tenant.editor.id, agent_id, "Encore", "shared")


def test_names_and_modes(tenant: Tenant, editor: Actor) -> None:
    with transaction(editor):
        agent_id = db.session.scalar(db.select(Deployment.agent_id).where(Deployment.id == tenant.deployment.id))
        one = create_deployment(tenant.editor.id, agent_id, "  Site\u200b  public ", "dedicated")
        assert (one.name, one.mode) == ("Site public", "dedicated")
        for name, mode, wrong in (
            ("", "shared", ["name"]),
            ("x" * 81, "shared", ["name"]),
            ("SITE PUBLIC", "shared", ["name"]),
            ("Deux", "interne", ["mode"]),
            ("", "interne", ["mode", "name"]),
        ):
            with pytest.raises(InvalidError) as error:
                create_deployment(tenant.editor.id, agent_id, name, mode)
            assert fields(error) == wrong
        change_deployment(one, {"name": "Site public", "mode": "shared"})
        change_deployment(one, {"name": "Autre"})
        assert (one.name, one.mode) == ("Autre", "shared")
        with pytest.raises(InvalidError):
            change_deployment(one, {"name": " "})
    with committing():
        change_whitelabel(make_agent(), {"deployment_mode": "shared"})
    with transaction(editor):
        found = db.session.scalars(db.select(Deployment).where(Deployment.name == "Autre")).one()
        with pytest.raises(InvalidError) as error:
            change_deployment(found, {"mode": "dedicated"})
        assert fields(error) == ["mode"]


def test_a_name_taken_meanwhile_and_an_editor_who_is_none(
    tenant: Tenant, editor: Actor, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with committing():
        agent_id = make_agent().id
    with transaction(admin):
        for nobody in ("usr_nobody", tenant.artisan.id):
            with pytest.raises(InvalidError) as error:
                create_deployment(nobody, agent_id, "Site", "shared")
            assert fields(error) == ["editor_id"]
    # As if the other one wrote his between the question and the row.
    monkeypatch.setattr(service, "_name_errors", lambda *args: {})
    with transaction(editor):
        one = create_deployment(tenant.editor.id, agent_id, "Site", "shared")
        with pytest.raises(InvalidError) as error:
            create_deployment(tenant.editor.id, agent_id, "Site", "shared")
        assert fields(error) == ["name"]
        with pytest.raises(InvalidError):
            change_deployment(one, {"name": tenant.deployment.name})
        assert one.name == "Site"


def test_the_history_goes_with_its_deployment(tenant: Tenant, editor: Actor) -> None:
    with transaction(editor):
        made = create_deployment(tenant.editor.id, tenant.deployment.agent_id, "Brouillon", "shared")
        change_overlay(made, {"temperature": 0.5})
        remove_deployment(made)
    with committing():
        assert db.session.scalars(db.select(OverlayVersion)).all() == []


def test_the_plan_limits_what_is_in_service(tenant: Tenant, editor: Actor) -> None:
    with committing():
        starter = db.session.scalars(db.select(Plan.id).where(Plan.slug == "starter")).one()
        subscribe(tenant.editor.id, Terms(starter, {}))
        agent_id = make_agent().id
    with transaction(editor):
        first = db.session.get_one(Deployment, tenant.deployment.id)
        with pytest.raises(ConflictError) as refusal:
            create_deployment(tenant.editor.id, agent_id, "Un de trop", "shared")
        assert refusal.value.code == "plan_deployments_reached"
        set_active(first, False)
        second = create_deployment(tenant.editor.id, agent_id, "À sa place", "shared")
        with pytest.raises(ConflictError):
            set_active(first, True)
        assert (first.is_active, second.is_active) == (False, True)


def test_each_change_of_the_settings_is_a_version(tenant: Tenant, editor: Actor) -> None:
    with transaction(editor):
        found = db.session.get_one(Deployment, tenant.deployment.id)
        first = change_overlay(found, {"temperature": 0.5, "system_prompt_append": "Un"}, " Pour\u200b voir ")
        assert first is not None and (first.number, first.note, first.author_id) == (2, "Pour voir", editor.user_id)
        assert change_overlay(found, {"temperature": 0.5}) is None
        change_overlay(found, {"temperature": None, "system_prompt_append": "Deux"}, base=2)
        assert found.config_overlay == {"system_prompt_append": "Deux"}
        history = [(one.number, one.overlay, one.author_name) for one in versions_of(found.id)]
        assert history == [
            (3, {"system_prompt_append": "Deux"}, editor.name),
            (2, {"temperature": 0.5, "system_prompt_append": "Un"}, editor.name),
            (1, {}, ""),
        ]
        with pytest.raises(InvalidError):
            change_overlay(found, {"temperature": 9, "system_prompt_append": "Trois"})
        assert found.config_overlay == {"system_prompt_append": "Deux"} and latest_number(found.id) == 3


def test_two_people_do_not_overwrite_each_other(tenant: Tenant, editor: Actor, admin: Actor) -> None:
    with transaction(editor):
        change_overlay(db.session.get_one(Deployment, tenant.deployment.id), {"temperature": 0.5}, base=0)
    with transaction(admin):
        found = db.session.get_one(Deployment, tenant.deployment.id)
        with pytest.raises(ConflictError) as refusal:
            change_overlay(found, {"temperature": 0.7}, base=0)
        assert refusal.value.code == "overlay_changed"
        change_overlay(found, {"temperature": 0.7}, base=2)
    with transaction(editor):
        assert version_of(tenant.deployment.id, 3).author_name == admin.name


def test_a_version_is_restored_as_a_new_one(tenant: Tenant, editor: Actor, admin: Actor) -> None:
    with transaction(editor):
        found = db.session.get_one(Deployment, tenant.deployment.id)
        change_overlay(found, {"system_prompt_append": "Un"})
        change_overlay(found, {"system_prompt_append": "Deux", "max_tokens": 900})
    with transaction(admin):
        change_overlay(db.session.get_one(Deployment, tenant.deployment.id), {"ollama_host": "ollama.interne"})
    with transaction(editor):
        found = db.session.get_one(Deployment, tenant.deployment.id)
        made = restore_version(found, 2)
        assert made is not None and (made.number, made.note) == (5, "Version 2 restaurée")
        # The host is not his to take away.
        assert found.config_overlay == {"system_prompt_append": "Un", "ollama_host": "ollama.interne"}
        assert restore_version(found, 5) is None
        with pytest.raises(NotFoundError):
            restore_version(found, 99)


def test_what_changed_between_two_versions() -> None:
    changes = compare(
        {"temperature": 0.5, "system_prompt_append": "Un\nDeux mots\nTrois"}, {"system_prompt_append": "Un\nDeux lignes\nTrois\nQuatre"}
    )
    assert [change.label for change in changes] == ["Instructions ajoutées", "Température"]
    lines = [(line.kind, line.before, line.after) for line in changes[0].lines]
    assert lines == [
        ("same", [(False, "Un")], [(False, "Un")]),
        ("rewritten", [(False, "Deux "), (True, "mots")], [(False, "Deux "), (True, "lignes")]),
        ("same", [(False, "Trois")], [(False, "Trois")]),
        ("added", [], [(True, "Quatre")]),
    ]
    assert [(line.kind, line.before) for line in changes[1].lines] == [("removed", [(True, "0,5")])]
    assert compare({"model": "a"}, {"model": "a"}) == []


def refused_by_sql(actor: Actor, statement: str, **values: object) -> bool:
    """Whether PostgreSQL refuses a statement, or hides from the actor what it would change."""
    try:
        with transaction(actor):
            return db.session.execute(text(statement), values).rowcount == 0
    except DBAPIError as error:
        assert "row-level security" in str(error) or "this change violates" in str(error), error
        return True


ADD_VERSION = (
    "INSERT INTO overlay_versions (deployment_id, number, editor_id, overlay, author_id, author_name, note, created_at) "
    "VALUES (:deployment, 9, :editor, '{}', :author, '', '', now())"
)


def test_rows_are_the_editors_own_and_history_is_not_rewritten(tenant: Tenant, editor: Actor, admin: Actor) -> None:
    with committing():
        other = make_user("editeur")
        stranger = actor_for(other, "editeur")
        artisan = actor_for(db.session.get_one(User, tenant.artisan.id), "artisan")
        grant_agent(make_agent(), tenant.editor.id)
        others_deployment = make_deployment(other).id
        other_id = other.id
    with transaction(editor):
        change_overlay(db.session.get_one(Deployment, tenant.deployment.id), {"temperature": 0.5})
    for actor in (stranger, artisan, acting.door()):
        with transaction(actor):
            assert versions_of(tenant.deployment.id) == [], actor
            assert db.session.execute(text("SELECT 1 FROM agent_grants")).all() == []
    own = {"deployment": tenant.deployment.id, "editor": tenant.editor.id}
    for actor in (editor, admin):
        assert refused_by_sql(actor, "UPDATE overlay_versions SET note = 'x'")
        assert refused_by_sql(actor, "DELETE FROM overlay_versions")
    assert refused_by_sql(stranger, ADD_VERSION, **own, author=other_id)
    assert refused_by_sql(stranger, ADD_VERSION, deployment=tenant.deployment.id, editor=other_id, author=other_id)
    assert refused_by_sql(editor, ADD_VERSION, **own, author=other_id)
    assert refused_by_sql(editor, ADD_VERSION, deployment=others_deployment, editor=tenant.editor.id, author=tenant.editor.id)
    assert not refused_by_sql(editor, ADD_VERSION, **own, author=tenant.editor.id)
    for statement in (
        "UPDATE agent_grants SET prompt_override = 'x'",
        "DELETE FROM agent_grants",
        "UPDATE agents SET whitelabel_config = '{}'",
    ):
        assert refused_by_sql(editor, statement)
        assert not refused_by_sql(admin, statement)


def test_an_editor_names_no_host_and_changes_no_agent_even_in_sql(tenant: Tenant, editor: Actor, admin: Actor) -> None:
    with committing():
        support = make_agent("support-client").id
    host = "UPDATE deployments SET config_overlay = jsonb_build_object(CAST(:name AS text), 'x') WHERE id = :id"
    for name in ("ollama_host", "ollama_port"):
        assert refused_by_sql(editor, host, name=name, id=tenant.deployment.id)
    assert not refused_by_sql(editor, host, name="model", id=tenant.deployment.id)
    moved = "UPDATE deployments SET agent_id = :agent WHERE id = :id"
    assert refused_by_sql(editor, moved, agent=support, id=tenant.deployment.id)
    made = (
        "INSERT INTO deployments (id, agent_id, editor_id, name, mode, config_overlay, branding, rate_limit_per_ip, is_active, created_at) "
        "VALUES (:id, :agent, :editor, :id, 'shared', CAST(:overlay AS jsonb), '{}', 60, true, now())"
    )
    assert refused_by_sql(editor, made, id="dpl_a", agent=support, editor=tenant.editor.id, overlay='{"ollama_host": "x"}')
    assert not refused_by_sql(editor, made, id="dpl_b", agent=support, editor=tenant.editor.id, overlay='{"model": "x"}')
    assert not refused_by_sql(admin, host, name="ollama_host", id=tenant.deployment.id)


def test_a_reply_follows_the_settings_in_force(tenant: Tenant, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The claim of a reply reads the agent's rules, the grant and the overlay: the same as the page."""
    with committing():
        agent = make_agent()
        agent.whitelabel_config = {"allow_prompt_override": False}
        agent.fallback_model = "local"
        grant_agent(agent, tenant.editor.id, prompt_override="Écrit pour cet éditeur.")
        found = db.session.get_one(Deployment, tenant.deployment.id)
        found.mode = "dedicated"
        found.config_overlay = {"system_prompt_replace": "Sans effet", "max_tokens": 700}
    seen: list[Any] = []
    resolve = replies.resolve
    monkeypatch.setattr(replies, "resolve", lambda *args, **kwargs: seen.append(resolve(*args, **kwargs)) or seen[-1])
    chat = open_chat(tenant)
    sent = {"content": "Bonjour, je veux refaire ma salle de bain", "client_message_id": "11111111-1111-4111-8111-111111111111"}
    posted = house.test_client().post("/api/widget/v1/message", json=sent, headers=chat.headers)
    assert posted.status_code in (200, 201, 202)
    with committing():
        reply = db.session.execute(text("SELECT id, attempt FROM messages WHERE sender = 'agent'")).one()
    replies.write_reply(reply.id, reply.attempt, tenant.editor.id, tenant.artisan.id)
    assert (seen[0].system_prompt, seen[0].max_tokens) == ("Écrit pour cet éditeur.", 700)
    with committing():
        assert db.session.scalars(db.select(OverlayVersion)).all() == []
