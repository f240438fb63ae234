"""Deployments as every API reads and writes them (003 §6.2, §6.3, §12.2)."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from app.blueprints.api.bodies import Strict
from app.blueprints.api.domains import DomainOut
from app.deployments.custom_css import MAX_LENGTH
from app.deployments.overlay import TABLE, Override
from app.deployments.service import MAX_NAME, MODES, modes_of
from app.web.api import Flag, Pattern

LIMITS = ("rate_limit_per_ip", "max_sessions_day", "max_messages_day")
ANY_PLAIN = {"type": ["string", "number", "null"]}


class DeploymentRow(Schema):
    """An agent deployed at an editor."""

    deployment_key = fields.String(required=True, attribute="id", metadata={"example": "dpl_7Kq2mZc0"})
    name = fields.String(required=True)
    agent = fields.String(required=True, attribute="agent_name")
    mode = fields.String(required=True, validate=validate.OneOf(tuple(MODES)))
    is_active = fields.Boolean(required=True)
    domains = fields.List(fields.String(), required=True)
    created_at = fields.AwareDateTime(required=True)


class DeployedAgentOut(Schema):
    """The agent behind a deployment."""

    id = fields.String(required=True, metadata={"example": "agt_7Kq2mZc0"})
    name = fields.String(required=True)
    slug = fields.String(required=True, metadata={"example": "expert-btp"})


class SettingOut(Schema):
    """A setting that a deployment may change, as the caller may change it. `inherited` is what it would be without `value`."""

    name = fields.String(required=True, validate=validate.OneOf(tuple(TABLE)))
    label = fields.String(required=True)
    inherited = fields.Raw(required=True, metadata=ANY_PLAIN)
    value = fields.Raw(required=True, metadata=ANY_PLAIN)
    locked_reason = fields.String(required=True, allow_none=True, metadata={"description": "Pourquoi le réglage ne se change pas."})
    low = fields.Float(required=True, allow_none=True)
    high = fields.Float(required=True, allow_none=True)


class DeploymentOut(Schema):
    """A deployment with what it says of itself; what it leaves unsaid is its agent's."""

    deployment_key = fields.String(required=True, attribute="id", metadata={"example": "dpl_7Kq2mZc0"})
    editor_id = fields.String(required=True, allow_none=True, metadata={"example": "usr_7Kq2mZc0"})
    name = fields.String(required=True)
    agent = fields.Nested(DeployedAgentOut, required=True)
    mode = fields.String(required=True, validate=validate.OneOf(tuple(MODES)))
    is_active = fields.Boolean(required=True)
    config = fields.Dict(required=True, attribute="config_overlay", metadata={"description": "Réglages propres au déploiement."})
    settings = fields.List(fields.Nested(SettingOut), required=True)
    branding = fields.Dict(required=True)
    domains = fields.List(fields.Nested(DomainOut), required=True)
    rate_limit_per_ip = fields.Integer(required=True)
    max_sessions_day = fields.Integer(required=True, allow_none=True)
    max_messages_day = fields.Integer(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    last_activity_at = fields.AwareDateTime(required=True, allow_none=True)


def _setting(override: Override) -> fields.Field[Any]:
    """The field of a body that writes a setting; null gives it back to the agent."""
    if override.kind in ("number", "whole"):
        bounds = validate.Range(override.low, override.high)
        return (
            fields.Float(allow_none=True, validate=bounds)
            if override.kind == "number"
            else fields.Integer(allow_none=True, strict=True, validate=bounds)
        )
    return fields.String(allow_none=True, validate=validate.Length(max=override.longest), metadata={"description": override.label})


ConfigIn = Strict.from_dict({name: _setting(override) for name, override in TABLE.items()}, name="ConfigIn")
"""Some settings; a setting that is not named stays. One that is locked is refused, with the reason."""


class LookIn(Strict):
    """The look as it shall be; what is left out is the agent's."""

    title = fields.String(validate=validate.Length(max=60))
    primary_color = fields.String(validate=Pattern("(#[0-9a-fA-F]{6})?", error="Couleur attendue sous la forme #24518f."))
    welcome_message = fields.String(validate=validate.Length(max=400))
    placeholder = fields.String(validate=validate.Length(max=60))
    signature = fields.String(validate=validate.Length(max=80))
    powered_by = Flag()
    custom_css = fields.String(validate=validate.Length(max=MAX_LENGTH))


class DeploymentIn(Strict):
    """What to change of a deployment; what is left out stays."""

    name = fields.String(validate=validate.Length(min=1, max=MAX_NAME))
    mode = fields.String(validate=validate.OneOf(tuple(MODES)))
    is_active = Flag()
    config = fields.Nested(ConfigIn)
    note = fields.String(load_default="", validate=validate.Length(max=200), metadata={"description": "Pourquoi : gardé avec la version."})
    branding = fields.Nested(LookIn)
    rate_limit_per_ip = fields.Integer(strict=True, validate=validate.Range(1, 600))
    max_sessions_day = fields.Integer(strict=True, allow_none=True, validate=validate.Range(1, 1_000_000))
    max_messages_day = fields.Integer(strict=True, allow_none=True, validate=validate.Range(1, 1_000_000))


CHANGE = {
    "name": "Expert BTP sur notre site",
    "config": {"system_prompt_append": "Rappelez que la visite est gratuite.", "temperature": 0.3},
    "note": "La visite est gratuite depuis janvier",
    "branding": {"title": "Votre projet", "primary_color": "#24518f"},
    "max_sessions_day": 200,
}
"""What a change looks like."""


class NewDeploymentIn(Strict):
    """An agent to deploy."""

    agent_id = fields.String(required=True, validate=validate.Length(min=1, max=64), metadata={"example": "agt_7Kq2mZc0"})
    name = fields.String(required=True, validate=validate.Length(min=1, max=MAX_NAME), metadata={"example": "Expert BTP sur notre site"})
    mode = fields.String(load_default="shared", validate=validate.OneOf(tuple(MODES)))


class DeployableAgentOut(Schema):
    """An agent that an editor may deploy, and what its deployments may be."""

    id = fields.String(required=True, metadata={"example": "agt_7Kq2mZc0"})
    name = fields.String(required=True)
    slug = fields.String(required=True, metadata={"example": "expert-btp"})
    description = fields.String(required=True)
    modes = fields.Function(modes_of, required=True, metadata={"type": "array", "items": {"type": "string", "enum": list(MODES)}})
