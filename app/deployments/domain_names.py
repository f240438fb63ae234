"""A domain as an editor types it, read strictly: what may never be allowed is refused at entry, with the reason."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import idna
from publicsuffixlist import PublicSuffixList

from app.deployments.origins import LOCAL_HOSTS, ascii_host

ENVIRONMENTS = {"production": "Production", "staging": "Recette", "development": "Développement", "localhost": "Poste local"}
_TYPED = re.compile(r"(?:([a-z][a-z0-9+.-]*)://)?(.*?)/?", re.IGNORECASE | re.DOTALL)
_HOST_PORT = re.compile(r"(\*\.)?(\[[^\]]*\]|[^:\[\]]*)(?::(\d{1,5}))?")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_EXAMPLE = "par exemple app.exemple.fr ou *.exemple.fr"


@dataclass(frozen=True, slots=True)
class DomainName:
    """What is kept of it: an ASCII host without `*.`, a port when one was given."""

    host: str
    port: int | None
    is_wildcard: bool

    @property
    def text(self) -> str:
        """As people write it: `*.exemple.fr`, `localhost:3000`."""
        return ("*." if self.is_wildcard else "") + self.host + (f":{self.port}" if self.port else "")


def read_domain(text: str, environment: str) -> DomainName:
    """Read a domain for an environment; `https://` in front and a lone `/` behind are taken off. Raises ValueError, in French."""
    scheme, typed = _TYPED.fullmatch(text.strip()).groups()  # type: ignore[union-attr]  # matches any text
    if scheme and scheme.lower() not in ("https", "http"):
        raise ValueError(f"Écrivez un nom de domaine, {_EXAMPLE}.")
    if scheme and scheme.lower() == "http" and environment != "localhost":
        raise ValueError("Une page en http ne peut pas afficher l’assistant : elle doit être servie en https.")
    if "@" in typed or re.search(r"[\x00-\x20\x7f\\]", typed):
        raise ValueError(f"Ce n’est pas un nom de domaine. Écrivez-le seul, {_EXAMPLE}.")
    if re.search(r"[/?#]", typed):
        raise ValueError("Écrivez le domaine seul, sans chemin : il vaut pour toutes ses pages.")
    found = _HOST_PORT.fullmatch(typed)
    if found is None or not found.group(2):
        raise ValueError(f"Écrivez un nom de domaine, {_EXAMPLE}.")
    wildcard, port = bool(found.group(1)), _port(found.group(3))
    if "*" in found.group(2):
        raise ValueError("L’étoile se met une seule fois, au début et suivie d’un point : *.exemple.fr.")
    host = _host(found.group(2))
    if environment == "localhost":
        return DomainName(_local(host, wildcard), port, False)
    if host in LOCAL_HOSTS or host.endswith(".localhost") or _is_loopback(host):
        raise ValueError("Cette adresse est celle d’un poste local : choisissez l’environnement « Poste local ».")
    if _is_address(host):
        _check_address(host, wildcard, environment)
    else:
        _check_name(host, wildcard)
    return DomainName(host, port, wildcard)


def readable(host: str) -> str:
    """An `xn--` host in its own letters, for showing beside the ASCII one."""
    try:
        return idna.decode(host)
    except idna.IDNAError:
        return host


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if not 0 < int(text) < 65536:
        raise ValueError("Un port est un nombre de 1 à 65535.")
    return None if int(text) == 443 else int(text)


def _host(typed: str) -> str:
    if typed.startswith("["):
        return typed[1:-1].lower()
    host = ascii_host(unicodedata.normalize("NFC", typed))
    if host is None:
        raise ValueError(f"Ce nom de domaine n’est pas valide. Écrivez-le comme {_EXAMPLE.removeprefix('par exemple ')}.")
    for label in host.split("."):
        if label.startswith("xn--"):
            _check_international(label)
    return host


def _check_international(label: str) -> None:
    """Refuse what is no international name, and letters of several alphabets in one word, with which one name is made to look like another."""
    try:
        letters = idna.decode(label)
    except idna.IDNAError:
        raise ValueError("Ce nom de domaine international n’est pas valide.") from None
    alphabets = {unicodedata.name(letter, "").split(" ")[0] for letter in letters if letter.isalpha()}
    if len(alphabets & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"}) > 1:
        raise ValueError(f"« {letters} » mélange plusieurs alphabets : ce nom imite celui d’un autre site.")


def _local(host: str, wildcard: bool) -> str:
    if wildcard or host not in LOCAL_HOSTS:
        raise ValueError("Un poste local s’écrit localhost ou 127.0.0.1, avec son port au besoin : localhost:3000.")
    return host


def _is_address(host: str) -> bool:
    """True for what browsers read as an IP address, in any of its notations."""
    return ":" in host or _NUMBER.fullmatch(host.rsplit(".", 1)[-1]) is not None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_address(host: str, wildcard: bool, environment: str) -> None:
    if environment == "production":
        raise ValueError("En production, une adresse IP n’est pas acceptée : donnez un nom de domaine.")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ValueError("Une adresse IP s’écrit sous sa forme usuelle, comme 192.168.1.20.") from None
    if address.version == 6:
        raise ValueError(
            "Une adresse IPv6 ne peut pas être autorisée : les navigateurs n’en tiennent pas compte. Donnez un nom de domaine."
        )
    if wildcard:
        raise ValueError("L’étoile ne va pas avec une adresse IP.")


def _check_name(host: str, wildcard: bool) -> None:
    if "." not in host:
        raise ValueError(f"Il manque la fin du nom, ou c’est une extension entière : écrivez {_EXAMPLE.removeprefix('par exemple ')}.")
    if _suffixes().is_public(host) or (wildcard and host in _parents()):
        raise ValueError(f"« {host} » est partagé par des sites qui ne sont pas les vôtres : écrivez le vôtre, comme monsite.{host}.")


@cache
def _suffixes() -> PublicSuffixList:
    """The list bundled with the package: no network; kept current by its pinned release (docs/adr/0011-public-suffixes.md)."""
    return PublicSuffixList()


@cache
def _parents() -> frozenset[str]:
    """What stands above a public suffix, as amazonaws.com above s3.amazonaws.com: all below it is not one person's."""
    found: set[str] = set()
    for line in files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text("utf-8").splitlines():
        rule = line.split("//")[0].strip().removeprefix("!")
        labels = (ascii_host(rule.replace("*.", "any.")) or "").split(".")
        found.update(".".join(labels[start:]) for start in range(1, len(labels)))
    return frozenset(found)
