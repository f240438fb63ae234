"""An artisan ties himself by the code his editor gave him (003 §15.2 A, scenario 3)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from app.core import acting, clock
from app.core.errors import ConflictError, InvalidError, LimitError, NotFoundError
from app.core.transaction import transaction
from app.extensions import db
from app.identity.link_codes import LIFE, TRIES, living_codes, make_code, revoke_code, use_code
from app.identity.links import end_link, propose_link
from app.identity.models import EditorLink, LinkCode, User
from app.web.house import House
from tests.factories import actor_for, committing, make_tie, make_user


class Pair:
    """An editor and an artisan who do not know each other yet."""

    def __init__(self) -> None:
        with committing():
            editor, artisan = make_user("editeur", company_name="EBP"), make_user("artisan", company_info={"phone": "06 12 34 56 78"})
            self.editor, self.artisan = actor_for(editor, "editeur"), actor_for(artisan, "artisan")
            self.editor_id, self.artisan_id = editor.id, artisan.id

    def code(self, external_id: str = "DUR-001", **values: object) -> str:
        with transaction(self.editor):
            return make_code(self.editor, external_id=external_id, **values)[1]  # type: ignore[arg-type]

    def use(self, code: str) -> EditorLink:
        with transaction(self.artisan):
            return use_code(db.session.get_one(User, self.artisan_id), code)

    def propose(self, external_id: str, status: str = "pending", email: str = "autre@exemple.fr") -> EditorLink:
        with transaction(self.editor):
            tie = propose_link(self.editor, email=email, external_id=external_id, name="Durant", invite=False)
            tie.status = "pending"
        if status != "pending":
            with committing():
                tie = db.session.get_one(EditorLink, tie.id)
                end_link(tie)
        return tie


@pytest.fixture
def pair(house: House) -> Pair:
    return Pair()


def test_a_code_ties_at_once_with_its_permissions(pair: Pair) -> None:
    code = pair.code(permissions={"can_create_sessions": False, "max_sessions_month": 20})
    assert re.fullmatch(r"LINK-[2-9A-HJ-NP-Z]{6}", code)
    tie = pair.use(f" {code.lower().replace('-', ' ')} ")
    assert (tie.status, tie.editor_id, tie.artisan_id, tie.external_id, tie.editor_name) == (
        "active",
        pair.editor_id,
        pair.artisan_id,
        "DUR-001",
        "EBP",
    )
    assert tie.permissions == {"can_create_sessions": False, "can_view_analytics": False, "max_sessions_month": 20}
    assert (tie.artisan_phone, tie.linked_at is not None) == ("+33612345678", True)
    with transaction(pair.editor):
        code_row = db.session.scalars(select(LinkCode)).one()
        assert (code_row.used_by, living_codes(pair.editor_id)) == (pair.artisan_id, [])
        assert code[5:] not in code_row.hash


def test_a_code_serves_once(pair: Pair) -> None:
    code, other = pair.code(), Pair()
    pair.use(code)
    for again in (pair, other):
        with pytest.raises(InvalidError):
            again.use(code)


@pytest.mark.parametrize("typed", ["", "LINK-", "LINK-ZZZZZZ", "ABC", "é" * 6, "LINK-ABC123456", "' OR 1=1"])
def test_a_wrong_code_is_refused_in_the_same_words(pair: Pair, typed: str) -> None:
    pair.code()
    with pytest.raises(InvalidError, match="pas valable"):
        pair.use(typed)


def test_an_expired_a_revoked_and_a_suspended_editors_code_no_longer_serve(pair: Pair) -> None:
    expired, revoked, kept = pair.code("A"), pair.code("B"), pair.code("C")
    with committing():
        db.session.execute(text("UPDATE link_codes SET expires_at = now() - interval '1 second' WHERE external_id = 'A'"))
    with transaction(pair.editor):
        made = db.session.scalars(select(LinkCode).where(LinkCode.external_id == "B")).one()
        revoke_code(pair.editor_id, made.id)
        assert made.expires_at - made.created_at <= LIFE + timedelta(minutes=1)
    with transaction(Pair().editor), pytest.raises(NotFoundError):
        revoke_code("usr_other", made.id)
    with committing():
        db.session.get_one(User, pair.editor_id).status = "suspended"
    for code in (expired, revoked, kept):
        with pytest.raises(InvalidError):
            pair.use(code)
    with committing():
        db.session.get_one(User, pair.editor_id).status = "active"
    assert pair.use(kept).external_id == "C"


def test_a_proposal_to_somebody_else_is_taken_up(pair: Pair) -> None:
    proposed = pair.propose("DUR-001")
    tie = pair.use(pair.code())
    assert (tie.id, tie.status, tie.artisan_id, tie.invite_due_at) == (proposed.id, "active", pair.artisan_id, None)


def test_an_ended_tie_begins_again_and_what_was_closed_stays_closed(pair: Pair) -> None:
    ended = pair.propose("DUR-001", status="refused")
    tie = pair.use(pair.code())
    assert (tie.id, tie.status, tie.ended_at) == (ended.id, "active", None)
    assert tie.reopened_at is not None and tie.reopened_at <= clock.now()


def test_a_refusal_leaves_the_code_good(pair: Pair) -> None:
    with committing():
        tie = make_tie(db.session.get_one(User, pair.editor_id), db.session.get_one(User, pair.artisan_id), "OLD")
        tie_id = tie.id
    code = pair.code("NEW")
    with pytest.raises(ConflictError, match="OLD"):
        pair.use(code)
    with committing():
        db.session.delete(db.session.get_one(EditorLink, tie_id))
    assert pair.use(code).external_id == "NEW"


def test_no_code_for_an_identifier_that_is_tied(pair: Pair) -> None:
    pair.use(pair.code())
    with pytest.raises(ConflictError):
        pair.code()
    with pytest.raises(InvalidError):
        pair.code("  ")


def test_two_codes_of_one_identifier_tie_one_artisan(pair: Pair) -> None:
    first, second, other = pair.code(), pair.code(), Pair()
    pair.use(first)
    with pytest.raises(ConflictError, match="déjà relié"):
        other.use(second)


@pytest.mark.parametrize("who", ["editor", "visitor", "nobody"])
def test_only_an_artisan_uses_a_code(pair: Pair, who: str) -> None:
    pair.code()
    actors = {"editor": pair.editor, "visitor": acting.visitor(None, deployment_id="dpl_x"), "nobody": acting.door()}
    with committing():
        hashes = list(db.session.scalars(select(LinkCode.hash)))
    with transaction(actors[who]):
        assert db.session.execute(text("SELECT * FROM door_use_link_code(:wanted)"), {"wanted": hashes}).all() == []


def test_guessing_is_slow(house: House, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(house.config, "SETTINGS", replace(house.config["SETTINGS"], ratelimit_enabled=True))
    for _ in range(TRIES):
        with pytest.raises(InvalidError):
            pair.use("LINK-AAAAAA")
    with pytest.raises(LimitError):
        pair.use(pair.code())
