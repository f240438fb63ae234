"""A conversation's link in the portals: the words of its states, and every way to send it.

By e-mail, text message, the phone's own sharing, or a QR code to scan or print.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from urllib.parse import quote

import segno
from flask import current_app
from markupsafe import Markup

from app.conversations.links import url_of
from app.conversations.models import SessionLink

LINK_WORDS = {
    "sent": ("info", "eye-off", "Pas encore ouvert"),
    "opened": ("info", "eye", "Ouvert"),
    "talking": ("ok", "messages", "Conversation"),
    "expired": ("neutral", "clock", "Expiré"),
    "revoked": ("neutral", "ban", "Retiré"),
    "deleted": ("neutral", "trash", "Supprimé"),
}
"""How the states of `conversations.lists.link_state` are shown: colour, icon, word."""


def link_pill(state: str) -> Markup:
    """The state of a session link."""
    kind, icon, label = LINK_WORDS[state]
    pill: Markup = current_app.jinja_env.globals["ui"].pill(kind, label, icon)  # type: ignore[attr-defined]
    return pill


def closed_pill(state: str) -> Markup:
    """The state of a conversation that was not ended, but whose link opens nothing any more."""
    kind, icon, label = LINK_WORDS[state]
    pill: Markup = current_app.jinja_env.globals["ui"].pill(kind, f"Lien {label.lower()}", icon)  # type: ignore[attr-defined]
    return pill


@dataclass(frozen=True, slots=True)
class Sharing:
    """Every way to send one link. `mailto` and `sms` carry the recipient when he is known."""

    url: str
    subject: str
    mailto: str
    sms: str
    qr: Markup


def sharing_of(link: SessionLink, sender: str) -> Sharing:
    """The ways to send this link in the name of `sender`, the artisan his customer knows."""
    url = url_of(link)
    greeting = f"Bonjour {link.recipient_name}," if link.recipient_name else "Bonjour,"
    ask = "décrivez-moi votre projet et envoyez vos photos ici, vous aurez une première estimation"
    subject = f"Votre projet avec {sender}"
    letter = "\r\n".join((greeting, "", f"{ask.capitalize()} :", url, "", sender))
    return Sharing(
        url=url,
        subject=subject,
        mailto=f"mailto:{quote(link.recipient_email or '', safe='@+')}?subject={quote(subject)}&body={quote(letter)}",
        sms=f"sms:{link.recipient_phone or ''}?&body={quote(f'{greeting} {ask} : {url} {sender}')}",
        qr=qr_code(url),
    )


def qr_code(url: str) -> Markup:
    """A QR code as inline SVG, black on white whatever the theme: a camera must read it."""
    out = io.BytesIO()
    segno.make(url, error="m").save(out, kind="svg", xmldecl=False, svgns=True, dark="#000", light="#fff", border=3, omitsize=True)
    return Markup(out.getvalue().decode())
