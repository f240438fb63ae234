"""« Diagnostic du site » against real HTTP servers: what is missing, what cannot be read, what must not be called."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.http import GuardedClient
from app.deployments import diagnosis as module
from app.deployments.diagnosis import Diagnosis, Finding, Widget, diagnose
from app.deployments.page_policy import missing_lines, read_policies
from app.deployments.page_source import read_page
from tests.core.receivers import Behaviour, answer, drip, receiver, say

OURS = "https://ia.exemple.fr"
KEY, OTHER_KEY = "dpl_" + "a" * 20, "dpl_" + "b" * 20
SCRIPT = f'<script src="{OURS}/widget/v1/loader.js" data-deployment-key="{KEY}" async></script>'


@dataclass(frozen=True)
class Row:
    host: str
    is_wildcard: bool = False
    port: int | None = None
    environment: str = "localhost"


def page(body: str = SCRIPT, headers: str = "", sort: str = "text/html; charset=utf-8", status: str = "200 OK") -> Behaviour:
    return answer(f"<!doctype html><title>Devis</title>{body}".encode(), status=status, headers=f"Content-Type: {sort}\r\n{headers}")


@pytest.fixture
def site() -> Iterator[ExitStack]:
    with ExitStack() as servers:
        yield servers


def widget(**values: object) -> Widget:
    return Widget(**{"base_url": OURS, "key": KEY, "is_active": True, "domains": [Row("localhost")], **values})  # type: ignore[arg-type]


def look(servers: ExitStack, behave: Behaviour, **values: object) -> Diagnosis:
    port = servers.enter_context(receiver(behave)).port
    return diagnose(GuardedClient(allow_private=True), f"http://127.0.0.1:{port}/devis", widget(**values))


def bad(found: Diagnosis) -> list[Finding]:
    return [finding for finding in found.findings if finding.kind == "bad"]


def test_a_page_where_nothing_is_missing(site: ExitStack) -> None:
    found = look(site, page())
    assert found.ready and bad(found) == [] and len(found.findings) == 5


def test_a_page_without_anything(site: ExitStack) -> None:
    found = look(site, page("<p>Bonjour</p><!-- " + SCRIPT + " -->"), domains=[])
    script, domain = bad(found)
    assert not found.ready and script.code == SCRIPT and domain.origin.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (SCRIPT.replace(KEY, OTHER_KEY), "La clé est celle d’un autre déploiement"),
        (SCRIPT.replace(f' data-deployment-key="{KEY}"', ""), "La clé du déploiement manque"),
        (SCRIPT.replace(OURS, "https://copie.exemple"), "Le script vient d’ailleurs"),
        (SCRIPT.replace(OURS, ""), "Le script vient d’ailleurs"),
        ('<script src="https://[/widget/v1/loader.js"></script>', "Le script n’est pas dans la page"),
    ],
)
def test_a_script_that_is_not_right(site: ExitStack, body: str, title: str) -> None:
    found = bad(look(site, page(body)))
    assert found[0].title == title and (KEY in found[0].code)


@pytest.mark.parametrize(
    "body",
    [
        f"<SCRIPT async src='{OURS}/widget/v1/loader.js?v=2' data-deployment-key={KEY}></SCRIPT>",
        f'<script>window.AiManagerConfig = {{deploymentKey: "{KEY}"}};</script><script src="{OURS}/widget/v1/loader.js"></script>',
        SCRIPT.replace("https://ia", "https://IA"),
        SCRIPT.replace(OURS, "https://chat.ebp.com"),
    ],
)
def test_other_ways_to_write_it(site: ExitStack, body: str) -> None:
    assert look(site, page(body), host_url="https://chat.ebp.com").ready


def test_a_deployment_out_of_service_is_said(site: ExitStack) -> None:
    assert [finding.title for finding in bad(look(site, page(), is_active=False))] == ["Ce déploiement est désactivé"]


POLICIES = [
    ("", []),
    ("img-src 'none'", []),
    ("default-src *", []),
    (f"script-src {OURS}; connect-src {OURS}; frame-src {OURS}", []),
    ("script-src https:; connect-src https:; frame-src https:", []),
    ("default-src https://*.exemple.fr", []),
    ("default-src ia.exemple.fr:443", []),
    ("default-src http://ia.exemple.fr:*", []),
    ("script-src-elem https:; script-src 'none'", []),
    ("default-src 'self'", [f"script-src 'self' {OURS};", f"connect-src 'self' {OURS};", f"frame-src 'self' {OURS};"]),
    ("default-src 'none'", [f"script-src {OURS};", f"connect-src {OURS};", f"frame-src {OURS};"]),
    (f"default-src 'self'; script-src 'self' {OURS}; child-src {OURS}", [f"connect-src 'self' {OURS};"]),
    ("frame-src https://evilexemple.fr", [f"frame-src https://evilexemple.fr {OURS};"]),
    ("frame-src https://*.ia.exemple.fr", [f"frame-src https://*.ia.exemple.fr {OURS};"]),
    ("frame-src https://ia.exemple.fr:8443", [f"frame-src https://ia.exemple.fr:8443 {OURS};"]),
    ("script-src 'unsafe-inline'", [f"script-src 'unsafe-inline' {OURS};"]),
    ("connect-src 'self', frame-src 'self'", [f"connect-src 'self' {OURS};", f"frame-src 'self' {OURS};"]),
    ("connect-src 'self'; connect-src *", [f"connect-src 'self' {OURS};"]),
    ("CONNECT-SRC 'self'", [f"connect-src 'self' {OURS};"]),
]


@pytest.mark.parametrize(("policy", "lines"), POLICIES)
def test_the_lines_that_a_policy_needs(policy: str, lines: list[str]) -> None:
    assert [one.line for one in missing_lines(read_policies([policy]), OURS, {})] == lines


def test_a_policy_in_a_header_or_in_the_page(site: ExitStack) -> None:
    strict = "default-src 'self'"
    for behave in (
        page(headers=f"Content-Security-Policy: {strict}\r\n"),
        page(f'<meta http-equiv="content-security-policy" content="{strict}">' + SCRIPT),
    ):
        (finding,) = bad(look(site, behave))
        assert finding.code.splitlines() == [f"script-src 'self' {OURS};", f"connect-src 'self' {OURS};", f"frame-src 'self' {OURS};"]


def test_a_policy_by_nonce(site: ExitStack) -> None:
    header = "Content-Security-Policy: script-src 'nonce-r4nd0m' 'strict-dynamic' https:\r\n"
    assert look(site, page(SCRIPT.replace("<script ", '<script nonce="r4nd0m" '), header)).ready
    (finding,) = bad(look(site, page(headers=header)))
    assert "nonce" in finding.title and 'nonce="JETON"' in finding.code


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (page(status="404 Not Found"), "répond 404"),
        (page(status="500 Oops"), "répond 500"),
        (page(status="401 Unauthorized"), "répond 401"),
        (page(sort="application/pdf"), "application/pdf"),
        (answer(b"{}", headers="Content-Type: application/json\r\n"), "application/json"),
        (answer(b"x" * (module.MAX_BYTES + 1), headers="Content-Type: text/html\r\n"), "2 Mo"),
        (page(headers="Content-Encoding: br\r\n"), "compresse"),
        (answer(status="302 Found", headers="Location: /\r\n"), "illisible"),
        (answer(status="302 Found"), "sans dire où"),
        (answer(status="302 Found", headers="Location: https://[\r\n"), "https://"),
        (answer(status="302 Found", headers="Location: file:///etc/passwd\r\n"), "https://"),
        (answer(status="302 Found", headers="Location: http://169.254.169.254/latest\r\n"), "publiques"),
        (say(b"pas du http"), "illisible"),
        (say(b""), "illisible"),
    ],
)
def test_what_cannot_be_read(site: ExitStack, behave: Behaviour, words: str) -> None:
    found = look(site, behave)
    assert not found.read and not found.ready
    (finding,) = found.findings
    assert words in f"{finding.title} {finding.text}"


def test_a_redirect_is_followed_and_said(site: ExitStack) -> None:
    target = site.enter_context(receiver(page()))
    found = look(site, answer(status="301 Moved", headers=f"Location: http://127.0.0.1:{target.port}/ici\r\n"))
    assert found.ready and found.url.endswith("/ici") and "redirection" in found.findings[0].text


def test_a_compressed_page_is_read_and_a_bomb_is_not(site: ExitStack) -> None:
    html = f"<!doctype html>{SCRIPT}".encode()
    headers = "Content-Type: text/html\r\nContent-Encoding: gzip\r\n"
    assert look(site, answer(gzip.compress(html), headers=headers)).ready
    assert not look(site, answer(gzip.compress(b" " * 80_000_000 + html), headers=headers)).ready
    assert not look(site, answer(b"pas du gzip", headers=headers)).ready


def test_a_slow_page_ends_by_itself(site: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.4)
    stop = threading.Event()
    site.callback(stop.set)
    begun = time.monotonic()
    found = look(site, drip(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", b" ", stop))
    assert "répondu" in found.findings[0].text and time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "typed", ["http://10.0.0.7/", "https://127.0.0.1/", "localhost", "http://169.254.169.254/", "https://[::1]/", "https://2130706433/"]
)
def test_in_production_the_inside_is_not_called(typed: str) -> None:
    found = diagnose(GuardedClient(), typed, widget())
    assert [finding.kind for finding in found.findings] == ["bad"] and not found.ready
    assert "publiques" in found.findings[0].text or "usuelle" in found.findings[0].text


@pytest.mark.parametrize(
    "typed", ["", "   ", "pas une adresse", "ftp://exemple.fr", "https://", "https://moi:mdp@exemple.fr/", "javascript:alert(1)"]
)
def test_what_is_no_address(typed: str) -> None:
    assert not diagnose(GuardedClient(resolver=lambda host, port: []), typed, widget()).ready


@given(st.text(max_size=300))
def test_any_page_is_read_without_an_error(text: str) -> None:
    for source in (text, f"<script {text}>{text}</script>", f"<meta http-equiv=content-security-policy content='{text}'>", f"<!-- {text}"):
        found = read_page(source)
        missing_lines(read_policies(found.policies), OURS, found.loader)


@pytest.mark.parametrize("hostile", ["<script ", "<!--", "<script>", "<meta a='", "<", "<script><!--", "</script"])
def test_a_hostile_page_takes_no_time(hostile: str) -> None:
    begun = time.monotonic()
    read_page(hostile * (1_000_000 // len(hostile)))
    assert time.monotonic() - begun < 2
