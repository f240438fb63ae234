"""The Flask application class: one transaction around each request, and the headers of every answer."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from flask import Flask, Response, g, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from app.config import Settings
from app.core.acting import door
from app.core.ids import new_id
from app.core.money import dumps_money
from app.core.transaction import transaction

NOBODY = "'none'"
FRAMED_BY = "aimanager.framed_by"


class MoneyJson(DefaultJSONProvider):
    """JSON whose amounts keep their two decimals (CONTRACT.md; PRODUCT.md, Money)."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return dumps_money(obj).decode()


class House(Flask):
    """A request begins as a door; it commits once when its answer is a success or a redirect, else rolls back."""

    json_provider_class = MoneyJson

    def full_dispatch_request(self) -> Response:
        g.request_id = _request_id(request.headers.get("X-Request-ID"))
        _receive()
        with structlog.contextvars.bound_contextvars(request_id=g.request_id), transaction(door()) as tx:
            response = super().full_dispatch_request()
            tx.rollback_only = response.status_code >= 400
            response.headers.update(g.get("rate_headers", {}))
        return response


def _receive() -> None:
    """Read the body before a connection is taken from the pool: a phone may take a minute to send its photo."""
    with suppress(HTTPException):  # too large, malformed: the view meets it again and is refused there
        if request.mimetype.startswith("multipart/"):
            request.form  # noqa: B018 - reading it parses and keeps the parts
        else:
            request.get_data(cache=True)


def _request_id(given: str | None) -> str:
    return given if given and len(given) <= 64 and given.replace("-", "").replace("_", "").isalnum() else new_id("req")


def csp_nonce() -> str:
    """The nonce of this answer's own scripts and styles."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def allow_frames(sources: list[str]) -> None:
    """Let these sites, and no other, show this answer in a frame (`X-Frame-Options` cannot name them: it is left out)."""
    request.environ[FRAMED_BY] = " ".join(sources) or NOBODY


def install_headers(app: Flask) -> None:
    """Security headers on every answer; nothing inline without a nonce, nothing from elsewhere."""
    app.jinja_env.globals["csp_nonce"] = csp_nonce

    @app.after_request
    def _headers(response: Response) -> Response:
        headers: dict[str, Any] = {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "X-Request-ID": g.get("request_id", ""),
            "Permissions-Policy": "geolocation=(), microphone=(), camera=(self)",
        }
        if response.mimetype == "text/html":
            nonce = f"'nonce-{csp_nonce()}'"
            headers["Content-Security-Policy"] = (
                f"default-src 'none'; script-src 'self' {nonce}; style-src 'self' {nonce}; img-src 'self' data: blob:; font-src 'self'; "
                f"connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {request.environ.get(FRAMED_BY, NOBODY)}"
            )
            if FRAMED_BY not in request.environ:
                headers["X-Frame-Options"] = "DENY"
            response.headers.setdefault("Cache-Control", "no-store")
            response.vary.add("HX-Request")
        if request.is_secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response


def flask_config(settings: Settings) -> dict[str, Any]:
    """Flask's and its extensions' configuration from our settings."""
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key.split(",")[0].strip(),
        "SECRET_KEY_FALLBACKS": [key.strip() for key in settings.secret_key.split(",")[1:]],
        "TESTING": settings.app_env == "test",
        "PROPAGATE_EXCEPTIONS": settings.app_env == "test",
        "MAX_CONTENT_LENGTH": 12 * 1024 * 1024,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.base_url.startswith("https://"),
        "SESSION_COOKIE_NAME": "aimanager",
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SECURE": settings.base_url.startswith("https://"),
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=30),
        "WTF_CSRF_TIME_LIMIT": 12 * 3600,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            # A process computes for one request at a time, so a few serve hundreds. Each more would have its statements planned anew (30 ms).
            "pool_size": 4,
            # The connection used last again: its statements are prepared. None beyond, since making one is dear.
            "pool_use_lifo": True,
            "max_overflow": 0,
            "connect_args": {"prepare_threshold": 1},
            "pool_timeout": 20,
            "hide_parameters": True,
        },
        "RATELIMIT_ENABLED": settings.ratelimit_enabled,
        "RATELIMIT_STORAGE_URI": settings.redis_url,
        "RATELIMIT_HEADERS_ENABLED": True,
        "RATELIMIT_SWALLOW_ERRORS": True,
        "RATELIMIT_KEY_PREFIX": "limit",
        "API_TITLE": "AI-Manager",
        "API_VERSION": "1.0",
        "OPENAPI_VERSION": "3.1.0",
    }
