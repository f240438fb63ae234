"""The manufacturer's portal and the quantity surveyor's."""

from __future__ import annotations

from flask.testing import FlaskClient

from app.web.house import House
from tests.factories import committing, make_key, make_user
from tests.support.portal import sign_in


def test_a_fabricant_sees_his_company_and_keys(house: House, client: FlaskClient) -> None:
    with committing():
        maker = make_user("fabricant", company_name="Weber", company_info={"phone": "01 34 94 80 00"})
        other = make_user("fabricant")
        secret = make_key(maker, "fabricant")
    person = sign_in(house, maker)
    text = person.get("/fabricant/").get_data(as_text=True)
    assert "Weber" in text and "01 34 94 80 00" in text and secret[:8] in text and secret not in text
    person = sign_in(house, other)
    text = person.get("/fabricant/").get_data(as_text=True)
    assert "Aucune clé en service" in text and secret[:12] not in text


def test_a_metreur_is_told_what_will_come(house: House, client: FlaskClient) -> None:
    with committing():
        surveyor, maker = make_user("metreur"), make_user("fabricant")
    person = sign_in(house, surveyor)
    page = person.get("/metreur/")
    assert page.status_code == 200 and "Aucun dossier à vérifier" in page.get_data(as_text=True)
    assert person.get("/fabricant/").status_code == 403
    person = sign_in(house, maker)
    assert person.get("/metreur/").status_code == 403
