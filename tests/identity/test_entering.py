"""Reset links, invitations, magic links: what a link in a mailbox opens, and what it never does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import acting, clock
from app.core.errors import ForbiddenError, GoneError, InvalidError
from app.core.transaction import transaction
from app.extensions import db
from app.identity import entering
from app.identity.links import propose_link
from app.identity.models import EditorLink, RoleAssignment, User
from app.identity.service import authenticate, set_password, suspend_user
from app.identity.tokens import issue_token, redeem_token
from app.web.house import House
from tests.factories import PASSWORD, actor_for, committing, make_user

OTHER = "une autre phrase secrète"


def reset_link(user: User) -> str:
    return issue_token("reset", email=user.email, user_id=user.id, payload={"epoch": user.epoch})


def roles_of(user_id: str) -> set[str]:
    return set(db.session.scalars(db.select(RoleAssignment.role).where(RoleAssignment.user_id == user_id)))


def proposal(email: str, name: str = "Durant Peinture") -> tuple[str, str]:
    """(link id, secret of its invitation). Call inside `committing()`."""
    editor = make_user("editeur", company_name="EBP")
    link = propose_link(actor_for(editor, "editeur"), email=email, external_id="DUR-001", name=name)
    return link.id, issue_token("invitation", email=link.invited_email, payload={"editor_link_id": link.id})


def test_a_reset_link_sets_the_password_once(house: House) -> None:
    with committing():
        user = make_user("artisan", password=PASSWORD)
        email, secret = user.email, reset_link(user)
    with transaction(acting.door()):
        assert entering.reset_owner(secret).email == email
    with transaction(acting.door()):
        entering.reset_password(secret, OTHER)
    with transaction(acting.door()):
        assert authenticate(email, OTHER) and not authenticate(email, PASSWORD)
        with pytest.raises(GoneError):
            entering.reset_password(secret, PASSWORD)


def test_a_weak_password_does_not_use_the_link(house: House) -> None:
    with committing():
        secret = reset_link(make_user("artisan", password=PASSWORD))
    with pytest.raises(InvalidError), transaction(acting.door()):
        entering.reset_password(secret, "court")
    with transaction(acting.door()):
        entering.reset_password(secret, OTHER)


@pytest.mark.parametrize("change", ["password", "address", "suspension"])
def test_a_reset_link_dies_with_what_it_was_sent_for(house: House, change: str) -> None:
    with committing():
        user = make_user("artisan", password=PASSWORD)
        secret = reset_link(user)
        if change == "password":
            set_password(user, OTHER)
        elif change == "address":
            user.email = "ailleurs@exemple.fr"
        else:
            suspend_user(acting.platform("demo"), user, "abus")
    with pytest.raises(GoneError), transaction(acting.door()):
        entering.reset_owner(secret)
    with pytest.raises(GoneError), transaction(acting.door()):
        entering.reset_password(secret, OTHER + " encore")


def test_links_expire_and_do_not_serve_another_purpose(house: House) -> None:
    with committing():
        user = make_user("artisan")
        old, other = reset_link(user), issue_token("magic", email=user.email, user_id=user.id, payload={"epoch": user.epoch})
    with pytest.raises(GoneError), transaction(acting.door()):
        entering.reset_owner(other)
    with committing():
        db.session.execute(db.text("UPDATE single_use_tokens SET expires_at = now() - interval '1 second'"))
    with pytest.raises(GoneError), transaction(acting.door()):
        entering.reset_owner(old)


def test_an_invited_user_becomes_active_by_choosing_a_password(house: House) -> None:
    with committing():
        user = make_user("metreur")
        user.status, user.email_verified_at = "invited", None
        email, secret = user.email, issue_token("invitation", email=user.email, user_id=user.id)
    with transaction(acting.door()):
        assert not authenticate(email, PASSWORD)
        invited = entering.read_invitation(secret)
        assert invited.needs_password and not invited.as_artisan and invited.link is None
    with transaction(acting.door()):
        welcome = entering.accept_invitation(secret, name="Hugo Lefèvre", company_name="", password=PASSWORD, accepts_link=True)
        assert welcome.chose_password and welcome.user.status == "active" and welcome.user.company_name is None
    with transaction(acting.door()):
        assert authenticate(email, PASSWORD)
        with pytest.raises(GoneError):
            redeem_token("invitation", secret)


@pytest.mark.parametrize(("ticked", "status"), [(True, "active"), (False, "pending")])
def test_an_invited_artisan_accepts_the_link_or_keeps_it_for_later(house: House, ticked: bool, status: str) -> None:
    with committing():
        link_id, secret = proposal("paul@durant.fr")
    with transaction(acting.door()):
        invited = entering.read_invitation(secret)
        assert invited.link is not None and invited.link.editor_name == "EBP" and invited.user is None
    with transaction(acting.door()):
        welcome = entering.accept_invitation(
            secret, name="Paul Durant", company_name="Durant & Fils", password=PASSWORD, accepts_link=ticked
        )
        user_id = welcome.user.id
    with committing():
        link = db.session.get_one(EditorLink, link_id)
        assert (link.artisan_id, link.status) == (user_id, status)
        assert link.artisan_name == ("Durant & Fils" if ticked else "Durant Peinture")
        assert roles_of(user_id) == {"artisan"}


def test_names_are_asked_before_anything_is_made(house: House) -> None:
    with committing():
        _, secret = proposal("paul@durant.fr")
    with pytest.raises(InvalidError) as refused, transaction(acting.door()):
        entering.accept_invitation(secret, name=" ", company_name="\u200b", password=PASSWORD, accepts_link=True)
    assert set(refused.value.fields) == {"name", "company_name"}
    with committing():
        assert db.session.scalar(db.select(User.id).where(User.email == "paul@durant.fr")) is None


def test_an_invitation_to_an_account_that_has_a_password_changes_no_password(house: House) -> None:
    with committing():
        user_id = make_user("particulier", email="paul@durant.fr", password=PASSWORD).id
        link_id, secret = proposal("paul@durant.fr")
    with transaction(acting.door()):
        welcome = entering.accept_invitation(secret, name="", company_name="", password=OTHER, accepts_link=True)
        assert not welcome.chose_password
    with transaction(acting.door()):
        assert authenticate("paul@durant.fr", PASSWORD) and not authenticate("paul@durant.fr", OTHER)
    with committing():
        assert roles_of(user_id) == {"particulier", "artisan"}
        assert db.session.get_one(EditorLink, link_id).artisan_id == user_id


def test_a_suspended_account_enters_by_no_link(house: House) -> None:
    with committing():
        user = make_user("artisan", email="paul@durant.fr", password=PASSWORD)
        suspend_user(acting.platform("demo"), user, "abus")
        _, secret = proposal("paul@durant.fr")
    with pytest.raises(ForbiddenError), transaction(acting.door()):
        entering.accept_invitation(secret, name="Paul", company_name="Durant", password=PASSWORD, accepts_link=True)
    with pytest.raises(ForbiddenError), transaction(acting.platform("magic-link")):
        entering.enter_as_particulier("paul@durant.fr", None)


def test_a_second_proposal_of_the_same_editor_is_not_tied_twice(house: House) -> None:
    with committing():
        editor, user = make_user("editeur"), make_user("artisan", email="paul@durant.fr", password=PASSWORD)
        actor = actor_for(editor, "editeur")
        first = propose_link(actor, email="paul@durant.fr", external_id="A", name="Durant")
        first.artisan_id = user.id
        second = propose_link(actor, email="paul@durant.fr", external_id="B", name="Durant")
        secret = issue_token("invitation", email="paul@durant.fr", payload={"editor_link_id": second.id})
    with transaction(acting.door()):
        assert entering.accept_invitation(secret, name="Paul", company_name="Durant", password=PASSWORD, accepts_link=True).link is None


def test_the_magic_link_makes_an_account_without_password(house: House) -> None:
    with transaction(acting.platform("magic-link")):
        user = entering.enter_as_particulier("m.martin@exemple.fr", None)
        assert (user.name, user.status) == ("m.martin", "active") and user.email_verified_at is not None
        assert entering.only_particulier(user.id)
        assert entering.enter_as_particulier("m.martin@exemple.fr", "Autre").id == user.id
    with transaction(acting.door()):
        assert authenticate("m.martin@exemple.fr", "") is None


def test_the_magic_link_opens_an_invited_account_and_adds_the_role(house: House) -> None:
    with committing():
        user = make_user("artisan")
        user.status, email, user_id = "invited", user.email, user.id
    with transaction(acting.platform("magic-link")):
        assert entering.enter_as_particulier(email, None).status == "active"
        assert roles_of(user_id) == {"artisan", "particulier"}
        assert not entering.only_particulier(user_id)


def test_an_expired_invitation_says_so(house: House) -> None:
    with clock.freeze(clock.now() - timedelta(days=15)), committing():
        _, secret = proposal("paul@durant.fr")
    with pytest.raises(GoneError), transaction(acting.door()):
        entering.read_invitation(secret)


@pytest.mark.parametrize("ended", ["taken away", "over"])
def test_a_role_that_ended_comes_back_with_a_new_invitation(house: House, ended: str) -> None:
    with committing():
        user = make_user("artisan")
        user_id = user.id
        _, secret = proposal(user.email)
        role = db.session.scalars(db.select(RoleAssignment).where(RoleAssignment.user_id == user_id)).one()
        role.active, role.expires_at = ended == "over", clock.now() - timedelta(days=1) if ended == "over" else None
    with transaction(acting.door()):
        entering.accept_invitation(secret, name="Paul", company_name="Durant", password=PASSWORD, accepts_link=True)
    with committing():
        assert db.session.scalars(db.select(RoleAssignment.role).where(RoleAssignment.user_id == user_id, RoleAssignment.in_force())).all() == [
            "artisan"
        ]
