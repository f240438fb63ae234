"""The administrators' first page: live figures, each a way to its list; a superviseur sees figures only."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
import redis
from flask.testing import FlaskClient

from app.core import clock, queues
from app.core.jobs import enqueue
from app.core.queues import queue_states
from app.extensions import redis_client
from app.notifications.jobs import sweep_emails
from app.web.house import House
from tests.billing.test_folding import call, keep
from tests.factories import committing, make_user
from tests.factories.conversations import make_tenant, open_chat
from tests.factories.talking import talk_to_an_estimate
from tests.support.portal import Person, sign_in
from tests.support.statements import sent

FRAGMENT = {"HX-Request": "true"}
TILE = re.compile(r'<(a|div) class="stat[^"]*" id="direct-(\w+)"(?: href="([^"]+)")?>.*?<span class="stat-value num">([^<]+)</span>', re.S)


def someone(house: House, role: str) -> Person:
    with committing():
        return sign_in(house, make_user(role))


def tiles(text: str) -> dict[str, tuple[str, str]]:
    """Figures and links by name."""
    return {name: (value, href.replace("&amp;", "&")) for _, name, href, value in TILE.findall(text)}


def test_each_figure_is_live_and_leads_to_its_list(house: House, client: FlaskClient, run_jobs: object) -> None:
    with committing():
        tenant = make_tenant()
    chat = open_chat(tenant, recipient={"name": "M. Martin"})
    talk_to_an_estimate(client, chat, run_jobs)  # type: ignore[arg-type]
    admin = someone(house, "admin")
    before = tiles(admin.get("/admin/").text)
    keep(
        call(cost_eur=Decimal("1.25"), created_at=clock.now()),
        call(cost_eur=Decimal("0.75"), created_at=clock.now() - timedelta(hours=23), success=False, error_class="cut"),
    )
    page = admin.get("/admin/")
    found = tiles(page.text)
    assert set(found) == {"ouvertes", "reponses", "erreurs", "cout", "livraisons", "emails", "chat", "light", "heavy"}
    assert found["ouvertes"][0] == "1" and int(found["erreurs"][0]) == int(before["erreurs"][0]) + 1
    assert found["cout"][0] in ("1,25\u00a0€", "2,00\u00a0€")
    for name, (_, href) in found.items():
        assert (href == "") == (name == "heavy"), name
        if href:
            assert admin.get(href).status_code == 200, href
    for words in ("M. Martin", "Derniers projets", "6\u202f948,00", chat.session_id):
        assert words in page.text, words
    assert chat.session_id in admin.get("/admin/conversations?statut=project").text


def test_the_figures_are_asked_again_and_swapped_only_when_they_changed(house: House) -> None:
    admin = someone(house, "admin")
    page = admin.get("/admin/").text
    asked = re.search(r'hx-get="(/admin/\?vu=\w+)"', page)
    assert asked and "every 5s, tab-back from:body" in page
    same = admin.get(asked[1], headers=FRAGMENT)
    assert same.status_code == 204 and same.data == b""
    keep(call(created_at=clock.now()))
    changed = admin.get(asked[1], headers=FRAGMENT)
    assert changed.status_code == 200
    assert changed.text.strip().startswith("<section") and "Derniers projets" not in changed.text and "<html" not in changed.text


def test_queues_say_how_long_and_who_serves_them(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [(one.name, one.waiting, one.oldest_seconds, one.workers) for one in queue_states() or []] == [
        ("chat", 0, None, 0),
        ("light", 0, None, 0),
        ("heavy", 0, None, 0),
    ]
    enqueue(sweep_emails)
    enqueue(sweep_emails)
    # One worker lives; of the other only the name is left.
    redis_client().sadd("rq:workers:light", "rq:worker:alive", "rq:worker:dead")
    redis_client().hset("rq:worker:alive", "birth", "now")
    with clock.freeze(clock.now() + timedelta(seconds=40)):
        light = (queue_states() or [])[1]
        assert (light.waiting, light.workers) == (2, 1) and light.oldest_seconds in (40, 41)
        text = someone(house, "admin").get("/admin/").text
    assert "1\u00a0processus la sert, attente 4" in text and text.count("aucun processus ne la sert") == 2

    def gone() -> redis.Redis:
        raise redis.ConnectionError

    monkeypatch.setattr(queues, "redis_client", gone)
    assert queue_states() is None
    assert "Redis ne répond pas" in someone(house, "admin").get("/admin/").text


def test_a_superviseur_sees_figures_without_money_or_links(house: House) -> None:
    keep(call(cost_eur=Decimal("1.25"), created_at=clock.now()), call(created_at=clock.now(), success=False, error_class="cut"))
    supervisor = someone(house, "superviseur")
    for headers in ({}, FRAGMENT):
        found = tiles(supervisor.get("/admin/", headers=headers).text)
        assert "cout" not in found and found["erreurs"] == ("1", "")
        assert not any(href for _, href in found.values())


def test_the_live_piece_asks_few_questions(house: House) -> None:
    admin = someone(house, "admin")
    with sent() as seen:
        assert admin.get("/admin/", headers=FRAGMENT).status_code == 200
    assert len(seen) <= 10, seen
