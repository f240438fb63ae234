"""Which web pages may show an agent (PRODUCT.md, Domain control in an iframe; 003 §4, corrected). Deny by default."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
DEFAULT_PORTS = {"https": 443, "http": 80}


class Domain(Protocol):
    """A row of `allowed_domains`, or of the door that looks for one."""

    host: str
    port: int | None
    is_wildcard: bool
    environment: str


@dataclass(frozen=True, slots=True)
class Origin:
    """A parsed `Origin` header: scheme, lower-case host without its trailing dot, port."""

    scheme: str
    host: str
    port: int


def parse_origin(header: str | None) -> Origin | None:
    """Read an `Origin` header. None when missing, `null`, malformed or of another scheme: then nothing is allowed."""
    if not header or len(header) > 300:
        return None
    try:
        parts = urlsplit(header)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not host or parts.username is not None or parts.path or parts.query or parts.fragment:
        return None
    try:
        host = host.rstrip(".").encode("idna").decode() if not host.isascii() else host.rstrip(".")
    except UnicodeError:
        return None
    return Origin(parts.scheme, host.lower(), port or DEFAULT_PORTS[parts.scheme])


def origin_allowed(origin: Origin | None, domains: Iterable[Domain]) -> bool:
    """True when one of the domains admits the origin.

    `*.example.com` admits any depth below it, never `evilexample.com` nor `example.com` itself. `http` passes for
    localhost only. A port given by the domain must match; without one, only the scheme's default port passes, except on
    localhost, where any does.
    """
    return origin is not None and any(_admits(domain, origin) for domain in domains)


def _admits(domain: Domain, origin: Origin) -> bool:
    local = origin.host in LOCAL_HOSTS
    if local != (domain.environment == "localhost"):
        return False
    if origin.scheme == "http" and not local:
        return False
    if domain.port is not None and domain.port != origin.port:
        return False
    if domain.port is None and not local and origin.port != DEFAULT_PORTS[origin.scheme]:
        return False
    if domain.is_wildcard:
        return origin.host.endswith("." + domain.host)
    return origin.host == domain.host or (local and domain.host in LOCAL_HOSTS)
