"""One active model for each owner; prompts that are copied into it."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.core.errors import InvalidError, NotFoundError
from app.extensions import db
from app.llm import active, system_prompts
from app.llm.models import ActiveModel
from app.web.house import House
from tests.factories.ai import Owner


def test_activating_another_model_ends_the_one_before(house: House) -> None:
    editor = Owner("editeur")
    with editor.acting():
        first = active.activate(editor.id, "openai", "gpt-4o")
        assert active.activate(editor.id, "openai", "gpt-4o") is first
        active.activate(editor.id, "mistral", "mistral-small-latest")
        again = active.activate(editor.id, "openai", "gpt-4o")
        assert again.id == first.id and again.is_active
        rows = db.session.scalars(select(ActiveModel).where(ActiveModel.owner_id == editor.id)).all()
        assert sorted((row.model_key, row.is_active) for row in rows) == [("gpt-4o", True), ("mistral-small-latest", False)]
        found = active.active_model(editor.id)
        assert found and found.provider.key == "openai"
        active.deactivate(editor.id)
        assert active.active_model(editor.id) is None


def test_the_database_allows_one_active_model_an_owner(house: House) -> None:
    """Whatever a verb forgets: for an account, and for the platform, whose owner is NULL."""
    for owner in (Owner("editeur"), Owner("admin")):
        with owner.acting():
            active.activate(owner.id, "openai", "gpt-4o")
        careless = text(
            "INSERT INTO ai_active_models (id, owner_id, module, provider_id, model_key, is_active, activated_at) "
            "VALUES ('act_x', :owner, 'global', 'prv_mistral', 'm', true, now())"
        )
        with pytest.raises(IntegrityError, match="uq_ai_active_models_one"), owner.acting():
            db.session.execute(careless, {"owner": owner.id})


def test_each_owner_has_his_own(house: House) -> None:
    admin, editor, artisan = Owner("admin"), Owner("editeur"), Owner("artisan")
    for owner, model in ((admin, "gpt-4o"), (editor, "gpt-4o-mini")):
        with owner.acting():
            active.activate(owner.id, "openai", model)
    for owner, model in ((admin, "gpt-4o"), (editor, "gpt-4o-mini"), (artisan, None)):
        with owner.acting():
            found = active.active_model(owner.id)
            assert (found.model_key if found else None) == model
    with artisan.acting():
        assert active.active_model(editor.id) is None
        assert active.active_model(None) is None


@pytest.mark.parametrize(
    ("provider", "model", "module", "field"),
    [("rien", "gpt-4o", "global", "provider"), ("openai", "rien", "global", "model"), ("openai", "gpt-4o", "devis", "module")],
)
def test_only_what_is_offered_is_activated(house: House, provider: str, model: str, module: str, field: str) -> None:
    editor = Owner("editeur")
    with editor.acting(), pytest.raises(InvalidError) as caught:
        active.activate(editor.id, provider, model, module)
    assert list(caught.value.fields) == [field]


def test_a_prompt_s_snapshot_outlives_models_and_changes(house: House) -> None:
    editor = Owner("editeur")
    with editor.acting():
        active.activate(editor.id, "openai", "gpt-4o")
        one = system_prompts.create_prompt(editor.id, "Devis", "Vous êtes bref.\r\n")
        other = system_prompts.create_prompt(editor.id, "Mails", "Vous êtes aimable.")
        assert active.prompt_in_force(editor.id) == ""
        system_prompts.activate_prompt(editor.id, one.id)
        assert active.prompt_in_force(editor.id) == "Vous êtes bref."
        active.activate(editor.id, "mistral", "mistral-small-latest")
        assert active.prompt_in_force(editor.id) == "Vous êtes bref.", "activating a model keeps the snapshot"
        system_prompts.change_prompt(editor.id, one.id, "Devis", "Vous êtes long.")
        assert active.prompt_in_force(editor.id) == "Vous êtes bref.", "a snapshot is what was activated"
        system_prompts.activate_prompt(editor.id, one.id)
        assert active.prompt_in_force(editor.id) == "Vous êtes long."
        system_prompts.activate_prompt(editor.id, other.id)
        assert [prompt.is_active for prompt in system_prompts.list_prompts(editor.id)] == [False, True]
        system_prompts.delete_prompt(editor.id, other.id)
        assert active.prompt_in_force(editor.id) == ""
        assert [prompt.name for prompt in system_prompts.list_prompts(editor.id)] == ["Devis"]


def test_a_prompt_activated_first_is_taken_by_the_first_model(house: House) -> None:
    artisan = Owner("artisan")
    with artisan.acting():
        prompt = system_prompts.create_prompt(artisan.id, "Devis", "Vous êtes bref.")
        system_prompts.activate_prompt(artisan.id, prompt.id)
        active.activate(artisan.id, "local", "local")
        assert active.prompt_in_force(artisan.id) == "Vous êtes bref."
        system_prompts.deactivate_prompt(artisan.id)
        assert active.prompt_in_force(artisan.id) == ""
        assert not system_prompts.list_prompts(artisan.id)[0].is_active


def test_prompts_are_checked_and_one_s_own(house: House) -> None:
    editor, other = Owner("editeur"), Owner("editeur")
    with editor.acting():
        with pytest.raises(InvalidError) as caught:
            system_prompts.create_prompt(editor.id, " ", "x" * 20_001)
        assert sorted(caught.value.fields) == ["content", "name"]
        prompt_id = system_prompts.create_prompt(editor.id, "Devis", "Secret de fabrication.").id
        db.session.expunge_all()
    with other.acting():
        assert system_prompts.list_prompts(editor.id) == []
        for verb in (system_prompts.prompt_by_id, system_prompts.delete_prompt, system_prompts.activate_prompt):
            for owner_id in (editor.id, other.id):
                with pytest.raises(NotFoundError):
                    verb(owner_id, prompt_id)
