"""Where a provider is, and what may be sent there beside the key: checked when typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from app.core.http import HttpFailure, outbound
from app.core.urls import BlockedAddressError, read_url

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_PARAMETER = re.compile(r"[A-Za-z0-9._~-]{1,64}")
_VALUE = re.compile(r"[\x20-\x7e]{1,512}")
_FRAMING = {"connection", "content-encoding", "content-length", "content-type", "expect", "host", "keep-alive", "te", "trailer"}
OURS = _FRAMING | {"accept-encoding", "authorization", "cookie", "proxy-authorization", "transfer-encoding", "upgrade"}
"""Headers that say who asks, or how the message is framed."""


def check_address(text: str, errors: dict[str, list[str]], *, trusted: bool) -> str:
    """A base address in one form, without a final slash; an error under `base_url` otherwise.

    The platform's own (`trusted`) may be inside its network. An account's goes through the guarded client: public and https,
    except outside production. No query, which would be the place of a key, and no user information.
    """
    url = text.strip()
    try:
        if not url.isascii() or urlsplit(url).query or "?" in url or "#" in url:
            raise BlockedAddressError("Une adresse sans paramètres est attendue, comme https://api.exemple.fr/v1.")
        parsed = read_url(url)
        if not trusted:
            outbound().resolve(url)
    except BlockedAddressError as error:
        errors["base_url"] = [error.message_fr]
        return ""
    except HttpFailure as error:
        errors["base_url"] = [error.message_fr]
        return ""
    return parsed.text.rstrip("/")


def check_name(name: str, errors: dict[str, list[str]], *, header: bool) -> None:
    """The header or the parameter that carries a key; an error under `auth_name`."""
    known = _HEADER if header else _PARAMETER
    if not known.fullmatch(name) or (header and name.lower() in OURS - {"authorization"}):
        example = "api-key" if header else "key"
        errors["auth_name"] = [f"Le nom {'de l’en-tête' if header else 'du paramètre'} qui porte la clé, comme {example}."]


def check_headers(headers: Mapping[str, str], errors: dict[str, list[str]], *, auth_name: str | None) -> dict[str, str]:
    """Headers to send with each call; an error under `api_headers` for one that authenticates or frames."""
    closed = OURS | ({auth_name.lower()} if auth_name else set())
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or name.lower() in closed or not isinstance(value, str) or not _VALUE.fullmatch(value):
            errors["api_headers"] = [f"L’en-tête « {name[:64]} » ne peut pas être envoyé : ni authentification, ni accents, ni lignes."]
    return dict(headers)
