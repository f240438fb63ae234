"""« Configuration résolue » says at which level each model was decided."""

from __future__ import annotations

from typing import Any

import pytest

from app.answering.explained import Row, explain_config
from app.deployments.models import Deployment
from app.llm.gateway import LOCAL, ModelChoice
from app.web.house import House
from tests.factories import committing, make_agent

PLATFORM = ModelChoice("openai", "gpt", "https://openai.test/v1", "sk-platform")
OWN = ModelChoice("mistral", "mistral-large", "https://mistral.test/v1", "sk-editor", owner_id="usr_e")
HERE, AGENT, ACCOUNT, HOUSE = "déploiement", "agent", "compte", "plateforme"
FREE = {"allow_model_override": True}


def rows(agent_values: dict[str, Any], overlay: dict[str, Any], own: ModelChoice | None, platform: ModelChoice | None) -> list[Row]:
    with committing():
        agent = make_agent()
        for name, value in {"model": "inherit", "fallback_model": None, "whitelabel_config": FREE, **agent_values}.items():
            setattr(agent, name, value)
        deployment = Deployment(
            agent_id=agent.id, name="Essai", mode="dedicated", config_overlay=overlay, rate_limit_per_ip=60, branding={}
        )
        groups = explain_config(agent, deployment, platform=platform, own=own, granted_prompt="", limits=None).groups
    return groups["Modèle et réponses"]


@pytest.mark.parametrize(
    ("agent", "overlay", "own", "platform", "expected"),
    [
        ({}, {}, None, PLATFORM, [("gpt", HOUSE)]),
        ({}, {}, OWN, PLATFORM, [("mistral-large", ACCOUNT), ("gpt", HOUSE)]),
        ({"model": "mini"}, {}, OWN, PLATFORM, [("mini", AGENT), ("mistral-large", ACCOUNT), ("gpt", HOUSE)]),
        ({"model": "mini"}, {"model": "turbo"}, None, PLATFORM, [("turbo", HERE), ("mini", AGENT), ("gpt", HOUSE)]),
        ({"model": "local"}, {}, None, PLATFORM, [("Moteur local", AGENT)]),
        ({}, {}, None, None, [("Moteur local", HOUSE)]),
        ({}, {}, LOCAL, PLATFORM, [("Moteur local", ACCOUNT)]),
        ({}, {"model": "llama", "ollama_host": "gpu.test"}, None, None, [("llama, sur gpu.test:11434", HERE), ("Moteur local", HOUSE)]),
        (
            {"model": "llama", "ollama_host": "gpu.test", "ollama_port": 80},
            {},
            None,
            None,
            [("llama, sur gpu.test:80", AGENT), ("Moteur local", HOUSE)],
        ),
    ],
)
def test_the_level_of_each_model(
    house: House,
    agent: dict[str, Any],
    overlay: dict[str, Any],
    own: ModelChoice | None,
    platform: ModelChoice | None,
    expected: list[tuple[str, str]],
) -> None:
    found = [row for row in rows(agent, overlay, own, platform) if row.label in ("Modèle", "Ensuite, s’il ne répond pas")]
    assert [(row.value, row.level) for row in found] == expected
    assert all(("clé du compte" in row.note) == (row.level == ACCOUNT and row.value != "Moteur local") for row in found)


def test_sampling_shows_where_it_is_not_the_usual(house: House) -> None:
    labels = {row.label: row.value for row in rows({"top_p": 0.9}, {}, None, None)}
    assert labels["Part des mots retenus (top_p)"] == "0,9" and "Pénalité de présence" not in labels
