"""What a person changes about himself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.core import acting
from app.core.errors import ConflictError, InvalidError, LimitError
from app.core.transaction import transaction
from app.extensions import db
from app.identity import guesses, own_account
from app.identity.models import User, UserPassword
from app.identity.service import authenticate
from app.web.house import House
from tests.factories import PASSWORD, committing, make_user

OTHER = "une autre phrase secrète"


def as_person(user_id: str) -> tuple[acting.Actor, str]:
    return acting.user(user_id, role="artisan"), user_id


@pytest.fixture
def user_id(house: House) -> str:
    with committing():
        return str(make_user("artisan", email="paul@durant.fr", password=PASSWORD, company_info={"phone": "06 12 34 56 78"}).id)


@pytest.fixture
def person(user_id: str) -> Iterator[User]:
    with transaction(acting.user(user_id, role="artisan")):
        yield db.session.get_one(User, user_id)


def test_renaming_cleans_and_can_be_searched(person: User) -> None:
    own_account.rename(person, "  Paul <b>Durant</b> \u202e")
    assert person.name == "Paul Durant" and "paul durant" in person.search
    with pytest.raises(InvalidError):
        own_account.rename(person, " ")


def test_the_company_page_checks_its_numbers_and_keeps_the_rest(person: User) -> None:
    person.company_info = person.company_info | {"logo_state": "processing"}
    own_account.change_company(
        person, "Durant Peinture", {"siret": "732 829 320 00074", "phone": "01 34 94 80 00", "website": "durant.fr", "address": ""}
    )
    assert person.company_info == {
        "siret": "73282932000074",
        "phone": "+33134948000",
        "website": "https://durant.fr",
        "logo_state": "processing",
    }
    with pytest.raises(InvalidError) as refused:
        own_account.change_company(person, "Durant", {"siret": "732 829 320 00075", "phone": "12", "website": "pas un site"})
    assert set(refused.value.fields) == {"siret", "phone", "website"}
    with pytest.raises(InvalidError):
        own_account.change_company(person, "", {})


def test_changing_the_password_asks_the_present_one_and_ends_other_cookies(person: User) -> None:
    epoch = person.epoch
    with pytest.raises(InvalidError) as refused:
        own_account.change_password(person, "autre chose encore", OTHER)
    assert list(refused.value.fields) == ["current"] and person.epoch == epoch
    with pytest.raises(InvalidError) as same:
        own_account.change_password(person, PASSWORD, PASSWORD)
    assert list(same.value.fields) == ["password"]
    own_account.change_password(person, PASSWORD, OTHER)
    assert person.epoch == epoch + 1
    assert own_account.has_password(person.id)


def test_an_account_without_a_password_chooses_one(house: House) -> None:
    with committing():
        user = make_user("particulier")
        assert not own_account.has_password(user.id)
        own_account.change_password(user, "", PASSWORD)
        assert own_account.has_password(user.id)


def test_the_address_changes_and_is_not_taken_from_another(user_id: str) -> None:
    with committing():
        make_user("artisan", email="pris@exemple.fr")
    with transaction(acting.user(user_id, role="artisan")):
        user = db.session.get_one(User, user_id)
        epoch = user.epoch
        with pytest.raises(ConflictError):
            own_account.change_email(user, "pris@exemple.fr")
        # The transaction goes on after the refusal.
        assert own_account.change_email(user, "nouveau@durant.fr") == "paul@durant.fr"
        assert user.epoch == epoch + 1 and "nouveau@durant.fr" in user.search
    with transaction(acting.door()):
        assert authenticate("nouveau@durant.fr", PASSWORD) and not authenticate("paul@durant.fr", PASSWORD)


def test_a_visit_is_noted_and_an_old_hash_renewed(user_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_account, "password_needs_rehash", lambda stored: True)
    with transaction(acting.user(user_id, role="artisan")):
        before = db.session.get_one(UserPassword, user_id).hash
        own_account.note_visit(user_id, PASSWORD)
        assert db.session.get_one(UserPassword, user_id).hash != before
        assert db.session.get_one(User, user_id).last_seen_at is not None
    with transaction(acting.door()):
        assert authenticate("Paul@Durant.FR ", PASSWORD) == user_id


def test_nobody_changes_another_account(user_id: str, house: House) -> None:
    with committing():
        stranger = make_user("artisan").id
    with transaction(acting.user(stranger, role="artisan")):
        assert db.session.get(User, user_id) is None
        changed = db.session.execute(db.update(User).where(User.id == user_id).values(name="pris"))
        assert changed.rowcount == 0
        assert db.session.get(UserPassword, user_id) is None


@pytest.mark.parametrize("email", ["", "pas une adresse", "\x00", "paul@", "inconnu@exemple.fr"])
def test_an_unknown_address_is_refused_like_a_wrong_password(house: House, email: str) -> None:
    with transaction(acting.door()):
        assert authenticate(email, PASSWORD) is None


def test_guesses_stop_after_five_failures_and_a_right_one_forgets_them(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    class Enabled:
        ratelimit_enabled = True

    monkeypatch.setattr(guesses, "settings", Enabled)
    for _ in range(guesses.MAX_FAILURES):
        guesses.count_guess("login:a@b.fr")
    guesses.count_guess("login:autre@b.fr")
    with pytest.raises(LimitError) as stopped:
        guesses.count_guess("login:a@b.fr")
    assert 0 < stopped.value.retry_after <= guesses.WINDOW_SECONDS
    guesses.forget_guesses("login:a@b.fr")
    guesses.count_guess("login:a@b.fr")
