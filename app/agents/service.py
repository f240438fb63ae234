"""What an agent lets editors do with it, and which editors (003 §3.5; 000, tenant_assistants)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.agents.fields import MAX_NAME, MAX_PROMPT, tidy
from app.agents.models import Agent, AgentGrant
from app.audit.service import record
from app.core.errors import ConflictError, InvalidError
from app.core.text import clean_line
from app.extensions import db
from app.identity.admin_queries import account_in_role

DEPLOYMENT_MODES = {
    "internal": "Interne : la plateforme seule le déploie",
    "shared": "Partagé : à l’apparence de l’éditeur",
    "dedicated": "Partagé ou dédié : l’éditeur peut le spécialiser",
}
RULES = {
    "allow_prompt_override": "Remplacer ses instructions",
    "allow_model_override": "Choisir un autre modèle",
    "allow_rag_override": "Choisir ses documents",
    "required_branding": "Imposer la mention AI-Manager",
    "allow_own_keys": "Répondre avec la clé de l’éditeur",
}
LOWEST_RATE, HIGHEST_RATE = 30, 600


def change_whitelabel(agent: Agent, values: Mapping[str, Any]) -> None:
    """Set what editors may do with an agent: in force at once, for the deployments that exist too. Raises InvalidError by field."""
    mode = values.get("deployment_mode", agent.deployment_mode)
    rate = values.get("min_rate_limit", agent.whitelabel_config.get("min_rate_limit", LOWEST_RATE))
    errors = {}
    if mode not in DEPLOYMENT_MODES:
        errors["deployment_mode"] = ["Choisissez une valeur de la liste."]
    if isinstance(rate, bool) or not isinstance(rate, int) or not LOWEST_RATE <= rate <= HIGHEST_RATE:
        errors["min_rate_limit"] = [f"Un nombre entre {LOWEST_RATE} et {HIGHEST_RATE}."]
    if errors:
        raise InvalidError("La marque blanche est à corriger.", errors)
    agent.is_public = bool(values.get("is_public", agent.is_public))
    agent.is_whitelabel_enabled = bool(values.get("is_whitelabel_enabled", agent.is_whitelabel_enabled))
    agent.deployment_mode = mode
    rules = {name: bool(values.get(name, agent.whitelabel_config.get(name))) for name in RULES}
    agent.whitelabel_config = {**agent.whitelabel_config, **rules, "min_rate_limit": rate}
    record("agent.whitelabel_changed", agent.id, name=agent.name, mode=mode, public=agent.is_public)


def grant_agent(
    agent: Agent, editor_id: str, name: str = "", prompt_override: str = "", *, allow_own_keys: bool | None = None, enabled: bool = True
) -> AgentGrant:
    """Let an editor deploy an agent, under another name or with another prompt if wanted; again to change them.

    `allow_own_keys`: whether his own provider key may answer for it; None leaves it as it is. Raises NotFoundError (no such
    editor), ConflictError `agent_archived`, InvalidError by field.
    """
    if agent.archived_at is not None and enabled:
        raise ConflictError("Cet agent est archivé : restaurez-le d’abord.", code="agent_archived")
    editor = account_in_role(editor_id, "editeur")
    name, prompt = clean_line(name), tidy(prompt_override)
    errors = {}
    if len(name) > MAX_NAME:
        errors["name"] = [f"{MAX_NAME} caractères au plus."]
    if len(prompt) > MAX_PROMPT:
        errors["prompt_override"] = [f"{MAX_PROMPT} caractères au plus."]
    if errors:
        raise InvalidError("L’autorisation est à corriger.", errors)
    grant = db.session.get(AgentGrant, (agent.id, editor.id))
    if grant is None:
        grant = AgentGrant(agent_id=agent.id, editor_id=editor.id)
        db.session.add(grant)
    grant.name, grant.prompt_override, grant.enabled = name, prompt, enabled
    if allow_own_keys is not None:
        grant.allow_own_keys = allow_own_keys
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
