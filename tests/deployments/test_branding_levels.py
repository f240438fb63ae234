"""Four levels, one look: what wins, what is said of it, who may say what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import acting
from app.core.acting import current_actor
from app.core.errors import ConflictError, InvalidError
from app.core.transaction import transaction
from app.deployments.brand_levels import (
    Level,
    change_deployment_branding,
    change_own_branding,
    change_tie_branding,
    levels_of_editor,
    origin_of,
)
from app.deployments.branding import DEFAULTS, Names, resolve_branding
from app.deployments.colors import INK, WHITE, contrast, is_color, legible, readable_on
from app.deployments.models import Deployment
from app.extensions import db
from app.identity.models import EditorLink, User
from app.web.house import House
from tests.factories import actor_for, committing
from tests.factories.conversations import make_tenant

COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
NAMES = Names(agent="Expert BTP", editor="EBP", artisan="Durant Peinture", artisan_phone="06 12 34 56 78")


def test_contrast_as_wcag_defines_it() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.01)


@given(COLORS)
def test_the_text_on_a_colour_is_the_more_readable_one(color: str) -> None:
    chosen = readable_on(color)
    assert contrast(chosen, color) == max(contrast(INK, color), contrast(WHITE, color)) >= 3.9


@given(COLORS)
def test_a_colour_on_which_no_text_reads_is_corrected_and_said(color: str) -> None:
    look = resolve_branding([{"primary_color": color}], NAMES)
    assert contrast(look["primary_color"], look["on_primary"]) >= 4.5
    assert look["color_asked"] == (color if contrast(readable_on(color), color) < 4.5 else None)
    assert (legible(color) == color) is (look["color_asked"] is None)


@given(COLORS, COLORS)
def test_contrast_has_no_direction(one: str, other: str) -> None:
    assert 1 <= contrast(one, other) == contrast(other, one) <= 21


@pytest.mark.parametrize("text", ["", "#fff", "24518f", "#24518g", "#24518f0", "red"])
def test_what_is_no_colour(text: str) -> None:
    assert not is_color(text)
    assert resolve_branding([{"primary_color": text}], NAMES)["primary_color"] == DEFAULTS["primary_color"]


def test_the_last_level_that_says_something_wins() -> None:
    levels = [
        {"title": "A", "signature": "s"},
        {"title": "D", "placeholder": ""},
        {"title": ""},
        {"welcome_message": "Ici {artisan.name}, {user.x} ({editor.name})"},
    ]
    look = resolve_branding(levels, NAMES)
    assert (look["title"], look["signature"], look["placeholder"]) == ("D", "s", DEFAULTS["placeholder"])
    assert look["welcome_message"] == "Ici Durant Peinture, (EBP)"


def test_the_seed_s_name_of_the_title_is_known() -> None:
    assert resolve_branding([{}, {"chat_title": "Assistant {client.name}"}], NAMES)["title"] == "Assistant EBP"
    assert resolve_branding([{}, {"chat_title": "Ancien", "title": "Nouveau"}], NAMES)["title"] == "Nouveau"


def test_only_the_agent_and_the_deployment_decide_on_the_mention_and_the_sheet() -> None:
    sheet = ".bubble{padding:4px}"
    look = resolve_branding([{}, {"powered_by": False, "custom_css": sheet}, {"powered_by": True, "custom_css": ""}], NAMES)
    assert look["powered_by"] is False and ".chat .bubble{padding:4px}" in look["custom_css"]
    look = resolve_branding([{}, {}, {"powered_by": False, "custom_css": sheet}, {"powered_by": False, "custom_css": sheet}], NAMES)
    assert look["powered_by"] is True and look["custom_css"] == ""
    assert resolve_branding([{}, {"powered_by": False}], NAMES, required_branding=True)["powered_by"] is True


def test_an_image_comes_from_our_host_or_not_at_all() -> None:
    assert resolve_branding([{"logo_url": "https://evil.example/pixel.png"}], NAMES)["logo_url"] is None
    assert (
        resolve_branding([{"logo_url": "/files/logos/a.webp?s=1"}, {"logo_url": "//evil.example"}], NAMES)["logo_url"]
        == "/files/logos/a.webp?s=1"
    )


def test_the_version_names_the_content() -> None:
    one, again, other = (resolve_branding([{"title": title}], NAMES)["version"] for title in ("A", "A", "B"))
    assert one == again != other
    assert resolve_branding([{"title": "A"}], Names(agent="Autre"))["version"] != one


def test_a_look_given_out_does_not_change_the_one_kept() -> None:
    resolve_branding([{"title": "A"}], NAMES)["title"] = "changed"
    assert resolve_branding([{"title": "A"}], NAMES)["title"] == "A"


def test_an_empty_field_says_where_its_value_comes_from() -> None:
    above = (Level("de l’agent X", {"title": "T", "signature": "s"}), Level("du déploiement", {"chat_title": "U"}))
    assert origin_of("title", above) == "hérité du déploiement"
    assert origin_of("signature", above) == "hérité de l’agent X"
    assert origin_of("placeholder", above) == "proposé par AI-Manager"
    assert origin_of("powered_by", (Level("de l’artisan", {"powered_by": False}, house=False),)) == "proposé par AI-Manager"


def test_each_wrong_field_is_named(house: House) -> None:
    account = User(branding={"title": "Avant"})
    with pytest.raises(InvalidError) as refused:
        change_own_branding(account, {"primary_color": "bleu", "signature": "x" * 201, "title": "Après"})
    assert set(refused.value.fields) == {"primary_color", "signature"}
    assert account.branding == {"title": "Avant"}


def test_a_refused_sheet_is_explained_line_by_line(house: House) -> None:
    deployment = Deployment(branding={"logo_key": "k"})
    with pytest.raises(InvalidError) as refused:
        change_deployment_branding(deployment, {"custom_css": ".bubble{padding:4px}\n*{top:0}\n@import 'x';"}, required_branding=False)
    assert [sentence[:7] for sentence in refused.value.fields["custom_css"]] == ["Ligne 2", "Ligne 3"]
    assert deployment.branding == {"logo_key": "k"}


def test_a_required_mention_cannot_be_taken_away(house: House) -> None:
    with committing():
        deployment = make_tenant().deployment
        with pytest.raises(InvalidError) as refused:
            change_deployment_branding(deployment, {"powered_by": False}, required_branding=True)
        assert set(refused.value.fields) == {"powered_by"}
        change_deployment_branding(deployment, {"powered_by": False, "title": " A <b>b</b> "}, required_branding=False)
        assert deployment.branding == {"powered_by": False, "title": "A b"}
        change_deployment_branding(deployment, {"powered_by": None}, required_branding=False)
        assert deployment.branding == {}


def test_an_artisan_writes_his_look_at_one_editor(house: House) -> None:
    with committing():
        tenant = make_tenant()
        artisan = actor_for(tenant.artisan, "artisan")
        stranger = actor_for(make_tenant().artisan, "artisan")
        tie_id = tenant.tie.id
    with transaction(artisan):
        change_tie_branding(
            db.session.get_one(EditorLink, tie_id), {"signature": "L’équipe Durant", "custom_css": "*{}", "powered_by": False}
        )
    with committing():
        tie = db.session.get_one(EditorLink, tie_id)
        assert tie.branding == {"signature": "L’équipe Durant"}
        tie.status = "detached"
    with transaction(artisan), pytest.raises(ConflictError):
        change_tie_branding(db.session.get_one(EditorLink, tie_id), {"signature": "x"})
    with transaction(stranger):
        assert db.session.get(EditorLink, tie_id) is None


def test_an_artisan_sees_what_he_inherits_of_his_editor_and_nothing_else(house: House) -> None:
    with committing():
        tenant = make_tenant()
        tenant.deployment.branding = {"title": "Assistant EBP"}
        artisan, editor_id, deployment_id = actor_for(tenant.artisan, "artisan"), tenant.editor.id, tenant.deployment.id
    with transaction(artisan):
        agent, deployment, agent_name = levels_of_editor(editor_id)
        assert deployment.values == {"title": "Assistant EBP"} and agent.label == f"de l’agent {agent_name}"
        assert current_actor() == artisan
        db.session.expire_all()
        assert db.session.scalar(db.select(Deployment.id).where(Deployment.id == deployment_id)) is None
        assert levels_of_editor("usr_unknown")[1].values == {}
    with transaction(acting.door()):
        assert current_actor().kind == "door"
