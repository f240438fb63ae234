"""How an account is entered by a link sent to its address: reset, invitation, magic link (PRODUCT.md, Linking an artisan, Visitor's account).

Reading such a link proves the mailbox. What it opens was decided when it was sent; each verb becomes the narrowest actor that can do it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app.core import acting, clock
from app.core.acting import current_actor, platform
from app.core.errors import ForbiddenError, GoneError, InvalidError
from app.core.text import clean_line
from app.core.transaction import act_as
from app.extensions import db
from app.identity.links import accept_link
from app.identity.models import EditorLink, RoleAssignment, User
from app.identity.own_account import has_password
from app.identity.service import assign_role, create_user, index_user, set_password
from app.identity.tokens import Redeemed, peek_token, redeem_token


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an invitation opens. `user` is None when the account is still to be made, `link` when nobody proposes a link (any more)."""

    email: str
    name: str
    user: User | None
    link: EditorLink | None
    as_artisan: bool
    needs_password: bool


@dataclass(frozen=True, slots=True)
class Welcome:
    """An account entered: by a password chosen just now, or one that is still to be typed."""

    user: User
    link: EditorLink | None
    chose_password: bool


def reset_owner(secret: str) -> User:
    """Whose password a reset link sets, without using it. Raises GoneError."""
    return _become_owner(peek_token("reset", secret))


def reset_password(secret: str, password: str) -> User:
    """Use a reset link: the new password ends every open cookie and every other reset link. Raises GoneError, InvalidError."""
    user = _become_owner(redeem_token("reset", secret))
    set_password(user, password)
    _open(user)
    return user


def _become_owner(found: Redeemed | None) -> User:
    """The owner named by the link acts from here on, unless his address, his password or his status changed since it was sent."""
    if found is not None and found.user_id is not None:
        act_as(acting.user(found.user_id, role=""))
        user = db.session.get(User, found.user_id)
        if user and user.status != "suspended" and user.email == found.email and user.epoch == found.payload.get("epoch"):
            return user
    raise GoneError("Ce lien a déjà servi ou n’est plus valable. Demandez-en un nouveau.", code="token_used")


def read_invitation(secret: str) -> Invitation:
    """What an invitation opens, without using it. Raises GoneError."""
    found = peek_token("invitation", secret)
    if found is None:
        raise GoneError("Cette invitation a déjà servi ou n’est plus valable.", code="token_used")
    act_as(platform("invitation"))
    return _invitation(found)


def accept_invitation(secret: str, *, name: str, company_name: str, password: str, accepts_link: bool) -> Welcome:
    """Open the invited account, and tie it to the editor who proposed it if the person wants that now.

    Otherwise the proposal waits in his portal (PRODUCT.md). An account that has a password keeps it: its owner then signs in.
    Raises GoneError, ForbiddenError (suspended), InvalidError on `name`, `company_name` or `password`.
    """
    found = redeem_token("invitation", secret)
    act_as(platform("invitation"))
    invitation = _invitation(found)
    user = invitation.user
    if user is not None and user.status == "suspended":
        raise ForbiddenError("Ce compte est suspendu. Écrivez-nous pour en savoir plus.", code="account_suspended")
    if invitation.needs_password:
        _require_names(name, company_name if invitation.as_artisan else None)
    if user is None:
        user = create_user(
            email=found.email, name=clean_line(name), role="artisan", company_name=clean_line(company_name), password=password
        )
    elif invitation.needs_password:
        user.name, user.company_name = clean_line(name), clean_line(company_name) or user.company_name
        index_user(user)
        set_password(user, password)
        _open(user)
    if invitation.as_artisan:
        _ensure_role(user, "artisan")
    link = _tie(user, invitation.link)
    if link is not None and accepts_link:
        accept_link(user, link)
    db.session.flush()
    return Welcome(user, link, invitation.needs_password)


def _invitation(found: Redeemed) -> Invitation:
    by = User.id == found.user_id if found.user_id else User.email == found.email
    user = db.session.scalar(select(User).where(by))
    link_id = found.payload.get("editor_link_id")
    link = db.session.get(EditorLink, link_id, with_for_update=True) if link_id else None
    # The editor may have corrected the address since: an old invitation then proposes nothing any more.
    is_his = link is not None and link.status == "pending" and link.invited_email == found.email
    return Invitation(
        email=found.email,
        name=user.name if user else "",
        user=user,
        link=link if is_his else None,
        as_artisan=link_id is not None,
        needs_password=user is None or not has_password(user.id),
    )


def _require_names(name: str, company_name: str | None) -> None:
    errors: dict[str, list[str]] = {}
    if not clean_line(name):
        errors["name"] = ["Écrivez votre prénom et votre nom."]
    if company_name is not None and not clean_line(company_name):
        errors["company_name"] = ["C’est le nom que voient vos clients."]
    if errors:
        raise InvalidError("Des champs sont à remplir.", errors)


def _tie(user: User, link: EditorLink | None) -> EditorLink | None:
    """Give the pending proposal to its artisan; None when another of his links with this editor stands already."""
    if link is None:
        return None
    other = select(EditorLink.id).where(EditorLink.artisan_id == user.id, EditorLink.editor_id == link.editor_id, EditorLink.id != link.id)
    if db.session.scalar(other):
        return None
    link.artisan_id = user.id
    return link


def enter_as_particulier(email: str, name: str | None) -> User:
    """The account of somebody who clicked a magic link: his own, or a new one (PRODUCT.md, Visitor's account). No password is set.

    Acts as the platform's job `magic-link`. Raises ForbiddenError when the account is suspended.
    """
    user = db.session.scalar(select(User).where(User.email == email))
    if user is None:
        return create_user(email=email, name=clean_line(name or "") or email.split("@")[0], role="particulier", verified=True)
    if user.status == "suspended":
        raise ForbiddenError("Ce compte est suspendu. Écrivez-nous pour en savoir plus.", code="account_suspended")
    _open(user)
    _ensure_role(user, "particulier")
    return user


def only_particulier(user_id: str) -> bool:
    """True for an account whose only role is particulier: a link in its mailbox is enough to sign it in."""
    roles = db.session.scalars(select(RoleAssignment.role).where(RoleAssignment.user_id == user_id, RoleAssignment.active))
    return set(roles) <= {"particulier"}


def _open(user: User) -> None:
    """The address is proved: an invited account becomes active."""
    if user.status == "invited":
        user.status = "active"
    user.email_verified_at = user.email_verified_at or clock.now()


def _ensure_role(user: User, role: str) -> None:
    """He has it from now on; one that was taken away, or is over, is given anew."""
    own = RoleAssignment.on_behalf_of.is_(None)
    held = select(RoleAssignment.id).where(RoleAssignment.user_id == user.id, RoleAssignment.role == role, own, RoleAssignment.in_force())
    if db.session.scalar(held) is None:
        assign_role(current_actor(), user, role)
