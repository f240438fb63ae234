"""Reading a URL somebody gave us to call, strictly: what parsers could read in two ways is refused (LESSONS.md, SSRF line)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import idna

from app.core import addresses

_DEFAULT_PORTS = {"http": 80, "https": 443}
# Ports above 1023 where something else than HTTP listens: databases, and those that browsers refuse too.
_BAD_PORTS = frozenset({1719, 1720, 1723, 2049, 3306, 3659, 4045, 4190, 5060, 5061, 5432, 6000, 6379, 6566, 6679, 6697, 10080, 11211, 27017})  # fmt: skip
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC_LABEL = re.compile(r"\d+|0x[0-9a-f]*")


class BlockedAddressError(Exception):
    """The platform refuses to call this URL. `message_fr` may be shown: it never tells what a name resolved to."""

    def __init__(self, message_fr: str) -> None:
        super().__init__(message_fr)
        self.message_fr = message_fr


@dataclass(frozen=True, slots=True)
class ParsedUrl:
    """A URL taken apart: `host` in ASCII and lower case, `path` with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def text(self) -> str:
        """The URL rebuilt from its parts, so that whatever reads it next reads the same."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def read_url(url: str) -> ParsedUrl:
    """Read an http or https URL without user information; the fragment is dropped. Raises BlockedAddressError, with a French sentence."""
    parts = _split(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return ParsedUrl(parts.scheme, _host(parts), _port(parts), path)


def _split(url: str) -> SplitResult:
    # Parsers disagree on spaces, control characters and backslashes: none is ever needed.
    if len(url) > 2048 or re.search(r"[\x00-\x20\x7f\\]", url):
        raise BlockedAddressError("Cette adresse n’est pas valide.")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BlockedAddressError("Cette adresse n’est pas valide.") from None
    if parts.scheme not in ("http", "https"):
        raise BlockedAddressError("Une adresse commençant par https:// est attendue.")
    if "@" in parts.netloc:
        raise BlockedAddressError("Une adresse ne peut pas contenir d’identifiants (utilisateur@hôte).")
    return parts


def ascii_host(host: str) -> str:
    """`béton.fr` as the network writes it, `xn--bton-bpa.fr`. Raises idna.IDNAError."""
    return host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")


def _host(parts: SplitResult) -> str:
    """The host in ASCII and lower case: an address in its canonical notation, or a name that cannot be read as an address."""
    host = (parts.hostname or "").removesuffix(".")
    if "[" in parts.netloc:
        return _address(host)
    try:
        host = ascii_host(host)
    except idna.IDNAError:
        raise BlockedAddressError("Ce nom de domaine n’est pas valide.") from None
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BlockedAddressError("Ce nom de domaine n’est pas valide.")
    # A last label that is a number makes many resolvers read the whole as an address: 2130706433, 0x7f.1, 127.1, 0177.0.0.1.
    return _address(host) if _NUMERIC_LABEL.fullmatch(labels[-1]) else host


def _address(host: str) -> str:
    try:
        addresses.parse(host)
    except ValueError:
        raise BlockedAddressError("Une adresse IP s’écrit sous sa forme usuelle, comme 93.184.215.14.") from None
    return host


def _port(parts: SplitResult) -> int:
    try:
        port = _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError:  # not a number, or above 65535
        port = 0
    if port in _BAD_PORTS or (port < 1024 and port not in _DEFAULT_PORTS.values()):
        raise BlockedAddressError("Ce port n’est pas autorisé.")
    return port
