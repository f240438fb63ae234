"""« Configuration résolue »: what `resolve` makes of an agent and a deployment, field by field, with where each value comes from (003 §8.1, §12.2).

The values are those of `resolve` itself, so that the page never says what a reply does not do. Pure of database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.agents.models import Agent
from app.answering.config import Namer, ResolvedConfig, at_provider, model_server, resolve
from app.billing.plans import Limits
from app.core import format as french
from app.deployments.branding import DEFAULTS, OF_THE_HOUSE, own_values
from app.deployments.models import Deployment
from app.deployments.overlay import TABLE, Level, in_force, lock_of
from app.deployments.rates import lowest_rate
from app.llm.gateway import LOCAL, ModelChoice

LOOKS = {
    "title": "Titre",
    "welcome_message": "Accueil",
    "placeholder": "Invite",
    "signature": "Signature",
    "primary_color": "Couleur",
    "logo_url": "Logo",
    "powered_by": "Mention AI-Manager",
    "custom_css": "Feuille de style",
}
SAMPLING = {
    "top_p": "Part des mots retenus (top_p)",
    "frequency_penalty": "Pénalité de fréquence",
    "presence_penalty": "Pénalité de présence",
}
UNLIMITED = "Sans limite"
OWN_KEY = "Répond avec la clé du compte."


@dataclass(frozen=True, slots=True)
class Row:
    """One field; `note` says why the value is not the one that was asked for."""

    label: str
    value: str
    level: Level
    note: str = ""
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Explained:
    """The whole, in groups in the order of the page."""

    config: ResolvedConfig
    groups: dict[str, list[Row]]


def explain_config(
    agent: Agent,
    deployment: Deployment,
    *,
    platform: ModelChoice | None,
    granted_prompt: str,
    limits: Limits | None,
    own: ModelChoice | None = None,
    named: Namer = at_provider,
    shows_servers: bool = True,
) -> Explained:
    """Explain what the next reply of a deployment is made with, how it looks and what limits it; `shows_servers`: by their names."""
    dedicated = deployment.mode == "dedicated"
    config = resolve(
        agent, deployment.config_overlay, dedicated=dedicated, platform=platform, own=own, granted_prompt=granted_prompt, named=named
    )
    said = in_force(deployment.config_overlay, agent, dedicated=dedicated)
    asked = _Asked(agent, deployment, said)
    levels = _model_levels(asked, platform, own, named)
    return Explained(
        config,
        {
            "Identité": [
                Row("Nom affiché", said.get("name") or agent.name, asked.level("name")),
                Row("Description", said.get("description") or agent.description or "—", asked.level("description")),
                Row("Mode", "Dédié" if dedicated else "Partagé", "déploiement", _mode_note(agent, dedicated)),
            ],
            "Instructions": _prompt_rows(asked, config, granted_prompt),
            "Modèle et réponses": [
                *_model_rows(asked, config, levels, shows_servers),
                Row("Température", french.quantity(config.temperature), asked.level("temperature"), asked.note("temperature")),
                Row(
                    "Longueur des réponses",
                    f"{french.number(config.max_tokens)} jetons",
                    asked.level("max_tokens"),
                    asked.note("max_tokens"),
                ),
                Row(
                    "Messages gardés en mémoire",
                    french.number(config.context_window),
                    asked.level("context_window_size"),
                    asked.note("context_window_size"),
                ),
                *(Row(SAMPLING[name], french.quantity(value), "agent") for name, value in config.sampling.items()),
            ],
            "Documents": [_collection_row(asked, config)],
            "Limites": _limit_rows(agent, deployment, limits),
            "Apparence": _look_rows(agent, deployment),
        },
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a deployment asks for, and what of it has an effect."""

    agent: Agent
    deployment: Deployment
    said: dict[str, Any]

    def level(self, name: str, other: Level = "agent") -> Level:
        return "déploiement" if name in self.said else other

    def note(self, name: str) -> str:
        """Why what is written there is not what is used."""
        written = self.deployment.config_overlay.get(name)
        if written in (None, "") or self.said.get(name) == written:
            return ""
        reason = lock_of(TABLE[name], self.agent, dedicated=self.deployment.mode == "dedicated")
        if reason:
            return f"Ce que le déploiement a écrit est sans effet. {reason}"
        return f"Le déploiement demande {written} : hors des limites de la plateforme." if name in self.said else ""


def _mode_note(agent: Agent, dedicated: bool) -> str:
    return "L’agent n’est proposé qu’en mode partagé : il est traité ainsi." if dedicated and agent.deployment_mode != "dedicated" else ""


def _prompt_rows(asked: _Asked, config: ResolvedConfig, granted_prompt: str) -> list[Row]:
    base: Level = asked.level("system_prompt_replace", "autorisation" if granted_prompt else "agent")
    added = "system_prompt_append" in asked.said
    how = (
        "Les vôtres, à la place de celles de l’agent"
        if base == "déploiement"
        else "Celles de l’agent, complétées"
        if added
        else "Celles de l’agent"
    )
    return [
        Row("Manière", how, "déploiement" if added else base, asked.note("system_prompt_replace")),
        Row("Instructions suivies", config.system_prompt, "déploiement" if added else base, is_long=True),
    ]


def _model_rows(asked: _Asked, config: ResolvedConfig, levels: Mapping[ModelChoice, Level], shows_servers: bool) -> list[Row]:
    server = model_server(asked.agent, asked.said)
    place_of = server.removeprefix("http://").removesuffix("/v1") if server and shows_servers else "un serveur de la plateforme"
    at_server: Level = "déploiement" if asked.said.get("ollama_host") else "agent"
    rows = []
    for place, choice in enumerate(config.choices):
        label = "Modèle" if place == 0 else "Ensuite, s’il ne répond pas"
        note = asked.note("model") if place == 0 else ""
        if choice == LOCAL:
            rows.append(Row(label, "Moteur local", levels.get(choice, "plateforme"), note))
        elif server and choice.base_url == server:
            rows.append(Row(label, f"{choice.model}, sur {place_of}", at_server, note))
        else:
            level = levels.get(choice, "plateforme")
            rows.append(Row(label, choice.model, level, note or (OWN_KEY if level == "compte" else "")))
    return rows


def _model_levels(asked: _Asked, platform: ModelChoice | None, own: ModelChoice | None, named: Namer) -> dict[ModelChoice, Level]:
    """Which level asked for each model; the highest one when several did."""
    said, agent = asked.said, asked.agent
    levels: dict[ModelChoice, Level] = {}
    asking: tuple[tuple[Level, tuple[str | None, ...]], ...] = (
        ("déploiement", (said.get("model"), said.get("fallback_model"))),
        ("agent", (agent.model, agent.fallback_model)),
    )
    for level, names in asking:
        for name in filter(None, names):
            choice = LOCAL if name == "local" else None if name == "inherit" else named(name, platform)
            if choice:
                levels.setdefault(choice, level)
    if own:
        levels.setdefault(own, "compte")
    return levels


def _collection_row(asked: _Asked, config: ResolvedConfig) -> Row:
    value = f"Ceux de l’agent, et la collection {config.collection}" if config.collection else "Ceux de l’agent"
    return Row("Documents lus", value, asked.level("dedicated_collection"), asked.note("dedicated_collection"))


def _limit_rows(agent: Agent, deployment: Deployment, limits: Limits | None) -> list[Row]:
    lowest = lowest_rate(agent)
    raised = deployment.rate_limit_per_ip < lowest
    rate = f"{french.number(max(deployment.rate_limit_per_ip, lowest))} par minute et par adresse"
    rows = [
        Row("Demandes", rate, "agent" if raised else "déploiement", f"L’agent n’en admet pas moins de {lowest}." if raised else ""),
        _day("Conversations par jour", deployment.max_sessions_day),
        _day("Messages par jour", deployment.max_messages_day),
    ]
    for label, value in (
        ("Conversations par mois", limits.sessions_month if limits else None),
        ("Messages par mois", limits.messages_month if limits else None),
        ("Déploiements en service", limits.deployments if limits else None),
    ):
        note = f"Forfait {limits.plan_name}, pour tous les déploiements de l’éditeur." if limits else ""
        rows.append(Row(label, UNLIMITED if value is None else french.number(value), "forfait" if limits else "plateforme", note))
    return rows


def _day(label: str, value: int | None) -> Row:
    return Row(label, UNLIMITED if value is None else french.number(value), "plateforme" if value is None else "déploiement")


def _look_rows(agent: Agent, deployment: Deployment) -> list[Row]:
    agents, own = own_values(agent.default_branding), own_values(deployment.branding)
    required = bool(agent.whitelabel_config.get("required_branding"))
    rows = []
    for name, label in LOOKS.items():
        level: Level = "déploiement" if name in own else "agent" if name in agents else "plateforme"
        value, note = (
            own.get(name, agents.get(name, DEFAULTS[name])),
            "" if name in OF_THE_HOUSE else "L’artisan peut y mettre autre chose.",
        )
        if name == "powered_by":
            if required:
                level, note = "agent", "L’agent l’impose."
            value = "Affichée" if value or required else "Retirée"
        elif name == "custom_css":
            value = french.plural(len(value), "caractère", "caractères") if value else "Aucune"
        rows.append(Row(label, str(value or "—"), level, note))
    return rows
