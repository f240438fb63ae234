"""The front door and the pages behind our e-mails' links, as a browser meets them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app import create_app
from app.core.acting import platform
from app.extensions import db, limiter
from app.identity import guesses
from app.identity.links import propose_link
from app.identity.models import EditorLink, User
from app.identity.service import suspend_user
from app.notifications.models import EmailMessage, Notification
from app.web.house import House
from tests.conftest import environment, redis_url, worker_number
from tests.factories import PASSWORD, actor_for, committing, make_user
from tests.factories.conversations import make_tenant, open_chat
from tests.support.portal import Person, sign_in

Jobs = Callable[[], list[str]]
OTHER = "une autre phrase secrète"
REFUSAL = "Cette adresse et ce mot de passe n’ouvrent aucun compte."


def last_email(kind: str) -> EmailMessage:
    """Call inside `committing()`."""
    return db.session.scalars(db.select(EmailMessage).where(EmailMessage.kind == kind).order_by(EmailMessage.created_at.desc())).first()


def link_in(kind: str, path: str) -> str:
    """The path of the link in the last e-mail of this kind."""
    with committing():
        found = re.search(rf"http://localhost({path}\S+)", last_email(kind).text)
    assert found is not None
    return found.group(1)


@pytest.fixture
def artisan(house: House) -> str:
    with committing():
        return str(make_user("artisan", email="paul@durant.fr", password=PASSWORD).id)


def log_in(person: Person, email: str = "paul@durant.fr", password: str = PASSWORD, **more: str) -> int:
    return person.post("/connexion", {"email": email, "password": password, **more}).status_code


def signed_in(person: Person) -> bool:
    return person.get("/compte").status_code == 200


def test_signing_in_and_out(house: House, artisan: str) -> None:
    person = Person(house)
    assert person.get("/compte").location.startswith("/connexion?suite=")
    page = person.get("/connexion")
    assert page.status_code == 200 and page.get_data(as_text=True).count("<h1") == 1
    assert log_in(person, email=" Paul@Durant.fr ") == 303
    assert signed_in(person)
    assert person.get("/connexion").status_code == 303
    assert person.get("/").location != "/connexion"
    assert person.get("/deconnexion").status_code == 405
    assert person.post("/deconnexion").location == "/connexion"
    assert not signed_in(person)
    assert person.get("/").location == "/connexion"


def test_a_copied_cookie_opens_nothing_once_its_login_was_signed_out(house: House, artisan: str) -> None:
    person, thief, other = Person(house), Person(house), Person(house)
    assert log_in(person) == log_in(other) == 303
    with person.client.session_transaction() as mine, thief.client.session_transaction() as copied:
        copied.update(mine)
    assert signed_in(thief) and signed_in(person)
    assert person.post("/deconnexion").location == "/connexion"
    for _ in range(2):
        assert not signed_in(thief)
    assert signed_in(other), "the other browsers of the same person stay"
    with thief.client.session_transaction() as renewed:
        assert "_user_id" not in renewed, "nor does it live on by being shown"


def test_every_refusal_is_the_same_page(house: House, artisan: str) -> None:
    with committing():
        closed = make_user("artisan", email="ferme@durant.fr", password=PASSWORD)
        suspend_user(platform("demo"), closed, "abus")
        make_user("particulier", email="sans@durant.fr")
    pages = set()
    for email, password in (
        ("paul@durant.fr", "faux"),
        ("inconnu@durant.fr", PASSWORD),
        ("ferme@durant.fr", PASSWORD),
        ("sans@durant.fr", ""),
        ("pas une adresse", "x"),
        ("", ""),
    ):
        response = Person(house).post("/connexion", {"email": email, "password": password})
        assert response.status_code == 422
        text = response.get_data(as_text=True)
        assert REFUSAL in text
        for changing in (
            r'nonce[-=]"?[\w-]+',
            r'csrf_token" value="[^"]+"',
            r'X-CSRFToken": "[^"]+"',
            r'value="[^"]*"',
            r'mot-de-passe-oublie[^"]*',
        ):
            text = re.sub(changing, "", text)
        pages.add(text)
    assert len(pages) == 1


@pytest.mark.parametrize(
    ("wanted", "followed"),
    [
        ("/compte/securite", True),
        ("/compte?x=1", True),
        ("//evil.example/x", False),
        ("/\\evil.example", False),
        ("https://evil.example", False),
        ("/\t/evil.example", False),
        ("javascript:alert(1)", False),
        ("compte", False),
        ("/connexion", False),
    ],
)
def test_only_our_own_pages_are_followed_after_login(house: House, artisan: str, wanted: str, followed: bool) -> None:
    response = Person(house).post("/connexion", {"email": "paul@durant.fr", "password": PASSWORD, "suite": wanted})
    assert response.status_code == 303
    assert (response.location == wanted) is followed
    assert response.location.startswith("/") and not response.location.startswith("//")


def test_the_cookie_is_new_at_login_and_lasts_only_if_asked(house: House, artisan: str) -> None:
    person = Person(house)
    person.get("/connexion")
    with person.client.session_transaction() as session:
        session["planted"] = "x"
    response = person.post("/connexion", {"email": "paul@durant.fr", "password": PASSWORD})
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Expires" not in cookie
    with person.client.session_transaction() as session:
        assert "planted" not in session
    remembered = Person(house).post("/connexion", {"email": "paul@durant.fr", "password": PASSWORD, "remember": "y"})
    assert "Expires" in remembered.headers["Set-Cookie"]


def test_a_login_without_its_token_is_refused(house: House, artisan: str) -> None:
    with house.app_context():
        assert house.test_client().post("/connexion", data={"email": "paul@durant.fr", "password": PASSWORD}).status_code == 400


def test_a_suspension_ends_the_session_at_once(house: House, artisan: str) -> None:
    person = Person(house)
    log_in(person)
    assert signed_in(person)
    with committing():
        suspend_user(platform("demo"), db.session.get_one(User, artisan), "abus")
    assert not signed_in(person)
    assert log_in(person) == 422


def test_five_failures_close_the_door_even_to_the_right_password(house: House, artisan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Enabled:
        ratelimit_enabled = True

    monkeypatch.setattr(guesses, "settings", Enabled)
    person = Person(house)
    assert [log_in(person, password="faux") for _ in range(6)] == [422] * 5 + [429]
    assert log_in(person) == 429
    assert log_in(person, email="inconnu@durant.fr") == 422
    response = person.post("/connexion", {"email": "paul@durant.fr", "password": PASSWORD})
    assert int(response.headers["Retry-After"]) > 0 and "Trop d’essais" in response.get_data(as_text=True)


@pytest.fixture
def limited(house: House, tmp_path: Path) -> Iterator[House]:
    """The same house with its limits on, on the same rolled-back connection."""
    made = create_app(environment(f"test_{worker_number()}", redis_url(0), tmp_path, RATELIMIT_ENABLED="true"))
    with made.app_context():
        engines = db._app_engines[made]
        own, engines[None] = engines[None], db._app_engines[house][None]
        yield made
        engines[None] = own
        own.dispose()
    limiter.enabled = False


def test_refusals_are_counted_by_address_and_logins_are_not(limited: House, artisan: str) -> None:
    assert [log_in(Person(limited)) for _ in range(12)] == [303] * 12
    statuses = [log_in(Person(limited), email=f"a{number}@durant.fr") for number in range(12)]
    assert statuses == [422] * 10 + [429] * 2
    assert log_in(Person(limited)) == 429


def test_a_forgotten_password(house: House, artisan: str, run_jobs: Jobs) -> None:
    person, elsewhere = Person(house), Person(house)
    log_in(elsewhere)
    answers = set()
    for address in ("paul@durant.fr", "inconnu@durant.fr"):
        page = person.post("/mot-de-passe-oublie", {"email": address})
        assert page.status_code == 200
        answers.add(re.sub(r'nonce="[^"]+"|value="[^"]+"|X-CSRFToken": "[^"]+"', "", page.get_data(as_text=True)).replace(address, "…"))
    assert len(answers) == 1
    assert run_jobs().count("deliver_email") == 1
    path = link_in("reset", "/mot-de-passe/")
    assert person.get(path).status_code == 200 and person.get(path).status_code == 200  # opening uses nothing
    weak = person.post(path, {"password": "court"})
    assert weak.status_code == 422 and "12 caractères au moins" in weak.get_data(as_text=True)
    assert "sauf ce qui est secret" in weak.get_data(as_text=True), "the password is not put back"
    assert person.post(path, {"password": OTHER}).status_code == 303
    assert signed_in(person) and not signed_in(elsewhere)
    assert person.post(path, {"password": PASSWORD}).status_code == 410
    used = Person(house).get(path)
    assert used.status_code == 410 and "Demander un nouveau lien" in used.get_data(as_text=True)
    assert log_in(Person(house), password=OTHER) == 303
    run_jobs()
    with committing():
        assert last_email("account").recipient == "paul@durant.fr"


def test_what_is_no_address_is_said_beside_its_field(house: House, run_jobs: Jobs) -> None:
    page = Person(house).post("/mot-de-passe-oublie", {"email": "paul@"})
    text = page.get_data(as_text=True)
    assert page.status_code == 422 and "Cette adresse e-mail n’est pas valide" in text and "paul@" in text
    assert "votre saisie est gardée." in text
    assert run_jobs() == []


def test_an_invitation_says_who_invites_and_ties_the_accounts(house: House, run_jobs: Jobs) -> None:
    from app.notifications.jobs import invite_artisan

    with committing():
        editor = make_user("editeur", company_name="EBP")
        link = propose_link(actor_for(editor, "editeur"), email="paul@durant.fr", external_id="A", name="Durant Peinture")
        link_id = link.id
    invite_artisan(link_id)
    path = link_in("invitation", "/invitation/")
    person = Person(house)
    text = person.get(path).get_data(as_text=True)
    assert "EBP vous invite" in text and "Relier mon compte à EBP" in text and 'value="Durant Peinture"' in text
    form = {"name": "Paul Durant", "company_name": "Durant Peinture", "password": PASSWORD}
    assert person.post(path, form | {"password": "court", "accepts_link": "y"}).status_code == 422
    assert person.post(path, form | {"name": ""}).status_code == 422
    with committing():
        assert db.session.get_one(EditorLink, link_id).status == "pending"
    assert person.post(path, form | {"accepts_link": "y"}).status_code == 303
    assert signed_in(person)
    with committing():
        tied = db.session.get_one(EditorLink, link_id)
        assert tied.status == "active" and tied.artisan_id is not None
    assert Person(house).get(path).status_code == 410


def test_an_invitation_whose_box_is_unticked_waits_in_the_portal(house: House) -> None:
    from app.notifications.jobs import invite_artisan

    with committing():
        link_id = propose_link(actor_for(make_user("editeur"), "editeur"), email="paul@durant.fr", external_id="A", name="Durant").id
    invite_artisan(link_id)
    path = link_in("invitation", "/invitation/")
    person = Person(house)
    person.get(path)
    assert person.post(path, {"name": "Paul", "company_name": "Durant", "password": PASSWORD}).status_code == 303
    with committing():
        link = db.session.get_one(EditorLink, link_id)
        assert link.status == "pending" and link.artisan_id is not None
        assert db.session.scalars(db.select(Notification.kind).where(Notification.user_id == link.artisan_id)).all() == ["link_proposed"]


def test_somebody_who_has_an_account_signs_in_by_himself(house: House, artisan: str) -> None:
    from app.identity.tokens import issue_token

    with committing():
        link = propose_link(
            actor_for(make_user("editeur", company_name="EBP"), "editeur"), email="paul@durant.fr", external_id="A", name="D"
        )
        secret, link_id = issue_token("invitation", email="paul@durant.fr", payload={"editor_link_id": link.id}), link.id
    person = Person(house)
    text = person.get(f"/invitation/{secret}").get_data(as_text=True)
    assert "que vous avez déjà" in text and 'type="password"' not in text
    response = person.post(f"/invitation/{secret}", {"accepts_link": "y"})
    assert response.location == "/connexion?email=paul@durant.fr"
    assert not signed_in(person)
    with committing():
        assert db.session.get_one(EditorLink, link_id).status == "active"


@pytest.fixture
def transcript(house: House, client, run_jobs: Jobs) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    """(session id, path of the magic link) of a conversation sent to m.martin@exemple.fr."""
    with committing():
        tenant = make_tenant()
    chat = open_chat(tenant)
    body = {"content": "Bonjour <b>vous</b>, une salle de bain de 8 m²", "client_message_id": "abcdefgh1"}
    assert client.post("/api/widget/v1/message", json=body, headers=chat.headers).status_code == 202
    run_jobs()
    sent = client.post(f"/api/widget/v1/session/{chat.session_id}/transcript", json={"email": "M.Martin@exemple.fr"}, headers=chat.headers)
    assert sent.status_code == 202
    run_jobs()
    return chat.session_id, link_in("transcript", "/connexion/lien/")


def test_the_transcript_holds_what_was_said(transcript: tuple[str, str]) -> None:
    with committing():
        email = last_email("transcript")
        assert email.recipient == "m.martin@exemple.fr"
        assert "Bonjour <b>vous</b>" in email.text and "Bonjour &lt;b&gt;vous&lt;/b&gt;" in email.html
        assert transcript[1] in email.html and "Retrouver ma conversation" in email.html


def test_the_magic_link_opens_the_conversation_once(house: House, transcript: tuple[str, str]) -> None:
    session_id, path = transcript
    person = Person(house)
    for _ in range(2):
        assert person.get(path).status_code == 200
    with committing():
        assert db.session.scalar(db.select(User.id).where(User.email == "m.martin@exemple.fr")) is None
    response = person.post(path)
    assert response.location == f"/particulier/conversations/{session_id}"
    assert signed_in(person)
    with committing():
        user = db.session.scalars(db.select(User).where(User.email == "m.martin@exemple.fr")).one()
        assert user.status == "active" and user.email_verified_at is not None
    again = person.get(path)
    assert again.status_code == 410 and "Ce lien n’ouvre plus rien" in again.get_data(as_text=True)
    assert "Ouvrir mon espace" in again.get_data(as_text=True), "he is signed in already"
    elsewhere = Person(house).post(path)
    assert elsewhere.status_code == 410 and "Choisir un mot de passe" in elsewhere.get_data(as_text=True)


def test_the_magic_link_does_not_replace_the_password_of_a_professional(house: House, transcript: tuple[str, str]) -> None:
    session_id, path = transcript
    with committing():
        user_id = make_user("artisan", email="m.martin@exemple.fr", password=PASSWORD).id
    person = Person(house)
    person.get(path)
    response = person.post(path)
    assert response.location.startswith("/connexion?suite=/particulier/conversations/")
    assert not signed_in(person)
    with committing():
        from app.conversations.models import Session

        assert db.session.get_one(Session, session_id).particulier_id == user_id


def test_the_magic_link_of_a_signed_in_person_goes_straight_on(house: House, transcript: tuple[str, str]) -> None:
    session_id, path = transcript
    with committing():
        person = sign_in(house, make_user("artisan", email="m.martin@exemple.fr"))
    person.get(path)
    assert person.post(path).location == f"/particulier/conversations/{session_id}"
    assert signed_in(person)


@pytest.mark.parametrize("path", ["/mot-de-passe/x", "/invitation/x", "/connexion/lien/x"])
def test_a_made_up_link_opens_nothing(house: House, path: str) -> None:
    person = Person(house)
    for response in (person.get(path), person.post(path, {"password": PASSWORD, "name": "x"})):
        assert response.status_code == 410 and response.get_data(as_text=True).count("<h1") == 1
