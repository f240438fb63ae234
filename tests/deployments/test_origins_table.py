"""The written table of wildcard and look-alike cases, each asserted twice: by the `Origin` check of `init`, and by the
`frame-ancestors` of the embed page, matched as a browser does (CSP level 3, 6.7.2). `FRAMED` names the only two differences.

Then the table of what may be added to a list at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.deployments.domain_names import read_domain, readable
from app.deployments.origins import ascii_host, csp_sources, origin_allowed, parse_origin


@dataclass(frozen=True)
class Row:
    host: str
    is_wildcard: bool = False
    port: int | None = None
    environment: str = "production"


EXACT = Row("app.exemple.fr")
BARE = Row("exemple.fr")
WILD = Row("exemple.fr", is_wildcard=True)
PORT = Row("app.exemple.fr", port=8443)
WILD_PORT = Row("exemple.fr", is_wildcard=True, port=8443)
STAGING = Row("recette.exemple.fr", environment="staging")
ADDRESS = Row("192.168.1.20", environment="development")
LOCAL = Row("localhost", environment="localhost")
LOCAL_PORT = Row("localhost", port=3000, environment="localhost")
LOOPBACK = Row("127.0.0.1", environment="localhost")
IDN = Row("xn--btiment-pwa.fr")
ODD_LOCAL = Row("evil.fr", environment="localhost")
ODD_PRODUCTION = Row("localhost")
PUNCTUATION = Row("exemple.fr; script-src *")

TABLE = [
    # the very host
    ("https://app.exemple.fr", EXACT, True),
    ("https://APP.Exemple.FR", EXACT, True),
    ("HTTPS://app.exemple.fr", EXACT, True),
    ("https://app.exemple.fr:443", EXACT, True),
    ("https://exemple.fr", BARE, True),
    # another scheme
    ("http://app.exemple.fr", EXACT, False),
    ("http://app.exemple.fr:443", EXACT, False),
    ("ws://app.exemple.fr", EXACT, False),
    ("file://app.exemple.fr", EXACT, False),
    ("data:text/html,x", EXACT, False),
    ("chrome-extension://app.exemple.fr", EXACT, False),
    # another host
    ("https://exemple.fr", EXACT, False),
    ("https://www.exemple.fr", BARE, False),
    ("https://sous.app.exemple.fr", EXACT, False),
    ("https://autre.exemple.fr", EXACT, False),
    ("https://app-exemple.fr", EXACT, False),
    ("https://appexemple.fr", EXACT, False),
    ("https://app.exemple.fr.evil.fr", EXACT, False),
    ("https://app.exemple.com", EXACT, False),
    ("https://app.exemple.f", EXACT, False),
    ("https://evil-app.exemple.fr", EXACT, False),
    # a wildcard: any depth below, never the name itself, never a look-alike
    ("https://app.exemple.fr", WILD, True),
    ("https://a.b.c.d.exemple.fr", WILD, True),
    ("https://xn--btiment-pwa.exemple.fr", WILD, True),
    ("https://APP.EXEMPLE.FR", WILD, True),
    ("https://exemple.fr", WILD, False),
    ("https://evilexemple.fr", WILD, False),
    ("https://evil-exemple.fr", WILD, False),
    ("https://app.evilexemple.fr", WILD, False),
    ("https://exemple.fr.evil.fr", WILD, False),
    ("https://app.exemple.fr.evil.fr", WILD, False),
    ("https://exemple.com", WILD, False),
    ("https://xexemple.fr", WILD, False),
    ("https://.exemple.fr", WILD, False),
    ("https://..exemple.fr", WILD, False),
    ("https://*.exemple.fr", WILD, False),
    ("http://app.exemple.fr", WILD, False),
    ("https://app.exemple.fr:8443", WILD, False),
    # ports
    ("https://app.exemple.fr:8443", EXACT, False),
    ("https://app.exemple.fr:80", EXACT, False),
    ("https://app.exemple.fr:8443", PORT, True),
    ("https://app.exemple.fr", PORT, False),
    ("https://app.exemple.fr:8444", PORT, False),
    ("https://app.exemple.fr:84430", PORT, False),
    ("https://a.b.exemple.fr:8443", WILD_PORT, True),
    ("https://a.b.exemple.fr", WILD_PORT, False),
    ("https://exemple.fr:8443", WILD_PORT, False),
    ("https://app.exemple.fr:0", EXACT, False),
    ("https://app.exemple.fr:99999", EXACT, False),
    ("https://app.exemple.fr:notaport", EXACT, False),
    # trailing dots: one is the same host for DNS, two are nobody
    ("https://app.exemple.fr.", EXACT, True),
    ("https://app.exemple.fr.", WILD, True),
    ("https://app.exemple.fr..", EXACT, False),
    ("https://exemple.fr.", WILD, False),
    # international names and homographs
    ("https://xn--btiment-pwa.fr", IDN, True),
    ("https://bâtiment.fr", IDN, True),
    ("https://BÂTIMENT.fr", IDN, True),
    ("https://batiment.fr", IDN, False),
    ("https://xn--batiment-.fr", IDN, False),
    ("https://xn--exmple-5fg.fr", WILD, False),
    ("https://app.xn--exmple-5fg.fr", WILD, False),
    ("https://app.еxemple.fr", EXACT, False),  # a Cyrillic е
    # environments
    ("https://recette.exemple.fr", STAGING, True),
    ("http://recette.exemple.fr", STAGING, False),
    ("http://localhost", LOCAL, True),
    ("http://localhost:5173", LOCAL, True),
    ("https://localhost:5173", LOCAL, True),
    ("https://localhost", LOCAL, True),
    ("http://127.0.0.1:5173", LOCAL, True),
    ("http://localhost:8080", LOOPBACK, True),
    ("http://[::1]:5173", LOCAL, True),
    ("http://localhost:3000", LOCAL_PORT, True),
    ("http://localhost:3001", LOCAL_PORT, False),
    ("http://localhost", LOCAL_PORT, False),
    ("http://127.0.0.1:3000", LOCAL_PORT, True),
    ("http://localhost", EXACT, False),
    ("http://localhost", STAGING, False),
    ("https://app.exemple.fr", LOCAL, False),
    ("https://localhost.evil.fr", LOCAL, False),
    ("https://localhost.", LOCAL, True),
    ("http://127.0.0.1.evil.fr", LOCAL, False),
    ("http://127.0.0.2", LOCAL, False),
    ("http://127.1", LOCAL, False),
    ("http://2130706433", LOCAL, False),
    ("http://0.0.0.0", LOCAL, False),
    ("http://app.localhost", LOCAL, False),
    ("https://evil.fr", ODD_LOCAL, False),
    ("https://localhost", ODD_PRODUCTION, False),
    # addresses
    ("https://192.168.1.20", ADDRESS, True),
    ("http://192.168.1.20", ADDRESS, False),
    ("https://192.168.1.2", ADDRESS, False),
    ("https://192.168.1.200", ADDRESS, False),
    ("https://0xc0.0xa8.1.0x14", ADDRESS, False),
    ("https://[fd00::1]", EXACT, False),
    # what is no origin
    (None, EXACT, False),
    ("", EXACT, False),
    ("null", EXACT, False),
    ("null", LOCAL, False),
    ("*", WILD, False),
    ("https://", EXACT, False),
    ("//app.exemple.fr", EXACT, False),
    ("app.exemple.fr", EXACT, False),
    ("https://app.exemple.fr/", EXACT, False),
    ("https://app.exemple.fr/page", EXACT, False),
    ("https://app.exemple.fr?", EXACT, False),
    ("https://app.exemple.fr#", EXACT, False),
    ("https://app.exemple.fr@evil.fr", EXACT, False),
    ("https://evil.fr@app.exemple.fr", EXACT, False),
    ("https://@app.exemple.fr", EXACT, False),
    ("https://app.exemple.fr:pass@evil.fr", EXACT, False),
    ("https://evil.fr\\@app.exemple.fr", EXACT, False),
    ("https://evil.fr\\.app.exemple.fr", WILD, False),
    ("https://evil.fr#.app.exemple.fr", WILD, False),
    ("https://evil.fr/.exemple.fr", WILD, False),
    ("https://evil.fr%2F.exemple.fr", WILD, False),
    ("https://evil.fr%00.exemple.fr", WILD, False),
    ("https://app.exemple.fr https://evil.fr", EXACT, False),
    ("https://app.exe\tmple.fr", EXACT, False),
    (" https://app.exemple.fr", EXACT, False),
    ("https://-app.exemple.fr", WILD, False),
    ("https://" + "a" * 64 + ".exemple.fr", WILD, False),
    ("https://" + "a." * 200 + "exemple.fr", WILD, False),
    # a row that no verb would have written
    ("https://exemple.fr", PUNCTUATION, False),
]
FRAMED = {
    # CSP compares names letter by letter, so a page at the dotted name is not framed; and it has no notation for IPv6.
    "https://app.exemple.fr.": False,
    "https://localhost.": False,
    "http://[::1]:5173": False,
}


def framed_by(source: str, origin: str) -> bool:
    """Whether a source expression of `frame-ancestors` matches the origin of a page: 6.7.2.7 of CSP level 3, for host sources."""
    scheme, host, port = re.fullmatch(r"(https?)://((?:\*\.)?[a-z0-9._-]+)(?::(\d+|\*))?", source).groups()  # type: ignore[union-attr]
    try:
        page = urlsplit(origin)
        number = page.port or {"https": 443, "http": 80}.get(page.scheme)
        name = page.hostname or ""
    except ValueError:
        return False
    if page.scheme != scheme and (scheme, page.scheme) != ("http", "https"):
        return False
    if host.startswith("*."):
        if not name.endswith(host[1:]) or len(name) == len(host) - 1:
            return False
    elif name != host:
        return False
    if port == "*":
        return True
    return number == (int(port) if port else {"https": 443, "http": 80}[scheme])


def as_browsers_send(origin: str | None) -> str | None:
    """The origin of a page that can exist: what a browser would itself refuse or write otherwise has no page to be framed in."""
    found = parse_origin(origin)
    if found is None or origin is None:
        return None
    return found.text + ("." if origin.endswith(".") else "")


@pytest.mark.parametrize(("origin", "domain", "allowed"), TABLE)
def test_the_origin_of_a_call(origin: str | None, domain: Row, allowed: bool) -> None:
    assert origin_allowed(parse_origin(origin), [domain]) is allowed


@pytest.mark.parametrize(("origin", "domain", "allowed"), TABLE)
def test_the_page_around_the_frame(origin: str | None, domain: Row, allowed: bool) -> None:
    page = as_browsers_send(origin)
    if page is None:
        assert not allowed
        return
    framed = any(framed_by(source, page) for source in csp_sources([domain]))
    assert framed is FRAMED.get(page, allowed)


@pytest.mark.parametrize(
    ("domains", "sources"),
    [
        ([], []),
        ([EXACT], ["https://app.exemple.fr"]),
        ([WILD, EXACT, EXACT], ["https://*.exemple.fr", "https://app.exemple.fr"]),
        ([PORT, WILD_PORT], ["https://*.exemple.fr:8443", "https://app.exemple.fr:8443"]),
        ([LOCAL], ["http://127.0.0.1:*", "http://localhost:*", "https://127.0.0.1:*", "https://localhost:*"]),
        ([LOCAL_PORT], ["http://127.0.0.1:3000", "http://localhost:3000", "https://127.0.0.1:3000", "https://localhost:3000"]),
        ([IDN], ["https://xn--btiment-pwa.fr"]),
        ([Row("bâtiment.fr")], []),
        ([PUNCTUATION, ODD_LOCAL, ODD_PRODUCTION, Row("*"), Row(""), Row("exemple.fr/x"), Row("a b")], []),
        ([Row("exemple.fr 'unsafe-inline'"), Row("Exemple.fr"), Row("exemple.fr,evil.fr")], []),
    ],
)
def test_the_sources_as_they_are_written(domains: list[Row], sources: list[str]) -> None:
    assert csp_sources(domains) == sources


def test_nothing_is_allowed_without_a_domain() -> None:
    assert not origin_allowed(parse_origin("https://app.exemple.fr"), [])


@given(st.text(max_size=80), st.sampled_from([EXACT, WILD, LOCAL]))
def test_any_header_is_read_without_an_error(header: str, domain: Row) -> None:
    origin = parse_origin(header)
    origin_allowed(origin, [domain])
    assert origin is None or parse_origin(origin.text) == origin


@given(st.text(max_size=40))
def test_a_source_never_says_more_than_a_host(host: str) -> None:
    for source in csp_sources([Row(host), Row(host, is_wildcard=True), Row(host, environment="localhost")]):
        assert re.fullmatch(r"https?://(\*\.)?[a-z0-9._-]+(:(\d+|\*))?", source)


ACCEPTED = [
    ("app.exemple.fr", "production", "app.exemple.fr"),
    ("  App.Exemple.FR ", "production", "app.exemple.fr"),
    ("app.exemple.fr.", "production", "app.exemple.fr"),
    ("https://app.exemple.fr/", "production", "app.exemple.fr"),
    ("https://app.exemple.fr:443", "production", "app.exemple.fr"),
    ("app.exemple.fr:8443", "production", "app.exemple.fr:8443"),
    ("*.exemple.fr", "production", "*.exemple.fr"),
    ("https://*.exemple.fr", "production", "*.exemple.fr"),
    ("*.sous.exemple.co.uk", "production", "*.sous.exemple.co.uk"),
    ("monsite.github.io", "production", "monsite.github.io"),
    ("*.monsite.github.io", "production", "*.monsite.github.io"),
    ("bâtiment.fr", "production", "xn--btiment-pwa.fr"),
    ("BÂTIMENT.FR", "production", "xn--btiment-pwa.fr"),
    ("ba\u0302timent.fr", "production", "xn--btiment-pwa.fr"),
    ("xn--btiment-pwa.fr", "production", "xn--btiment-pwa.fr"),
    ("例え.jp", "production", "xn--r8jz45g.jp"),
    ("recette.interne", "staging", "recette.interne"),
    ("192.168.1.20", "development", "192.168.1.20"),
    ("192.168.1.20:8443", "staging", "192.168.1.20:8443"),
    ("localhost", "localhost", "localhost"),
    ("http://localhost:3000", "localhost", "localhost:3000"),
    ("127.0.0.1:8080", "localhost", "127.0.0.1:8080"),
]
REFUSED = [
    # malformed
    ("", "production", "nom de domaine"),
    ("   ", "production", "nom de domaine"),
    ("app..exemple.fr", "production", "pas valide"),
    (".exemple.fr", "production", "pas valide"),
    ("-app.exemple.fr", "production", "pas valide"),
    ("app-.exemple.fr", "production", "pas valide"),
    ("a" * 64 + ".fr", "production", "pas valide"),
    ("a." * 130 + "fr", "production", "pas valide"),
    ("app exemple.fr", "production", "pas un nom"),
    ("app.exemple.fr\nevil.fr", "production", "pas un nom"),
    ("moi@exemple.fr", "production", "pas un nom"),
    ("https://moi:mdp@exemple.fr", "production", "pas un nom"),
    ("exemple.fr\\evil.fr", "production", "pas un nom"),
    ("exemple.fr; script-src *", "production", "pas un nom"),
    ("exemple.fr,evil.fr", "production", "pas valide"),
    ("exemple.fr/devis", "production", "sans chemin"),
    ("https://exemple.fr/?a=1", "production", "sans chemin"),
    ("exemple.fr#x", "production", "sans chemin"),
    ("ftp://exemple.fr", "production", "nom de domaine"),
    ("javascript://exemple.fr", "production", "nom de domaine"),
    ("http://exemple.fr", "production", "https"),
    ("exemple.fr:0", "production", "port"),
    ("exemple.fr:70000", "production", "port"),
    ("exemple.fr:abc", "production", "nom de domaine"),
    # wildcards
    ("*", "production", "étoile"),
    ("*.*.exemple.fr", "production", "étoile"),
    ("app.*.fr", "production", "étoile"),
    ("*exemple.fr", "production", "étoile"),
    ("app.exemple.*", "production", "étoile"),
    # a bare TLD, a public suffix, what stands above one
    ("fr", "production", "extension"),
    ("com.", "production", "extension"),
    ("*.com", "production", "extension"),
    ("intranet", "production", "extension"),
    ("xn--p1ai", "production", "extension"),
    ("co.uk", "production", "partagé"),
    ("*.co.uk", "production", "partagé"),
    ("gouv.fr", "production", "partagé"),
    ("github.io", "production", "partagé"),
    ("*.github.io", "production", "partagé"),
    ("*.vercel.app", "staging", "partagé"),
    ("*.amazonaws.com", "production", "partagé"),
    ("*.kawasaki.jp", "production", "partagé"),
    ("ål.no", "production", "partagé"),
    # addresses
    ("93.184.215.14", "production", "adresse IP"),
    ("[2001:db8::1]", "production", "adresse IP"),
    ("0x7f.1", "production", "adresse IP"),
    ("2130706433", "production", "adresse IP"),
    ("[2606:4700::1111]", "staging", "IPv6"),
    ("[zz]", "staging", "nom"),
    ("192.168.1", "development", "forme usuelle"),
    ("0300.168.1.20", "development", "forme usuelle"),
    ("*.192.168.1.20", "development", "étoile"),
    # one's own machine, by its environment only
    ("localhost", "production", "Poste local"),
    ("localhost:3000", "development", "Poste local"),
    ("127.0.0.1", "staging", "Poste local"),
    ("[::1]", "production", "Poste local"),
    ("app.localhost", "production", "Poste local"),
    ("app.exemple.fr", "localhost", "localhost"),
    ("*.localhost", "localhost", "localhost"),
    ("192.168.1.20", "localhost", "localhost"),
    # names made to look like others, or that are no names
    ("аpple.com", "production", "alphabets"),  # a Cyrillic а
    ("xn--pple-43d.com", "production", "alphabets"),
    ("xn--zzzzzz99.fr", "production", "international"),
    ("xn--.fr", "production", "pas valide"),
]


@pytest.mark.parametrize(("typed", "environment", "kept"), ACCEPTED)
def test_what_may_be_added(typed: str, environment: str, kept: str) -> None:
    name = read_domain(typed, environment)
    assert name.text == kept
    assert csp_sources([Row(name.host, name.is_wildcard, name.port, environment)])


@pytest.mark.parametrize(("typed", "environment", "words"), REFUSED)
def test_what_may_not(typed: str, environment: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"(?i){words}"):
        read_domain(typed, environment)


@given(st.text(max_size=60), st.sampled_from(["production", "staging", "development", "localhost"]))
def test_whatever_is_typed_is_refused_or_harmless(typed: str, environment: str) -> None:
    try:
        name = read_domain(typed, environment)
    except ValueError as error:
        assert str(error)
    else:
        assert ascii_host(name.host) == name.host or name.host == "::1"
        assert readable(name.host)
