"""The administrators' pages about agents: list, form, page of one, versions, grants (000)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from app.agents.editing import change_agent, create_agent
from app.agents.models import Agent, AgentGrant
from app.agents.service import change_whitelabel, grant_agent
from app.agents.versions import versions_of
from app.billing.folding import fold
from app.billing.models import UsageLog
from app.core import clock
from app.core.transaction import transaction
from app.extensions import db
from app.web.house import House
from tests.factories import actor_for, committing, make_deployment, make_user
from tests.guards.test_pages import check_html
from tests.support.portal import Person, sign_in

TYPED = {
    "name": "Conseiller piscine",
    "slug": "",
    "description": "Répond sur les bassins.",
    "category": "chat",
    "icon": "home",
    "emoji": "",
    "color": "#06b6d4",
    "system_prompt": "Sois bref.",
    "note": "Pour commencer",
    "model": "inherit",
    "fallback_model": "",
    "temperature": "0,4",
    "top_p": "1",
    "frequency_penalty": "−0,5",
    "presence_penalty": "0",
    "max_tokens": "1 500",
    "context_window": "20",
    "supports_images": "y",
    "tools": ["rechercher_prix"],
    "collection": "",
    "ollama_host": "",
    "ollama_port": "",
    "extra": "Relu par Paul",
}


@pytest.fixture
def admin(house: House) -> Person:
    with committing():
        return sign_in(house, make_user("admin", name="Claire Morel"), portal="admin")


@pytest.fixture
def agent_id(house: House) -> str:
    with committing():
        return create_agent({"name": "Conseiller piscine", "system_prompt": "Sois bref."}).id


def agent_of(agent_id: str) -> Agent:
    return db.session.get_one(Agent, agent_id)


def read(person: Person, path: str) -> str:
    page = person.get(path)
    html = page.get_data(as_text=True)
    assert page.status_code == 200, html[:300]
    check_html(path, html)
    return html


def spend(agent_id: str, editor_id: str | None, calls: int = 1, **values: Any) -> None:
    with committing():
        for _ in range(calls):
            usual: dict[str, Any] = {"provider": "openai", "model": "gpt-4o-mini", "prompt_tokens": 100, "completion_tokens": 20}
            usual |= {"estimated": False, "latency_ms": 800, "success": True, "cost_eur": "0.01", "cost": "0.01"}
            db.session.add(UsageLog(agent_id=agent_id, editor_id=editor_id, **(usual | values)))
    fold()


def test_an_agent_is_made_by_the_form_and_shown(admin: Person) -> None:
    form = read(admin, "/admin/agents/nouveau")
    assert 'value="inherit"' in form and 'id="modele"' in form
    made = admin.post("/admin/agents/nouveau", TYPED)
    assert made.status_code == 303
    with committing():
        agent = db.session.scalars(db.select(Agent).where(Agent.slug == "conseiller-piscine")).one()
        assert (float(agent.temperature), float(agent.frequency_penalty), agent.max_tokens) == (0.4, -0.5, 1500)
        assert (agent.tools, agent.extra, agent.supports_images, agent.is_active) == (
            ["rechercher_prix"],
            {"note": "Relu par Paul"},
            True,
            False,
        )
        assert [(one.author_name, one.note) for one in versions_of(agent.id)] == [("Claire Morel", "Pour commencer")]
    shown = read(admin, made.location)
    for words in ("Sois bref.", "Conseiller piscine", "Version 1", "Relu par Paul", "Désactivé", "Nulle part"):
        assert words in shown, words


WRONG = {
    "name": "",
    "slug": "Majuscule",
    "icon": "inconnue",
    "emoji": "abc",
    "color": "bleu",
    "system_prompt": " ",
    "model": "deux mots",
    "temperature": "2,5",
    "top_p": "un",
    "presence_penalty": "-3",
    "max_tokens": "0",
    "context_window": "21",
    "collection": "Éé",
    "ollama_host": "http://a",
    "ollama_port": "0",
}


@pytest.mark.parametrize("name", WRONG)
def test_an_error_stands_beside_its_field_and_what_was_typed_is_kept(admin: Person, agent_id: str, name: str) -> None:
    for path in ("/admin/agents/nouveau", f"/admin/agents/{agent_id}/modifier"):
        refused = admin.post(path, {**TYPED, "slug": "autre", "description": "Gardée telle quelle", name: WRONG[name]})
        html = refused.get_data(as_text=True)
        assert refused.status_code == 422 and "Gardée telle quelle" in html
        assert re.search(rf'id="{name}-error"', html), f"{path}: no error beside {name}"
        check_html(path, html)


def test_an_emoji_wins_over_the_icon(admin: Person, agent_id: str) -> None:
    assert admin.post(f"/admin/agents/{agent_id}/modifier", {**TYPED, "slug": "piscine", "emoji": "🏊"}).status_code == 303
    with committing():
        assert (agent_of(agent_id).icon, agent_of(agent_id).slug) == ("🏊", "piscine")
    assert "🏊" in read(admin, f"/admin/agents/{agent_id}/modifier")
    assert "🏊" in read(admin, "/admin/agents")


def test_somebody_else_saved_meanwhile(admin: Person, agent_id: str, house: House) -> None:
    path = f"/admin/agents/{agent_id}/modifier"
    base = re.search(r'name="base"[^>]*value="([^"]+)"', read(admin, path))
    assert base
    with committing():
        other = actor_for(make_user("admin"), "admin")
    with transaction(other):
        change_agent(agent_of(agent_id), {"system_prompt": "Écrit par l’autre"})
    mine = {**TYPED, "slug": "conseiller-piscine", "system_prompt": "Écrit par moi", "base": base[1]}
    told = admin.post(path, mine)
    html = told.get_data(as_text=True)
    assert told.status_code == 409 and "Écrit par moi" in html and "pendant que vous écriviez" in html and "Instructions" in html
    with committing():
        assert agent_of(agent_id).system_prompt == "Écrit par l’autre"
    again = re.search(r'name="base"[^>]*value="([^"]+)"', html)
    assert again and admin.post(path, {**mine, "base": again[1]}).status_code == 303
    with committing():
        assert agent_of(agent_id).system_prompt == "Écrit par moi" and len(versions_of(agent_id)) == 3


def test_the_list_as_cards_and_as_a_table(admin: Person, agent_id: str) -> None:
    cards = read(admin, "/admin/agents")
    assert all(name in cards for name in ("Expert BTP", "Créateur de Posts", "Conseiller piscine"))
    assert f"/admin/agents/{agent_id}/activation" in cards and f"/admin/agents/{agent_id}/modifier" in cards and "style=" not in cards
    table = read(admin, "/admin/agents?vue=tableau")
    assert "<tbody" in table and "Conseiller piscine" in table.split("<tbody")[1]


def test_the_list_is_searched_filtered_sorted_and_paged(admin: Person, agent_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def names(query: str) -> list[str]:
        return re.findall(r'<h2 class="agent-name"[^>]*><a [^>]*>([^<]+)<', read(admin, f"/admin/agents?{query}"))

    assert names("q=PISCINE") == ["Conseiller piscine"]
    assert names("categorie=image") == ["Générateur d’Images"]
    assert names("etat=inactive") == ["Conseiller piscine"] and "Conseiller piscine" not in names("etat=active")
    assert "Conseiller piscine" not in names("etat=public") and names("etat=archived") == []
    assert "Aucun agent ne correspond" in read(admin, "/admin/agents?q=introuvable")
    spend(agent_id, None, calls=2)
    assert names("tri=-usages")[0] == names("tri=-modifie")[0] == "Conseiller piscine"
    monkeypatch.setattr("app.blueprints.admin.agents.PER_PAGE", {"cartes": 2, "tableau": 2})
    first = read(admin, "/admin/agents")
    after = re.search(r'rel="next"[^>]*href="([^"]+)"', first)
    assert after and "Analyste de Performance" not in read(admin, after[1].replace("&amp;", "&"))


def test_counters_are_those_of_the_log(admin: Person, agent_id: str, house: House) -> None:
    with committing():
        editor = make_user("editeur", company_name="Batilog")
        editor_id = editor.id
    admin.post(f"/admin/agents/{agent_id}/autorisations", {"editor_id": editor_id})
    spend(agent_id, editor_id, calls=3)
    spend(agent_id, None, success=False, completion_tokens=0)
    html = read(admin, f"/admin/agents/{agent_id}").replace("\u202f", " ").replace("\xa0", " ")
    figures = dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd>\s*([^<]+?)\s*</dd>", html))
    assert (figures["Utilisations"], figures["Jetons"], figures["Coût"]) == ("4", "460", "0,04 €")
    granted = read(admin, f"/admin/agents/{agent_id}/marque-blanche").replace("\u202f", " ").replace("\xa0", " ")
    assert "3 utilisations, 360 jetons, 0,03 €" in granted
    assert re.search(r"Conseiller piscine.*?4\sutilisations", read(admin, "/admin/agents"), re.S)


def test_switching_comes_back_to_the_list_as_it_was_with_a_way_back(admin: Person, agent_id: str) -> None:
    on = admin.post(f"/admin/agents/{agent_id}/activation?de=liste&vue=tableau&etat=inactive&inconnu=1")
    assert on.status_code == 303 and on.location == "/admin/agents?etat=inactive&vue=tableau"
    page = read(admin, "/admin/agents")
    undo = re.search(rf'action="(/admin/agents/{agent_id}/desactivation[^"]*etat=inactive[^"]*)"', page)
    assert undo and "est en service" in page
    with committing():
        assert agent_of(agent_id).is_active
    assert admin.post(undo[1].replace("&amp;", "&")).location == "/admin/agents?etat=inactive&vue=tableau"
    with committing():
        assert not agent_of(agent_id).is_active


def test_a_copy_opens_its_form(admin: Person, agent_id: str) -> None:
    made = admin.post(f"/admin/agents/{agent_id}/copie")
    assert made.status_code == 303 and "Conseiller piscine (copie)" in read(admin, made.location)


def test_an_agent_in_use_says_where_and_stays(admin: Person, house: House) -> None:
    with committing():
        editor = make_user("editeur", company_name="Batilog")
        deployment = make_deployment(editor, name="Chez Batilog")
        agent_id = deployment.agent_id
    page = read(admin, f"/admin/agents/{agent_id}")
    assert "Chez Batilog" in page and "Batilog" in page and 'data-dialog-open="archiver"' in page
    refused = admin.post(f"/admin/agents/{agent_id}/archivage")
    assert refused.status_code == 303 and refused.location.endswith("#usages")
    with committing():
        assert agent_of(agent_id).archived_at is None


def test_archived_then_restored(admin: Person, agent_id: str) -> None:
    assert admin.post(f"/admin/agents/{agent_id}/archivage").location == "/admin/agents"
    assert "est archivé" in (listed := read(admin, "/admin/agents")) and "agent-card" in listed
    assert f"/admin/agents/{agent_id}/modifier" not in read(admin, "/admin/agents")
    assert "Restaurer" in read(admin, "/admin/agents?etat=archived")
    assert "Archivé" in read(admin, f"/admin/agents/{agent_id}")
    assert admin.post(f"/admin/agents/{agent_id}/restauration").status_code == 303
    with committing():
        assert agent_of(agent_id).archived_at is None and not agent_of(agent_id).is_active


def test_versions_are_read_compared_and_activated(admin: Person, agent_id: str) -> None:
    path = f"/admin/agents/{agent_id}/instructions"
    assert "Sois bref." in read(admin, path)
    for words in ("Sois long.", "Sois long.\nEt clair."):
        form = {**TYPED, "slug": "conseiller-piscine", "system_prompt": words, "note": "Relu"}
        assert admin.post(f"/admin/agents/{agent_id}/modifier", form).status_code == 303
    page = read(admin, path)
    assert "Version 3, depuis la version 2" in page and "<ins>Et clair.</ins>" in page and page.count("Claire Morel") >= 2
    assert "Version 2, depuis la version 1" in read(admin, f"{path}?a=2") and "<del>bref</del>" in read(admin, f"{path}?a=2&vue=suite")
    assert "Sois bref." in read(admin, f"{path}?a=1&vue=texte") and "première version" in read(admin, f"{path}?a=1&vue=cote")
    assert admin.post(f"{path}/1/activation").status_code == 303
    with committing():
        assert agent_of(agent_id).system_prompt == "Sois bref."
    assert admin.post(f"{path}/99/activation").status_code == 404


def test_a_grant_is_changed_where_it_stands(admin: Person, agent_id: str, house: House) -> None:
    with committing():
        editor_id = make_user("editeur", company_name="Batilog").id
    url = f"/admin/agents/{agent_id}/marque-blanche"
    given = {"editor_id": editor_id, "name": "Bassins", "prompt_override": "Parle de bassins.", "own_keys": "y"}
    assert admin.post(f"/admin/agents/{agent_id}/autorisations", given).status_code == 303
    filled = read(admin, f"{url}?editeur={editor_id}")
    assert "Parle de bassins." in filled and "Modifier l’autorisation" in filled and 'value="Bassins"' in filled
    assert "sa propre clé" in filled and "Pas encore utilisé" in filled
    assert admin.post(f"/admin/agents/{agent_id}/autorisations", {"editor_id": editor_id, "name": "Bassins"}).status_code == 303
    with committing():
        grant = db.session.get_one(AgentGrant, (agent_id, editor_id))
        assert (grant.name, grant.prompt_override, grant.allow_own_keys, grant.enabled) == ("Bassins", "", False, True)


def base_of(html: str, form: str = "") -> str:
    found = re.search(r'name="base"[^>]*value="([^"]+)"', html[html.index(f'id="{form}"') if form else 0 :])
    assert found
    return found[1]


def test_somebody_else_changed_the_whitelabel_meanwhile(admin: Person, agent_id: str, house: House) -> None:
    url = f"/admin/agents/{agent_id}/marque-blanche"
    mine = {"deployment_mode": "dedicated", "min_rate_limit": "45", "base": base_of(read(admin, url))}
    with committing():
        other = actor_for(make_user("admin"), "admin")
    with transaction(other):
        change_whitelabel(agent_of(agent_id), {"is_public": True})
    told = admin.post(url, mine)
    html = told.get_data(as_text=True)
    assert told.status_code == 409 and "pendant que vous écriviez" in html and "Tous les éditeurs, sans autorisation" in html
    assert 'value="45"' in html, "what was typed is kept"
    with committing():
        assert agent_of(agent_id).is_public and agent_of(agent_id).deployment_mode == "internal"
    assert admin.post(url, {**mine, "base": base_of(html)}).status_code == 303
    with committing():
        assert not agent_of(agent_id).is_public and agent_of(agent_id).deployment_mode == "dedicated"
    assert admin.post(url, mine).status_code == 303, "what is saved already is in nobody's way"


def test_somebody_else_changed_the_grant_meanwhile(admin: Person, agent_id: str, house: House) -> None:
    with committing():
        editor_id, other = make_user("editeur", company_name="Batilog").id, actor_for(make_user("admin"), "admin")
    url, give = f"/admin/agents/{agent_id}/marque-blanche", f"/admin/agents/{agent_id}/autorisations"
    mine = {"editor_id": editor_id, "name": "Bassins", "base": base_of(read(admin, url), "autoriser")}
    with transaction(other):
        grant_agent(agent_of(agent_id), editor_id, prompt_override="Écrit par l’autre")
    told = admin.post(give, mine)
    html = told.get_data(as_text=True)
    assert told.status_code == 409 and "Une autre autorisation est enregistrée" in html and 'value="Bassins"' in html
    assert "nom, instructions" in html and "propre clé." not in html
    filled = read(admin, f"{url}?editeur={editor_id}")
    assert admin.post(give, {**mine, "base": base_of(html, "autoriser")}).status_code == 303
    with committing():
        grant = db.session.get_one(AgentGrant, (agent_id, editor_id))
        assert (grant.name, grant.prompt_override, grant.enabled) == ("Bassins", "", True)
    admin.post(f"{give}/{editor_id}/retrait")
    late = admin.post(give, {**mine, "name": "Piscines", "base": base_of(filled, "autoriser")})
    assert late.status_code == 409 and "retirée depuis" in late.get_data(as_text=True)
    with committing():
        assert not db.session.get_one(AgentGrant, (agent_id, editor_id)).enabled


def test_nobody_else_and_nothing_unknown(admin: Person, agent_id: str, house: House) -> None:
    with committing():
        editor = sign_in(house, make_user("editeur"), portal="editeur")
    for path in ("", "/nouveau", f"/{agent_id}", f"/{agent_id}/modifier", f"/{agent_id}/instructions"):
        assert editor.get(f"/admin/agents{path}").status_code in (403, 404)
    for act in ("activation", "desactivation", "copie", "archivage", "restauration"):
        assert editor.post(f"/admin/agents/{agent_id}/{act}").status_code in (403, 404)
        assert admin.post(f"/admin/agents/agt_inconnu/{act}").status_code == 404
    assert admin.get("/admin/agents/agt_inconnu").status_code == 404


def test_dates_of_use_are_told(admin: Person, agent_id: str) -> None:
    spend(agent_id, None, created_at=clock.now() - timedelta(days=2))
    assert "Jamais" not in read(admin, f"/admin/agents/{agent_id}")
