"""JSON doors: flask-smorest with our envelope, our errors, and the ways in declared (CONTRACT.md, HTTP, Ways in)."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any, cast

import flask_smorest
from flask import Flask, current_app, g, request
from marshmallow import Schema, ValidationError, fields, validate
from webargs.flaskparser import FlaskParser

from app.core.errors import DomainError, WrongTypeError

MAX_CONTEXT_CHARS = 4000
DESCRIPTION = """Agents IA en marque blanche pour les métiers du bâtiment.

- **Entrer** : `X-API-Key` pour un éditeur ou un fabricant ; `Authorization: Bearer <jeton personnel>` pour un artisan ou un
  administrateur, dans la limite des permissions choisies pour ce jeton ; `X-Session-ID` et son secret en Bearer pour une conversation.
  `/api/ai` et `/api/assist` s’ouvrent à une clé d’éditeur, à un jeton personnel, ou à la session d’une personne connectée.
- **Réponses** : `{"success": true, "data": …}`, ou `{"success": false, "error": {"code", "message", "details"}}` : les codes sont stables.
- **Listes** : `meta.next_cursor` se rend tel quel dans `cursor` ; `null` à la dernière page.
- **Recommencer sans doubler** : un POST peut porter `Idempotency-Key`. Une réponse qui contenait un secret n’est pas rendue deux fois.
- **Limites** : 429 avec `Retry-After`.
"""
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


class Flag(fields.Boolean):
    """true or false and nothing that resembles them: `"no"` must not pass for an answer."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Pattern(validate.Regexp):
    """The whole of a text, in the dialect that Python and OpenAPI share: `$` alone lets a line break pass."""

    def __init__(self, source: str, *, error: str | None = None) -> None:
        super().__init__(f"^{source}$", error=error)

    def __call__(self, value: Any) -> Any:
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self.error)
        return value


def context_field() -> fields.Dict:
    """Facts given beside a conversation: at most 20 names, plain values, 4 KB in all."""
    return fields.Dict(
        keys=fields.String(validate=validate.Length(max=60)),
        values=fields.Raw(allow_none=True, metadata={"type": ["string", "number", "boolean"]}),
        load_default=dict,
        validate=[validate.Length(max=20), _plain_values],
        metadata={"maxProperties": 20, "example": {"page": "devis", "montant": 6402.55}},
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


REFUSALS = {
    400: "Demande mal formée.",
    401: "Clé, jeton ou secret absent, inconnu ou révoqué.",
    403: "Interdit à ce rôle ou à ce jeton.",
    404: "N’existe pas, ou pas pour vous.",
    405: "Méthode non permise à cette adresse.",
    409: "En conflit avec l’état présent.",
    410: "N’est plus ouvert : expiré ou supprimé.",
    413: "Envoi trop volumineux.",
    414: "Adresse trop longue (refusée par le serveur, sans corps JSON).",
    415: "Type de contenu refusé.",
    422: "Un champ est à corriger : `details.fields` dit lequel.",
    429: "Limite atteinte.",
    431: "En-têtes trop longs (refusés par le serveur, sans corps JSON).",
    502: "Le modèle n’a pas répondu comme demandé.",
    503: "Momentanément indisponible.",
}
EVERYWHERE = (400, 405, 413, 414, 415, 429, 431, 503)
"""Refusals that any operation may answer; the others are declared where they occur."""
OF_THE_SERVER = (414, 431)
REFUSAL_HEADERS = {
    405: {"Allow": {"description": "Les méthodes permises.", "schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "Secondes à attendre.", "schema": {"type": "integer"}}},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Même clé et même corps : même réponse pendant 24 heures.",
    "schema": {"type": "string", "maxLength": 200},
}


class Parser(FlaskParser):
    """Reads JSON bodies that say they are JSON; refuses the others (415), and none at all (400), instead of taking them for `{}`."""

    def load_json(self, req: Any, schema: Schema) -> Any:
        if not req.get_data(cache=True):
            raise DomainError("Un corps en JSON est attendu.", code="missing_body")
        if not req.is_json:
            raise WrongTypeError("Un corps en application/json est attendu.")
        try:
            return super().load_json(req, schema)
        except ValueError:  # Python's own parser gives up on a number of more than 4,300 digits
            raise DomainError("La demande est mal formée.", code="bad_request") from None


class ApiBlueprint(flask_smorest.Blueprint):
    """Answers `{"success": true, "data": …}`; a view with `set_meta` adds `meta`.

    `security` is the way in of its operations, unless one says otherwise by `@bp.doc(security=[])`; `refusals` are those of this way in,
    besides 401 and 403. `web.idempotency` sets `idempotent`.
    """

    ARGUMENTS_PARSER = Parser()
    idempotent = False

    def __init__(self, *args: Any, security: list[dict[str, list[str]]], refusals: tuple[int, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.security, self.refusals = security, refusals
        self._prepare_doc_cbks.append(self._prepare_refusals_doc)

    def add_url_rule(self, rule: str, *args: Any, **options: Any) -> None:
        """As Flask's; notes which operations name an object in their path, and the permissions that open them."""
        super().add_url_rule(rule, *args, **options)
        endpoint, view = self._endpoints[-1], options.get("view_func") or args[1]
        permissions = [slug for slug in getattr(view, "access", ()) if "." in slug]
        for method, info in self._docs[endpoint].items():
            if method != "parameters":
                info |= {"endpoint": endpoint, "names_object": "<" in rule}
                if permissions:
                    told = " ou ".join(f"`{slug}`" for slug in permissions)
                    info["docstring"]["description"] = "\n\n".join(
                        filter(None, (info["docstring"].get("description"), f"Permission : {told}."))
                    )

    def refuses(self, *statuses: int) -> Any:
        """Declare refusals of a view that nothing else tells: a conflict, an object named in the body."""

        def decorate(view: Any) -> Any:
            for status in statuses:
                view = self.alt_response(status, HTTPStatus(status).name)(view)
            return view

        return decorate

    def _prepare_refusals_doc(self, doc: dict[str, Any], info: dict[str, Any], *, method: str, **_: Any) -> dict[str, Any]:
        """How to come in, and every refusal that follows from what the operation is."""
        doc["security"] = info.get("manual_doc", {}).get("security", self.security)
        doc["operationId"] = f"{self.name}_{info['endpoint']}"
        statuses = list(EVERYWHERE)
        if doc["security"]:
            statuses += (401, 403, *self.refusals)
        if info["names_object"]:
            statuses.append(404)
        if self.idempotent and method == "post":
            statuses += (409, 422)
            doc["parameters"] = [*doc.get("parameters", []), IDEMPOTENCY_KEY]
        responses = doc.setdefault("responses", {})
        for status in statuses:
            responses.setdefault(status, HTTPStatus(status).name)
        return doc

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
    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_responses(self) -> None:
        """The refusals by name, in our words; nothing passes for a default."""
        for status, words in REFUSALS.items():
            response: dict[str, Any] = {"description": words}
            if status not in OF_THE_SERVER:
                response["content"] = {"application/json": {"schema": Error}}
            if status in REFUSAL_HEADERS:
                response["headers"] = REFUSAL_HEADERS[status]
            self.spec.components.response(HTTPStatus(status).name, response)

    def _register_error_handlers(self) -> None:
        """Not flask-smorest's: its handler would turn the portals' pages into JSON (TRAPS.md)."""


def install_api(app: Flask, blueprints: list[ApiBlueprint]) -> Api:
    """Register the JSON doors and describe them."""
    app.config.update(
        OPENAPI_URL_PREFIX=None,
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION},
            "servers": [{"url": "/"}],
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
