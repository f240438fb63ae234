"""JSON doors: flask-smorest with our envelope, our errors, and the ways in declared (CONTRACT.md, HTTP, Ways in)."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

import flask_smorest
from flask import Flask, current_app, g, request
from marshmallow import Schema, ValidationError, fields, validate

MAX_CONTEXT_CHARS = 4000
WAYS_IN = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "Clé d’un éditeur ou d’un fabricant."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "Jeton personnel, ou secret d’une conversation."},
    "session": {"type": "apiKey", "in": "header", "name": "X-Session-ID", "description": "Conversation (avec son secret en Bearer)."},
}


fields.Field.default_error_messages |= {
    "required": "Ce champ est attendu.",
    "null": "Une valeur est attendue.",
    "validator_failed": "Cette valeur n’est pas acceptée.",
}
fields.String.default_error_messages |= {"invalid": "Un texte est attendu.", "invalid_utf8": "Ce texte n’est pas en UTF-8."}
fields.Integer.default_error_messages |= {"invalid": "Un nombre entier est attendu."}
fields.Number.default_error_messages |= {"invalid": "Un nombre est attendu.", "too_large": "Ce nombre est trop grand."}
fields.Boolean.default_error_messages |= {"invalid": "true ou false est attendu."}
fields.List.default_error_messages |= {"invalid": "Une liste est attendue."}
fields.Dict.default_error_messages |= {"invalid": "Un objet est attendu."}
fields.Nested.default_error_messages |= {"type": "Un objet est attendu."}
Schema._default_error_messages |= {
    "type": "Un objet est attendu.",
    "unknown": "Ce champ n’existe pas.",
    "string_type": "Un texte est attendu.",
}
validate.OneOf.default_message = "Valeur attendue : {choices}."
validate.Length.message_min = "{min} caractère ou élément au moins."
validate.Length.message_max = "{max} caractères ou éléments au plus."
validate.Length.message_all = "Entre {min} et {max} caractères ou éléments."
validate.Range.message_gte, validate.Range.message_lte = "au moins", "au plus"
validate.Range.message_min = "Attendu : {min_op} {{min}}."
validate.Range.message_max = "Attendu : {max_op} {{max}}."
validate.Range.message_all = "Attendu : {min_op} {{min}} et {max_op} {{max}}."


def context_field() -> fields.Dict:
    """Facts given beside a conversation: at most 20 names, plain values, 4 KB in all."""
    return fields.Dict(
        keys=fields.String(validate=validate.Length(max=60)), load_default=dict, validate=[validate.Length(max=20), _plain_values]
    )


def _plain_values(context: dict[str, Any]) -> None:
    if not all(value is None or isinstance(value, str | int | float | bool) for value in context.values()):
        raise ValidationError("Des textes, des nombres ou des booléens sont attendus, sans objets ni listes.")
    if sum(len(key) + len(str(value)) for key, value in context.items()) > MAX_CONTEXT_CHARS:
        raise ValidationError(f"{MAX_CONTEXT_CHARS} caractères au plus en tout.")


class ErrorDetail(Schema):
    """What went wrong."""

    code = fields.String(required=True, metadata={"description": "Stable code."})
    message = fields.String(required=True, metadata={"description": "Phrase en français."})
    details = fields.Dict(required=True)


class Error(Schema):
    """The envelope of every error."""

    success = fields.Boolean(required=True, metadata={"enum": [False]})
    error = fields.Nested(ErrorDetail, required=True)


class Meta(Schema):
    """What a list says of itself."""

    next_cursor = fields.String(required=True, allow_none=True)
    total = fields.Integer(required=True, allow_none=True)


class ApiBlueprint(flask_smorest.Blueprint):
    """Answers `{"success": true, "data": …}`; a view with `set_meta` adds `meta`."""

    @staticmethod
    def _prepare_response_content(data: Any) -> Any:
        content = {"success": True, "data": data}
        if "api_meta" in g:
            content["meta"] = g.api_meta
        return content

    @staticmethod
    def _make_doc_response_schema(schema: Any) -> Any:
        return _envelope(type(schema), schema.many) if isinstance(schema, Schema) else schema


@cache
def _envelope(schema: type[Schema], many: bool) -> type[Schema]:
    """The documented answer around a schema, made once so that it has one name."""
    members: dict[str, Any] = {
        "success": fields.Boolean(required=True, metadata={"enum": [True]}),
        "data": fields.Nested(schema, many=many, required=True),
    }
    if many:
        members["meta"] = fields.Nested(Meta, required=True)
    return Schema.from_dict(members, name=f"{schema.__name__}{'List' if many else 'Answer'}")


def set_meta(*, next_cursor: str | None, total: int | None) -> None:
    """Say where a list goes on, and how many there are in all (None: not counted)."""
    g.api_meta = {"next_cursor": next_cursor, "total": total}


class Api(flask_smorest.Api):
    """Our handlers answer every error, under `/api/` as under the portals (`web.errors`)."""

    ERROR_SCHEMA = Error

    def _register_error_handlers(self) -> None:
        """Not flask-smorest's: its handler would turn the portals' pages into JSON (TRAPS.md)."""


def install_api(app: Flask, blueprints: list[ApiBlueprint]) -> Api:
    """Register the JSON doors and describe them."""
    app.config.update(
        OPENAPI_URL_PREFIX=None,
        API_SPEC_OPTIONS={
            "info": {"description": "Agents IA en marque blanche pour les métiers du bâtiment."},
            "components": {"securitySchemes": WAYS_IN},
        },
    )
    api = Api(app)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    return api


def bearer() -> str | None:
    """The secret of an `Authorization: Bearer` header."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" and secret.strip() else None


def openapi() -> dict[str, Any]:
    """The OpenAPI document of every JSON door."""
    return cast(dict[str, Any], current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict())
