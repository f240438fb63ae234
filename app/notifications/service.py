"""Telling people: in their portal at once, by e-mail when they want it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import render_template
from sqlalchemy import insert

from app.core import clock
from app.core.ids import new_id
from app.core.jobs import enqueue
from app.core.transaction import after_commit
from app.extensions import db, settings
from app.notifications import jobs
from app.notifications.models import EmailMessage, Notification


@dataclass(frozen=True, slots=True)
class Kind:
    """Something people may be told: how the preferences page names it, and the roles it concerns."""

    label: str
    roles: frozenset[str]


KINDS = {
    "contact_asked": Kind("Un client souhaite vous parler", frozenset({"artisan"})),
    "project_created": Kind("Une estimation est prête", frozenset({"artisan"})),
    "session_completed": Kind("Une conversation est terminée", frozenset({"artisan"})),
    "link_proposed": Kind("Un éditeur propose de vous relier", frozenset({"artisan"})),
    "quota": Kind("Votre forfait est presque ou tout à fait utilisé", frozenset({"editeur"})),
    "budget": Kind("Votre budget IA est presque ou tout à fait dépensé", frozenset({"editeur"})),
    "webhook_disabled": Kind("Un webhook a été mis en pause", frozenset({"editeur"})),
    "domain_reviewed": Kind("Un domaine est validé ou refusé", frozenset({"editeur"})),
    "host_lost": Kind("Votre nom d’hôte ne mène plus à vos conversations", frozenset({"editeur"})),
    "domain_waiting": Kind("Un domaine attend votre validation", frozenset({"admin", "super-admin"})),
    "budget_of_editor": Kind("Le budget IA d’un éditeur est presque ou tout à fait dépensé", frozenset({"admin", "super-admin"})),
    "costs_drift": Kind("Les compteurs de l’IA diffèrent du journal", frozenset({"admin", "super-admin"})),
    "domain_claimed": Kind("Deux éditeurs revendiquent le même domaine", frozenset({"admin", "super-admin"})),
    "account": Kind("La vie de votre compte : accès, mot de passe, adresse", frozenset()),
}
"""`account` concerns every role, and nobody may refuse its e-mails."""
NOT_OPTIONAL = "account"


def notify(user_id: str, *, kind: str, title: str, body: str, url: str | None = None) -> None:
    """Tell a user, in the transaction of the fact; the e-mail follows by job, if he wants it.

    Written without RETURNING: whoever tells may not read another's notifications.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of notification: {kind}")
    notification_id = new_id("not")
    db.session.execute(
        insert(Notification)
        .values(id=notification_id, user_id=user_id, kind=kind, title=title, body=body, url=url, created_at=clock.now())
        .inline()
    )
    after_commit(lambda: enqueue(jobs.mail_notification, notification_id))


def send_email(
    recipient: str,
    *,
    kind: str,
    template: str,
    headers: dict[str, str] | None = None,
    email_id: str | None = None,
    session_id: str | None = None,
    **words: Any,
) -> None:
    """Write an e-mail from `templates/emails/<template>.{txt,html}` and queue it.

    The first line of the text template is the subject. Without SMTP the message stays in the outbox that the admin reads.
    `email_id` names the row where the same fact must not be written twice; `session_id` the conversation it is erased with.
    """
    words = {"base_url": settings().base_url, **words}
    subject, _, body = render_template(f"emails/{template}.txt", **words).strip().partition("\n")
    email_id = email_id or new_id("eml")
    db.session.execute(
        insert(EmailMessage)
        .values(
            id=email_id,
            recipient=recipient,
            kind=kind,
            subject=subject.strip(),
            text=body.strip() + "\n",
            html=render_template(f"emails/{template}.html", subject=subject.strip(), **words),
            headers=headers or {},
            session_id=session_id,
            status="queued",
            created_at=clock.now(),
        )
        .inline()
    )
    after_commit(lambda: enqueue(jobs.deliver_email, email_id))
