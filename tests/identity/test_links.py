"""Proposals of editors to artisans."""

from __future__ import annotations

import pytest

from app.core.errors import ConflictError, InvalidError
from app.extensions import db
from app.identity.links import accept_link, end_link, propose_link
from app.identity.models import EditorLink
from app.web.house import House
from tests.factories import actor_for, committing, make_user


def test_a_proposal_is_pending_and_the_same_whoever_has_the_address(house: House) -> None:
    with committing():
        actor = actor_for(make_user("editeur", company_name="EBP"), "editeur")
        known = make_user("artisan")
        one = propose_link(actor, email=known.email, external_id="A", name="Durant", phone="06 12 34 56 78")
        other = propose_link(actor, email="inconnu@exemple.fr", external_id="B", name="Durant", phone="06 12 34 56 78")
        same = ("status", "artisan_id", "artisan_name", "artisan_phone", "editor_name")
        assert [getattr(one, name) for name in same] == [getattr(other, name) for name in same]
        assert (one.status, one.artisan_phone, one.editor_name) == ("pending", "+33612345678", "EBP")


def test_proposing_again_updates_what_is_pending_and_forgets_who_was_asked(house: House) -> None:
    with committing():
        actor, first = actor_for(make_user("editeur"), "editeur"), make_user("artisan")
        link = propose_link(actor, email=first.email, external_id="A", name="Durant")
        link.artisan_id = first.id
        again = propose_link(actor, email="autre@exemple.fr", external_id="A", name="Dupont")
        assert again.id == link.id and again.artisan_id is None and again.artisan_name == "Dupont"
        assert db.session.scalar(db.select(db.func.count()).select_from(EditorLink).where(EditorLink.external_id == "A")) == 1


def test_an_active_link_is_not_proposed_again_and_a_detached_one_is(house: House) -> None:
    with committing():
        actor, artisan = actor_for(make_user("editeur"), "editeur"), make_user("artisan", company_info={"phone": "06 12 34 56 78"})
        link = propose_link(actor, email=artisan.email, external_id="A", name="Durant")
        link.artisan_id = artisan.id
        accept_link(artisan, link)
        assert (link.status, link.artisan_name, link.artisan_phone) == ("active", artisan.display_name, "+33612345678")
        with pytest.raises(ConflictError):
            propose_link(actor, email=artisan.email, external_id="A", name="Durant")
        end_link(link)
        assert link.status == "detached" and link.ended_at is not None
        with pytest.raises(ConflictError):
            accept_link(artisan, link)
        assert propose_link(actor, email=artisan.email, external_id="A", name="Durant").status == "pending"


def test_refusing_is_said_so(house: House) -> None:
    with committing():
        link = propose_link(actor_for(make_user("editeur"), "editeur"), email="a@b.fr", external_id="A", name="Durant")
        end_link(link)
        assert link.status == "refused"
        end_link(link)
        assert link.status == "refused"


@pytest.mark.parametrize("wrong", [{"email": "non"}, {"external_id": " "}, {"phone": "12"}])
def test_wrong_fields_are_named(house: House, wrong: dict[str, str]) -> None:
    given = {"email": "a@b.fr", "external_id": "A", "name": "Durant", "phone": None} | wrong
    with committing(), pytest.raises(InvalidError) as refused:
        propose_link(actor_for(make_user("editeur"), "editeur"), **given)
    assert list(refused.value.fields) == list(wrong)
