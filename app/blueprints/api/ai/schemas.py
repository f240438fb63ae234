"""Bodies and answers of `/api/ai`. No answer has a field for a key."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.blueprints.api.bodies import PageQuery, Strict
from app.llm.models import CAPABILITIES

KEY_EXAMPLE = "sk-…"
SLUG = {"example": "openai"}
MODULES = ("global",)


class AiProvider(Schema):
    """A provider that may be used. `base_url` null: whoever sets a key says where."""

    key = fields.String(required=True, metadata=SLUG)
    name = fields.String(required=True, metadata={"example": "OpenAI"})
    base_url = fields.String(required=True, allow_none=True, metadata={"example": "https://api.openai.com/v1"})
    needs_key = fields.Boolean(required=True)


class AiModelQuery(Schema):
    """Of which provider."""

    provider = fields.String(load_default=None, validate=validate.Length(min=1, max=60), metadata=SLUG)


class AiModel(Schema):
    """A model of the catalogue, or one's own (`custom`), which may be taken back. `context_size` in tokens."""

    id = fields.String(required=True, metadata={"example": "umd_7Kq2mZc0"})
    provider = fields.String(required=True, metadata=SLUG)
    key = fields.String(required=True, metadata={"example": "gpt-4o-mini"})
    name = fields.String(required=True, metadata={"example": "GPT-4o mini"})
    context_size = fields.Integer(required=True, allow_none=True, metadata={"example": 128000})
    capabilities = fields.List(fields.String(), required=True, metadata={"example": ["tools", "vision"]})
    custom = fields.Boolean(required=True)


class AiModelName(Schema):
    """A model by its name at its provider."""

    provider = fields.String(required=True, validate=validate.Length(min=1, max=60), metadata=SLUG)
    key = fields.String(required=True, validate=validate.Length(min=1, max=200), metadata={"example": "gpt-4o-2024-11-20"})


class AiModelIn(Strict):
    """A model that the catalogue does not name."""

    provider = fields.String(required=True, validate=validate.Length(min=1, max=60), metadata=SLUG)
    key = fields.String(required=True, validate=validate.Length(min=1, max=200), metadata={"example": "gpt-4o-2024-11-20"})
    name = fields.String(load_default="", validate=validate.Length(max=120), metadata={"example": "GPT-4o de novembre"})
    context_size = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, 100_000_000), metadata={"example": 128000})
    capabilities = fields.List(
        fields.String(validate=validate.OneOf(CAPABILITIES)), load_default=lambda: ["tools"], metadata={"example": ["tools", "vision"]}
    )


class AiKey(Schema):
    """Whether there is a key at a provider, and what its last test said."""

    provider = fields.String(required=True, metadata=SLUG)
    name = fields.String(required=True, metadata={"example": "OpenAI"})
    configured = fields.Boolean(required=True)
    base_url = fields.String(required=True, allow_none=True)
    tested_at = fields.AwareDateTime(required=True, allow_none=True)
    ok = fields.Boolean(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True, attribute="error_fr")


class AiKeyIn(Strict):
    """A key, kept sealed, sent to `base_url` alone; without one, the provider's usual address."""

    api_key = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=4000),
        metadata={"example": KEY_EXAMPLE, "description": "Null : ce serveur n’en demande pas."},
    )
    base_url = fields.String(
        load_default=None, allow_none=True, validate=validate.Length(max=500), metadata={"example": "https://api.openai.com/v1"}
    )


class AiCheck(Schema):
    """The result of a test: the key and the model apart; null: it could not be found out."""

    success = fields.Boolean(required=True)
    api_key_ok = fields.Boolean(required=True, allow_none=True)
    model_accessible = fields.Boolean(required=True, allow_none=True)
    latency_ms = fields.Integer(required=True, allow_none=True, metadata={"example": 412})
    error_kind = fields.String(required=True, allow_none=True, metadata={"example": "auth"})
    message = fields.String(required=True, attribute="said_fr", metadata={"description": "Phrase en français."})


class AiPastCheck(AiCheck):
    """A test that was made."""

    id = fields.String(required=True, metadata={"example": "chk_7Kq2mZc0"})
    kind = fields.String(required=True, validate=validate.OneOf(("key", "config")))
    success = fields.Boolean(required=True, attribute="ok")
    provider = fields.String(required=True, metadata=SLUG)
    model = fields.String(required=True, allow_none=True, attribute="model_key")
    created_at = fields.AwareDateTime(required=True)


class AiActiveModel(Schema):
    """The active model; all null without one: the platform's default answers then."""

    module = fields.String(required=True, validate=validate.OneOf(MODULES))
    provider = fields.String(required=True, allow_none=True, metadata=SLUG)
    model = fields.String(required=True, allow_none=True, metadata={"example": "gpt-4o-mini"})
    system_prompt = fields.String(required=True, allow_none=True, metadata={"description": "Copie prise à l’activation des instructions."})
    healthy = fields.Boolean(required=True, metadata={"description": "Le dernier essai de cette configuration a réussi."})
    tested_at = fields.AwareDateTime(required=True, allow_none=True)
    latency_ms = fields.Integer(required=True, allow_none=True)


class AiActiveModelIn(Strict):
    """The model to activate."""

    provider = fields.String(required=True, validate=validate.Length(min=1, max=60), metadata=SLUG)
    model = fields.String(required=True, validate=validate.Length(min=1, max=200), metadata={"example": "gpt-4o-mini"})
    module = fields.String(load_default="global", validate=validate.OneOf(MODULES))


class AiPromptIn(Strict):
    """Instructions under a name."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=120), metadata={"example": "Assistant devis standard"})
    content = fields.String(
        required=True, validate=validate.Length(min=1, max=20_000), metadata={"example": "Répondez en français, en trois phrases."}
    )


class AiPrompt(Schema):
    """Instructions; the active ones were copied into the configuration when they were activated."""

    id = fields.String(required=True, metadata={"example": "spr_7Kq2mZc0"})
    name = fields.String(required=True)
    content = fields.String(required=True)
    is_active = fields.Boolean(required=True)
    created_at = fields.AwareDateTime(required=True)


class AiCheckQuery(PageQuery):
    """Which tests."""

    ok = fields.Boolean(load_default=None, allow_none=True, metadata={"description": "Les réussis, ou les échecs."})
