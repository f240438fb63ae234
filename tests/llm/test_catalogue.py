"""The catalogue, and the models that accounts add to it."""

from __future__ import annotations

import pytest

from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.llm import active, catalogue
from app.llm.catalogue import ModelValues, ProviderValues
from app.web.house import House
from tests.factories.ai import Owner

SEEDED = ["openai", "anthropic", "google", "mistral", "grok", "deepseek", "ollama", "compatible", "local"]


def test_the_catalogue_begins_with_the_seeds(house: House) -> None:
    editor = Owner("editeur")
    with editor.acting():
        assert [provider.key for provider in catalogue.providers()] == SEEDED
        by_key = {model.key: model for model in catalogue.models_of(editor.id)}
        assert {"gpt-4o", "gpt-4o-mini", "local"} <= set(by_key)
        assert "vision" in by_key["gpt-4o"].capabilities and by_key["gpt-4o"].context_size == 128_000
        for provider in catalogue.providers():
            if provider.key not in ("ollama", "compatible", "local"):
                assert (provider.base_url or "").startswith("https://")
                assert any(model.provider == provider.key for model in by_key.values()), provider.key


def test_own_models_come_first_and_are_one_s_own(house: House) -> None:
    editor, other = Owner("editeur"), Owner("artisan")
    with editor.acting():
        catalogue.add_user_model(editor.id, "openai", "gpt-4o", "Mon GPT", context_size=64_000, capabilities=("tools",))
        catalogue.add_user_model(editor.id, "openai", "ft:gpt-4o:moi", capabilities=("json", "tools"))
        mine = catalogue.models_of(editor.id, "openai")
    assert [(model.key, model.custom) for model in mine[:2]] == [("ft:gpt-4o:moi", True), ("gpt-4o", True)]
    assert [model.key for model in mine].count("gpt-4o") == 1
    assert mine[0].name == "ft:gpt-4o:moi" and mine[0].capabilities == ("tools", "json")
    with other.acting():
        assert not any(model.custom for model in catalogue.models_of(other.id, "openai"))
        assert not any(model.custom for model in catalogue.models_of(editor.id, "openai")), "another's models are read"


def test_a_model_is_added_once_and_taken_back_unless_it_is_active(house: House) -> None:
    editor = Owner("editeur")
    with editor.acting():
        catalogue.add_user_model(editor.id, "compatible", "m")
        with pytest.raises(ConflictError):
            catalogue.add_user_model(editor.id, "compatible", "m")
        active.activate(editor.id, "compatible", "m")
        with pytest.raises(ConflictError):
            catalogue.remove_user_model(editor.id, "compatible", "m")
        active.deactivate(editor.id)
        catalogue.remove_user_model(editor.id, "compatible", "m")
        assert catalogue.models_of(editor.id, "compatible") == []
        with pytest.raises(NotFoundError):
            catalogue.remove_user_model(editor.id, "compatible", "m")
        with pytest.raises(NotFoundError):
            catalogue.remove_user_model(editor.id, "openai", "gpt-4o")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"key": ""}, "key"),
        ({"key": "deux mots"}, "key"),
        ({"key": "m", "context_size": 0}, "context_size"),
        ({"key": "m", "capabilities": ("magie",)}, "capabilities"),
    ],
)
def test_a_model_is_checked(house: House, values: dict[str, object], field: str) -> None:
    editor = Owner("editeur")
    with editor.acting(), pytest.raises(InvalidError) as caught:
        catalogue.add_user_model(editor.id, "compatible", **values)  # type: ignore[arg-type]
    assert list(caught.value.fields) == [field]


def test_staff_adds_a_provider_as_a_row(house: House) -> None:
    admin, editor = Owner("admin"), Owner("editeur")
    values = ProviderValues(
        "azure-eu",
        "Azure",
        "https://x.openai.azure.com/openai/v1/",
        "header",
        "api-key",
        {"X-Region": "eu"},
    )
    with admin.acting():
        added = catalogue.save_provider(values)
        catalogue.save_model("azure-eu", ModelValues("gpt-4o", "GPT-4o (Azure)", 128_000, ("tools", "vision")))
        assert added.base_url == "https://x.openai.azure.com/openai/v1"
        with pytest.raises(InvalidError):
            catalogue.save_provider(values)
    with editor.acting():
        assert [model.name for model in catalogue.models_of(editor.id, "azure-eu")] == ["GPT-4o (Azure)"]
    with admin.acting():
        catalogue.save_provider(ProviderValues("azure-eu", "Azure", values.base_url, is_active=False), added.id)
    with editor.acting():
        assert catalogue.models_of(editor.id, "azure-eu") == []
        with pytest.raises(NotFoundError):
            catalogue.provider_by_key("azure-eu")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"key": "Azure EU"}, "key"),
        ({"key": "openai"}, "key"),
        ({"key": "platform"}, "key"),
        ({"name": " "}, "name"),
        ({"base_url": "https://key@host.fr/v1"}, "base_url"),
        ({"base_url": "https://host.fr/v1?api-version=1"}, "base_url"),
        ({"base_url": "ftp://host.fr"}, "base_url"),
        ({"api_auth_method": "cookie"}, "api_auth_method"),
        ({"api_auth_method": "header"}, "auth_name"),
        ({"api_auth_method": "header", "auth_name": "Host"}, "auth_name"),
        ({"api_auth_method": "query", "auth_name": "a&b"}, "auth_name"),
        ({"api_headers": {"Authorization": "Bearer x"}}, "api_headers"),
        ({"api_headers": {"X-A": "a\r\nX-B: b"}}, "api_headers"),
        ({"api_auth_method": "header", "auth_name": "api-key", "api_headers": {"API-Key": "x"}}, "api_headers"),
    ],
)
def test_a_provider_is_checked(house: House, changes: dict[str, object], field: str) -> None:
    admin = Owner("admin")
    values = ProviderValues(**{"key": "nouveau", "name": "Nouveau", "base_url": "https://host.fr/v1", **changes})  # type: ignore[arg-type]
    with admin.acting(), pytest.raises(InvalidError) as caught:
        catalogue.save_provider(values)
    assert list(caught.value.fields) == [field]
