"""Putting a deployment on a site, and its figures: in the editor's portal, in the platform's, for strangers."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from html import unescape

import pytest

from app.core.transaction import transaction
from app.deployments.identity import rotate_secret, secrets_of, verify_identity
from app.deployments.models import AllowedDomain, Deployment
from app.extensions import db
from app.web.house import House
from tests.factories import actor_for, committing, make_user
from tests.factories.conversations import make_tenant, open_chat
from tests.factories.talking import talk
from tests.guards.test_pages import check_html
from tests.support.portal import Person, sign_in

SECRET = re.compile(r"idsec_[A-Za-z0-9]{40,}")


@dataclass(frozen=True, slots=True)
class World:
    """An editor with a deployment that was used, another editor, an admin."""

    deployment_id: str
    editor: Person
    stranger: Person
    admin: Person

    @property
    def path(self) -> str:
        return f"/editeur/deploiements/{self.deployment_id}"


@pytest.fixture
def world(house: House, run_jobs) -> World:  # type: ignore[no-untyped-def]
    with committing():
        tenant, other, admin = make_tenant(), make_user("editeur"), make_user("super-admin")
        people = [sign_in(house, user) for user in (tenant.editor, other, admin)]
        deployment_id = tenant.deployment.id
    talk(house.test_client(), open_chat(tenant), run_jobs, "Bonjour")
    return World(deployment_id, *people)


@pytest.mark.parametrize("page", ["integration", "essai", "statistiques", "statistiques?periode=7", "statistiques.csv"])
def test_the_pages_of_a_deployment(world: World, page: str) -> None:
    answer = world.editor.get(f"{world.path}/{page}")
    assert answer.status_code == 200
    if answer.mimetype == "text/html":
        check_html(page, answer.get_data(as_text=True))
    assert world.editor.get(f"/admin/deploiements/{world.deployment_id}/{page}").status_code == 403
    assert world.stranger.get(f"{world.path}/{page}").status_code == 404
    assert world.admin.get(f"/admin/deploiements/{world.deployment_id}/{page}").status_code == 200


@pytest.mark.parametrize("code", ["script", "options", "inline", "spa"])
@pytest.mark.parametrize("language", ["python", "php", "node"])
def test_code_bears_the_key_of_the_deployment(world: World, code: str, language: str) -> None:
    text = unescape(world.editor.get(f"{world.path}/integration?code={code}&langage={language}").get_data(as_text=True))
    assert f'"{world.deployment_id}"' in text and "http://localhost/widget/v1/loader.js" in text
    assert "AIMANAGER_IDENTITY_SECRET" in text and "frame-src http://localhost;" in text


def test_a_secret_is_made_shown_once_changed_and_the_old_one_ended(world: World) -> None:
    assert not SECRET.search(world.editor.get(f"{world.path}/integration").get_data(as_text=True))
    secrets = []
    for _ in range(2):
        assert world.editor.post(f"{world.path}/integration/secret").status_code == 303
        secrets.append(SECRET.findall(world.editor.get(f"{world.path}/integration").get_data(as_text=True))[0])
    assert not SECRET.search(world.editor.get(f"{world.path}/integration").get_data(as_text=True))
    world.editor.post(f"{world.path}/integration/secret/montrer")
    assert secrets[1] in world.editor.get(f"{world.path}/integration").get_data(as_text=True)
    with committing():
        assert len(secrets_of(world.deployment_id)) == 2
    world.editor.post(f"{world.path}/integration/secret/anciens")
    with committing():
        assert len(secrets_of(world.deployment_id)) == 1


@pytest.mark.parametrize("verb", ["integration/secret", "integration/secret/montrer", "integration/secret/anciens"])
def test_an_editors_secret_is_shown_to_nobody_else(world: World, verb: str) -> None:
    assert world.stranger.post(f"{world.path}/{verb}").status_code == 404
    assert world.admin.post(f"/admin/deploiements/{world.deployment_id}/{verb}").status_code == 403
    with committing():
        assert secrets_of(world.deployment_id) == []


def test_the_trial_page_asks_to_be_allowed_then_shows_the_widget(world: World) -> None:
    before = world.editor.get(f"{world.path}/essai")
    assert "Autoriser cette page" in before.get_data(as_text=True) and "/widget/v1/loader.js" not in before.get_data(as_text=True)
    assert world.editor.post(f"{world.path}/essai/autoriser").status_code == 303
    after = world.editor.get(f"{world.path}/essai?position=inline&theme=dark&langue=en")
    text = after.get_data(as_text=True)
    assert '<script src="/widget/v1/loader.js" async></script>' in text and 'id="assistant"' in text
    config = json.loads(unescape(re.findall(r"data-config='([^']+)'", text)[0]))
    assert config == {
        "deploymentKey": world.deployment_id,
        "position": "inline",
        "theme": "dark",
        "locale": "en",
        "context": {"page": "essai"},
        "containerSelector": "#assistant",
    }
    policy = after.headers["Content-Security-Policy"]
    assert "frame-src 'self'" in policy and "unsafe" not in policy
    check_html("essai", text)
    with committing():
        domain = db.session.scalars(db.select(AllowedDomain).where(AllowedDomain.host == "localhost")).one()
        assert domain.environment == "localhost"
    answer = world.editor.client.post(
        "/api/widget/v1/init", json={"deployment_key": world.deployment_id}, headers={"Origin": "http://localhost"}
    )
    assert answer.status_code == 200
    assert world.editor.post(f"{world.path}/essai/autoriser").status_code == 303, "twice is said, not broken"


def test_the_trial_page_signs_the_person_who_tries(world: World) -> None:
    with committing():
        rotate_secret(db.session.get_one(Deployment, world.deployment_id))
    world.editor.post(f"{world.path}/essai/autoriser")
    text = world.editor.get(f"{world.path}/essai?identite=1").get_data(as_text=True)
    config = json.loads(unescape(re.findall(r"data-config='([^']+)'", text)[0]))
    with committing():
        known = verify_identity(db.session.get_one(Deployment, world.deployment_id), config["identity"])
        assert known is not None and known.user_id.startswith("essai-usr_") and known.context == {"essai": True}
    theirs = world.admin.get(f"/admin/deploiements/{world.deployment_id}/essai?identite=1").get_data(as_text=True)
    assert "signature" not in theirs


def test_the_figures_of_the_editor_and_of_one_deployment(world: World) -> None:
    page = world.editor.get("/editeur/statistiques").get_data(as_text=True)
    check_html("/editeur/statistiques", page)
    assert 'data-chart="bar"' in page and "Voir les chiffres" in page
    assert f"/editeur/deploiements/{world.deployment_id}/statistiques" in page
    longer = world.editor.get("/editeur/statistiques?periode=90").get_data(as_text=True)
    assert longer.count('<th scope="row">') == 3 * 90
    empty = world.stranger.get("/editeur/statistiques").get_data(as_text=True)
    assert "Rien en 30 jours" in empty and "data-chart" not in empty.split("<body", 1)[1].split(">", 1)[1]
    for path in ("/editeur/statistiques.csv?periode=7", f"{world.path}/statistiques.csv?periode=7"):
        answer = world.editor.get(path)
        rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")), delimiter=";"))
        assert len(rows) == 8 and rows[-1][1:4] == ["1", "2", "0"] and answer.mimetype == "text/csv"


def test_an_artisan_sees_his_figures_when_the_editor_shows_them(house: House) -> None:
    with committing():
        tenant = make_tenant()
        person, stranger = sign_in(house, tenant.artisan), sign_in(house, make_user("artisan"))
        tie_id, editor = tenant.tie.id, actor_for(tenant.editor, "editeur")
    path = f"/artisan/logiciels/{tie_id}/statistiques"
    assert person.get(path).status_code == 403 and stranger.get(path).status_code == 404
    with transaction(editor):
        from app.identity.links import configure_link, link_of_editor

        configure_link(link_of_editor(editor.account_id or "", tie_id), permissions={"can_view_analytics": True}, branding={})
    assert person.get(path).status_code == 200 and path in person.get("/artisan/logiciels").get_data(as_text=True)
