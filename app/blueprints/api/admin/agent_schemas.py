"""Bodies and answers of the administrators' API about agents (000); what a setting may be is said by `agents.fields`."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from app.agents.fields import CATEGORIES, MAX_NAME, MAX_PROMPT, SETTINGS, Setting
from app.agents.lists import SORTS, STATES
from app.agents.service import DEPLOYMENT_MODES, HIGHEST_RATE, LOWEST_RATE, RULES
from app.agents.versions import MAX_NOTE
from app.blueprints.api.bodies import PageQuery, Strict
from app.web.api import Flag

PERIODS = (7, 30, 90)
AGENT_ID = {"example": "agt_7Kq2mZc0"}
ORDERS = tuple(sign + name for name in SORTS for sign in ("", "-"))


def _in(setting: Setting) -> fields.Field[Any]:
    """The field of a body that writes a setting."""
    note = {"description": f"{setting.label}. {setting.hint}".strip()}
    match setting.kind:
        case "number":
            return fields.Float(allow_none=setting.optional, validate=validate.Range(setting.low, setting.high), metadata=note)
        case "whole":
            bounds = validate.Range(setting.low, setting.high)
            return fields.Integer(strict=True, allow_none=setting.optional, validate=bounds, metadata=note)
        case "flag":
            return Flag(metadata=note)
        case "choice":
            return fields.String(validate=validate.OneOf(tuple(CATEGORIES)), metadata=note)
        case "choices":
            return fields.List(fields.String(validate=validate.Length(max=120)), validate=validate.Length(max=40), metadata=note)
        case "noted":
            values = fields.Raw(allow_none=True, metadata={"type": ["string", "number", "boolean"]})
            keys = fields.String(validate=validate.Length(max=60))
            return fields.Dict(keys=keys, values=values, data_key="metadata", validate=validate.Length(max=40), metadata=note)
        case _:
            return fields.String(allow_none=setting.optional, validate=validate.Length(max=setting.longest), metadata=note)


class RulesIn(Strict):
    """What the deployments of editors may change, and what is imposed on them; what is left out stays."""

    allow_prompt_override = Flag(metadata={"description": RULES["allow_prompt_override"]})
    allow_model_override = Flag(metadata={"description": RULES["allow_model_override"]})
    allow_rag_override = Flag(metadata={"description": RULES["allow_rag_override"]})
    required_branding = Flag(metadata={"description": RULES["required_branding"]})
    allow_own_keys = Flag(metadata={"description": RULES["allow_own_keys"]})
    min_rate_limit = fields.Integer(strict=True, validate=validate.Range(LOWEST_RATE, HIGHEST_RATE))


_SETTINGS_IN = {name: _in(setting) for name, setting in SETTINGS.items()}


class _Access(Strict):
    is_public = Flag()
    is_whitelabel_enabled = Flag()
    deployment_mode = fields.String(validate=validate.OneOf(tuple(DEPLOYMENT_MODES)))
    whitelabel_config = fields.Nested(RulesIn)
    note = fields.String(load_default="", validate=validate.Length(max=MAX_NOTE), metadata={"description": "Gardée avec la version."})


class AgentIn(_Access.from_dict(dict(_SETTINGS_IN), name="AgentSettingsIn")):  # type: ignore[misc]
    """What to change of an agent; what is left out stays. `updated_at` as it was read refuses the change (409) if somebody saved since."""

    class Meta(Strict.Meta):
        pass

    updated_at = fields.AwareDateTime(metadata={"example": "2026-11-21T13:00:00.123456+00:00"})


class NewAgentIn(_Access.from_dict({**_SETTINGS_IN}, name="NewAgentSettingsIn")):  # type: ignore[misc]
    """An agent to make; out of service until it is activated."""

    class Meta(Strict.Meta):
        pass

    name = fields.String(required=True, validate=validate.Length(min=1, max=MAX_NAME))
    system_prompt = fields.String(required=True, validate=validate.Length(min=1, max=MAX_PROMPT))


NEW = {
    "name": "Conseiller piscine",
    "category": "chat",
    "system_prompt": "Tu conseilles les clients d’un pisciniste. Réponds en français, avec « vous ».",
    "model": "inherit",
    "temperature": 0.4,
    "tools": ["rechercher_prix"],
    "icon": "home",
    "color": "#06b6d4",
}
CHANGE = {"temperature": 0.2, "system_prompt": "Tu conseilles les clients d’un pisciniste. Sois bref.", "note": "Plus court"}


class AgentQuery(PageQuery):
    """Which agents; the archived ones only by `state=archived`."""

    q = fields.String(load_default="", validate=validate.Length(max=100), metadata={"description": "Nom, identifiant ou description."})
    category = fields.String(load_default="", validate=validate.OneOf(("", *CATEGORIES)))
    state = fields.String(load_default="", validate=validate.OneOf(tuple(STATES)))
    sort = fields.String(load_default="name", validate=validate.OneOf(ORDERS))


class AgentRow(Schema):
    """An agent and how much it was used, ever."""

    id = fields.String(required=True, metadata=AGENT_ID)
    slug = fields.String(required=True, metadata={"example": "expert-btp"})
    name = fields.String(required=True)
    description = fields.String(required=True)
    category = fields.String(required=True, validate=validate.OneOf(tuple(CATEGORIES)))
    model = fields.String(required=True, metadata={"example": "inherit"})
    icon = fields.String(required=True)
    color = fields.String(required=True, metadata={"example": "#24518f"})
    is_public = fields.Boolean(required=True)
    is_active = fields.Boolean(required=True)
    archived_at = fields.AwareDateTime(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    updated_at = fields.AwareDateTime(required=True)
    usage_count = fields.Integer(required=True)
    total_tokens = fields.Integer(required=True)
    total_cost = fields.Float(required=True, metadata={"description": "En euros."})
    last_used_at = fields.AwareDateTime(required=True, allow_none=True)


class FullAgentOut(AgentRow):
    """Everything an agent is."""

    system_prompt = fields.String(required=True)
    version = fields.Integer(required=True, allow_none=True, metadata={"description": "La version active de ses instructions."})
    fallback_model = fields.String(required=True, allow_none=True)
    temperature = fields.Float(required=True)
    top_p = fields.Float(required=True)
    frequency_penalty = fields.Float(required=True)
    presence_penalty = fields.Float(required=True)
    max_tokens = fields.Integer(required=True)
    context_window = fields.Integer(required=True)
    tools = fields.List(fields.String(), required=True)
    output_schemas = fields.List(fields.String(), required=True)
    supports_images = fields.Boolean(required=True)
    supports_audio = fields.Boolean(required=True)
    supports_video = fields.Boolean(required=True)
    supports_tools = fields.Boolean(required=True)
    collection = fields.String(required=True, allow_none=True)
    ollama_host = fields.String(required=True, allow_none=True)
    ollama_port = fields.Integer(required=True, allow_none=True)
    extra = fields.Dict(required=True, data_key="metadata")
    is_whitelabel_enabled = fields.Boolean(required=True)
    deployment_mode = fields.String(required=True, validate=validate.OneOf(tuple(DEPLOYMENT_MODES)))
    whitelabel_config = fields.Dict(required=True)


class VersionOut(Schema):
    """A version of an agent's instructions."""

    version = fields.Integer(required=True)
    system_prompt = fields.String(required=True)
    author = fields.String(required=True, attribute="author_name", metadata={"description": "Vide : la plateforme."})
    note = fields.String(required=True)
    is_active = fields.Boolean(required=True)
    created_at = fields.AwareDateTime(required=True)


class GrantIn(Strict):
    """What an editor is granted."""

    name = fields.String(load_default="", validate=validate.Length(max=MAX_NAME), metadata={"example": "Conseiller EBP"})
    prompt_override = fields.String(load_default="", validate=validate.Length(max=MAX_PROMPT))
    enabled = Flag(load_default=True)
    allow_own_keys = Flag(load_default=False)


GRANT = {"name": "Conseiller EBP", "prompt_override": "", "enabled": True, "allow_own_keys": False}


class GrantOut(Schema):
    """What an editor was granted, and what its deployments used of the agent."""

    editor_id = fields.String(required=True, metadata={"example": "usr_7Kq2mZc0"})
    editor = fields.String(required=True)
    name = fields.String(required=True)
    prompt_override = fields.String(required=True)
    enabled = fields.Boolean(required=True)
    allow_own_keys = fields.Boolean(required=True)
    created_at = fields.AwareDateTime(required=True)
    usage_count = fields.Integer(required=True)
    total_tokens = fields.Integer(required=True)
    total_cost = fields.Float(required=True, metadata={"description": "En euros."})
    last_used_at = fields.AwareDateTime(required=True, allow_none=True)


class StatsQuery(Strict):
    """How many Paris days, today included."""

    days = fields.Integer(load_default=30, validate=validate.OneOf(PERIODS))


class AgentStatsOut(Schema):
    """How an agent was used. `success_rate`: the share (0 to 1) of its calls that succeeded; null without any."""

    days = fields.Integer(required=True, validate=validate.OneOf(PERIODS))
    uses = fields.Integer(required=True)
    tenants = fields.Integer(required=True)
    tokens = fields.Integer(required=True)
    cost = fields.Float(required=True, metadata={"description": "En euros, qui que ce soit qui paie."})
    avg_latency_ms = fields.Integer(required=True, allow_none=True)
    p95_latency_ms = fields.Integer(required=True, allow_none=True)
    success_rate = fields.Float(required=True, allow_none=True, metadata={"example": 0.998})
    most_used_model = fields.String(required=True, allow_none=True, metadata={"example": "openai/gpt-4o-mini"})
