"""Every error as its reader needs it: the JSON envelope under /api/ and on chat verbs, a kind page elsewhere (CONTRACT.md, HTTP)."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response, jsonify, render_template, request
from flask_limiter.errors import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException

from app.core.errors import DomainError, LimitError
from app.extensions import db
from app.web.ui import toast_header

log = structlog.get_logger(__name__)

HTTP_WORDS = {
    400: ("bad_request", "La demande est mal formée."),
    401: ("unauthorized", "Identifiez-vous pour continuer."),
    403: ("forbidden", "Vous n’avez pas accès à cette page."),
    404: ("not_found", "Cet élément n’existe pas ou n’est plus accessible."),
    405: ("method_not_allowed", "Cette méthode n’est pas permise ici."),
    406: ("not_acceptable", "Ce format de réponse n’est pas proposé."),
    413: ("too_large", "L’envoi est trop volumineux."),
    415: ("wrong_type", "Ce type de contenu n’est pas accepté."),
    422: ("invalid", "Un champ est à corriger."),
    429: ("rate_limited", "Trop de demandes en peu de temps. Réessayez dans un instant."),
    500: ("internal_error", "Une erreur est survenue de notre côté. Rien n’a été enregistré."),
    503: ("unavailable", "Le service est momentanément indisponible."),
}


def wants_json() -> bool:
    """True where the reader is a program."""
    return request.path.startswith("/api/") or request.is_json or request.accept_mimetypes.best == "application/json"


def error_response(status: int, code: str, message: str, details: dict[str, Any] | None = None) -> Response:
    """The envelope of CONTRACT.md, or a page."""
    if wants_json():
        response = jsonify({"success": False, "error": {"code": code, "message": message, "details": details or {}}})
    else:
        template = f"errors/{status if status in (403, 404, 405, 413, 429, 500, 503) else 'error'}.html"
        response = Response(render_template(template, message=message, status=status), mimetype="text/html")
        if request.headers.get("HX-Request"):
            response.headers["HX-Reswap"] = "none"
            response.headers["HX-Trigger"] = toast_header(message, kind="error")
    response.status_code = status
    return response


def _text_keys(messages: Any) -> Any:
    """marshmallow numbers the items of a list; JSON's keys are text. The place of the value (json, query) is left out."""
    if not isinstance(messages, dict):
        return messages
    if set(messages) <= {"json", "query", "files", "headers"}:
        return {str(key): _text_keys(value) for part in messages.values() if isinstance(part, dict) for key, value in part.items()}
    return {str(key): _text_keys(value) for key, value in messages.items()}


def install_errors(app: Flask) -> None:
    """Register the three handlers: ours, HTTP's, and the unexpected."""

    @app.errorhandler(DomainError)
    def _domain(error: DomainError) -> Response:
        response = error_response(error.status, error.code, error.message, error.details)
        if isinstance(error, LimitError):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(CSRFError)
    def _csrf(error: CSRFError) -> Response:
        return error_response(400, "csrf", "Cette page était ouverte depuis trop longtemps. Rechargez-la, puis recommencez.")

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        if error.response is not None:
            return error.response  # type: ignore[return-value]
        status = error.code or 500
        if 300 <= status < 400:
            return error.get_response()  # type: ignore[return-value]
        code, message = HTTP_WORDS.get(status, HTTP_WORDS[400])
        details: dict[str, Any] = {}
        if status == 422:
            details = {"fields": _text_keys(getattr(error, "data", {}).get("messages", {}))}
        response = error_response(status, code, message, details)
        if isinstance(error, RateLimitExceeded):
            response.headers.setdefault("Retry-After", str(error.limit.limit.get_expiry()))
        if status == 405 and getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]
        return response

    @app.errorhandler(DataError)
    @app.errorhandler(UnicodeEncodeError)
    @app.errorhandler(RecursionError)
    def _unreadable(error: Exception) -> Response:
        """Input that no database nor parser takes: a NUL, half a character, ten thousand brackets."""
        db.session.rollback()
        log.info("request.unreadable", kind=type(error).__name__)
        return error_response(400, *HTTP_WORDS[400])

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> Response:
        if app.config["PROPAGATE_EXCEPTIONS"]:
            raise error
        log.exception("request.failed", path=request.url_rule.rule if request.url_rule else None)
        return error_response(500, *HTTP_WORDS[500])
