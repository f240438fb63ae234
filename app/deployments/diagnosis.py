"""« Diagnostic du site »: a page of the editor's is read through the guarded client, and what keeps the assistant from it is said."""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urljoin, urlsplit

from app.core.http import GuardedClient, HttpFailure, HttpResult
from app.core.urls import BlockedAddressError
from app.deployments.origins import LOCAL_HOSTS, Domain, Origin, origin_allowed, parse_origin
from app.deployments.page_policy import missing_lines, read_policies
from app.deployments.page_source import LOADER, Page, read_page

MAX_BYTES = 2 * 1024 * 1024
SECONDS = 10.0
REDIRECTS = 4
READ = "La page répond"
_NOT_READ = {
    "dns": "Ce nom de domaine est introuvable.",
    "connect": "Le site n’accepte pas la connexion.",
    "tls": "La connexion chiffrée a échoué, ou le certificat du site n’est pas valide.",
    "timeout": f"Le site n’a pas répondu en {SECONDS:.0f} secondes.",
    "too_large": "La page pèse plus de 2 Mo : nous ne la lisons pas.",
    "protocol": "Le site a renvoyé une réponse illisible, ou coupé la connexion.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `code`: lines to copy; `origin`: a page that the deployment could allow."""

    kind: Literal["ok", "bad", "wait", "info"]
    title: str
    text: str = ""
    code: str = ""
    origin: str = ""


@dataclass(slots=True)
class Diagnosis:
    """What was found at `url`, the address finally reached."""

    url: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def read(self) -> bool:
        """True when the page was reached and read."""
        return any(finding.title == READ for finding in self.findings)

    @property
    def ready(self) -> bool:
        """True when nothing stands in the way."""
        return self.read and not any(finding.kind == "bad" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Widget:
    """What the page should hold: our address, the deployment's key, whether it is in service, its domains. `host_url`: the editor's own host."""

    base_url: str
    key: str
    is_active: bool
    domains: Sequence[Domain]
    host_url: str | None = None

    def loaded_from(self, page_url: str, page: Page) -> str | None:
        """Which address of ours the page loads the script from, if it does."""
        src = _join(page_url, page.loader.get("src", "")) if page.loader else ""
        return next((ours for ours in (self.base_url, self.host_url) if ours and _origin(src) == _origin(ours)), None)

    @property
    def snippet(self) -> str:
        """The line to put in the page."""
        return f'<script src="{self.base_url}{LOADER}" data-deployment-key="{self.key}" async></script>'


def diagnose(client: GuardedClient, typed: str, widget: Widget) -> Diagnosis:
    """Read the page at an address that somebody typed and say what is missing. Calls outside: release the transaction before."""
    asked = typed.strip() if "://" in typed else f"https://{typed.strip()}"
    found = Diagnosis(asked)
    try:
        found.url, result = _fetch(client, asked)
    except BlockedAddressError as error:
        found.findings.append(Finding("bad", "Cette page n’a pas été lue", error.message_fr))
        return found
    except HttpFailure as error:
        found.findings.append(Finding("bad", "Cette page n’a pas été lue", _NOT_READ[error.kind]))
        return found
    refused = _unreadable(result)
    if refused:
        found.findings.append(refused)
        return found
    page = read_page(_text(result))
    moved = f"Après redirection : {found.url}" if _origin(found.url) != _origin(asked) else found.url
    found.findings.append(Finding("ok", READ, moved))
    if not widget.is_active:
        found.findings.append(
            Finding("bad", "Ce déploiement est désactivé", "L’assistant ne s’ouvre nulle part tant qu’il n’est pas remis en service.")
        )
    source = widget.loaded_from(found.url, page)
    found.findings += [_script(page, source, widget), *_key(page, widget), _domain(found.url, widget)]
    found.findings += _policy(page, result.headers, source or widget.base_url, widget)
    return found


def _fetch(client: GuardedClient, url: str) -> tuple[str, HttpResult]:
    """Follow redirects ourselves, each through the guard, all within one time limit."""
    until = time.monotonic() + SECONDS
    for _ in range(REDIRECTS + 1):
        result = client.get(url, MAX_BYTES, max(0.1, until - time.monotonic()))
        location = result.headers.get("location")
        if result.status not in (301, 302, 303, 307, 308) or not location:
            return url, result
        url = _join(url, location)
    raise HttpFailure("protocol")


def _unreadable(result: HttpResult) -> Finding | None:
    if 300 <= result.status < 400:
        return Finding("bad", "Cette page n’a pas été lue", "Le site redirige sans dire où.")
    if result.status in (401, 403, 407):
        return Finding(
            "bad",
            f"Le site répond {result.status}",
            "La page demande un mot de passe, ou refuse notre visite : essayez une page ouverte à tous.",
        )
    if result.status >= 400:
        return Finding("bad", f"Le site répond {result.status}", "Vérifiez l’adresse de la page.")
    if "html" not in result.headers.get("content-type", "text/html").lower():
        sort = result.headers["content-type"].split(";")[0][:60]
        return Finding("bad", "Ce n’est pas une page", f"Cette adresse donne un contenu « {sort} » ; donnez celle d’une page HTML.")
    if result.headers.get("content-encoding", "identity").lower() not in ("identity", "gzip", "deflate", ""):
        return Finding("bad", "Cette page n’a pas été lue", "Le site compresse ses pages d’une façon que nous ne lisons pas.")
    return None


def _text(result: HttpResult) -> str:
    body = result.body
    if result.headers.get("content-encoding", "").lower() in ("gzip", "deflate"):
        try:
            body = zlib.decompressobj(47).decompress(body, MAX_BYTES)
        except zlib.error:
            body = b""
    return body.decode("utf-8", "replace")


def _script(page: Page, source: str | None, widget: Widget) -> Finding:
    if source:
        return Finding("ok", "Le script est dans la page")
    if page.loader:
        text = f"Il est pris à « {page.loader.get('src', '')[:200]} », qui n’est pas une adresse de la plateforme : mettez celle-ci."
        return Finding("bad", "Le script vient d’ailleurs", text, code=widget.snippet)
    text = (
        "Ajoutez cette ligne avant la fin du corps de la page. Nous lisons le HTML tel que le serveur l’envoie : "
        "un script que votre application ajoute ensuite ne s’y voit pas."
    )
    return Finding("bad", "Le script n’est pas dans la page", text, code=widget.snippet)


def _key(page: Page, widget: Widget) -> list[Finding]:
    if widget.key in page.keys:
        return [Finding("ok", "La clé est celle de ce déploiement")]
    if page.keys:
        text = "La page ouvre un autre assistant que celui-ci. Mettez cette clé à la place."
        return [Finding("bad", "La clé est celle d’un autre déploiement", text, code=f'data-deployment-key="{widget.key}"')]
    if page.loader:
        text = "Le script ne sait pas quel assistant ouvrir."
        return [Finding("bad", "La clé du déploiement manque", text, code=f'data-deployment-key="{widget.key}"')]
    return []


def _domain(url: str, widget: Widget) -> Finding:
    origin = _origin(url)
    shown = origin.text if origin else url
    if origin_allowed(origin, widget.domains):
        return Finding("ok", "Le domaine est autorisé", shown)
    if origin is not None and origin.scheme == "http" and origin.host not in LOCAL_HOSTS:
        return Finding("bad", "La page est servie en http", "L’assistant ne s’affiche que dans une page en https.")
    return Finding("bad", "Le domaine n’est pas autorisé", f"{shown} n’est pas dans la liste de ce déploiement.", origin=shown)


def _policy(page: Page, headers: Mapping[str, str], source: str, widget: Widget) -> list[Finding]:
    policies = read_policies([headers.get("content-security-policy", ""), *page.policies])
    if not policies:
        return [Finding("ok", "Aucune règle de contenu (CSP) ne bloque l’assistant")]
    missing = missing_lines(policies, source, page.loader)
    if not missing:
        return [Finding("ok", "La règle de contenu (CSP) de la page laisse passer l’assistant")]
    findings = []
    if any(one.nonce for one in missing):
        text = "Votre règle de contenu n’admet que les scripts portant son jeton : mettez-le sur le nôtre, comme sur les vôtres."
        code = widget.snippet.replace("<script ", '<script nonce="JETON" ')
        findings.append(Finding("bad", "Le script ne porte pas le jeton (nonce) de la page", text, code=code))
    lines = [one.line for one in missing if not one.nonce]
    if lines:
        text = "Dans l’en-tête Content-Security-Policy de vos pages, écrivez ces lignes à la place des vôtres du même nom, ou ajoutez-les."
        findings.append(Finding("bad", "La règle de contenu (CSP) de la page bloque l’assistant", text, code="\n".join(lines)))
    return findings


def _join(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        return ""


def _origin(url: str) -> Origin | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parse_origin(f"{parts.scheme}://{parts.netloc}")
