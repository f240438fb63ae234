"""The webhooks pages with a real receiver: made, tested, paused, read, replayed, deleted."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.blueprints.editeur.snippets import SNIPPETS
from app.blueprints.editeur.words import SHORT_CAUSES, pretty
from app.extensions import db
from app.identity.models import User
from app.web.house import House
from app.webhooks.models import Delivery, Event, WebhookEndpoint
from app.webhooks.service import forget_events
from tests.core.receivers import Receiver, answer, receiver
from tests.factories import committing, make_user
from tests.factories.webhooks import make_endpoint, make_event
from tests.support.portal import Person, sign_in

HX = {"HX-Request": "true"}


@dataclass
class Desk:
    """An editor before his webhook, and the server that receives."""

    person: Person
    editor: User
    webhook_id: str
    secret: str
    server: Receiver

    @property
    def url(self) -> str:
        return f"/editeur/webhooks/{self.webhook_id}"

    def delivery(self) -> Delivery:
        with committing():
            found = db.session.scalars(select(Delivery).where(Delivery.endpoint_id == self.webhook_id)).one()
            db.session.expunge(found)
        return found

    def tell(self, **values: object) -> None:
        with committing():
            make_event(self.editor, **values)


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    with receiver(answer(b"recu")) as server:
        with committing():
            editor = make_user("editeur")
            made = make_endpoint(editor, f"http://127.0.0.1:{server.port}/hooks")
            person, webhook_id = sign_in(house, editor), made.endpoint.id
            db.session.expunge(editor)
        yield Desk(person, editor, webhook_id, made.secret, server)


def test_a_webhook_is_made_and_its_secret_shown_once(house: House, desk: Desk) -> None:
    person = desk.person
    assert "session.completed" in person.get("/editeur/webhooks/nouveau").get_data(as_text=True)
    body = {"url": f"http://127.0.0.1:{desk.server.port}/deux", "events": ["project.created"], "retry_count": "3", "timeout_ms": "2000"}
    for wrong, words in (
        ({"url": "ftp://x"}, "https://"),
        ({"url": "http://169.254.169.254/"}, "publiques"),
        ({"retry_count": "99"}, "Un nombre entre 0 et 12."),
        ({"timeout_ms": "40000"}, "Un nombre entre 500 et 30\u202f000."),
    ):
        refused = person.post("/editeur/webhooks/nouveau", {**body, **wrong})
        assert refused.status_code == 422 and words in refused.get_data(as_text=True)
    assert person.post("/editeur/webhooks/nouveau", {**body, "events": []}).status_code == 422
    made = person.post("/editeur/webhooks/nouveau", body)
    assert made.status_code == 303
    assert "whsec_" in person.get(made.headers["Location"]).get_data(as_text=True)
    assert "whsec_" not in person.get(made.headers["Location"]).get_data(as_text=True)


def test_the_secret_is_shown_on_demand_recorded_and_changed(desk: Desk) -> None:
    person = desk.person
    assert desk.secret not in person.get(desk.url).get_data(as_text=True)
    assert person.post(f"{desk.url}/secret").status_code == 303
    assert desk.secret in person.get(desk.url).get_data(as_text=True)
    assert person.post(f"{desk.url}/secret/changer").status_code == 303
    page = person.get(desk.url).get_data(as_text=True)
    assert "whsec_" in page and desk.secret not in page
    with committing():
        actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.object_id == desk.webhook_id)).all()
    assert actions.count("webhook.secret_revealed") == 2 and "webhook.secret_rotated" in actions


def test_a_test_tells_what_came_back(desk: Desk) -> None:
    person = desk.person
    person.get(desk.url)
    assert person.post(f"{desk.url}/essai").status_code == 303
    assert "Test reçu\u00a0: réponse 200" in person.get(desk.url).get_data(as_text=True)
    assert "Test reçu" not in person.get(desk.url).get_data(as_text=True)
    assert b"webhook.test" in desk.server.requests[-1]
    with committing():
        db.session.get_one(WebhookEndpoint, desk.webhook_id).url = "http://127.0.0.1:9009/personne"
    person.post(f"{desk.url}/essai")
    page = person.get(desk.url).get_data(as_text=True)
    assert "Le test n’est pas arrivé" in page and "La connexion au destinataire a échoué" in page


def test_the_log_the_pane_and_its_filters(desk: Desk, run_jobs: Callable[[], list[str]]) -> None:
    assert "Rien n’est encore parti" in desk.person.get(desk.url).get_data(as_text=True)
    desk.tell(total=5790)
    run_jobs()
    page = desk.person.get(desk.url).get_data(as_text=True)
    assert "project.created" in page and "X-AiManager-Signature: sha256=" in page and "Salle de bain" in page and "recu" in page
    pane = desk.person.get(f"{desk.url}/livraisons/{desk.delivery().id}", headers=HX).get_data(as_text=True)
    assert pane.strip().startswith('<aside id="livraison"') and desk.delivery().event_id in pane
    for query, found in {
        "q=salle": True, "q=toiture": False, f"q={desk.delivery().event_id}": True, "evenement=project.created": True,
        "evenement=file.uploaded": False, "resultat=livre": True, "resultat=echec": False, "resultat=attente": False, "periode=tout": True,
    }.items():  # fmt: skip
        rows = desk.person.get(f"{desk.url}?{query}", headers=HX).get_data(as_text=True)
        assert (desk.delivery().id in rows) is found, query
    assert desk.person.get(f"{desk.url}/livraisons/dlv_inconnue").status_code == 404


def test_one_is_replayed_with_the_same_bytes(desk: Desk, run_jobs: Callable[[], list[str]]) -> None:
    desk.tell()
    run_jobs()
    url = f"{desk.url}/livraisons/{desk.delivery().id}"
    desk.person.get(url)
    assert "every 2s" not in desk.person.get(url).text
    assert desk.person.post(f"{url}/rejouer").status_code == 303
    page = desk.person.get(url).text
    assert "En file" in page and "L’envoi part" in page and page.count("every 2s") == 2, "the row and the pane are read again"
    run_jobs()
    pane = desk.person.get(url, headers=HX).text
    rows = desk.person.get(f"{desk.url}?ouvert={desk.delivery().id}", headers=HX).text
    assert "every 2s" not in pane + rows and "essai 2" in rows and "aria-current" in rows
    first, second = (raw.partition(b"\r\n\r\n")[2] for raw in desk.server.requests)
    assert first == second
    assert "2 essais" in desk.person.get(url).get_data(as_text=True).replace("\xa0", " ").replace("\u202f", " ")


def test_failures_are_replayed_together(desk: Desk, run_jobs: Callable[[], list[str]]) -> None:
    with committing():
        endpoint = db.session.get_one(WebhookEndpoint, desk.webhook_id)
        right, endpoint.url, endpoint.retry_count = endpoint.url, "http://127.0.0.1:9009/personne", 0
    desk.tell()
    run_jobs()
    page = desk.person.get(desk.url).get_data(as_text=True)
    assert "Connexion refusée" in page and "Échecs" in page
    assert "n’est pas arrivé" in desk.person.get("/editeur/").get_data(as_text=True)
    with committing():
        db.session.get_one(WebhookEndpoint, desk.webhook_id).url = right
    assert desk.person.post(f"{desk.url}/rejouer", {"periode": "7"}).status_code == 303
    run_jobs()
    assert desk.delivery().status == "success" and len(desk.server.requests) == 1


@pytest.mark.parametrize(("kept", "shown"), [(8, "essai 1/9"), (0, "essai 1/2")])
def test_a_try_is_one_of_those_that_come(desk: Desk, run_jobs: Callable[[], list[str]], kept: int, shown: str) -> None:
    with committing():
        db.session.get_one(WebhookEndpoint, desk.webhook_id).url = "http://127.0.0.1:9009/personne"
    desk.tell()
    run_jobs()
    with committing():
        db.session.get_one(WebhookEndpoint, desk.webhook_id).retry_count = kept
    page = desk.person.get(desk.url).get_data(as_text=True)
    assert shown in page and "0\u202f%" in page and "livrés sur 30 jours" in page, "what still waits has not arrived"


def test_a_pause_holds_and_a_resume_sends(desk: Desk, run_jobs: Callable[[], list[str]]) -> None:
    desk.person.get(desk.url)
    assert desk.person.post(f"{desk.url}/etat", {"actif": "0"}).status_code == 303
    desk.tell()
    run_jobs()
    page = desk.person.get(desk.url).get_data(as_text=True)
    assert not desk.server.requests and "en pause" in page and "Retenu" in page
    replayed = desk.person.post(f"{desk.url}/livraisons/{desk.delivery().id}/rejouer")
    assert "est en pause. Remettez-le" in desk.person.get(replayed.headers["Location"]).get_data(as_text=True)
    desk.person.post(f"{desk.url}/etat", {"actif": "1"})
    run_jobs()
    assert desk.delivery().status == "success"


def test_a_webhook_is_changed_then_deleted_by_its_address(desk: Desk) -> None:
    right = f"http://127.0.0.1:{desk.server.port}/hooks"
    assert right in desk.person.get(f"{desk.url}/modifier").get_data(as_text=True)
    body = {"url": right, "events": ["project.created"], "retry_count": "2", "timeout_ms": "900"}
    assert desk.person.post(f"{desk.url}/modifier", body).status_code == 303
    with committing():
        endpoint = db.session.get_one(WebhookEndpoint, desk.webhook_id)
        assert (endpoint.events, endpoint.retry_count, endpoint.timeout_ms) == (["project.created"], 2, 900)
    desk.person.post(f"{desk.url}/supprimer", {"confirmation": "autre"})
    assert desk.person.get(desk.url).status_code == 200
    desk.person.post(f"{desk.url}/supprimer", {"confirmation": right})
    assert desk.person.get(desk.url).status_code == 404


def test_a_deleted_conversation_leaves_a_line_without_content(desk: Desk, run_jobs: Callable[[], list[str]]) -> None:
    desk.tell(session_id="sess_gone")
    run_jobs()
    with committing():
        forget_events("sess_gone")
    assert "Le contenu n’est plus là" in desk.person.get(desk.url).get_data(as_text=True)


def test_a_received_signature_is_checked(desk: Desk, run_jobs: Callable[[], list[str]]) -> None:
    desk.tell()
    run_jobs()
    with committing():
        body = db.session.scalars(select(Event.body).where(Event.editor_id == desk.editor.id)).one()
    signature = "sha256=" + hmac.new(desk.secret.encode(), body.encode(), hashlib.sha256).hexdigest()
    desk.person.get(f"{desk.url}/verifier?langage=php")
    good = desk.person.post(f"{desk.url}/verifier", {"body": body, "signature": signature})
    assert "Signature vérifiée" in good.get_data(as_text=True)
    bad = desk.person.post(f"{desk.url}/verifier", {"body": body + " ", "signature": signature})
    assert "Signature refusée" in bad.get_data(as_text=True)
    assert desk.person.post(f"{desk.url}/verifier", {}).status_code == 422


def test_the_python_snippet_does_what_it_says() -> None:
    names: dict[str, object] = {}
    exec(SNIPPETS["python"].code, names)
    genuine = names["est_authentique"]
    header = "sha256=" + hmac.new(b"whsec_x", b"{}", hashlib.sha256).hexdigest()
    assert genuine(b"{}", header, "whsec_x") and not genuine(b"{ }", header, "whsec_x")  # type: ignore[operator]
    assert set(SNIPPETS) == {"python", "php", "node", "csharp", "java"}


def test_amounts_keep_their_decimals_in_the_pane() -> None:
    assert pretty('{"total_ht":5790.00,"n":1,"t":"é"}') == '{\n  "total_ht": 5790.00,\n  "n": 1,\n  "t": "é"\n}'
    assert len(SHORT_CAUSES) == 6
