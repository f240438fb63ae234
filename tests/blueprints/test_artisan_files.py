"""The pages by which artisans come: files, codes, links sent again, keys that replace each other."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from app.billing.models import LinkUsage
from app.conversations.models import SessionLink
from app.core import clock
from app.extensions import db
from app.identity.models import ApiKey, ArtisanImport, EditorLink
from app.notifications.models import EmailMessage
from app.web.house import House
from tests.factories import committing, make_key, make_tie, make_user
from tests.factories.conversations import make_link, make_tenant
from tests.guards.test_pages import check_html
from tests.support.portal import Person, sign_in

FILE = "identifiant;nom;email;telephone\nDUR-001;Durant;contact@durant.fr;06 12 34 56 78\nX;;faux;\n=2+3;Roy;roy@exemple.fr;\n"


@pytest.fixture
def editor(house: House) -> Person:
    with committing():
        return sign_in(house, make_user("editeur", company_name="EBP"))


def _send(person: Person, content: bytes, name: str = "artisans.csv") -> str:
    answer = person.post("/editeur/artisans/import", {"file": (io.BytesIO(content), name)}, content_type="multipart/form-data")
    return answer.headers.get("Location", "") if answer.status_code == 303 else f"{answer.status_code} {answer.get_data(as_text=True)}"


def test_a_file_from_its_choice_to_its_report(house: House, editor: Person, run_jobs: Callable[[], list[str]]) -> None:
    page = _send(editor, FILE.encode("cp1252"))
    preview = editor.get(page).get_data(as_text=True)
    check_html(page, preview)
    assert "2\u00a0artisans sont prêts" in preview and "1\u00a0ligne est à corriger" in preview and "Il manque le nom" in preview
    assert '<span class="num">06 12 34 56 78</span>' in preview, "on one line"
    with committing():
        assert db.session.scalars(select(EditorLink)).all() == []
    assert editor.post(f"{page}/confirmer", {"inviter": "1"}).status_code == 303
    running = editor.get(page).get_data(as_text=True)
    check_html(page, running)
    assert 'hx-trigger="every 2s"' in running
    fragment = editor.get(page, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in fragment and 'id="suivi"' in fragment
    assert run_jobs().count("invite_artisan") == 2
    done = editor.get(page).get_data(as_text=True)
    check_html(page, done)
    assert "Terminé" in done and "every 2s" not in done
    report = editor.get(f"{page}/rapport.csv").get_data().decode("utf-8-sig")
    assert "'=2+3;Roy;roy@exemple.fr;;4;Proposé;" in report and "X;;faux;;3;À corriger;Il manque le nom." in report
    export = editor.get("/editeur/artisans/export.csv").get_data().decode("utf-8-sig")
    assert "DUR-001;Durant;contact@durant.fr;06 12 34 56 78;en attente;" in export and "'=2+3;Roy" in export
    again = _send(editor, export.encode("utf-8-sig"))
    editor.post(f"{again}/confirmer")
    run_jobs()
    assert "Déjà là" in editor.get(again).get_data(as_text=True)
    with committing():
        stranger = sign_in(house, make_user("editeur"))
    for path in (page, f"{page}/rapport.csv"):
        assert stranger.get(path).status_code == 404
    for verb in ("confirmer", "arreter"):
        assert stranger.post(f"{page}/{verb}").status_code == 404


def test_a_file_that_does_not_read_is_said_at_its_field(editor: Person) -> None:
    for content, words in ((b"", "Choisissez un fichier|titres"), (b"a\x00b", "pas un texte"), (b"nom;email\nx;y\n", "identifiant")):
        answer = _send(editor, content)
        assert answer.startswith("422") and re.search(words, answer)
    assert editor.get("/editeur/artisans/import/modele.csv").mimetype == "text/csv"


def test_a_preview_is_given_up(editor: Person) -> None:
    page = _send(editor, FILE.encode())
    assert editor.post(f"{page}/arreter").headers["Location"].endswith("/artisans/import")
    assert editor.get(page).status_code == 404
    with committing():
        assert db.session.scalars(select(ArtisanImport)).all() == []


def test_a_code_from_the_editor_to_the_artisan(house: House, editor: Person) -> None:
    with committing():
        artisan = sign_in(house, make_user("artisan"))
    assert editor.post("/editeur/artisans/codes", {"external_id": "DUR-001", "can_create_sessions": "y"}).status_code == 303
    page = editor.get("/editeur/artisans/codes").get_data(as_text=True)
    check_html("/editeur/artisans/codes", page)
    code = re.findall(r"LINK-[0-9A-Z]{6}", page)[0]
    assert code not in editor.get("/editeur/artisans/codes").get_data(as_text=True), "shown once"
    wrong = artisan.post("/artisan/logiciels/code", {"code": "LINK-AAAAAA"})
    assert wrong.status_code == 422 and "Ce code n’est pas valable. Vérifiez-le" in wrong.get_data(as_text=True)
    check_html("/artisan/logiciels", wrong.get_data(as_text=True))
    assert artisan.post("/artisan/logiciels/code", {"code": code}).status_code == 303
    assert "EBP" in artisan.get("/artisan/logiciels").get_data(as_text=True)
    assert artisan.post("/artisan/logiciels/code", {"code": code}).status_code == 422
    assert "DUR-001" in editor.get("/editeur/artisans").get_data(as_text=True)


def test_a_code_is_cancelled_by_its_editor_only(house: House, editor: Person) -> None:
    editor.post("/editeur/artisans/codes", {"external_id": "DUR-001"})
    with committing():
        code_id = db.session.scalar(text("SELECT id FROM link_codes"))
        stranger = sign_in(house, make_user("editeur"))
    assert stranger.post(f"/editeur/artisans/codes/{code_id}/annuler").status_code == 404
    assert editor.post(f"/editeur/artisans/codes/{code_id}/annuler").status_code == 303
    assert "Aucun code en attente" in editor.get("/editeur/artisans/codes").get_data(as_text=True)


@pytest.mark.parametrize("portal", ["editeur", "artisan"])
def test_a_link_is_sent_and_sent_again_to_its_recipient(house: House, portal: str) -> None:
    with committing():
        tenant = make_tenant()
        link_id = make_link(tenant, recipient={"name": "M. Martin", "email": "m@exemple.fr"}).id
        bare_id = make_link(tenant).id
        person = sign_in(house, tenant.editor if portal == "editeur" else tenant.artisan)
        stranger = sign_in(house, make_user(portal))
        name = tenant.artisan.display_name
    verb = "envoyer" if portal == "editeur" else "envoi"
    assert "Envoyer par e-mail" in person.get(f"/{portal}/liens/{link_id}").get_data(as_text=True)
    assert stranger.post(f"/{portal}/liens/{link_id}/{verb}").status_code == 404
    assert person.post(f"/{portal}/liens/{bare_id}/{verb}").status_code == 303
    for _ in range(2):
        assert person.post(f"/{portal}/liens/{link_id}/{verb}").status_code == 303
    assert "Renvoyer par e-mail" in person.get(f"/{portal}/liens/{link_id}").get_data(as_text=True)
    with committing():
        sent = db.session.scalars(select(EmailMessage).where(EmailMessage.kind == "session_link").order_by(EmailMessage.created_at)).all()
        assert [one.recipient for one in sent] == ["m@exemple.fr"] * 2 and name in sent[0].subject
        assert "/s/" in sent[0].text and "à nouveau" in sent[1].text and "à nouveau" not in sent[0].text
        db.session.get_one(SessionLink, link_id).revoked_at = clock.now()
    person.post(f"/{portal}/liens/{link_id}/{verb}")
    with committing():
        assert len(db.session.scalars(select(EmailMessage.id).where(EmailMessage.kind == "session_link")).all()) == 2


def test_what_the_editor_allows_counts_at_once(house: House) -> None:
    with committing():
        editor_user, artisan_user = make_user("editeur"), make_user("artisan")
        from tests.factories import make_deployment

        make_deployment(editor_user)
        tie = make_tie(editor_user, artisan_user, "DUR-001")
        tie_id, editor_id, artisan_id = tie.id, editor_user.id, artisan_user.id
        editor, artisan = sign_in(house, editor_user), sign_in(house, artisan_user)
    form = {"name": "M. Martin", "editor_link_id": tie_id, "expires_in": "604800"}
    assert artisan.post("/artisan/liens/nouveau", form).status_code == 303
    assert editor.post(f"/editeur/artisans/{tie_id}", {"can_create_sessions": "y", "max_sessions_month": "3"}).status_code == 303
    with committing():
        month = clock.paris_month()
        db.session.add(LinkUsage(editor_link_id=tie_id, month=month, editor_id=editor_id, artisan_id=artisan_id, sessions=3))
    refused = artisan.post("/artisan/liens/nouveau", form)
    assert refused.status_code == 422 and "3 conversations de ce mois" in refused.get_data(as_text=True)
    with committing():
        deployment_id = db.session.scalar(text("SELECT id FROM deployments"))
    mine = {"artisan_external_id": "DUR-001", "deployment": deployment_id, "days": "7"}
    assert editor.post("/editeur/liens/nouveau", mine).status_code == 422
    assert editor.post(f"/editeur/artisans/{tie_id}", {"can_create_sessions": "y", "max_sessions_month": "4"}).status_code == 303
    assert editor.post("/editeur/liens/nouveau", mine).status_code == 303
    assert artisan.post("/artisan/liens/nouveau", form).status_code == 303
    assert editor.post(f"/editeur/artisans/{tie_id}", {"max_sessions_month": "4"}).status_code == 303
    assert artisan.post("/artisan/liens/nouveau", form).status_code == 422


def test_the_keys_page_tells_whether_the_old_key_still_serves(house: House) -> None:
    with committing():
        user = make_user("editeur")
        make_key(user, "editeur")
        person = sign_in(house, user)
        db.session.execute(update(ApiKey).values(name="Ancienne", created_at=clock.now() - timedelta(days=30)))
    assert "depuis «" not in person.get("/compte/cles").get_data(as_text=True)
    with committing():
        make_key(user, "editeur")
        db.session.execute(update(ApiKey).where(ApiKey.name == "Test").values(name="Nouvelle", created_at=clock.now() - timedelta(days=2)))
    assert "n’a pas servi depuis « Nouvelle »" in person.get("/compte/cles").get_data(as_text=True)
    with committing():
        db.session.execute(update(ApiKey).where(ApiKey.name == "Ancienne").values(last_used_at=clock.now() - timedelta(hours=1)))
    assert "sert encore depuis « Nouvelle »" in person.get("/compte/cles").get_data(as_text=True)
