"""What each person wants by e-mail, chosen in his account or by the link at the foot of an e-mail (RFC 8058)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core import acting, clock
from app.core.crypto import sign, verify_signature
from app.core.errors import InvalidError, NotFoundError
from app.core.transaction import act_as
from app.extensions import db, settings
from app.notifications.models import NotificationPreference
from app.notifications.service import KINDS, NOT_OPTIONAL

_PURPOSE = "unsubscribe"


def kinds_for(roles: Iterable[str]) -> dict[str, str]:
    """The optional kinds that concern these roles, with their labels."""
    held = set(roles)
    return {kind: about.label for kind, about in KINDS.items() if about.roles & held}


def refused_kinds(user_id: str) -> set[str]:
    """The kinds this person does not want by e-mail."""
    return set(
        db.session.scalars(
            select(NotificationPreference.kind).where(NotificationPreference.user_id == user_id, ~NotificationPreference.by_email)
        )
    )


def wants_email(user_id: str, kind: str) -> bool:
    """True unless the person refused this kind; nobody refuses what is not optional."""
    return kind == NOT_OPTIONAL or kind not in refused_kinds(user_id)


def set_preference(user_id: str, kind: str, by_email: bool) -> None:
    """Keep whether a person wants a kind of e-mail. Raises InvalidError for a kind that is unknown or not optional."""
    if kind not in KINDS or kind == NOT_OPTIONAL:
        raise InvalidError("Cette notification n’est pas au choix.", {"kind": ["Choisissez-en une de la liste."]})
    values = {"user_id": user_id, "kind": kind, "by_email": by_email, "changed_at": clock.now()}
    db.session.execute(insert(NotificationPreference).values(values).on_conflict_do_update(index_elements=["user_id", "kind"], set_=values))


def unsubscribe_url(user_id: str, kind: str) -> str:
    """The address that stops one kind of e-mail for one person, without signing in."""
    return f"{settings().base_url}/notifications/desabonnement/{user_id}/{kind}/{sign(user_id + kind, _PURPOSE)}"


def enter_by_signature(user_id: str, kind: str, signature: str) -> None:
    """Become the person whose e-mail held this address, for his preferences only. 404 when the address is not one of ours."""
    if kind not in KINDS or kind == NOT_OPTIONAL or not verify_signature(user_id + kind, _PURPOSE, signature):
        raise NotFoundError()
    act_as(acting.user(user_id, role=""))
