"""Master, overlay and platform put together (003 §12.2, §12.3)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from app.answering.config import model_choices, resolve
from app.llm.gateway import LOCAL, ModelChoice

PLATFORM = ModelChoice("platform", "gpt", "http://h/v1", "sk-1")


def agent(**more: Any) -> Any:
    values = {
        "system_prompt": "Base",
        "model": "inherit",
        "fallback_model": None,
        "temperature": 0.3,
        "max_tokens": 1500,
        "context_window": 20,
        "tools": ["a"],
        "output_schemas": [],
        "top_p": 1,
        "frequency_penalty": 0,
        "presence_penalty": 0,
        "supports_images": True,
        "supports_tools": True,
        "ollama_host": None,
        "ollama_port": None,
        "deployment_mode": "dedicated",
        "whitelabel_config": {"allow_prompt_override": True, "allow_model_override": True, "allow_rag_override": True},
    }
    return SimpleNamespace(**values | more)


@pytest.mark.parametrize(
    ("overlay", "dedicated", "prompt"),
    [
        ({}, False, "Base"),
        ({"system_prompt_append": " Plus "}, False, "Base\n\nPlus"),
        ({"system_prompt_replace": "Autre"}, False, "Base"),
        ({"system_prompt_replace": "Autre"}, True, "Autre"),
        ({"system_prompt_replace": "Autre", "system_prompt_append": "Plus"}, True, "Autre\n\nPlus"),
        ({"system_prompt_replace": ["Autre"], "system_prompt_append": 3}, True, "Base"),
    ],
)
def test_three_modes_of_prompt(overlay: dict[str, Any], dedicated: bool, prompt: str) -> None:
    assert resolve(agent(), overlay, dedicated=dedicated, platform=None).system_prompt == prompt


def test_bounds() -> None:
    config = resolve(agent(), {"temperature": 9, "max_tokens": 1, "context_window_size": 500}, dedicated=False, platform=None)
    assert (config.temperature, config.max_tokens, config.context_window) == (1.5, 64, 20)
    config = resolve(agent(temperature=0, context_window=90), {"temperature": True, "max_tokens": "9"}, dedicated=False, platform=None)
    assert (config.temperature, config.max_tokens, config.context_window, config.tools) == (0, 1500, 20, ("a",))


@pytest.mark.parametrize(
    ("model", "overlay", "dedicated", "models"),
    [
        ("inherit", {}, False, ["gpt"]),
        ("mistral", {}, False, ["mistral", "gpt"]),
        ("local", {}, False, ["local"]),
        ("mistral", {"model": "qwen", "fallback_model": "local"}, True, ["qwen", "mistral", "local"]),
        ("mistral", {"model": "qwen"}, False, ["mistral", "gpt"]),
    ],
)
def test_models_in_order(model: str, overlay: dict[str, Any], dedicated: bool, models: list[str]) -> None:
    config = resolve(agent(model=model), overlay, dedicated=dedicated, platform=PLATFORM)
    assert [choice.model for choice in config.choices] == models
    assert all(choice.base_url == PLATFORM.base_url for choice in config.choices if choice != LOCAL)


def test_without_a_provider_the_built_in_engine_serves() -> None:
    assert model_choices(["gpt", "inherit"], None) == (LOCAL,)
