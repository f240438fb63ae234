"""The chat page as an answer: the same one behind a link and in a site's frame."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template

from app.consents.service import notice_for
from app.core.identifiers import format_phone_fr
from app.web.static_files import compressed

LOCALES = ("fr", "en")
THEMES = ("auto", "light", "dark")


def chat_page(branding: dict[str, Any], *, locale: str = "fr", theme: str = "auto", **where: Any) -> Response:
    """The conversation. `where` is `mode="link", link_token` or `mode="embed", deployment_key, inline`.

    It may travel compressed: whoever can ask for it knows the only secret in it, its own address.
    """
    page = render_template(
        "chat/page.html", branding=_spoken(branding), notice=notice_for(locale), **_known(locale, theme), **{"inline": False, **where}
    )
    return _private(page, 200)


def closed_page(status: int, reason: str, branding: dict[str, Any] | None = None, *, locale: str = "fr", theme: str = "auto") -> Response:
    """A link that opens nothing any more, or a frame without an assistant; `reason` as in chat/unavailable.html."""
    return _private(render_template("chat/unavailable.html", reason=reason, branding=_spoken(branding), **_known(locale, theme)), status)


def _spoken(branding: dict[str, Any] | None) -> dict[str, Any] | None:
    """The same, with the phone number as one reads it aloud."""
    phone = branding and branding.get("artisan_phone")
    return branding | {"artisan_phone": format_phone_fr(phone)} if branding and phone else branding


def _known(locale: str, theme: str) -> dict[str, str]:
    return {"locale": locale if locale in LOCALES else "fr", "theme": theme if theme in THEMES else "auto"}


def _private(page: str, status: int) -> Response:
    response = compressed(make_response(page, status))
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
