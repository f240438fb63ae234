"""Every page that opens without an id: valid HTML, one h1, unique ids, labelled controls, nothing inline (ARCHITECTURE.md, Tests)."""

from __future__ import annotations

import re
import warnings

import html5lib
import pytest
from flask.testing import FlaskClient

from app.identity.models import User
from app.web.house import House
from tests.factories import committing, make_user
from tests.factories.browser import sign_in
from tests.factories.conversations import make_tenant, open_chat

ROLES = {
    "admin": "super-admin",
    "editeur": "editeur",
    "artisan": "artisan",
    "fabricant": "fabricant",
    "particulier": "particulier",
    "metreur": "metreur",
}
SHARED = ("auth", "account", "notifications", "docs")
LABELLED = ("input", "select", "textarea")


def check_html(path: str, text: str) -> None:
    """What a careful reader of the source would see."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
        document = parser.parse(text)
    errors = [code for _, code, _ in parser.errors if code not in ("expected-doctype-but-got-start-tag",)]
    assert not errors, f"{path}: {errors[:3]}"
    elements = list(document.iter())
    headings = [e for e in elements if e.tag == "h1"]
    assert len(headings) == 1, f"{path}: {len(headings)} h1"
    ids = [e.get("id") for e in elements if e.get("id")]
    assert len(ids) == len(set(ids)), f"{path}: twice {sorted(i for i in set(ids) if ids.count(i) > 1)}"
    named = {e.get("for") for e in elements if e.tag == "label"}
    wrapped = {id(inner) for e in elements if e.tag == "label" for inner in e.iter()}
    for e in elements:
        if e.tag in LABELLED and e.get("hidden") is None and e.get("type") not in ("hidden", "submit", "button"):
            has_name = e.get("id") in named or id(e) in wrapped or e.get("aria-label") or e.get("aria-labelledby")
            assert has_name, f"{path}: {e.tag} {e.get('name')} has no label"
        assert "style" not in e.attrib, f"{path}: style attribute on {e.tag}"
        assert not [name for name in e.attrib if re.match(r"on[a-z]+$", str(name))], f"{path}: inline handler on {e.tag}"
        if e.tag == "img":
            assert e.get("alt") is not None, f"{path}: img without alt"
        if e.tag == "a" and e.get("target") == "_blank":
            assert "noopener" in (e.get("rel") or ""), f"{path}: _blank without noopener"


def simple_paths(app: House, blueprints: tuple[str, ...]) -> list[str]:
    """GET pages without arguments."""
    return sorted(
        {
            rule.rule
            for rule in app.url_map.iter_rules()
            if rule.endpoint.split(".")[0] in blueprints and "GET" in (rule.methods or set()) and not rule.arguments
        }
    )


@pytest.fixture
def people(house: House) -> dict[str, User]:
    with committing():
        tenant = make_tenant()
        found = {portal: make_user(role) for portal, role in ROLES.items() if portal not in ("editeur", "artisan")}
    open_chat(tenant)
    return found | {"editeur": tenant.editor, "artisan": tenant.artisan}


@pytest.mark.parametrize("portal", sorted(ROLES))
def test_pages_of_a_portal(house: House, client: FlaskClient, people: dict[str, User], portal: str) -> None:
    sign_in(client, people[portal], ROLES[portal])
    paths = simple_paths(house, (portal, "account", "notifications"))
    assert any(path.startswith(f"/{portal}") for path in paths)
    seen = 0
    for path in paths:
        answer = client.get(path)
        assert answer.status_code in (200, 303, 403), f"{path}: {answer.status_code}"
        if answer.status_code == 200 and answer.mimetype == "text/html":
            text = answer.get_data(as_text=True)
            if "<html" in text:
                check_html(path, text)
                seen += 1
    assert seen >= 1


def test_public_pages(house: House, client: FlaskClient) -> None:
    for path in simple_paths(house, ("auth", "docs")):
        answer = client.get(path)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            check_html(path, answer.get_data(as_text=True))


def test_error_pages(client: FlaskClient) -> None:
    answer = client.get("/nulle-part")
    assert answer.status_code == 404
    check_html("/nulle-part", answer.get_data(as_text=True))


def test_the_chat_page_and_its_refusal(house: House, client: FlaskClient) -> None:
    with committing():
        tenant = make_tenant()
    chat = open_chat(tenant)
    for path in (f"/s/{chat.token}", "/s/inconnu"):
        check_html(path, client.get(path).get_data(as_text=True))
