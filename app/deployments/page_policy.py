"""What a host page's own Content-Security-Policy lets our widget do, and the lines that would let it (CSP level 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

NEEDS = {
    "script-src": ("script-src-elem", "script-src", "default-src"),
    "connect-src": ("connect-src", "default-src"),
    "frame-src": ("frame-src", "child-src", "default-src"),
}
"""What the widget needs of a host page, and the directives that a browser asks for it, in order."""
Policy = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Missing:
    """A directive that blocks us, and the same directive as it should be; under `'strict-dynamic'` only a nonce on our element helps."""

    need: str
    line: str
    nonce: bool = False


def read_policies(headers: Iterable[str]) -> list[Policy]:
    """The policies of the page's headers and `<meta>` elements. Several may come in one header: all of them are in force."""
    policies = [_read(policy) for header in headers for policy in header.split(",")]
    return [policy for policy in policies if policy]


def missing_lines(policies: Iterable[Policy], base_url: str, script: Mapping[str, str] | None) -> list[Missing]:
    """What to change in the page's policies so that our script, calls and frame pass. `script`: the attributes of our element, if there."""
    missing: dict[tuple[str, str], Missing] = {}
    for policy in policies:
        for need, asked in NEEDS.items():
            name = next((directive for directive in asked if directive in policy), None)
            if name is None:
                continue
            by_nonce = need == "script-src" and "'strict-dynamic'" in policy[name]
            trusted = need == "script-src" and _trusts(policy[name], script)
            if trusted or (not by_nonce and any(_matches(source.lower(), base_url) for source in policy[name])):
                continue
            kept = [source for source in policy[name] if source != "'none'"]
            line = " ".join([need if name == "default-src" else name, *kept, _origin(base_url)]) + ";"
            missing.setdefault((need, line), Missing(need, line, by_nonce))
    return list(missing.values())


def _read(policy: str) -> Policy:
    directives: dict[str, list[str]] = {}
    for part in policy.split(";"):
        words = part.split()
        if words:
            directives.setdefault(words[0].lower(), words[1:])  # the first one of a name counts
    return directives


def _trusts(sources: list[str], script: Mapping[str, str] | None) -> bool:
    """True for a script element that a nonce lets in. Browsers hide a nonce once read, so its presence in the HTML is what counts."""
    nonce = (script or {}).get("nonce")
    return bool(nonce) and f"'nonce-{nonce}'" in sources


def _matches(source: str, base_url: str) -> bool:
    ours = urlsplit(base_url)
    host, port = ours.hostname or "", ours.port or {"https": 443, "http": 80}[ours.scheme]
    if source in ("*", f"{ours.scheme}:"):
        return True
    if source.startswith("'") or source.endswith(":"):
        return False
    scheme, found, rest = source.rpartition("://")
    if found and scheme not in (ours.scheme, "http"):
        return False
    named, _, number = rest.partition("/")[0].partition(":")
    if number != "*" and int(number if number.isdigit() else {"https": 443, "http": 80}[ours.scheme]) != port:
        return False
    return host.endswith(named[1:]) if named.startswith("*.") else host == named


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
