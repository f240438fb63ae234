"""The control centre's pages through HTTP, in three portals, against a stand-in model server (001 §4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.agents.models import Agent, AgentGrant
from app.billing.models import UsageLog
from app.extensions import db
from app.identity.models import User
from app.llm.breaker import breaker
from app.llm.errors import ProviderError
from app.llm.models import ActiveModel, Credential, Model, Provider, ProviderCheck, ProviderPrivate, SystemPrompt, UserModel
from app.llm.providers.clients import clients
from app.llm.resolving import account_default, forget, platform_default
from app.web.house import House
from tests.factories import committing, make_deployment, make_user
from tests.support.model_server import ModelServer, Reply, model_server
from tests.support.portal import Person, sign_in
from tests.support.stack import free_port

KEY = "sk-essai-0123456789abcdef"
ROLES = {"admin": "admin", "editeur": "editeur", "artisan": "artisan"}
COMPATIBLE = "/intelligence-artificielle/demarrage/compatible"


@pytest.fixture
def models() -> Iterator[ModelServer]:
    with model_server(("bearer", "", KEY)) as server:
        yield server
    clients.close()
    breaker.reset()


@pytest.fixture(params=sorted(ROLES))
def portal(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def user(house: House, portal: str) -> User:
    forget()
    with committing():
        return make_user(ROLES[portal])


@pytest.fixture
def person(house: House, portal: str, user: User) -> Person:
    with committing():
        return sign_in(house, user, portal=portal)


@pytest.fixture
def url(portal: str) -> str:
    return f"/{portal}/intelligence-artificielle"


def rows(model: Any) -> list[Any]:
    with committing():
        return list(db.session.scalars(db.select(model)))


def started(person: Person, url: str, models: ModelServer, **changes: str) -> Any:
    data = {"base_url": models.base_url, "api_key": KEY, "model_key": "ok", **changes}
    return person.post(f"{url}/demarrage/compatible", data)


def test_from_nothing_to_ready_in_one_form(person: Person, url: str, portal: str, user: User, models: ModelServer) -> None:
    empty = person.get(url).text
    assert "Démarrage rapide" in empty and "Prêt" not in empty
    form = person.get(f"{url}?fournisseur=compatible").text
    assert 'name="base_url"' in form and 'name="api_key"' in form and 'type="password"' in form
    answer = started(person, url, models)
    assert answer.status_code == 303
    page = person.get(answer.location).text
    assert "Prêt" in page and "Tout est prêt" in page and "Clé acceptée" in page and "Démarrage rapide" not in page
    assert KEY not in page
    owner = None if portal == "admin" else user.id
    (active,) = rows(ActiveModel)
    assert (active.owner_id, active.model_key, active.test_ok) == (owner, "ok", True) and active.test_latency_ms is not None
    (held,) = rows(Credential)
    assert held.owner_id == owner and KEY not in (held.sealed_key or "")
    with committing():
        choice = account_default(owner) if owner else platform_default()
    assert choice is not None and (choice.model, choice.base_url) == ("ok", models.base_url)


def test_the_test_says_whether_the_key_or_the_model_fails(person: Person, url: str, models: ModelServer) -> None:
    started(person, url, models, model_key="inconnu")
    page = person.get(url).text
    assert "Ne répond pas" in page and "Clé acceptée" in page and "Modèle inconnu inaccessible" in page and "Prêt" not in page
    person.post(f"{url}/cles/compatible", {"base_url": models.base_url, "api_key": "sk-fausse"})
    page = person.get(url).text
    assert "À tester" in page, "a key that was replaced says nothing of the one before"
    answer = person.post(f"{url}/essai")
    assert answer.status_code == 303
    page = person.get(url).text
    assert "Clé refusée" in page and "sk-fausse" not in page


def test_a_test_is_a_fragment_for_htmx(person: Person, url: str, models: ModelServer) -> None:
    started(person, url, models)
    answer = person.post(f"{url}/essai", headers={"HX-Request": "true"})
    assert answer.status_code == 200 and answer.text.lstrip().startswith('<div class="stack" id="centre">')
    assert "toast" in answer.headers["HX-Trigger"] and "Prêt" in answer.text and "<html" not in answer.text
    again = person.post(f"{url}/cles/compatible/essai", headers={"HX-Request": "true"})
    assert "Fonctionne" in again.text


def test_what_was_typed_is_kept_but_the_key(person: Person, url: str) -> None:
    answer = person.post(f"{url}/demarrage/compatible", {"base_url": "pas une adresse", "api_key": KEY, "model_key": "mistral"})
    assert answer.status_code == 422 and "pas une adresse" in answer.text and 'value="mistral"' in answer.text
    assert 'id="base_url-error"' in answer.text and KEY not in answer.text
    assert rows(Credential) == [] and rows(ActiveModel) == []
    answer = person.post(f"{url}/demarrage/openai", {"model": "gpt-4o-mini"})
    assert answer.status_code == 422 and 'id="api_key-error"' in answer.text


def test_a_server_that_cannot_be_reached_is_said_and_kept(person: Person, url: str) -> None:
    answer = person.post(
        f"{url}/demarrage/compatible", {"base_url": f"http://127.0.0.1:{free_port()}/v1", "api_key": KEY, "model_key": "ok"}
    )
    assert answer.status_code == 303
    page = person.get(url).text
    assert "Ne répond pas" in page and "injoignable" in page
    assert len(rows(Credential)) == 1


def test_the_model_of_a_server_that_has_but_one(person: Person, url: str, models: ModelServer) -> None:
    answer = started(person, url, models, model_key="")
    assert answer.status_code == 422 and rows(ActiveModel) == []
    said = answer.text
    assert "plusieurs modèles (" in said and ", …)" in said and "écrivez le nom" in said and 'id="model_key-error"' in said
    assert f'value="{models.base_url}"' in said and "laissez vide pour la garder" in said and KEY not in said
    started(person, url, models, model_key="", api_key="sk-fausse")
    said = person.get(url).text
    assert "écrivez le nom" not in said and "refus" in said, "a key that is refused is the reason, not the models"
    models._scripts = {"seul": lambda body: Reply()}
    started(person, url, models, model_key="")
    (active,) = rows(ActiveModel)
    assert active.model_key == "seul" and active.test_ok


def test_a_model_named_at_last_is_served_by_the_key_kept_before(person: Person, url: str, models: ModelServer) -> None:
    assert started(person, url, models, model_key="").status_code == 422
    assert started(person, url, models, api_key="").status_code == 303
    (active,) = rows(ActiveModel)
    assert active.model_key == "ok" and active.test_ok


def test_the_built_in_engine_needs_nothing(person: Person, url: str) -> None:
    form = person.get(f"{url}?fournisseur=local").text
    assert 'name="api_key"' not in form and 'name="base_url"' not in form
    assert person.post(f"{url}/demarrage/local", {"model": "local"}).status_code == 303
    assert "Prêt" in person.get(url).text


def test_keys_are_replaced_tested_deleted(person: Person, url: str, models: ModelServer) -> None:
    page = person.get(f"{url}/cles/compatible").text
    assert 'name="api_key"' in page and "Non configurée" in page
    wrong = person.post(f"{url}/cles/compatible", {"base_url": "ftp://nulle.part", "api_key": KEY})
    assert wrong.status_code == 422 and KEY not in wrong.text
    assert person.post(f"{url}/cles/compatible", {"base_url": models.base_url, "api_key": KEY}).status_code == 303
    page = person.get(f"{url}/cles/compatible").text
    assert models.base_url in page and KEY not in page and "Fonctionne" in page
    elsewhere = person.post(f"{url}/cles/compatible", {"base_url": f"http://127.0.0.1:{free_port()}/v1", "api_key": ""})
    assert elsewhere.status_code == 422 and "nouveau" in elsewhere.text, "a key never follows to another address"
    assert person.post(f"{url}/cles/compatible/suppression").status_code == 303
    assert rows(Credential) == []
    assert person.post(f"{url}/cles/compatible/suppression").status_code == 404
    assert person.get(f"{url}/cles/nulle-part").status_code == person.get(f"{url}/cles/local").status_code == 404


def test_another_model_is_activated_and_one_added(person: Person, url: str, portal: str, models: ModelServer) -> None:
    started(person, url, models)
    assert person.post(f"{url}/modeles", {"provider": "compatible", "key": "slow", "name": "Le lent"}).status_code == 303
    page = person.get(url).text
    assert "Le lent" in page and '<option value="compatible/slow">' in page
    again = person.post(f"{url}/modeles", {"provider": "compatible", "key": "slow"})
    assert again.status_code == 422 and "existe déjà" in again.text
    assert person.post(f"{url}/modele", {"choice": "compatible/slow"}).status_code == 303
    page = person.get(url).text
    assert "À tester" in page and "Le lent" in page
    wrong = person.post(f"{url}/modele", {"choice": "compatible/nulle-part"})
    assert wrong.status_code == 422
    if portal != "admin":
        (kept,) = (row for row in rows(UserModel) if row.key == "ok")
        assert person.post(f"{url}/modeles/compatible/retrait", {"model": kept.key}).status_code == 303
        assert [row.key for row in rows(UserModel)] == ["slow"]
        person.post(f"{url}/modeles/compatible/retrait", {"model": "slow"})
        assert len(rows(UserModel)) == 1, "the active one stays"
    assert person.post(f"{url}/modele/retrait").status_code == 303
    assert all(not row.is_active for row in rows(ActiveModel))


def test_instructions_that_somebody_saved_meanwhile_are_not_lost(person: Person, url: str) -> None:
    person.post(f"{url}/instructions/nouvelles", {"name": "Devis", "content": "Soyez bref."})
    (prompt,) = rows(SystemPrompt)
    path = f"{url}/instructions/{prompt.id}"
    base = re.findall(r'name="base"[^>]*value="([^"]+)"', person.get(path).text)
    assert len(base) == 1
    theirs = {"name": "Devis", "content": "Écrit par l’autre.", "base": base[0]}
    assert person.post(path, theirs).status_code == 303
    told = person.post(path, {"name": "Devis", "content": "Écrit par moi.", "base": base[0]})
    assert told.status_code == 409 and "pendant que vous écriviez" in told.text and "Écrit par moi." in told.text
    assert [row.content for row in rows(SystemPrompt)] == ["Écrit par l’autre."]
    assert person.post(path, theirs).status_code == 303, "what is saved already is in nobody's way"
    again = re.findall(r'name="base"[^>]*value="([^"]+)"', person.get(path).text)
    assert person.post(path, {"name": "Devis", "content": "Écrit par moi.", "base": again[0]}).status_code == 303
    assert [row.content for row in rows(SystemPrompt)] == ["Écrit par moi."]


def test_instructions_are_copied_when_activated(person: Person, url: str, models: ModelServer) -> None:
    started(person, url, models)
    assert person.post(f"{url}/instructions/nouvelles", {"name": "", "content": ""}).status_code == 422
    assert person.post(f"{url}/instructions/nouvelles", {"name": "Devis", "content": "Soyez bref."}).status_code == 303
    (prompt,) = rows(SystemPrompt)
    assert person.post(f"{url}/instructions/{prompt.id}/activation").status_code == 303
    assert [row.system_prompt for row in rows(ActiveModel)] == ["Soyez bref."]
    assert person.post(f"{url}/instructions/{prompt.id}", {"name": "Devis", "content": "Soyez long."}).status_code == 303
    page = person.get(url).text
    assert "Modifiée depuis" in page and [row.system_prompt for row in rows(ActiveModel)] == ["Soyez bref."]
    person.post(f"{url}/instructions/retrait")
    assert [row.system_prompt for row in rows(ActiveModel)] == [None]
    assert person.post(f"{url}/instructions/{prompt.id}/suppression").status_code == 303
    assert person.get(f"{url}/instructions/{prompt.id}").status_code == 404


def test_the_history_pages_and_filters(person: Person, url: str, models: ModelServer) -> None:
    for _ in range(2):
        started(person, url, models)
    started(person, url, models, model_key="fault-500")
    assert len(rows(ProviderCheck)) == 3
    page = person.get(f"{url}/diagnostics").text
    assert page.count("Configuration") >= 3 and "Oui" in page and "HTTP 500" in page
    failed = person.get(f"{url}/diagnostics?resultat=echec").text
    assert "HTTP 500" in failed and "La clé est acceptée et le modèle répond." not in failed


def test_nothing_of_one_account_shows_to_another(house: House, models: ModelServer) -> None:
    forget()
    with committing():
        people = {role: make_user(role) for role in ("editeur", "artisan", "admin")} | {"autre": make_user("editeur")}
        mine = sign_in(house, people["editeur"], portal="editeur")
        others = {
            "editeur": sign_in(house, people["autre"], portal="editeur"),
            "artisan": sign_in(house, people["artisan"], portal="artisan"),
            "admin": sign_in(house, people["admin"], portal="admin"),
        }
    started(mine, "/editeur/intelligence-artificielle", models)
    mine.post("/editeur/intelligence-artificielle/instructions/nouvelles", {"name": "À moi", "content": "Secret de fabrique."})
    (prompt,) = rows(SystemPrompt)
    for portal, other in others.items():
        url = f"/{portal}/intelligence-artificielle"
        assert models.base_url not in other.get(url).text and "À moi" not in other.get(url).text
        for path in ("", "/activation", "/suppression"):
            assert other.post(f"{url}/instructions/{prompt.id}{path}", {"name": "x", "content": "y"}).status_code == 404
        assert other.post(f"{url}/cles/compatible/suppression").status_code == 404
        assert other.post(f"{url}/modeles/compatible/retrait", {"model": "ok"}).status_code == 404
    assert len(rows(Credential)) == 1


def test_an_editor_reads_which_agents_use_his_keys(house: House) -> None:
    with committing():
        editor = make_user("editeur")
        deployment = make_deployment(editor)
        agent = db.session.get_one(Agent, deployment.agent_id)
        name = agent.name
        person = sign_in(house, editor, portal="editeur")
    assert "Aucun de vos assistants" in person.get("/editeur/intelligence-artificielle").text
    with committing():
        db.session.add(AgentGrant(agent_id=deployment.agent_id, editor_id=editor.id, allow_own_keys=True))
    page = person.get("/editeur/intelligence-artificielle").text
    assert "Assistants qui utilisent vos clés" in page and name in page


def test_a_role_without_the_permission_finds_nothing(house: House) -> None:
    with committing():
        person = sign_in(house, make_user("superviseur"), portal="admin")
    assert person.get("/admin/intelligence-artificielle").status_code == 403
    assert person.get("/admin/fournisseurs-ia").status_code == 403


def test_a_provider_that_rests_says_so(house: House, models: ModelServer) -> None:
    with committing():
        editor, other = make_user("editeur"), make_user("editeur")
        mine, theirs = (sign_in(house, one, portal="editeur") for one in (editor, other))
    url = "/editeur/intelligence-artificielle"
    started(mine, url, models)
    started(theirs, url, models)
    with committing():
        choice = account_default(editor.id)
    assert choice is not None
    for _ in range(5):
        breaker.failed(choice, ProviderError("overloaded", "HTTP 500", provider="compatible", model="ok"))
    assert "Suspendu un instant" in mine.get(url).text
    assert "Suspendu un instant" not in theirs.get(url).text, "one account's bad key closes nobody else's door"


@pytest.fixture
def admin(house: House) -> Person:
    with committing():
        return sign_in(house, make_user("admin"), portal="admin")


NEW = {
    "name": "Relais interne",
    "key": "relais",
    "base_url": "http://10.1.2.3:4000/v1",
    "needs_key": "y",
    "api_auth_method": "header",
    "auth_name": "api-key",
    "api_headers": "x-equipe: devis",
    "is_active": "y",
    "position": "5",
}


def test_a_provider_is_a_row_that_everybody_may_use(house: House, admin: Person) -> None:
    assert "OpenAI" in admin.get("/admin/fournisseurs-ia").text
    assert admin.post("/admin/fournisseurs-ia/nouveau", NEW).status_code == 303
    (made,) = (one for one in rows(Provider) if one.key == "relais")
    assert (made.api_auth_method, made.auth_name) == ("header", "api-key")
    assert {"x-equipe": "devis"} in [one.api_headers for one in rows(ProviderPrivate) if one.provider_id == made.id]
    page = admin.get(f"/admin/fournisseurs-ia/{made.id}").text
    assert "x-equipe: devis" in page and "readonly" in page
    url = f"/admin/fournisseurs-ia/{made.id}/modeles"
    assert (
        admin.post(
            f"{url}/nouveau", {"key": "maison-1", "name": "Maison", "capabilities": ["tools"], "is_active": "y", "position": "1"}
        ).status_code
        == 303
    )
    (model,) = (one for one in rows(Model) if one.key == "maison-1")
    price = {"input": "1,50", "output": "6", "currency": "usd", "valid_from": "2026-01-01"}
    assert admin.post(f"{url}/{model.id}/tarifs", price | {"input": "gratuit"}).status_code == 422
    assert admin.post(f"{url}/{model.id}/tarifs", price).status_code == 303
    assert "1,50" in admin.get(f"{url}/{model.id}").text and "1,50" in admin.get(f"/admin/fournisseurs-ia/{made.id}").text
    assert "sans cours" not in admin.get(f"{url}/{model.id}").text
    admin.post(f"{url}/{model.id}/tarifs", price | {"currency": "xyz", "valid_from": "2026-01-02"})
    assert "sans cours\u00a0: XYZ" in admin.get(f"{url}/{model.id}").text, "such a price counts for nothing, which has to be seen"
    with committing():
        editor = sign_in(house, make_user("editeur"), portal="editeur")
    assert '<option value="maison-1">' in editor.get("/editeur/intelligence-artificielle?fournisseur=relais").text
    assert editor.get(f"/admin/fournisseurs-ia/{made.id}").status_code == 403
    assert (
        admin.post(f"/admin/fournisseurs-ia/{made.id}", {name: value for name, value in NEW.items() if name != "is_active"}).status_code
        == 303
    )
    assert "Relais interne" not in editor.get("/editeur/intelligence-artificielle").text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", "Avec Espace"),
        ("key", "openai"),
        ("base_url", "ftp://x"),
        ("auth_name", ""),
        ("api_headers", "authorization: Bearer x"),
        ("api_headers", "rien"),
    ],
)
def test_what_is_wrong_with_a_provider_is_said_beside_its_field(admin: Person, field: str, value: str) -> None:
    answer = admin.post("/admin/fournisseurs-ia/nouveau", NEW | {field: value})
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text


def test_rates_are_dated(admin: Person) -> None:
    assert "USD" in admin.get("/admin/fournisseurs-ia/devises").text
    assert admin.post("/admin/fournisseurs-ia/devises", {"currency": "EUR", "eur": "1", "valid_from": "2026-11-01"}).status_code == 422
    assert admin.post("/admin/fournisseurs-ia/devises", {"currency": "usd", "eur": "0,91", "valid_from": "2026-11-01"}).status_code == 303
    page = admin.get("/admin/fournisseurs-ia/devises").text
    assert "0,91" in page and "En vigueur" in page and "Passé" in page


def test_diagnostics_list_the_failures_of_one_s_own_keys_only(house: House) -> None:
    with committing():
        editor, other = make_user("editeur"), make_user("editeur")
        for owner, model in ((editor, "gpt-a-moi"), (other, "gpt-a-lui"), (None, "gpt-a-la-plateforme")):
            db.session.add(
                UsageLog(
                    editor_id=(owner or editor).id,
                    paid_by=owner.id if owner else None,
                    provider="openai",
                    model=model,
                    prompt_tokens=10,
                    completion_tokens=0,
                    estimated=True,
                    latency_ms=1200,
                    success=False,
                    error_class="auth",
                )
            )
        person, admin = sign_in(house, editor), sign_in(house, make_user("admin"))
    mine = person.get("/editeur/intelligence-artificielle/diagnostics").text
    assert "Clé refusée" in mine and "gpt-a-moi" in mine and "gpt-a-lui" not in mine and "gpt-a-la-plateforme" not in mine
    theirs = admin.get("/admin/intelligence-artificielle/diagnostics").text
    assert "gpt-a-la-plateforme" in theirs and "gpt-a-moi" not in theirs
