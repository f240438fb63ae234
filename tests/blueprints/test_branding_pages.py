"""The look, edited at its four levels through one form and one preview; host names."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from app.conversations.links import token_of
from app.core.crypto import sign
from app.deployments.models import BrandHost
from app.extensions import db
from app.identity.models import EditorLink, User
from app.web.house import House
from tests.factories import committing, make_agent, make_user
from tests.factories.conversations import Tenant, make_link, make_tenant
from tests.guards.test_pages import check_html
from tests.support.portal import Person, sign_in

UNREADABLE = "#7d7d7d"


@pytest.fixture
def tenant(house: House) -> Tenant:
    with committing():
        return make_tenant()


def fresh(row: Any) -> Any:
    """The row as it is now, of one read in another transaction."""
    return db.session.get_one(type(row), db.inspect(row).identity[0])


def picture(color: str = "red") -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (600, 300), color).save(out, "PNG")
    out.seek(0)
    return out


def people(house: House, tenant: Tenant) -> dict[str, tuple[Person, str]]:
    """Who edits each level, and where."""
    with committing():
        admin = make_user("admin")
        agent_id, deployment_id, tie_id = make_agent().id, fresh(tenant.deployment).id, fresh(tenant.tie).id
        editor, artisan = fresh(tenant.editor), fresh(tenant.artisan)
        return {
            "agent": (sign_in(house, admin, portal="admin"), f"/admin/agents/{agent_id}/apparence"),
            "deployment": (sign_in(house, editor, portal="editeur"), f"/editeur/deploiements/{deployment_id}/apparence"),
            "admin": (sign_in(house, admin, portal="admin"), f"/admin/deploiements/{deployment_id}/apparence"),
            "artisan": (sign_in(house, artisan, portal="artisan"), "/artisan/apparence"),
            "tie": (sign_in(house, artisan, portal="artisan"), f"/artisan/logiciels/{tie_id}/apparence"),
        }


@pytest.mark.parametrize("level", ["agent", "deployment", "admin", "artisan", "tie"])
def test_every_level_shows_keeps_and_previews(house: House, tenant: Tenant, level: str) -> None:
    person, path = people(house, tenant)[level]
    page = person.get(path)
    assert page.status_code == 200
    check_html(path, page.get_data(as_text=True))
    kept = person.post(path, {"title": "Titre à moi", "primary_color": "#c2451e", "signature": "L’équipe"})
    assert kept.status_code == 303
    again = person.get(path).get_data(as_text=True)
    assert "Titre à moi" in again and "bien lisible" in again
    seen = person.post(f"{path}/apercu", {"title": "En train d’écrire", "primary_color": UNREADABLE}).get_data(as_text=True)
    assert "En train d’écrire" in seen and f"Sur {UNREADABLE}" in seen and "<html" not in seen
    assert f'data-brand="{UNREADABLE}"' not in seen
    refused = person.post(path, {"primary_color": "bleu", "title": "Gardé"})
    assert refused.status_code == 422 and "Gardé" in refused.get_data(as_text=True)
    told = person.post(path, {"primary_color": UNREADABLE}, follow_redirects=True).get_data(as_text=True)
    assert f"Sur {UNREADABLE}, le texte serait difficile à lire" in told


def test_an_empty_field_shows_what_is_inherited_and_from_where(house: House, tenant: Tenant) -> None:
    with committing():
        agent = make_agent()
        agent.default_branding = {"title": "Titre de l’agent", "signature": "Signature de l’agent"}
        fresh(tenant.deployment).branding = {"title": "Titre du déploiement"}
        fresh(tenant.artisan).branding = {"placeholder": "Dites-moi tout"}
        name = agent.name
    doors = people(house, tenant)
    person, path = doors["tie"]
    page = person.get(path).get_data(as_text=True)
    for words in (
        "Titre du déploiement",
        "hérité de votre éditeur",
        "Dites-moi tout",
        "hérité de votre apparence par défaut",
        f"hérité de l’agent {name}",
    ):
        assert words in page, words
    person, path = doors["deployment"]
    page = person.get(path).get_data(as_text=True)
    assert 'value="Titre du déploiement"' in page and "Signature de l’agent" in page and "proposé par AI-Manager" in page


def test_a_sheet_is_served_with_a_nonce_or_refused_line_by_line(house: House, tenant: Tenant) -> None:
    person, path = people(house, tenant)["deployment"]
    refused = person.post(path, {"custom_css": ".bubble { border-radius: 4px }\n.notice { display: none }"})
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422 and "Ligne 2" in page and "border-radius:4px" in page
    assert person.post(path, {"custom_css": ".bubble { border-radius: 4px }"}).status_code == 303
    with committing():
        token = token_of(make_link(tenant))
    with house.app_context():
        chat = house.test_client().get(f"/s/{token}")
    text = chat.get_data(as_text=True)
    nonce = chat.headers["Content-Security-Policy"].split("'nonce-")[1].split("'")[0]
    style = next(part for part in text.split("<style") if "border-radius:4px" in part)
    assert f'nonce="{nonce}"' in style and ".chat .bubble{border-radius:4px}" in style and 'class="app chat' in text


def test_the_mention_shown_unless_taken_away_and_imposed_when_required(house: House, tenant: Tenant) -> None:
    doors = people(house, tenant)
    person, path = doors["deployment"]
    with committing():
        token = token_of(make_link(tenant))

    def shown() -> bool:
        with house.app_context():
            return "Propulsé par AI-Manager" in house.test_client().get(f"/s/{token}").get_data(as_text=True)

    assert shown()
    person.post(path, {"powered_by": "0"})
    assert not shown()
    with committing():
        make_agent().whitelabel_config = make_agent().whitelabel_config | {"required_branding": True}
    assert shown()
    assert "imposé par l’agent" in person.get(path).get_data(as_text=True)


@pytest.mark.parametrize("level", ["agent", "deployment"])
def test_a_logo_is_written_anew_then_shown_then_taken_away(
    house: House, tenant: Tenant, run_jobs: Callable[[], list[str]], level: str
) -> None:
    person, path = people(house, tenant)[level]
    assert person.post(path, {"logo": (picture(), "logo.png")}).status_code == 303
    assert "Préparation du logo" in person.get(path).get_data(as_text=True)
    assert "process_brand_logo" in run_jobs()
    page = person.get(path).get_data(as_text=True)
    assert "/files/logos/" in page and "Préparation" not in page
    url = page.split('<img src="')[1].split('"')[0].replace("&amp;", "&")
    with house.app_context():
        assert house.test_client().get(url).mimetype == "image/webp"
    assert person.post(path, {"remove_logo": "y"}).status_code == 303
    assert "/files/logos/" not in person.get(path).get_data(as_text=True)
    refused = person.post(path, {"logo": (io.BytesIO(b"%PDF-1.4 rien"), "logo.png")})
    assert refused.status_code == 422 and "JPG, PNG ou WebP" in refused.get_data(as_text=True)
    broken = io.BytesIO(picture().getvalue()[:200])
    person.post(path, {"logo": (broken, "logo.png")})
    run_jobs()
    assert "n’a pas pu être utilisé" in person.get(path).get_data(as_text=True)


def test_strangers_find_nothing(house: House, tenant: Tenant) -> None:
    doors = people(house, tenant)
    with committing():
        other = make_tenant()
        stranger = {
            "deployment": sign_in(house, other.editor, portal="editeur"),
            "tie": sign_in(house, other.artisan, portal="artisan"),
            "agent": sign_in(house, other.editor, portal="editeur"),
        }
    for level, status in (("deployment", 404), ("tie", 404), ("agent", 403)):
        path = doors[level][1]
        assert stranger[level].get(path).status_code == status
        assert stranger[level].post(path, {"title": "x"}).status_code == status
        assert stranger[level].post(f"{path}/apercu", {"title": "x"}).status_code == status
    with committing():
        tie = fresh(tenant.tie)
        db.session.refresh(tie)
        tie.status = "detached"
    person, path = doors["tie"]
    assert person.get(path).status_code == 404
    with committing():
        assert db.session.get_one(EditorLink, tie.id).branding == {}
        assert db.session.get_one(User, fresh(tenant.artisan).id).branding == {}


def test_the_page_of_host_names(house: House, tenant: Tenant) -> None:
    with committing():
        editor_id = fresh(tenant.editor).id
        person = sign_in(house, fresh(tenant.editor), portal="editeur")
        stranger = sign_in(house, make_tenant().editor, portal="editeur")
    path = "/editeur/nom-d-hote"
    check_html(path, person.get(path).get_data(as_text=True))
    assert person.post(path, {"host": "127.0.0.1"}).status_code == 422
    added = person.post(path, {"host": "https://Chat.EBP.com/"})
    assert added.status_code == 303
    page = person.get(added.location).get_data(as_text=True)
    check_html(path, page)
    proof = sign(f"{editor_id}:chat.ebp.com", "brand-host")[:32]
    assert "Vérification en cours" in page and "_ai-manager.chat.ebp.com" in page and f"ai-manager={proof}" in page
    assert "Vérification en cours" not in person.get(path).get_data(as_text=True)
    assert person.post(path, {"host": "chat.ebp.com"}).status_code == 422
    with committing():
        host_id = db.session.scalars(db.select(BrandHost.id)).one()
    for act in ("verification", "retrait"):
        assert stranger.post(f"{path}/{host_id}/{act}", {"confirmation": "chat.ebp.com"}).status_code == 404
    assert person.post(f"{path}/{host_id}/verification").status_code == 303
    person.post(f"{path}/{host_id}/retrait", {"confirmation": "autre"})
    assert "chat.ebp.com" in person.get(path).get_data(as_text=True)
    person.post(f"{path}/{host_id}/retrait", {"confirmation": "chat.ebp.com"})
    with committing():
        assert db.session.scalars(db.select(BrandHost.id)).all() == []
