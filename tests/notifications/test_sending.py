"""Telling people: once, in their portal at once, by e-mail when they want it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.core import acting, clock
from app.core.crypto import sign
from app.core.errors import InvalidError, NotFoundError
from app.core.transaction import transaction
from app.extensions import db
from app.identity.links import propose_link
from app.identity.models import EditorLink
from app.identity.service import suspend_user
from app.identity.tokens import peek_token
from app.notifications import delivery, invitations, jobs, preferences, reading
from app.notifications.models import EmailMessage, Notification
from app.notifications.service import KINDS, notify, send_email
from app.web.house import House
from tests.factories import PASSWORD, actor_for, committing, make_user

Jobs = Callable[[], list[str]]


def emails(kind: str | None = None) -> list[EmailMessage]:
    """Call inside `committing()`."""
    found = db.select(EmailMessage).order_by(EmailMessage.created_at)
    return list(db.session.scalars(found.where(EmailMessage.kind == kind) if kind else found))


def tell(user_id: str, kind: str = "contact_asked") -> None:
    with transaction(acting.user(user_id, role="artisan")):
        notify(
            user_id, kind=kind, title="M. Martin souhaite vous parler", body="Rappelez dès que possible.", url="/artisan/conversations/x"
        )


@pytest.fixture
def artisan(house: House) -> str:
    with committing():
        return str(make_user("artisan", email="paul@durant.fr", name="Paul Durant").id)


def test_a_notification_is_mailed_once_with_one_click_unsubscribe(artisan: str, run_jobs: Jobs) -> None:
    tell(artisan)
    assert run_jobs() == ["mail_notification", "deliver_email"]
    with committing():
        (email,) = emails("contact_asked")
        assert (email.recipient, email.subject, email.status) == ("paul@durant.fr", "M. Martin souhaite vous parler", "outbox")
        assert "http://localhost/artisan/conversations/x" in email.text and "http://localhost/artisan/conversations/x" in email.html
        assert email.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert f"/notifications/desabonnement/{artisan}/contact_asked/" in email.headers["List-Unsubscribe"]
        notification_id = db.session.scalars(db.select(Notification.id)).one()
    jobs.mail_notification(notification_id)
    with committing():
        assert len(emails()) == 1


def test_what_was_refused_is_not_mailed_and_what_touches_security_always_is(artisan: str, run_jobs: Jobs) -> None:
    with transaction(acting.user(artisan, role="artisan")):
        preferences.set_preference(artisan, "contact_asked", False)
    for kind in ("contact_asked", "project_created", "account"):
        tell(artisan, kind)
    run_jobs()
    with committing():
        assert {email.kind for email in emails()} == {"project_created", "account"}
        assert "List-Unsubscribe" not in emails("account")[0].headers
        assert db.session.scalar(db.select(db.func.count()).select_from(Notification)) == 3


def test_a_suspended_person_is_not_written_to(artisan: str, run_jobs: Jobs) -> None:
    tell(artisan)
    with committing():
        suspend_user(acting.platform("demo"), db.session.get_one(invitations.User, artisan), "abus")
    run_jobs()
    with committing():
        assert emails() == []


def test_the_sweep_finds_a_notification_whose_job_was_lost(artisan: str, run_jobs: Jobs) -> None:
    from app.extensions import redis_client

    tell(artisan)
    tell(artisan, "account")
    with transaction(acting.user(artisan, role="artisan")):
        preferences.set_preference(artisan, "contact_asked", False)
    redis_client().flushdb()
    delivery.sweep()
    assert run_jobs() == []  # too young
    with clock.freeze(clock.now() + timedelta(minutes=5)):
        delivery.sweep()
        assert run_jobs() == ["mail_notification", "deliver_email"]
        delivery.sweep()
        assert run_jobs() == []
    with committing():
        assert [email.kind for email in emails()] == ["account"]


def test_an_email_that_ends_every_worker_is_given_up(artisan: str, run_jobs: Jobs) -> None:
    tell(artisan)
    run_jobs()
    for attempts, status in ((len(delivery.DELAYS), "queued"), (len(delivery.DELAYS) + 1, "failed")):
        with committing():
            (email,) = emails()
            email.status, email.attempts, email.next_at = "sending", attempts, clock.now() - timedelta(seconds=1)
        delivery.sweep()
        with committing():
            assert [email.status for email in emails()] == [status]


def test_an_unknown_kind_is_a_mistake_of_ours(artisan: str) -> None:
    with pytest.raises(ValueError), transaction(acting.user(artisan, role="artisan")):
        notify(artisan, kind="autre", title="x", body="y")


def test_reading(artisan: str) -> None:
    for _ in range(3):
        tell(artisan)
    with committing():
        stranger = make_user("artisan").id
        first = db.session.scalars(db.select(Notification.id).order_by(Notification.created_at)).first() or ""
    with transaction(acting.user(stranger, role="artisan")):
        assert reading.unread_count(artisan) == 0  # the rows of another are not seen
        with pytest.raises(NotFoundError):
            reading.read_notification(stranger, first)
    with transaction(acting.user(artisan, role="artisan")):
        assert reading.unread_count(artisan) == 3
        read_at = reading.read_notification(artisan, first).read_at
        assert reading.read_notification(artisan, first).read_at == read_at
        assert reading.unread_count(artisan) == 2
        assert len(db.session.execute(reading.notifications_of(artisan, unread_only=True)).all()) == 2
        assert reading.read_all(artisan) == 2
        assert reading.unread_count(artisan) == 0


def test_the_signature_of_an_address_is_for_one_person_and_one_kind(artisan: str) -> None:
    url = ""
    with committing():
        url = preferences.unsubscribe_url(artisan, "contact_asked")
    signature = url.rsplit("/", 1)[-1]
    with transaction(acting.door()):
        for user_id, kind, given in (
            ("usr_x", "contact_asked", signature),
            (artisan, "project_created", signature),
            (artisan, "contact_asked", signature[::-1]),
            (artisan, "account", sign(artisan + "account", "unsubscribe")),
            (artisan, "autre", sign(artisan + "autre", "unsubscribe")),
        ):
            with pytest.raises(NotFoundError):
                preferences.enter_by_signature(user_id, kind, given)
        preferences.enter_by_signature(artisan, "contact_asked", signature)
        preferences.set_preference(artisan, "contact_asked", False)
        assert not preferences.wants_email(artisan, "contact_asked")
        preferences.set_preference(artisan, "contact_asked", True)
        assert preferences.wants_email(artisan, "contact_asked")
        for kind in ("account", "autre"):
            with pytest.raises(InvalidError):
                preferences.set_preference(artisan, kind, False)


def test_each_role_is_offered_its_own_kinds() -> None:
    assert set(preferences.kinds_for(["editeur"])) == {"webhook_disabled", "quota", "budget", "domain_reviewed", "host_lost"}
    assert "contact_asked" in preferences.kinds_for(["artisan", "particulier"])
    assert preferences.kinds_for(["fabricant", "particulier", "metreur"]) == {}
    assert all("account" not in preferences.kinds_for([role]) for about in KINDS.values() for role in about.roles)


def test_a_reset_is_sent_to_those_who_have_an_account(house: House, run_jobs: Jobs) -> None:
    with committing():
        user = make_user("artisan", email="paul@durant.fr", password=PASSWORD)
        closed = make_user("artisan", email="ferme@durant.fr")
        suspend_user(acting.platform("demo"), closed, "abus")
        epoch, user_id = user.epoch, user.id
    for address in ("paul@durant.fr", "ferme@durant.fr", "inconnu@durant.fr", ""):
        jobs.send_reset(address)
    with committing():
        (email,) = emails()
        assert email.recipient == "paul@durant.fr" and email.kind == "reset"
        secret = email.text.split("/mot-de-passe/")[1].split()[0]
    with transaction(acting.door()):
        found = peek_token("reset", secret)
        assert found is not None and (found.user_id, found.payload) == (user_id, {"epoch": epoch})


@pytest.mark.parametrize("role", [None, "particulier", "artisan"])
def test_an_artisan_is_invited_or_told_depending_on_what_he_has(house: House, run_jobs: Jobs, role: str | None) -> None:
    with committing():
        user_id = make_user(role, email="paul@durant.fr").id if role else None
        link = propose_link(
            actor_for(make_user("editeur", company_name="EBP"), "editeur"), email="paul@durant.fr", external_id="A", name="Durant"
        )
        link_id = link.id
    jobs.invite_artisan(link_id)
    run_jobs()
    with committing():
        link = db.session.get_one(EditorLink, link_id)
        (email,) = emails()
        if role == "artisan":
            assert link.artisan_id == user_id and email.kind == "link_proposed"
        else:
            assert link.artisan_id is None and email.kind == "invitation"
            assert email.subject == "EBP vous invite sur AI-Manager"
        link.status = "refused"
    jobs.invite_artisan(link_id)
    with committing():
        assert len(emails()) == 1


def test_a_subject_stays_one_line(house: House) -> None:
    with committing():
        send_email("a@b.fr", kind="x", template="code", code="123 456", artisan_name="Durant\r\nBcc: x@y.fr")
        (email,) = emails()
        assert email.subject == "123 456\u00a0: le code de votre conversation"
        assert "\n" not in email.subject and "Durant" in email.text
