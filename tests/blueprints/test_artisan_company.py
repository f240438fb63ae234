"""The artisan's look and his prices."""

from __future__ import annotations

from decimal import Decimal

from flask.testing import FlaskClient

from app.identity.models import User
from app.quoting.models import PriceItem
from app.web.house import House
from tests.factories import committing, db, make_deployment, make_user
from tests.support.portal import sign_in

FRAGMENT = {"HX-Request": "true"}


def test_the_look_is_shown_while_typing_and_kept(house: House, client: FlaskClient) -> None:
    with committing():
        artisan = make_user("artisan", company_name="Durant Peinture")
        artisan.branding = {"logo_url": "/files/logo", "title": "Ancien"}
        make_deployment(None)
        artisan_id = artisan.id
    person = sign_in(house, artisan)
    page = person.get("/artisan/apparence").get_data(as_text=True)
    assert "<h1" in page and "Ancien" in page and "/files/logo" in page
    typed = {
        "title": "Chez {artisan.name}",
        "primary_color": "#c2451e",
        "welcome_message": "Bonjour {particulier.name}",
        "placeholder": "",
        "signature": "L’équipe",
    }
    preview = person.post("/artisan/apparence/apercu", data=typed, headers=FRAGMENT).get_data(as_text=True)
    for words in ("Chez Durant Peinture", "Bonjour M. Martin", 'data-brand="#c2451e"', "pour 1", "L’équipe"):
        assert words in preview, words
    assert "<h1" not in preview
    assert person.post("/artisan/apparence", data=typed).status_code == 303
    with committing():
        kept = db.session.get_one(User, artisan_id).branding
    assert kept == {
        "logo_url": "/files/logo",
        "title": "Chez {artisan.name}",
        "primary_color": "#c2451e",
        "welcome_message": "Bonjour {particulier.name}",
        "signature": "L’équipe",
    }


def test_a_colour_is_judged(house: House, client: FlaskClient) -> None:
    with committing():
        artisan = make_user("artisan")
    person = sign_in(house, artisan)

    person.get("/artisan/apparence")

    def told(color: str) -> str:
        return person.post("/artisan/apparence/apercu", data={"primary_color": color}, headers=FRAGMENT).get_data(as_text=True)

    assert "bien lisible" in told("#24518f")
    assert "difficile à lire" in told("#7f7f7f")
    assert "à peine sur une page blanche" in told("#ffee00")
    assert "pas encore complète" in told("#24")
    refused = person.post("/artisan/apparence", data={"primary_color": "rouge", "title": "t" * 61})
    assert refused.status_code == 422


def test_own_prices_go_before_the_platforms(house: House, client: FlaskClient) -> None:
    with committing():
        artisan, other = make_user("artisan"), make_user("artisan")
        make_deployment(None)
        shared = db.session.scalars(db.select(PriceItem).where(PriceItem.code == "CARR-SOL")).one()
        shared_id, shared_price = shared.id, shared.unit_price
    person = sign_in(house, artisan)
    assert person.get("/artisan/prix").status_code == 200
    assert person.get("/artisan/prix?q=carrelage", headers=FRAGMENT).get_data(as_text=True).lstrip().startswith('<section id="liste">')
    values = {
        "label": "Carrelage au sol",
        "code": "CARR-SOL",
        "trade": "carrelage",
        "unit": "m²",
        "unit_price": "95,50",
        "vat_rate": "20",
        "keywords": "",
    }
    assert person.get(f"/artisan/prix/{shared_id}").status_code == 200
    saved = person.post(f"/artisan/prix/{shared_id}", data=values)
    assert saved.status_code == 303, saved.get_data(as_text=True)
    with committing():
        own = db.session.scalars(db.select(PriceItem).where(PriceItem.owner_id.is_not(None))).one()
        own_id = own.id
        assert own.unit_price == Decimal("95.50") and shared_price == Decimal(80)
    for page in ("/artisan/prix?origine=own", f"/artisan/prix/{own_id}"):
        text = person.get(page).get_data(as_text=True)
        assert "80,00" in text and "95,5" in text, page
    assert "Revenir au prix de la plateforme" in person.get(f"/artisan/prix/{own_id}").get_data(as_text=True)
    person = sign_in(house, other)
    assert person.get(f"/artisan/prix/{own_id}").status_code == 404
    assert person.post(f"/artisan/prix/{own_id}/commun").status_code == 404
    person = sign_in(house, artisan)
    assert person.post(f"/artisan/prix/{own_id}/commun").status_code == 303
    assert person.get(f"/artisan/prix/{own_id}").status_code == 404


def test_another_role_has_no_company_here(house: House, client: FlaskClient) -> None:
    with committing():
        maker = make_user("fabricant")
    person = sign_in(house, maker)
    for path in ("/artisan/apparence", "/artisan/prix", "/artisan/prix/nouveau"):
        assert person.get(path).status_code == 403
    assert person.post("/artisan/apparence/apercu").status_code == 403
