"""Agents made, changed, copied, switched, put away and taken back (000; PRODUCT.md, Agent)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.agents.editing import archive_agent, change_agent, create_agent, duplicate_agent, free_slug, restore_agent, set_active
from app.agents.fields import SETTINGS
from app.agents.icons import is_icon
from app.agents.models import Agent, AgentGrant
from app.agents.service import change_whitelabel, grant_agent, withdraw_agent
from app.agents.uses import uses_of
from app.agents.versions import versions_of
from app.audit.models import AuditEntry
from app.core.acting import Actor
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.transaction import transaction
from app.deployments import service as deployments
from app.deployments.models import Deployment
from app.extensions import db
from app.web.house import House
from tests.factories import actor_for, committing, make_deployment, make_user
from tests.factories.conversations import make_tenant, open_chat


def agent_of(agent_id: str) -> Agent:
    return db.session.get_one(Agent, agent_id)


def refused(call: Any, *args: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidError) as error:
        call(*args)
    return error.value.fields


def test_a_new_agent_is_out_of_service_and_has_a_first_version(admin: Actor, agent_id: str) -> None:
    with transaction(admin):
        agent = agent_of(agent_id)
        assert (agent.slug, agent.is_active, agent.is_public, agent.model) == ("conseiller-piscine", False, False, "inherit")
        (version,) = versions_of(agent_id)
        assert (version.version, version.system_prompt, version.author_name, version.note, version.is_active) == (
            1,
            "Sois bref.",
            "Claire Morel",
            "Pour commencer",
            True,
        )


WRONG: dict[str, tuple[Any, ...]] = {
    "name": ("", "x" * 81, 3),
    "slug": ("Majuscule", "deux mots", "-tiret", "fin-", "a" * 61, "é"),
    "description": ("x" * 301,),
    "category": ("", "cuisine", None),
    "icon": ("", "inconnue", "ab", "🏠 maison", "🏠" * 9, "1"),
    "color": ("", "bleu", "#12345", "#12345g"),
    "system_prompt": ("", "  \n ", "x" * 20_001),
    "model": ("", "deux mots", "x" * 121),
    "fallback_model": ("deux mots",),
    "temperature": (-0.01, 2.01, "tiède", None, True, float("nan")),
    "top_p": (-0.1, 1.1),
    "frequency_penalty": (-2.1, 2.1),
    "presence_penalty": (-2.1, 2.1),
    "max_tokens": (63, 16_001, 100.5, ""),
    "context_window": (0, 21),
    "tools": (["inconnu"], "rechercher_prix", {"rechercher_prix": 1}, 3),
    "output_schemas": (["autre"],),
    "supports_images": ("oui", 1, None),
    "supports_audio": ("oui",),
    "supports_video": ("oui",),
    "supports_tools": ("oui",),
    "collection": ("Majuscule", "deux mots"),
    "ollama_host": ("http://serveur", "-serveur", "a b"),
    "ollama_port": (0, 65_536),
    "extra": ({"objet": {"dans": "objet"}}, [1]),
}
GOOD: dict[str, tuple[Any, ...]] = {
    "slug": ("a", "deux-mots", "v2"),
    "category": ("image", "analysis"),
    "icon": ("tools", "🏠", "✍️", "👩‍🔧", "🇫🇷"),
    "color": ("#ABCDEF",),
    "model": ("local", "openai/gpt-4o-mini", "qwen2.5:7b"),
    "fallback_model": ("", None),
    "temperature": (0, 2, 0.7),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "max_tokens": (64, 16_000),
    "context_window": (1, 20),
    "tools": (["rechercher_prix", "proposer_pre_devis"], []),
    "output_schemas": (["pre_quote"],),
    "ollama_host": ("gpu-1.interne", ""),
    "ollama_port": (11434, None),
    "extra": ({"projet": "A", "relu": True}, "Une note", ""),
}


def test_every_setting_has_a_wrong_value_in_the_table() -> None:
    assert set(WRONG) == set(SETTINGS)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_is_refused_beside_its_field(admin: Actor, agent_id: str, name: str, value: Any) -> None:
    with transaction(admin):
        agent = agent_of(agent_id)
        before = getattr(agent, name)
        assert list(refused(change_agent, agent, {name: value})) == [name]
        assert getattr(agent, name) == before


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in GOOD.items() for value in values])
def test_a_good_value_is_kept(admin: Actor, agent_id: str, name: str, value: Any) -> None:
    with transaction(admin):
        change_agent(agent_of(agent_id), {name: value})
    with transaction(admin):
        found = getattr(agent_of(agent_id), name)
        wanted = {"color": "#abcdef", "extra": {"note": value} if isinstance(value, str) and value else value or {}}.get(
            name, value or None
        )
        if name in ("temperature", "top_p", "frequency_penalty"):
            assert float(found) == value
        else:
            assert found == (wanted if wanted is not None or name in ("fallback_model", "ollama_host", "ollama_port") else [])


def test_what_is_wrong_is_all_told_at_once(admin: Actor) -> None:
    with transaction(admin):
        found = refused(create_agent, {"slug": "A", "temperature": 3, "inconnu": 1})
        assert sorted(found) == ["inconnu", "name", "slug", "system_prompt", "temperature"]
        assert db.session.scalar(db.select(Agent.id).where(Agent.slug == "A")) is None


def test_two_agents_never_have_one_identifier(admin: Actor, agent_id: str) -> None:
    with transaction(admin):
        assert free_slug("Conseiller piscine !") == "conseiller-piscine-2"
        again = create_agent({"name": "Conseiller piscine", "system_prompt": "Autre."})
        assert again.slug == "conseiller-piscine-2"
        assert list(refused(change_agent, again, {"slug": "conseiller-piscine"})) == ["slug"]
        assert list(refused(create_agent, {"name": "X", "slug": "expert-btp", "system_prompt": "x"})) == ["slug"]
        assert change_agent(again, {"slug": "piscine"}) == ["slug"]


def test_a_stale_change_is_told_and_changes_nothing(admin: Actor, agent_id: str) -> None:
    with transaction(admin):
        read = agent_of(agent_id).updated_at
    with transaction(admin):
        change_agent(agent_of(agent_id), {"temperature": 0.5}, base=read)
    with transaction(admin):
        agent = agent_of(agent_id)
        assert agent.updated_at > read
        with pytest.raises(ConflictError) as error:
            change_agent(agent, {"description": "La mienne"}, base=read)
        assert (error.value.code, agent.description) == ("agent_changed", "")
        assert change_agent(agent, {"description": "La mienne"}, base=agent.updated_at) == ["description"]


def test_nothing_changed_writes_nothing(admin: Actor, agent_id: str) -> None:
    with transaction(admin):
        agent = agent_of(agent_id)
        before = agent.updated_at
        assert change_agent(agent, {"name": " Conseiller  piscine ", "system_prompt": "Sois bref.\r\n"}) == []
        assert agent.updated_at == before and len(versions_of(agent_id)) == 1


def test_a_tool_that_is_gone_stays_until_it_is_taken_away(admin: Actor, agent_id: str) -> None:
    with transaction(admin):
        agent = agent_of(agent_id)
        agent.tools = ["ancien_outil"]
        db.session.flush()
        assert change_agent(agent, {"tools": ["ancien_outil", "rechercher_prix"]}) == ["tools"]
        assert change_agent(agent, {"tools": ["rechercher_prix"]}) == ["tools"]
        assert "tools" in refused(change_agent, agent, {"tools": ["ancien_outil"]})


def test_a_copy_is_the_platforms_alone(admin: Actor, house: House) -> None:
    with committing():
        editor = make_user("editeur").id
    with transaction(admin):
        agent = db.session.scalars(db.select(Agent).where(Agent.slug == "expert-btp")).one()
        agent.default_branding = {"title": "Devis", "logo_url": "/fichiers/logo", "logo_key": "k"}
        grant_agent(agent, editor, name="Chez lui")
        copy = duplicate_agent(agent)
        assert (copy.name, copy.slug, copy.is_active, copy.is_public) == ("Expert BTP (copie)", "expert-btp-copie", False, False)
        assert (copy.system_prompt, copy.tools, copy.whitelabel_config) == (agent.system_prompt, agent.tools, agent.whitelabel_config)
        assert copy.default_branding == {"title": "Devis"}
        assert db.session.get(AgentGrant, (copy.id, editor)) is None
        assert [version.version for version in versions_of(copy.id)] == [1]
        assert duplicate_agent(agent).slug == "expert-btp-copie-2"
        assert len(duplicate_agent(create_agent({"name": "x" * 80, "system_prompt": "x"})).name) == 80


def test_an_agent_in_use_is_not_archived_and_says_where(admin: Actor, house: House) -> None:
    with committing():
        tenant = make_tenant()
        own = make_deployment(None, name="De la plateforme")
        agent_id, editor_id, name = own.agent_id, tenant.editor.id, tenant.editor.display_name
    with transaction(admin):
        grant_agent(agent_of(agent_id), editor_id)
    open_chat(tenant)
    with transaction(admin):
        agent = agent_of(agent_id)
        with pytest.raises(ConflictError) as error:
            archive_agent(agent)
        told = [(use["kind"], use["label"], use["editor"]) for use in error.value.details["uses"]]
        assert sorted(told, key=str) == sorted(
            [
                ("grant", "Autorisation", name),
                ("deployment", "De la plateforme", None),
                ("deployment", tenant.deployment.name, name),
                ("sessions", "1\xa0conversation ouverte", name),
            ],
            key=str,
        )
        assert error.value.code == "agent_in_use" and agent.archived_at is None and agent.is_active


def test_an_unused_agent_is_archived_then_taken_back(admin: Actor, agent_id: str, house: House) -> None:
    with committing():
        editor, deployment = make_user("editeur").id, make_deployment(None, agent_id=agent_id, is_active=False).id
    with transaction(admin):
        agent = agent_of(agent_id)
        set_active(agent, True)
        grant_agent(agent, editor)
        withdraw_agent(agent, editor)
        assert uses_of(agent_id) == []
        archive_agent(agent)
        assert agent.archived_at is not None and not agent.is_active
        for act in (
            lambda: set_active(agent, True),
            lambda: grant_agent(agent, editor),
            lambda: deployments.set_active(db.session.get_one(Deployment, deployment), True),
        ):
            with pytest.raises(ConflictError) as error:
                act()
            assert error.value.code == "agent_archived"
        with pytest.raises(InvalidError):
            deployments.create_deployment(None, agent_id, "Nouveau", "shared")
        restore_agent(agent)
        assert agent.archived_at is None and not agent.is_active
        set_active(agent, True)
        deployments.set_active(db.session.get_one(Deployment, deployment), True)


def test_what_is_archived_meanwhile_is_not_switched_on(admin: Actor, agent_id: str) -> None:
    with transaction(admin):
        agent = agent_of(agent_id)
        assert agent.archived_at is None
        db.session.execute(
            text("UPDATE agents SET archived_at = now() WHERE id = :id"), {"id": agent_id}
        )  # somebody else, since it was read
        with pytest.raises(ConflictError) as error:
            set_active(agent, True)
        assert (error.value.code, error.value.message) == ("agent_archived", "Cet agent est archivé : restaurez-le d’abord.")


def test_an_agent_out_of_service_is_not_deployed(admin: Actor, agent_id: str) -> None:
    with transaction(admin):
        with pytest.raises(InvalidError) as error:
            deployments.create_deployment(None, agent_id, "Nouveau", "shared")
        assert "agent_id" in error.value.fields
        set_active(agent_of(agent_id), True)
        deployments.create_deployment(None, agent_id, "Nouveau", "shared")


def test_grants_carry_whether_own_keys_may_answer(admin: Actor, agent_id: str, house: House) -> None:
    with committing():
        editor = make_user("editeur").id
    with transaction(admin):
        agent = agent_of(agent_id)
        assert not grant_agent(agent, editor).allow_own_keys
        assert grant_agent(agent, editor, allow_own_keys=True).allow_own_keys
        assert grant_agent(agent, editor, name="Autre nom").allow_own_keys, "left as it is when not said"
        change_whitelabel(agent, {"allow_own_keys": True})
        assert agent.whitelabel_config["allow_own_keys"] is True
        with pytest.raises(NotFoundError):
            grant_agent(agent, "usr_inconnu")


def test_the_journal_holds_neither_prompt_nor_note(admin: Actor, agent_id: str) -> None:
    with transaction(admin):
        change_agent(agent_of(agent_id), {"system_prompt": "Un secret de fabrication"}, "Une note confidentielle")
        duplicate_agent(agent_of(agent_id))
    with committing():
        entries = db.session.scalars(db.select(AuditEntry).where(AuditEntry.action.like("agent.%"))).all()
        assert {entry.action for entry in entries} >= {"agent.created", "agent.changed", "agent.duplicated"}
        assert not [entry for entry in entries if "secret" in str(entry.details) or "confidentielle" in str(entry.details)]


def test_sql_refuses_what_the_verbs_never_write(admin: Actor, agent_id: str, house: House) -> None:
    with committing():
        editor = actor_for(make_user("editeur"), "editeur")
    for statement in ("category = 'cuisine'", "temperature = 2.5", "top_p = 1.5", "is_active = true, archived_at = now()"):
        with pytest.raises(DBAPIError), transaction(admin):
            db.session.execute(text(f"UPDATE agents SET {statement} WHERE id = :id"), {"id": agent_id})
    with transaction(editor):
        assert db.session.execute(text("UPDATE agents SET name = 'À moi' WHERE id = :id"), {"id": agent_id}).rowcount == 0  # type: ignore[attr-defined]
        assert db.session.scalar(text("SELECT count(*) FROM prompt_versions")) == 0


def test_updated_at_is_not_moved_by_a_switch(admin: Actor, agent_id: str) -> None:
    with transaction(admin):
        agent = agent_of(agent_id)
        agent.updated_at -= timedelta(hours=1)
        db.session.flush()
        before = agent.updated_at
        set_active(agent, True)
        db.session.flush()
        assert agent.updated_at == before, "a form that is open is not made stale by a switch of the list"


def test_pictures() -> None:
    assert is_icon("robot") and is_icon("🤖") and not is_icon("a") and not is_icon("©a") and not is_icon("\u200d")
