"""`POST /api/assist` (001 §6, `assist_flut`): one answer by the caller's active configuration, never a key."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.answering.assisting import Assisted, assist
from app.answering.request import Turn
from app.blueprints.api.ai.blueprint import bp, owner_id
from app.blueprints.api.ai.schemas import MODULES
from app.blueprints.api.bodies import Strict
from app.blueprints.api.ways_in import enter_again
from app.core.throttle import throttle
from app.web.access import requires, signed_in

MAX_MESSAGES, MAX_CHARACTERS, MAX_IN_ALL = 50, 20_000, 60_000
PER_MINUTE = 60


class AssistMessage(Strict):
    """A message, in the order of the conversation."""

    role = fields.String(required=True, validate=validate.OneOf(("system", "user", "assistant")))
    content = fields.String(required=True, validate=validate.Length(min=1, max=MAX_CHARACTERS))


class AssistIn(Strict):
    """The conversation; it ends with what is asked."""

    module_name = fields.String(load_default="global", validate=validate.OneOf(MODULES))
    messages = fields.List(
        fields.Nested(AssistMessage),
        required=True,
        validate=validate.Length(min=1, max=MAX_MESSAGES),
        metadata={"example": [{"role": "user", "content": "Donnez un titre et un prix pour 8 m² de carrelage."}]},
    )
    response_format = fields.String(
        load_default="text",
        validate=validate.OneOf(("text", "json")),
        metadata={"description": "`json` : `content` est un objet JSON, sinon un texte."},
    )

    @validates_schema
    def _asks_something(self, data: dict[str, Any], **_: Any) -> None:
        messages = data.get("messages") or [{}]
        if messages[-1].get("role") != "user":
            raise ValidationError("Le dernier message est celui de la personne (`user`).", "messages")
        if sum(len(message["content"]) for message in messages) > MAX_IN_ALL:
            raise ValidationError(f"{MAX_IN_ALL} caractères au plus en tout.", "messages")


class AssistUsage(Schema):
    """Tokens of all calls made for this answer; `estimated` when the provider did not count them."""

    prompt_tokens = fields.Integer(required=True)
    completion_tokens = fields.Integer(required=True)
    estimated = fields.Boolean(required=True)


class AssistOut(Schema):
    """The answer."""

    content = fields.Raw(required=True, metadata={"type": ["string", "object"], "example": {"titre": "Carrelage de sol", "prix": 640}})
    provider = fields.String(required=True, metadata={"example": "openai"})
    model = fields.String(required=True, metadata={"example": "gpt-4o-mini"})
    latency_ms = fields.Integer(required=True)
    usage = fields.Nested(AssistUsage, required=True)


@bp.post("/assist")
@requires("ai.manage")
@bp.arguments(AssistIn)
@bp.response(200, AssistOut)
@bp.refuses(502)
def ask(body: dict[str, Any]) -> dict[str, Any]:
    """Answer by the caller's active model, or the platform's default."""
    actor = signed_in()
    throttle(f"assist:{actor.account_id}", times=PER_MINUTE, seconds=60)
    instructions = [message["content"] for message in body["messages"] if message["role"] == "system"]
    turns = [Turn(message["role"], message["content"]) for message in body["messages"] if message["role"] != "system"]
    told = assist(actor, owner_id(), instructions, turns, as_json=body["response_format"] == "json")
    enter_again()
    return _shown(told)


def _shown(told: Assisted) -> dict[str, Any]:
    return {
        "content": told.content,
        "provider": told.provider,
        "model": told.model,
        "latency_ms": told.latency_ms,
        "usage": {"prompt_tokens": told.prompt_tokens, "completion_tokens": told.completion_tokens, "estimated": told.estimated},
    }
