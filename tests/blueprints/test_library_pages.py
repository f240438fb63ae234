"""The library in the portals: ordered, waited for, corrected, put away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.agents.models import Agent
from app.extensions import db
from app.library.models import Content
from app.web.house import House
from tests.factories import committing, make_user
from tests.support.portal import Person, sign_in

PORTALS = {"editeur": "/editeur", "artisan": "/artisan", "admin": "/admin"}


@pytest.fixture(params=PORTALS)
def person(house: House, request: pytest.FixtureRequest) -> tuple[Person, str]:
    with committing():
        db.session.add(Agent(slug="redacteur", name="Rédacteur", category="content", system_prompt="Écris.", is_public=True))
        return sign_in(house, make_user(request.param)), f"{PORTALS[request.param]}/bibliotheque"


def agent_id() -> str:
    with committing():
        return db.session.scalars(db.select(Agent.id).where(Agent.slug == "redacteur")).one()


def test_from_a_demand_to_a_corrected_text(person: tuple[Person, str], run_jobs: Callable[[], list[str]]) -> None:
    somebody, home = person
    assert "La bibliothèque est vide" in somebody.get(home).text
    ordered = somebody.post(f"{home}/nouveau", {"agent_id": agent_id(), "brief": "Une annonce pour l’été"})
    assert ordered.status_code == 303
    path = ordered.headers["Location"]
    waiting = somebody.get(path)
    assert "L’assistant écrit" in waiting.text and 'hx-trigger="every 1s"' in waiting.text
    assert "En cours" in somebody.get(home).text
    fragment = somebody.get(path, headers={"HX-Request": "true"})
    assert fragment.text.lstrip().startswith('<div id="attente"') and "HX-Refresh" not in fragment.headers
    run_jobs()
    assert somebody.get(path, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    kept = somebody.post(path, {"title": "Annonce d’été", "body": "Nous posons votre douche.", "tags": "été, douche"})
    assert kept.status_code == 303
    shown = somebody.get(path).text
    assert "Nous posons votre douche." in shown and 'value="été, douche"' in shown
    assert "Annonce d’été" in somebody.get(f"{home}?q=douche+annonce&etiquette=été").text
    assert "Aucun contenu ne correspond" in somebody.get(f"{home}?q=toiture").text
    text = somebody.get(f"{path}/texte")
    assert text.text == "Nous posons votre douche." and "attachment" in text.headers["Content-Disposition"]
    again = somebody.get(f"{home}/nouveau?modele={path.rsplit('/', 1)[1]}").text
    assert "Une annonce pour l’été" in again


def test_a_bad_demand_keeps_what_was_typed(person: tuple[Person, str]) -> None:
    somebody, home = person
    answer = somebody.post(f"{home}/nouveau", {"agent_id": "agt_autre", "brief": "Une annonce"})
    assert answer.status_code == 422 and 'id="agent_id-error"' in answer.text and "Une annonce" in answer.text
    assert somebody.post(f"{home}/nouveau", {"agent_id": agent_id(), "brief": " "}).status_code == 422


def test_put_away_and_brought_back(person: tuple[Person, str], run_jobs: Callable[[], list[str]]) -> None:
    somebody, home = person
    path = somebody.post(f"{home}/nouveau", {"agent_id": agent_id(), "brief": "Une annonce"}).headers["Location"]
    assert somebody.post(f"{path}/corbeille").headers["Location"] == path, "not while it is being written"
    run_jobs()
    assert somebody.post(f"{path}/corbeille").headers["Location"] == home
    assert f'href="{path}"' not in somebody.get(home).text and f'href="{path}"' in somebody.get(f"{home}?etat=corbeille").text
    assert somebody.post(f"{path}/retour").status_code == 303
    assert f'href="{path}"' in somebody.get(home).text


def test_a_failed_demand_is_tried_again(person: tuple[Person, str], run_jobs: Callable[[], list[str]]) -> None:
    somebody, home = person
    path = somebody.post(f"{home}/nouveau", {"agent_id": agent_id(), "brief": "Une annonce"}).headers["Location"]
    with committing():
        db.session.get_one(Content, path.rsplit("/", 1)[1]).status = "failed"
    assert "Rien n’a pu être écrit" in somebody.get(path).text
    assert somebody.post(f"{path}/reprise").status_code == 303
    run_jobs()
    assert "Enregistrer le contenu" in somebody.get(path).text
