"""E-mails that open accounts. They run as listed platform jobs: the request that asked for them learns nothing."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import exists, select

from app.core import clock
from app.core.acting import platform
from app.core.jobs import enqueue
from app.core.transaction import transaction
from app.extensions import db, settings
from app.identity.models import EditorLink, RoleAssignment, SingleUseToken, User
from app.identity.tokens import issue_token
from app.notifications import jobs
from app.notifications.service import notify, send_email

LOST_AFTER = timedelta(minutes=2)


def send_reset(email: str) -> None:
    """A link that sets a new password, if an account has this address. It dies with the epoch: a password changed since ends it."""
    with transaction(platform("password-reset")):
        user = db.session.scalar(select(User).where(User.email == email, User.status != "suspended"))
        if user is None:
            return
        secret = issue_token("reset", email=user.email, user_id=user.id, payload={"epoch": user.epoch})
        send_email(user.email, kind="reset", template="reset", name=user.name, url=f"{settings().base_url}/mot-de-passe/{secret}")


def send_invitation(user_id: str) -> None:
    """A link that opens an invited account by choosing its password."""
    with transaction(platform("invitation")):
        user = db.session.get(User, user_id)
        if user is None or user.status != "invited":
            return
        secret = issue_token("invitation", email=user.email, user_id=user.id)
        send_email(
            user.email,
            kind="invitation",
            template="invitation",
            name=user.display_name,
            editor_name=None,
            url=f"{settings().base_url}/invitation/{secret}",
        )


def invite_artisan(link_id: str) -> None:
    """Tell the artisan that an editor wants to be tied to him; without an account, invite him to open one."""
    with transaction(platform("invitation")):
        link = db.session.get(EditorLink, link_id, with_for_update=True)
        if link is None or link.status != "pending":
            return
        link.invite_due_at = None
        user = db.session.scalar(select(User).where(User.email == link.invited_email))
        if user is None or not _is_artisan(user.id):
            _invite_to_open(link)
            return
        taken = select(EditorLink.id).where(
            EditorLink.artisan_id == user.id, EditorLink.editor_id == link.editor_id, EditorLink.id != link.id
        )
        if user.status == "suspended" or db.session.scalar(taken):
            return
        link.artisan_id = user.id
        tell_proposal(link)


def sweep_invitations() -> None:
    """Queue again invitations whose job was lost: proposals still due, invited accounts that never got their link."""
    before = clock.now() - LOST_AFTER
    asked = exists().where(SingleUseToken.user_id == User.id, SingleUseToken.purpose == "invitation")
    with transaction(platform("invitation")):
        links = db.session.scalars(
            select(EditorLink.id).where(EditorLink.status == "pending", EditorLink.invite_due_at < before).limit(100)
        ).all()
        people = db.session.scalars(select(User.id).where(User.status == "invited", User.created_at < before, ~asked).limit(100)).all()
    for link_id in links:
        enqueue(jobs.invite_artisan, link_id)
    for user_id in people:
        enqueue(jobs.send_invitation, user_id)


def tell_proposal(link: EditorLink) -> None:
    """Tell the artisan of a pending link that it waits for his answer in his portal."""
    if link.artisan_id is None:
        raise ValueError("this link has no artisan yet")
    notify(
        link.artisan_id,
        kind="link_proposed",
        title=f"{link.editor_name} souhaite vous relier à son logiciel",
        body="Acceptez pour recevoir dans votre espace les demandes de vos clients.",
        url="/artisan/logiciels",
    )


def _is_artisan(user_id: str) -> bool:
    held = select(RoleAssignment.id).where(RoleAssignment.user_id == user_id, RoleAssignment.role == "artisan", RoleAssignment.active)
    return db.session.scalar(held) is not None


def _invite_to_open(link: EditorLink) -> None:
    """An invitation to open an artisan's account, or to add an artisan's portal to the account that has this address."""
    secret = issue_token("invitation", email=link.invited_email, payload={"editor_link_id": link.id})
    send_email(
        link.invited_email,
        kind="invitation",
        template="invitation",
        name=link.artisan_name,
        editor_name=link.editor_name,
        url=f"{settings().base_url}/invitation/{secret}",
    )
