"""Accounts, roles, keys: who makes them, who takes them back."""

from __future__ import annotations

import pytest

from app.core import acting
from app.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, UnauthorizedError
from app.core.transaction import transaction
from app.extensions import db
from app.identity.keys import create_key, keys_of, permission_labels, revoke_key
from app.identity.models import ApiKey
from app.identity.service import (
    assign_role,
    authenticate,
    check_password_rules,
    create_user,
    lift_suspension,
    remove_role,
    suspend_user,
)
from app.web.authentication import authenticate_key
from app.web.house import House
from tests.factories import PASSWORD, actor_for, committing, make_user


def test_an_account_is_invited_until_it_has_a_password(house: House) -> None:
    with committing():
        invited = create_user(email="A@Exemple.FR", name="  Anne\tB ", role="artisan", company_name=" Société \u200b")
        assert (invited.email, invited.name, invited.company_name, invited.status) == ("a@exemple.fr", "Anne B", "Société", "invited")
        assert create_user(email="b@exemple.fr", name="B", role="particulier", verified=True).status == "active"
        with pytest.raises(ConflictError):
            create_user(email="a@exemple.fr", name="A", role="artisan")
        with pytest.raises(InvalidError):
            create_user(email="a@", name="A", role="artisan")


@pytest.mark.parametrize("password", ["court", "aaaaaaaaaaaaaaaa", "azertyuiop123", "x" * 201, "paul@durant.fr"])
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_password_rules(password, email="paul@durant.fr")
    assert list(refused.value.fields) == ["password"]


def test_a_suspension_is_refused_at_once_and_lifted(house: House) -> None:
    with committing():
        user = make_user("artisan", password=PASSWORD)
        email, epoch = user.email, user.epoch
        _, secret = create_key(actor_for(user, "artisan"), kind="token", name="Téléphone")
        suspend_user(acting.platform("demo"), user, " impayé ")
        assert user.epoch == epoch + 1 and user.status_reason == "impayé"
        with pytest.raises(ForbiddenError):
            suspend_user(acting.user(user.id, role="admin"), user, "moi-même")
    with transaction(acting.door()):
        assert authenticate(email, PASSWORD) is None
        with pytest.raises(UnauthorizedError):
            authenticate_key(secret, kinds=("token",), roles=("artisan",))
    with committing():
        lift_suspension(db.session.merge(user))
    with transaction(acting.door()):
        assert authenticate(email, PASSWORD)


def test_staff_roles_are_given_by_a_super_admin_only(house: House) -> None:
    with committing():
        admin, chief, user = make_user("admin"), make_user("super-admin"), make_user("artisan")
        with pytest.raises(ForbiddenError):
            assign_role(actor_for(admin, "admin"), user, "metreur")
        given = assign_role(actor_for(chief, "super-admin"), user, "metreur")
        assert assign_role(actor_for(chief, "super-admin"), user, "metreur").id == given.id
        with pytest.raises(ForbiddenError):
            remove_role(actor_for(admin, "admin"), given)
        remove_role(actor_for(chief, "super-admin"), given)
        assert not given.active


def test_an_account_gives_roles_on_its_behalf(house: House) -> None:
    with committing():
        editor, helper = make_user("editeur"), make_user("particulier")
        actor = actor_for(editor, "editeur")
        assert assign_role(actor, helper, "conseiller", on_behalf_of=editor.id).on_behalf_of == editor.id
        with pytest.raises(InvalidError):
            assign_role(actor, helper, "artisan", on_behalf_of=editor.id)


def test_a_key_is_kept_hashed_scoped_and_revoked_at_once(house: House) -> None:
    with committing():
        user = make_user("editeur")
        actor = actor_for(user, "editeur")
        key, secret = create_key(actor, kind="key", name=" Serveur ", scopes=["artisans.view"])
        assert secret.startswith("aim_") and secret not in key.hash and key.prefix == secret[:12] and key.name == "Serveur"
        with pytest.raises(InvalidError):
            create_key(actor, kind="key", name="x", scopes=["users.manage"])
        with pytest.raises(InvalidError):
            create_key(actor, kind="key", name=" ")
        key_id = key.id
    with transaction(acting.door()):
        used = authenticate_key(secret, kinds=("key",), roles=("editeur",))
        assert used.permissions == {"artisans.view"}
    with transaction(acting.door()), pytest.raises(ForbiddenError):
        authenticate_key(secret, kinds=("token",), roles=("artisan",))
    with transaction(actor):
        assert [held.last_used_at is not None for held in keys_of(actor)] == [True]
        revoke_key(actor, key_id)
    with transaction(acting.door()), pytest.raises(UnauthorizedError):
        authenticate_key(secret, kinds=("key",), roles=("editeur",))


def test_nobody_revokes_the_key_of_another(house: House) -> None:
    with committing():
        key, _ = create_key(actor_for(make_user("editeur"), "editeur"), kind="key", name="Serveur")
        stranger, key_id = actor_for(make_user("editeur"), "editeur"), key.id
    with transaction(stranger):
        assert keys_of(stranger) == []
        with pytest.raises(NotFoundError):
            revoke_key(stranger, key_id)
    with committing():
        assert db.session.get_one(ApiKey, key_id).revoked_at is None


def test_every_permission_has_a_name(house: House) -> None:
    with committing():
        assert permission_labels()["api.access"] == "Utiliser l’API"
