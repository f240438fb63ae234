"""What an agent lets editors do with it, and which editors (003 §3.5; 000, tenant_assistants)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from app.agents.fields import MAX_NAME, MAX_PROMPT, tidy
from app.agents.models import Agent, AgentGrant
from app.agents.versions import lock_agent
from app.audit.service import record
from app.core.errors import ConflictError, InvalidError
from app.core.text import clean_line
from app.extensions import db
from app.identity.admin_queries import account_in_role

DEPLOYMENT_MODES = {
    "internal": "Interne : la plateforme seule le déploie",
    "shared": "Partagé : à l’apparence de l’éditeur",
    "dedicated": "Partagé ou dédié : l’éditeur peut le spécialiser",
}
RULES = {
    "allow_prompt_override": "Remplacer ses instructions",
    "allow_model_override": "Choisir un autre modèle",
    "allow_rag_override": "Choisir ses documents",
    "required_branding": "Imposer la mention AI-Manager",
    "allow_own_keys": "Répondre avec la clé de l’éditeur",
}
LOWEST_RATE, HIGHEST_RATE = 30, 600
GRANTED = ("name", "prompt_override", "enabled", "allow_own_keys")


def whitelabel_of(agent: Agent) -> dict[str, Any]:
    """What editors may do with an agent."""
    rules = agent.whitelabel_config
    return {
        "is_whitelabel_enabled": agent.is_whitelabel_enabled,
        "is_public": agent.is_public,
        "deployment_mode": agent.deployment_mode,
        **{name: bool(rules.get(name)) for name in RULES},
        "min_rate_limit": rules.get("min_rate_limit", LOWEST_RATE),
    }


def granted(grant: AgentGrant | None) -> dict[str, Any]:
    """What an editor was granted; empty when he never was."""
    return {name: getattr(grant, name) for name in GRANTED} if grant else {}


def mark_of(state: Mapping[str, Any]) -> str:
    """A short text that another state does not give: a form sends it back, so that it writes over nothing it has not read."""
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:16]


def change_whitelabel(agent: Agent, values: Mapping[str, Any], *, base: str | None = None) -> None:
    """Set what editors may do with an agent: in force at once, for the deployments that exist too.

    `base` is the `mark_of` what was read: raises ConflictError `whitelabel_changed` when somebody saved something else since, with
    the names that differ in `fields`. Raises InvalidError by field.
    """
    lock_agent(agent)
    before = whitelabel_of(agent)
    made = before | {name: values[name] for name in before if name in values}
    mode, rate = made["deployment_mode"], made["min_rate_limit"]
    errors = {}
    if mode not in DEPLOYMENT_MODES:
        errors["deployment_mode"] = ["Choisissez une valeur de la liste."]
    if isinstance(rate, bool) or not isinstance(rate, int) or not LOWEST_RATE <= rate <= HIGHEST_RATE:
        errors["min_rate_limit"] = [f"Un nombre entre {LOWEST_RATE} et {HIGHEST_RATE}."]
    if errors:
        raise InvalidError("La marque blanche est à corriger.", errors)
    made |= {name: bool(made[name]) for name in ("is_whitelabel_enabled", "is_public", *RULES)}
    _refuse_unread(base, before, made, "whitelabel_changed")
    agent.is_whitelabel_enabled, agent.is_public, agent.deployment_mode = made["is_whitelabel_enabled"], made["is_public"], mode
    agent.whitelabel_config = {**agent.whitelabel_config, **{name: made[name] for name in (*RULES, "min_rate_limit")}}
    record("agent.whitelabel_changed", agent.id, name=agent.name, mode=mode, public=agent.is_public)


def grant_agent(
    agent: Agent,
    editor_id: str,
    name: str = "",
    prompt_override: str = "",
    *,
    allow_own_keys: bool | None = None,
    enabled: bool = True,
    base: str | None = None,
) -> AgentGrant:
    """Let an editor deploy an agent, under another name or with another prompt if wanted; again to change them.

    `allow_own_keys`: whether his own provider key may answer for it; None leaves it as it is. `base` is the `mark_of` what was
    read. Raises NotFoundError (no such editor), InvalidError by field, ConflictError: `agent_archived`, or `grant_changed` when he was
    granted something else than what was read, with the names that differ in `fields`.
    """
    lock_agent(agent)
    if agent.archived_at is not None and enabled:
        raise ConflictError("Cet agent est archivé : restaurez-le d’abord.", code="agent_archived")
    editor = account_in_role(editor_id, "editeur")
    name, prompt = clean_line(name), tidy(prompt_override)
    errors = {}
    if len(name) > MAX_NAME:
        errors["name"] = [f"{MAX_NAME} caractères au plus."]
    if len(prompt) > MAX_PROMPT:
        errors["prompt_override"] = [f"{MAX_PROMPT} caractères au plus."]
    if errors:
        raise InvalidError("L’autorisation est à corriger.", errors)
    grant = db.session.get(AgentGrant, (agent.id, editor.id), populate_existing=True)
    made = {"name": name, "prompt_override": prompt, "enabled": enabled}
    made["allow_own_keys"] = allow_own_keys if allow_own_keys is not None else bool(grant and grant.allow_own_keys)
    _refuse_unread(base, granted(grant), made, "grant_changed")
    if grant is None:
        grant = AgentGrant(agent_id=agent.id, editor_id=editor.id)
        db.session.add(grant)
    for field, value in made.items():
        setattr(grant, field, value)
    db.session.flush()
    record("agent.granted", agent.id, name=agent.name, editor_id=editor.id, own_keys=grant.allow_own_keys, enabled=enabled)
    return grant


def withdraw_agent(agent: Agent, editor_id: str) -> None:
    """Let an editor deploy it no more. What he deployed goes on, with the agent's own prompt."""
    grant = db.session.get(AgentGrant, (agent.id, editor_id))
    if grant is None or not grant.enabled:
        return
    grant.enabled = False
    record("agent.grant_withdrawn", agent.id, name=agent.name, editor_id=editor_id)


def _refuse_unread(base: str | None, before: Mapping[str, Any], made: Mapping[str, Any], code: str) -> None:
    """Whether a save would write over what its author has not read. Somebody who saved the same is in nobody's way."""
    differing = [name for name in before if made[name] != before[name]]
    if base and base != mark_of(before) and differing:
        raise ConflictError("Quelqu’un a enregistré autre chose pendant que vous écriviez.", code=code, details={"fields": differing})
