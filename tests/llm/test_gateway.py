"""Choosing a provider; weighing prompts."""

from __future__ import annotations

import pytest

from app.config import SettingsError, load_settings
from app.llm.gateway import LOCAL, ModelChoice, platform_choice, stream_completion
from app.llm.tokens import estimate_prompt, estimate_text

ENV = {"SECRET_KEY": "x" * 40, "DATABASE_URL": "postgresql://a@h/d", "REDIS_URL": "redis://h", "APP_ENV": "test"}


def test_the_platform_s_own_provider() -> None:
    assert platform_choice(load_settings(ENV)) is None
    with pytest.raises(SettingsError, match="AI_MODEL"):
        load_settings(ENV | {"AI_BASE_URL": "http://h/v1"})
    chosen = platform_choice(load_settings(ENV | {"AI_BASE_URL": "http://h/v1", "AI_MODEL": "m", "AI_API_KEY": "sk-1"}))
    assert chosen == ModelChoice("platform", "m", "http://h/v1", "sk-1")
    assert chosen and chosen.with_model("n") == ModelChoice("platform", "n", "http://h/v1", "sk-1")
    assert "sk-1" not in repr(chosen)


def test_the_built_in_engine_answers() -> None:
    deltas = list(stream_completion(LOCAL, [{"role": "user", "content": "Bonjour"}], [], temperature=0.3, max_tokens=100))
    assert deltas


def test_estimates() -> None:
    assert (estimate_text(""), estimate_text("abcde")) == (0, 2)
    photo = {"type": "image_url", "image_url": {"url": "data:" + "x" * 10_000}}
    light = estimate_prompt([{"role": "user", "content": [{"type": "text", "text": "abcd"}, photo]}])
    assert 500 < light < 2000
    assert estimate_prompt([{"role": "assistant", "content": None, "tool_calls": [{"function": {"arguments": "x" * 400}}]}]) > 100
