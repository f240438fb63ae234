"""Model resolution as PRODUCT.md rules it, as a table: overlay, agent unless `inherit`, the account's own when allowed, platform, `local`."""

from __future__ import annotations

from typing import Any

import pytest

from app.answering.config import resolve
from app.answering.own_keys import own_model
from app.llm.gateway import ModelChoice
from tests.answering.test_config import agent

PLATFORM = ModelChoice("openai", "platform-default", "https://openai.test/v1", "sk-platform")
MISTRAL = ModelChoice("mistral", "mistral-large", "https://mistral.test/v1", "sk-platform-mistral")
OWN = ModelChoice("compatible", "own-model", "https://editor.test/v1", "sk-editor", owner_id="usr_editor", guarded=True)
AT_HOME = "http://gpu.test:11434/v1"
LOCKED = {"allow_prompt_override": True, "allow_model_override": False}


def named(name: str, at: ModelChoice | None) -> ModelChoice | None:
    """A catalogue with one model, which the platform has at Mistral."""
    return MISTRAL if name in ("mistral-large", "mistral/mistral-large") else at.with_model(name) if at else None


P, K = "platform", "own"
# agent's model, its fallback, overlay, mode, own model there, platform there → models in order, with whose key (or where) each is asked.
TABLE: list[tuple[str, str | None, dict[str, Any], bool, bool, bool, list[tuple[str, str]]]] = [
    # 1. The overlay comes first, where it may.
    ("agent-model", None, {"model": "overlay"}, True, True, True, [("overlay", P), ("agent-model", P), ("own-model", K), ("platform-default", P)]),
    ("inherit", None, {"model": "overlay"}, True, True, True, [("overlay", P), ("own-model", K), ("platform-default", P)]),
    ("inherit", None, {"model": "overlay"}, False, True, True, [("own-model", K), ("platform-default", P)]),
    ("inherit", "agent-fallback", {"fallback_model": "overlay-2"}, True, False, True, [("platform-default", P), ("overlay-2", P)]),
    ("agent-model", None, {"model": "inherit"}, True, True, True, [("own-model", K), ("agent-model", P), ("platform-default", P)]),
    ("agent-model", None, {"model": "local"}, True, True, True, [("local", "local"), ("agent-model", P)]),
    # 2. Then the agent's own model, unless it is `inherit`.
    ("agent-model", None, {}, False, True, True, [("agent-model", P), ("own-model", K), ("platform-default", P)]),
    ("agent-model", "second", {}, False, True, True, [("agent-model", P), ("second", P), ("own-model", K), ("platform-default", P)]),
    ("agent-model", "second", {}, False, False, True, [("agent-model", P), ("second", P), ("platform-default", P)]),
    ("mistral/mistral-large", "mistral-large", {}, False, False, True, [("mistral-large", "mistral"), ("platform-default", P)]),
    ("mistral-large", None, {}, False, False, False, [("mistral-large", "mistral")]),
    ("local", None, {}, False, True, True, [("local", "local")]),
    ("local", "second", {}, False, False, True, [("local", "local"), ("second", P)]),
    ("agent-model", "local", {}, False, True, True, [("agent-model", P), ("local", "local")]),
    # 3. Then the active model of the account, when its keys may be used.
    ("inherit", None, {}, False, True, True, [("own-model", K), ("platform-default", P)]),
    ("inherit", "second", {}, False, True, True, [("own-model", K), ("second", P), ("platform-default", P)]),
    ("inherit", None, {}, False, True, False, [("own-model", K)]),
    ("agent-model", None, {}, False, True, False, [("own-model", K)]),
    # 4. Then the platform's default.
    ("inherit", None, {}, False, False, True, [("platform-default", P)]),
    ("inherit", "inherit", {}, False, False, True, [("platform-default", P)]),
    # 5. Then the built-in engine.
    ("inherit", None, {}, False, False, False, [("local", "local")]),
    ("agent-model", "second", {}, False, False, False, [("local", "local")]),
    # A server of the platform's own goes before all of them, without any key.
    ("agent-model", None, {"ollama_host": "gpu.test"}, False, True, True, [("agent-model", AT_HOME), ("agent-model", P), ("own-model", K), ("platform-default", P)]),
    ("inherit", None, {"ollama_host": "gpu.test", "model": "llama3"}, True, False, True, [("llama3", AT_HOME), ("llama3", P), ("platform-default", P)]),
    ("local", None, {"ollama_host": "gpu.test"}, False, False, True, [("local", "local")]),
]  # fmt: skip


@pytest.mark.parametrize(("model", "fallback", "overlay", "dedicated", "has_own", "has_platform", "expected"), TABLE)
def test_the_order(
    model: str,
    fallback: str | None,
    overlay: dict[str, Any],
    dedicated: bool,
    has_own: bool,
    has_platform: bool,
    expected: list[tuple[str, str]],
) -> None:
    config = resolve(
        agent(model=model, fallback_model=fallback),
        overlay,
        dedicated=dedicated,
        platform=PLATFORM if has_platform else None,
        own=OWN if has_own else None,
        named=named,
    )
    assert [(choice.model, where(choice)) for choice in config.choices] == expected


def where(choice: ModelChoice) -> str:
    """Whose key is sent, after making sure that it goes where it belongs."""
    homes = {"sk-platform": PLATFORM.base_url, "sk-platform-mistral": MISTRAL.base_url, "sk-editor": OWN.base_url}
    if choice.api_key:
        assert choice.base_url == homes[choice.api_key], "a key never goes to another host than the one it was saved with"
    owners = {PLATFORM.base_url: P, MISTRAL.base_url: "mistral", OWN.base_url: K, None: "local"}
    assert (choice.owner_id, choice.guarded) == (("usr_editor", True) if choice.base_url == OWN.base_url else (None, False))
    return owners.get(choice.base_url, choice.base_url or "")


def test_an_agent_that_locks_its_model_keeps_it() -> None:
    config = resolve(agent(model="agent-model", whitelabel_config=LOCKED), {"model": "overlay"}, dedicated=True, platform=PLATFORM)
    assert [choice.model for choice in config.choices] == ["agent-model", "platform-default"]


def test_the_server_of_an_agent_serves_its_deployments_unless_they_have_their_own() -> None:
    hosted = agent(model="llama3", ollama_host="agents.test", ollama_port=8000)
    urls = [resolve(hosted, overlay, dedicated=True, platform=None).choices[0].base_url for overlay in ({}, {"ollama_host": "gpu.test"})]
    assert urls == ["http://agents.test:8000/v1", AT_HOME]


@pytest.mark.parametrize(
    ("granted", "rule", "editor", "artisan", "owner"),
    [
        (True, False, "usr_e", None, "usr_e"),
        (True, False, "usr_e", "usr_a", "usr_e"),
        (False, True, "usr_e", "usr_a", "usr_e"),
        (False, True, None, "usr_a", "usr_a"),
        (False, True, None, None, None),
        (False, False, "usr_e", "usr_a", None),
        (False, False, None, "usr_a", None),
    ],
)
def test_whose_own_model_answers(
    granted: bool, rule: bool, editor: str | None, artisan: str | None, owner: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def default_of(owner_id: str) -> ModelChoice:
        asked.append(owner_id)
        return OWN

    monkeypatch.setattr("app.answering.own_keys.account_default", default_of)
    found = own_model(agent(whitelabel_config={"allow_own_keys": rule}), granted=granted, editor_id=editor, artisan_id=artisan)
    assert (found, asked) == ((OWN, [owner]) if owner else (None, []))


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        ({}, {}),
        ({"top_p": 1, "frequency_penalty": 0, "presence_penalty": 0}, {}),
        ({"top_p": 0.9}, {"top_p": 0.9}),
        ({"frequency_penalty": 0.5, "presence_penalty": -1}, {"frequency_penalty": 0.5, "presence_penalty": -1.0}),
    ],
)
def test_sampling_is_said_only_when_it_is_not_the_usual(values: dict[str, Any], sent: dict[str, Any]) -> None:
    assert resolve(agent(**values), {}, dedicated=False, platform=None).sampling == sent


def test_an_agents_prompt_is_its_own() -> None:
    """The prompt of an account's active configuration speaks where no agent does (`/api/assist`)."""
    config = resolve(agent(), {}, dedicated=False, platform=PLATFORM, own=OWN, granted_prompt="Pour cet éditeur")
    assert config.system_prompt == "Pour cet éditeur"
