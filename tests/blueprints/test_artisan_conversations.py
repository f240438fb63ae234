"""The artisan's first page and his conversations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.conversations.models import Message, SessionLink
from app.conversations.service import ask_for_artisan
from app.core import acting, clock
from app.core.transaction import transaction
from app.extensions import db
from app.identity.models import User
from app.web.house import House
from tests.factories import committing, make_user
from tests.factories.conversations import make_tenant, open_chat
from tests.factories.talking import talk, talk_to_an_estimate
from tests.support.portal import sign_in
from tests.support.statements import sent

Jobs = Callable[[], list[str]]
FRAGMENT = {"HX-Request": "true"}


def test_a_new_artisan_is_shown_his_first_steps(house: House, client: FlaskClient) -> None:
    with committing():
        artisan = make_user("artisan")
    person = sign_in(house, artisan)
    page = person.get("/artisan/")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "Pour commencer" in text and "Nouveau lien" in text
    assert "Pas encore de conversation" in person.get("/artisan/conversations").get_data(as_text=True)


def test_home_shows_what_happened_and_what_waits(house: House, client: FlaskClient, run_jobs: Jobs) -> None:
    with committing():
        tenant = make_tenant()
    chat = open_chat(tenant, recipient={"name": "M. Martin"})
    talk_to_an_estimate(client, chat, run_jobs)
    person = sign_in(house, tenant.artisan)
    text = person.get("/artisan/").get_data(as_text=True)
    assert "M. Martin" in text and "6\u202f948,00\u00a0€" in text and f"/artisan/conversations/{chat.session_id}" in text
    assert "À lire" in text and "badge-action" in text


def test_the_list_filters_and_answers_fragments(house: House, client: FlaskClient, run_jobs: Jobs) -> None:
    with committing():
        tenant = make_tenant()
    chat = open_chat(tenant, recipient={"name": "M. Martin"})
    talk_to_an_estimate(client, chat, run_jobs)
    person = sign_in(house, tenant.artisan)

    def shown(query: str) -> bool:
        fragment = person.get(f"/artisan/conversations?{query}", headers=FRAGMENT).get_data(as_text=True)
        assert fragment.lstrip().startswith('<section id="liste">')
        return chat.session_id in fragment

    assert "<h1" in person.get("/artisan/conversations").get_data(as_text=True)
    for query in ("", "q=martin", "statut=open", "estimation=avec", f"editeur={tenant.tie.id}", "lecture=a-lire", "tri=-montant"):
        assert shown(query), query
    for query in ("q=dupont", "statut=completed", "estimation=sans", "editeur=elk_autre"):
        assert not shown(query), query


def test_a_conversation_shows_all_and_is_then_read(house: House, client: FlaskClient, run_jobs: Jobs) -> None:
    with committing():
        tenant = make_tenant()
    chat = open_chat(tenant, recipient={"name": "M. Martin", "phone": "+33698765432", "email": "m.martin@exemple.fr"})
    talk_to_an_estimate(client, chat, run_jobs)
    with transaction(acting.platform("demo")):
        ask_for_artisan(chat.session_id)
    person = sign_in(house, tenant.artisan)
    path = f"/artisan/conversations/{chat.session_id}"
    assert "Souhaite vous parler" in person.get("/artisan/conversations").get_data(as_text=True)
    text = person.get(path).get_data(as_text=True)
    for words in (
        "M. Martin",
        "tel:+33698765432",
        "06 98 76 54 32",
        "mailto:m.martin@exemple.fr",
        "Par Société",
        "Douche italienne",
        "6\u202f948,00",
        "douche italienne, carrelage",
    ):
        assert words in text, words
    assert "badge-action" not in person.get("/artisan/conversations").get_data(as_text=True)


def test_an_open_page_asks_again_and_hears_nothing_new(house: House, client: FlaskClient, run_jobs: Jobs) -> None:
    with committing():
        tenant = make_tenant()
    chat = open_chat(tenant)
    talk_to_an_estimate(client, chat, run_jobs)
    person = sign_in(house, tenant.artisan)
    path = f"/artisan/conversations/{chat.session_id}"
    fragment = person.get(path, headers=FRAGMENT).get_data(as_text=True)
    assert fragment.lstrip().startswith("<div") and "<h1" not in fragment
    shown = fragment.split("vu=", 1)[1].split('"', 1)[0]
    assert person.get(f"{path}?vu={shown}", headers=FRAGMENT).status_code == 204
    client.post(f"/api/widget/v1/session/{chat.session_id}/complete", headers=chat.headers)
    assert person.get(f"{path}?vu={shown}", headers=FRAGMENT).status_code == 200
    assert "<h1" in person.get(f"{path}?vu={shown}").get_data(as_text=True)


@pytest.mark.parametrize(
    ("ended", "why"), [({"revoked_at": clock.now()}, "retiré"), ({"expires_at": clock.now() - timedelta(hours=1)}, "expiré")]
)
def test_a_conversation_whose_link_opens_nothing_says_that_the_customer_can_no_longer_write(
    house: House, client: FlaskClient, run_jobs: Jobs, ended: dict[str, datetime], why: str
) -> None:
    with committing():
        tenant = make_tenant()
    chat = open_chat(tenant)
    talk(client, chat, run_jobs, "Bonjour")
    pages = [(sign_in(house, tenant.artisan), "artisan"), (sign_in(house, tenant.editor), "editeur")]

    def shown(query: str = "") -> list[str]:
        return [person.get(f"/{portal}/conversations/{chat.session_id}{query}").get_data(as_text=True) for person, portal in pages]

    alive = shown()
    for text in alive:
        assert "Ouverte" in text and "ne peut plus écrire" not in text
    with committing():
        db.session.execute(update(SessionLink).where(SessionLink.id == chat.link.link_id).values(**ended))
    for text in shown():
        assert f"Lien {why}" in text and "Le client ne peut plus écrire\u00a0: son lien a" in text
        assert "Ouverte<" not in text and "L’assistant répond" not in text
    seen = alive[0].split("vu=", 1)[1].split('"', 1)[0]
    person, portal = pages[0]
    assert person.get(f"/{portal}/conversations/{chat.session_id}?vu={seen}", headers=FRAGMENT).status_code == 200


def test_the_time_an_answer_took_is_for_who_runs_the_assistant(house: House, client: FlaskClient, run_jobs: Jobs) -> None:
    with committing():
        tenant, admin = make_tenant(), make_user("admin")
    chat = open_chat(tenant)
    talk(client, chat, run_jobs, "Bonjour")
    with committing():
        answer = db.session.scalars(select(Message).where(Message.session_id == chat.session_id, Message.sender == "agent")).one()
        answer.details = answer.details | {"generation_time_ms": 72}

    def told(user: User, portal: str) -> bool:
        page = sign_in(house, user).get(f"/{portal}/conversations/{chat.session_id}")
        assert page.status_code == 200
        return "72\u00a0ms" in page.get_data(as_text=True)

    assert told(admin, "admin") and told(tenant.editor, "editeur")
    assert not told(tenant.artisan, "artisan")


def test_a_longer_list_costs_no_more_queries(house: House, client: FlaskClient, run_jobs: Jobs) -> None:
    with committing():
        tenant = make_tenant()
    person = sign_in(house, tenant.artisan)

    def queries(path: str) -> int:
        with sent() as seen:
            assert person.get(path).status_code == 200
        return len(seen)

    paths = ("/artisan/", "/artisan/conversations", "/artisan/liens")
    talk(client, open_chat(tenant), run_jobs, "Bonjour")
    few = {path: queries(path) for path in paths}
    for _ in range(3):
        talk(client, open_chat(tenant), run_jobs, "Bonjour")
    assert {path: queries(path) for path in paths} == few
    assert max(few.values()) <= 16, few


def test_another_artisans_conversation_is_unknown(house: House, client: FlaskClient, run_jobs: Jobs) -> None:
    with committing():
        tenant, stranger, editor = make_tenant(), make_user("artisan"), make_user("editeur")
    chat = open_chat(tenant)
    talk_to_an_estimate(client, chat, run_jobs)
    person = sign_in(house, stranger)
    assert person.get(f"/artisan/conversations/{chat.session_id}").status_code == 404
    assert chat.session_id not in person.get("/artisan/conversations").get_data(as_text=True)
    person = sign_in(house, editor)
    for path in ("/artisan/", "/artisan/conversations", f"/artisan/conversations/{chat.session_id}"):
        assert person.get(path).status_code == 403
